"""Every cell smoothed by the Gaussian, in the box that it reaches (compiled).

The grid is flat, row by row, with the axes (z, y, x); a plane has one pixel along z. A pixel holds the row of its cell if that
fills it, and minus one minus its place in the list of mixed pixels otherwise; those hold up to four cells and their fractions,
the largest first.
"""

from __future__ import annotations

import numpy as np

from shapelab.foam.compiled import inlined, kernel

__all__ = ["MOST", "spread_cells", "survey"]

MOST = 4
"""Cells that a mixed pixel remembers."""


@kernel
def survey(part, first, last, shape, periodic, pixels, cells, fractions, near, volumes, sums, low, high):  # type: ignore[no-untyped-def]
    """Add up the rows `first` to `last` of the grid: volume and first moments of every cell, and the box that holds it.

    Along periodic axes pixels count where they are nearest to `near`, (K, 3). Volumes (P, K), sums and boxes (P, K, 3).
    """
    ny, nx = shape[1], shape[2]
    v = np.empty(3, np.int64)
    for row in range(first, last):
        for x in range(nx):
            code = pixels[row * nx + x]
            n = 1 if code >= 0 else MOST
            for k in range(n):
                a = code if code >= 0 else cells[-code - 1, k]
                if a < 0:
                    break
                u = 1.0 if code >= 0 else fractions[-code - 1, k]
                volumes[part, a] += u
                if a == 0:
                    continue
                v[0], v[1], v[2] = row // ny, row % ny, x
                for c in range(3):
                    i = v[c]
                    if periodic[c]:
                        i -= int(np.rint((i - near[a, c]) / shape[c])) * shape[c]
                    sums[part, a, c] += i * u
                    low[part, a, c] = min(low[part, a, c], i)
                    high[part, a, c] = max(high[part, a, c], i)


@inlined
def _place(i, n, periodic, low, high):  # type: ignore[no-untyped-def]
    """Return where pixel `i` lies within low..high, counted from `low`; -1 outside. Closed borders mirror."""
    if periodic:
        j = (i - low) % n
    else:
        while i < 0 or i >= n:
            if i < 0:
                i = -i - 1
            if i >= n:
                i = 2 * n - 1 - i
        j = i - low
    return j if 0 <= j <= high - low else -1


@inlined
def _fraction(a, code, cells, fractions):  # type: ignore[no-untyped-def]
    u = np.float32(0.0)
    if code >= 0:
        if code == a:
            u = np.float32(1.0)
    else:
        for j in range(MOST):
            if cells[-code - 1, j] == a:
                u = fractions[-code - 1, j]
    return u


@kernel
def _spread(a, shape, periodic, pixels, cells, fractions, taps, reach, low, high, start, size, out):  # type: ignore[no-untyped-def]
    """Write the smoothed cell, and return the sum of the cell times it."""
    ny, nx = shape[1], shape[2]
    sz, sy, sx = size[0], size[1], size[2]
    depth, height, width = high[0] - low[0] + 1, high[1] - low[1] + 1, high[2] - low[2] + 1
    own = np.zeros((depth, height, width), np.float32)
    padded = np.zeros(sx + 2 * reach[2], np.float32)
    along_x = np.zeros((depth, height, sx), np.float32)
    along_y = np.zeros((depth, sy, sx), np.float32)
    for z in range(depth):
        for y in range(height):
            base = (((low[0] + z) % shape[0]) * ny + (low[1] + y) % ny) * nx
            for x in range(width):
                own[z, y, x] = _fraction(a, pixels[base + (low[2] + x) % nx], cells, fractions)
            for x in range(sx + 2 * reach[2]):
                j = _place(start[2] + x - reach[2], nx, periodic[2], low[2], high[2])
                padded[x] = own[z, y, j] if j >= 0 else np.float32(0)
            target = along_x[z, y]
            for t in range(2 * reach[2] + 1):
                weight = taps[2, t]
                for x in range(sx):
                    target[x] += weight * padded[x + t]
        for y in range(sy):
            target = along_y[z, y]
            for t in range(2 * reach[1] + 1):
                j = _place(start[1] + y + t - reach[1], ny, periodic[1], low[1], high[1])
                if j >= 0:
                    weight = taps[1, t]
                    source = along_x[z, j]
                    for x in range(sx):
                        target[x] += weight * source[x]
    plane = sy * sx
    for z in range(sz):
        target = out[z * plane : (z + 1) * plane]
        target[:] = 0
        for t in range(2 * reach[0] + 1):
            j = _place(start[0] + z + t - reach[0], shape[0], periodic[0], low[0], high[0])
            if j >= 0:
                weight = taps[0, t]
                source = along_y[j].ravel()
                for x in range(plane):
                    target[x] += weight * source[x]
    inner = 0.0
    for z in range(depth):
        for y in range(height):
            for x in range(width):
                if own[z, y, x] > 0:
                    i = low[0] + z - start[0]
                    j = low[1] + y - start[1]
                    k = low[2] + x - start[2]
                    # a cell that goes round the box has a box of the whole axis, which starts elsewhere
                    i, j, k = i % shape[0] if i < 0 or i >= sz else i, j % ny if j < 0 or j >= sy else j, k % nx if k < 0 or k >= sx else k
                    inner += own[z, y, x] * out[(i * sy + j) * sx + k]
    return inner


@kernel
def spread_cells(  # type: ignore[no-untyped-def]
    part, first, last, order, shape, periodic, pixels, cells, fractions, taps, reach, low, high, starts, sizes, offsets, out, inner
):
    """Smooth the cells `order` [first..last]: cell a covers `sizes[a]` pixels from `starts[a]`, and goes to ``out[offsets[a]:]``.

    ``inner[a]`` is the sum of the cell times the smoothed cell, from which its surface follows.
    """
    for k in range(first, last):
        a = order[k]
        target = out[offsets[a] : offsets[a + 1]]
        inner[a] = _spread(a, shape, periodic, pixels, cells, fractions, taps, reach, low[a], high[a], starts[a], sizes[a], target)

"""Which cells compete for a pixel near interfaces, and how strongly: lists of candidates, pixel by pixel (compiled).

Slabs of the grid are worked on side by side; each looks at the boxes of the cells in their order, so that the lists do not
depend on the number of threads.
"""

from __future__ import annotations

import numpy as np

from shapelab.foam.compiled import inlined, kernel

__all__ = ["count_candidates", "fill_candidates", "weigh_candidates"]

_LEAST = np.float32(2e-3)
"""Smoothed cells below this are not candidates."""
_PURE = np.float32(0.95)
"""A smoothed cell above this has the pixel for itself."""
_CLOSURE = 0.97
_PRESENT = 0.01


@inlined
def _wrapped(i, n, periodic):  # type: ignore[no-untyped-def]
    """Return the pixel of the grid at `i`, -1 outside."""
    if periodic:
        return i % n
    return i if 0 <= i < n else -1


@kernel
def count_candidates(  # type: ignore[no-untyped-def]
    part,
    first,
    last,
    shape,
    periodic,
    medium,
    starts,
    sizes,
    offsets,
    smoothed,
    pixels,
    cells,
    fractions,
    types,
    table,
    groups,
    best,
    total,
    owner,
    counts,
    bands,
    entries,
    energies,
    contacts,
):
    """Find, in the rows `first` to `last` of the grid, the pixels that cells compete for.

    ``owner`` becomes the cell that has a pixel for itself, or -1; ``counts`` the number of candidates of the others. Sums of one
    cell times smoothed others are added to ``energies[part]`` (weighted by `table`) and ``contacts[part]`` (by groups).
    """
    ny, nx = shape[1], shape[2]
    energy = 0.0
    best[first * nx : last * nx] = 0
    total[first * nx : last * nx] = 0
    counts[first * nx : last * nx] = 0
    owner[first * nx : last * nx] = 0
    for a in range(1, len(sizes)):
        sz, sy, sx = sizes[a, 0], sizes[a, 1], sizes[a, 2]
        for z in range(sz):
            gz = _wrapped(starts[a, 0] + z, shape[0], periodic[0])
            if gz < 0 or (gz + 1) * ny <= first or gz * ny >= last:
                continue
            for y in range(sy):
                gy = _wrapped(starts[a, 1] + y, ny, periodic[1])
                row = gz * ny + gy
                if gy < 0 or row < first or row >= last:
                    continue
                line = smoothed[offsets[a] + (z * sy + y) * sx : offsets[a] + (z * sy + y + 1) * sx]
                for x in range(sx):
                    g = line[x]
                    if g < _LEAST:
                        continue
                    gx = _wrapped(starts[a, 2] + x, nx, periodic[2])
                    if gx < 0:
                        continue
                    q = row * nx + gx
                    total[q] += g
                    counts[q] += 1
                    if g > best[q]:
                        best[q] = g
                        owner[q] = a
                    code = pixels[q]
                    n = 1 if code >= 0 else cells.shape[1]
                    for k in range(n):
                        b = code if code >= 0 else cells[-code - 1, k]
                        if b < 0:
                            break
                        if b != a:
                            w = g if code >= 0 else g * fractions[-code - 1, k]
                            energy += table[types[a], types[b]] * w
                            contacts[part, groups[a], groups[b]] += w
    band = entry = 0
    for q in range(first * nx, last * nx):
        rest = 1 - total[q] if medium else np.float32(0)
        if rest > _LEAST:
            code = pixels[q]
            n = 1 if code >= 0 else cells.shape[1]
            for k in range(n):
                b = code if code >= 0 else cells[-code - 1, k]
                if b < 0:
                    break
                if b != 0:
                    w = rest if code >= 0 else rest * fractions[-code - 1, k]
                    energy += table[types[0], types[b]] * w
                    contacts[part, groups[0], groups[b]] += w
            counts[q] += 1
            if rest > best[q]:
                best[q] = rest
                owner[q] = 0
        if best[q] <= _PURE and counts[q] > 1:
            owner[q] = -1
            band += 1
            entry += counts[q]
    bands[part], entries[part], energies[part] = band, entry, energy


@inlined
def _before(i, n, joined):  # type: ignore[no-untyped-def]
    return i - 1 if i > 0 else (n - 1 if joined else 0)


@inlined
def _after(i, n, joined):  # type: ignore[no-untyped-def]
    return i + 1 if i < n - 1 else (0 if joined else n - 1)


@kernel
def fill_candidates(  # type: ignore[no-untyped-def]
    part,
    first,
    last,
    shape,
    periodic,
    starts,
    sizes,
    offsets,
    smoothed,
    counts,
    owner,
    band_starts,
    entry_starts,
    tilts,
    centres,
    most_tilt,
    where,
    firsts,
    kept,
    who,
    level,
    slopes,
    tilt,
):
    """List the candidates of the pixels of the band: cell, smoothed cell, its gradient, and the tilt of cells that move.

    Pixel ``where[b]`` has the ``kept[b]`` candidates from ``firsts[b]``; there is room for the medium behind them, where it is one.
    Cells are not tilted if `tilt` is empty.
    """
    ny, nx = shape[1], shape[2]
    b, m = band_starts[part], entry_starts[part]
    for q in range(first * nx, last * nx):
        if owner[q] == -1:
            where[b], firsts[b], kept[b] = q, m, 0
            owner[q] = -1 - b
            m += counts[q]
            b += 1
    for a in range(1, len(sizes)):
        sz, sy, sx = sizes[a, 0], sizes[a, 1], sizes[a, 2]
        box = smoothed[offsets[a] : offsets[a + 1]].reshape(sz, sy, sx)
        joined_z, joined_y, joined_x = periodic[0] and sz == shape[0], periodic[1] and sy == ny, periodic[2] and sx == nx
        for z in range(sz):
            gz = _wrapped(starts[a, 0] + z, shape[0], periodic[0])
            if gz < 0 or (gz + 1) * ny <= first or gz * ny >= last:
                continue
            z0, z1 = _before(z, sz, joined_z), _after(z, sz, joined_z)
            for y in range(sy):
                gy = _wrapped(starts[a, 1] + y, ny, periodic[1])
                row = gz * ny + gy
                if gy < 0 or row < first or row >= last:
                    continue
                y0, y1 = _before(y, sy, joined_y), _after(y, sy, joined_y)
                for x in range(sx):
                    if box[z, y, x] < _LEAST:
                        continue
                    gx = _wrapped(starts[a, 2] + x, nx, periodic[2])
                    if gx < 0:
                        continue
                    code = owner[row * nx + gx]
                    if code >= 0:
                        continue
                    b = -code - 1
                    m = firsts[b] + kept[b]
                    kept[b] += 1
                    who[m] = a
                    level[m] = box[z, y, x]
                    x0, x1 = _before(x, sx, joined_x), _after(x, sx, joined_x)
                    slopes[m, 0] = np.float32(0.5) * (box[z1, y, x] - box[z0, y, x])
                    slopes[m, 1] = np.float32(0.5) * (box[z, y1, x] - box[z, y0, x])
                    slopes[m, 2] = np.float32(0.5) * (box[z, y, x1] - box[z, y, x0])
                    if len(tilt):
                        e = tilts[a, 0] * (starts[a, 0] + z - centres[a, 0])
                        e += tilts[a, 1] * (starts[a, 1] + y - centres[a, 1])
                        e += tilts[a, 2] * (starts[a, 2] + x - centres[a, 2])
                        tilt[m] = max(-most_tilt, min(most_tilt, e))


@kernel
def weigh_candidates(  # type: ignore[no-untyped-def]
    part, first, last, where, counts, firsts, kept, who, level, slopes, tilts, tilt, types, table, metric, prices, margin
):
    """Replace the smoothed cells of the pixels `first` to `last` of the band by what each cell would cost there, with the slopes.

    The cost of a cell is the sum of the smoothed others weighted by the tensions. Where three or more compete, a tension is at
    most 0.97 times that of the way round by a third (`metric` says that the whole table is so): otherwise noise would put the
    third between the two. Candidates that cost `margin` more than the best are dropped.
    """
    most = 1
    for b in range(first, last):
        most = max(most, counts[where[b]])
    tensions = np.empty((most, most))
    cost = np.empty(most)
    slope = np.empty((most, 3))
    for b in range(first, last):
        m, n = firsts[b], kept[b]
        if n < counts[where[b]]:  # the medium is what the cells leave
            rest = np.float32(1)
            slopes[m + n] = 0
            for i in range(n):
                rest -= level[m + i]
                for c in range(3):
                    slopes[m + n, c] -= slopes[m + i, c]
            who[m + n], level[m + n] = 0, rest
            if len(tilt):
                tilt[m + n] = 0
            n += 1
        for i in range(n):
            for j in range(n):
                tensions[i, j] = 0.0 if i == j else table[types[who[m + i]], types[who[m + j]]]
        if n > 2 and not metric:
            _close(tensions, level[m : m + n], n)
        least = np.inf
        for i in range(n):
            cost[i] = 0
            slope[i] = 0
            for j in range(n):
                cost[i] += tensions[i, j] * level[m + j]
                for c in range(3):
                    slope[i, c] += tensions[i, j] * slopes[m + j, c]
            if len(tilt):
                cost[i] -= tilt[m + i]
                if who[m + i] > 0:
                    for c in range(3):
                        slope[i, c] -= tilts[who[m + i], c]
            least = min(least, cost[i] - prices[who[m + i]])
        k = 0
        for i in range(n):
            if cost[i] - prices[who[m + i]] - least < margin:
                who[m + k], level[m + k] = who[m + i], cost[i]
                for c in range(3):
                    slopes[m + k, c] = slope[i, c]
                k += 1
        kept[b] = k


@inlined
def _close(tensions, level, n):  # type: ignore[no-untyped-def]
    for k in range(n):
        if level[k] > _PRESENT:
            for i in range(n):
                for j in range(n):
                    if i != j and j != k and i != k:
                        tensions[i, j] = min(tensions[i, j], _CLOSURE * (tensions[i, k] + tensions[k, j]))

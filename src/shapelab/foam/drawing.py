"""Cells drawn on a finer grid than they are moved on (compiled): between pixels, the fractions say where the interfaces are."""

from __future__ import annotations

import numpy as np

from shapelab.foam.compiled import inlined, kernel
from shapelab.foam.pixels import Pixels
from shapelab.foam.spreading import MOST
from shapelab.threads import over_ranges, ranges

__all__ = ["drawn_rows"]


def drawn_rows(pixels: Pixels, fineness: int) -> np.ndarray:
    """Return the image of the row of the largest cell, with `fineness` pixels per pixel along each axis.

    The fraction of every cell is interpolated between the middles of the pixels: across an interface it is a ramp of three pixels, so
    that the line where two cells have the same lies within a small part of a pixel from the interface.
    """
    if fineness == 1:
        return pixels.rows()
    flat = bool(pixels.shape[0] == 1)
    shape = tuple(n * (1 if flat and axis == 0 else fineness) for axis, n in enumerate(pixels.shape.tolist()))
    out = np.empty(shape, np.int32)
    slabs = ranges(int(pixels.shape[1 if flat else 0]) + 1)
    over_ranges(_draw, slabs, pixels.shape, pixels.periodic, flat, fineness, pixels.codes, pixels.cells, pixels.fractions, out)
    return out[0] if flat else out


@inlined
def _pixel(i, n, periodic):  # type: ignore[no-untyped-def]
    if periodic:
        return i % n
    return min(max(i, 0), n - 1)


@inlined
def _first(i, n, fineness):  # type: ignore[no-untyped-def]
    """Return the first drawn pixel whose middle is not before that of pixel `i`."""
    return min(max(fineness * (2 * i + 1) // 2, 0), n * fineness)


@kernel
def _draw(part, first, last, shape, periodic, flat, fineness, codes, cells, fractions, out):  # type: ignore[no-untyped-def]
    """Draw what lies between the middles of the pixels `first` - 1 to `last` - 1 and those after them, along the first axis."""
    nz, ny, nx = shape[0], shape[1], shape[2]
    corners = 4 if flat else 8
    place, who, level = np.empty(8, np.int64), np.empty(8 * MOST, np.int32), np.empty((8 * MOST, 8))
    weight = np.empty(8)
    for z in range(0 if flat else first - 1, 1 if flat else last - 1):
        z0, z1 = (0, 1) if flat else (_first(z, nz, fineness), _first(z + 1, nz, fineness))
        for y in range(first - 1 if flat else -1, last - 1 if flat else ny):
            y0, y1 = _first(y, ny, fineness), _first(y + 1, ny, fineness)
            for x in range(-1, nx):
                x0, x1 = _first(x, nx, fineness), _first(x + 1, nx, fineness)
                same = True
                for k in range(corners):
                    i = 0 if flat else _pixel(z + k // 4, nz, periodic[0])
                    j, h = _pixel(y + (k // 2) % 2, ny, periodic[1]), _pixel(x + k % 2, nx, periodic[2])
                    place[k] = (i * ny + j) * nx + h
                    same = same and codes[place[k]] >= 0 and codes[place[k]] == codes[place[0]]
                if same:
                    out[z0:z1, y0:y1, x0:x1] = codes[place[0]]
                    continue
                n = _gathered(place, corners, codes, cells, fractions, who, level)
                for i in range(z0, z1):
                    v = 0.0 if flat else (i + 0.5) / fineness - 0.5 - z
                    for j in range(y0, y1):
                        u = (j + 0.5) / fineness - 0.5 - y
                        for h in range(x0, x1):
                            t = (h + 0.5) / fineness - 0.5 - x
                            for k in range(corners):
                                weight[k] = (t if k % 2 else 1 - t) * (u if (k // 2) % 2 else 1 - u) * (v if k // 4 else 1 - v)
                            best, most = 0, -1.0
                            for a in range(n):
                                total = 0.0
                                for k in range(corners):
                                    total += weight[k] * level[a, k]
                                if total > most:
                                    best, most = who[a], total
                            out[i, j, h] = best


@inlined
def _gathered(place, corners, codes, cells, fractions, who, level):  # type: ignore[no-untyped-def]
    """List the cells at some pixels, and how much each has of each of them."""
    n = 0
    for k in range(corners):
        code = codes[place[k]]
        for m in range(1 if code >= 0 else MOST):
            cell = code if code >= 0 else cells[-code - 1, m]
            if cell < 0:
                break
            a = 0
            while a < n and who[a] != cell:
                a += 1
            if a == n:
                who[a] = cell
                level[a] = 0
                n += 1
            level[a, k] = 1.0 if code >= 0 else fractions[-code - 1, m]
    return n

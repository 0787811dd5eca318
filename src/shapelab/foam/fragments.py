"""Cells stay in one piece: what has come off a cell goes to its neighbours."""

from __future__ import annotations

import numpy as np

from shapelab.foam.compiled import inlined, kernel
from shapelab.foam.pixels import Pixels

__all__ = ["given_away", "return_fragments", "strays"]


def return_fragments(pixels: Pixels, n_cells: int) -> tuple[Pixels, int]:
    """Give all but the largest piece of every cell to its neighbours; return the pixels and how many changed hands.

    Pieces are connected across faces of pixels. The volume comes back by the next step's prices. The medium may be in pieces.
    """
    stray = strays(pixels, n_cells)
    return (pixels, 0) if stray is None else (given_away(pixels, stray), int(stray.sum()))


def strays(pixels: Pixels, n_cells: int) -> np.ndarray | None:
    """Return the pixels outside the largest piece of each cell, (N,) bool; None if there are none."""
    rows = pixels.rows().ravel()
    parents = np.empty(len(rows), np.int32)
    _join(pixels.shape, pixels.periodic, rows, parents)
    stray = np.zeros(len(rows), np.bool_)
    return stray if _strays(rows, parents, n_cells, stray) else None


def given_away(pixels: Pixels, stray: np.ndarray) -> Pixels:
    """Give marked pixels, (N,) bool, to the cells beside them; to the medium where there are none."""
    codes, rows, left = pixels.codes.copy(), pixels.rows().ravel(), stray.copy()
    while len(places := np.flatnonzero(left)):
        if not _give(places, pixels.shape, pixels.periodic, rows, left):
            rows[left] = 0
            left[:] = False
    codes[stray] = rows[stray]
    return Pixels(pixels.shape, pixels.periodic, codes, pixels.cells, pixels.fractions)


@inlined
def _root(parents, q):  # type: ignore[no-untyped-def]
    while parents[q] != q:
        parents[q] = parents[parents[q]]
        q = parents[q]
    return q


@inlined
def _unite(parents, a, b):  # type: ignore[no-untyped-def]
    a, b = _root(parents, a), _root(parents, b)
    if a < b:
        parents[b] = a
    elif b < a:
        parents[a] = b


@kernel
def _join(shape, periodic, rows, parents):  # type: ignore[no-untyped-def]
    nz, ny, nx = shape[0], shape[1], shape[2]
    q = 0
    for z in range(nz):
        for y in range(ny):
            for x in range(nx):
                parents[q] = q
                a = rows[q]
                if a > 0:
                    if x > 0 and rows[q - 1] == a:
                        parents[q] = parents[q - 1]
                    if y > 0 and rows[q - nx] == a:
                        _unite(parents, q, q - nx)
                    if z > 0 and rows[q - nx * ny] == a:
                        _unite(parents, q, q - nx * ny)
                    if periodic[2] and x == nx - 1 and rows[q - x] == a:
                        _unite(parents, q, q - x)
                    if periodic[1] and y == ny - 1 and rows[q - y * nx] == a:
                        _unite(parents, q, q - y * nx)
                    if periodic[0] and z == nz - 1 and rows[q - z * ny * nx] == a:
                        _unite(parents, q, q - z * ny * nx)
                q += 1


@kernel
def _strays(rows, parents, n_cells, stray):  # type: ignore[no-untyped-def]
    """Mark the pixels outside the largest piece of each cell; return how many."""
    sizes = np.zeros(len(rows), np.int32)
    largest = np.full(n_cells, -1, np.int64)
    for q in range(len(rows)):
        if rows[q] > 0:
            parents[q] = _root(parents, q)
            sizes[parents[q]] += 1
    for q in range(len(rows)):
        a = rows[q]
        if a > 0 and parents[q] == q and (largest[a] < 0 or sizes[q] > sizes[largest[a]]):
            largest[a] = q
    n = 0
    for q in range(len(rows)):
        if rows[q] > 0 and parents[q] != largest[rows[q]]:
            stray[q] = True
            n += 1
    return n


@kernel
def _give(places, shape, periodic, rows, left):  # type: ignore[no-untyped-def]
    """Give what is left to a cell beside it; return how many found one."""
    nz, ny, nx = shape[0], shape[1], shape[2]
    n = 0
    for q in places:
        x, y, z = q % nx, (q // nx) % ny, q // (nx * ny)
        for t in range(6):
            i = z + (1 if t == 0 else 0) - (1 if t == 1 else 0)
            j = y + (1 if t == 2 else 0) - (1 if t == 3 else 0)
            k = x + (1 if t == 4 else 0) - (1 if t == 5 else 0)
            i = i % nz if periodic[0] else i
            j = j % ny if periodic[1] else j
            k = k % nx if periodic[2] else k
            if i < 0 or i >= nz or j < 0 or j >= ny or k < 0 or k >= nx:
                continue
            r = (i * ny + j) * nx + k
            if not left[r] and rows[r] > 0:
                rows[q] = rows[r]
                left[q] = False
                n += 1
                break
    return n

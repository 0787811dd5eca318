"""Elements change their cell where their nodes cannot get to the boundary they are said to be on."""

from __future__ import annotations

import numba
import numpy as np

from shapelab.mesh.conforming.fields import largest, project
from shapelab.mesh.conforming.moving import WIDTH, cells_round

__all__ = ["distance", "relabel", "simple"]

_FAR = 1.2
"""What a node counts that cannot get to its boundary, and each cell more than can meet at it [lattice steps]."""
_MOST = 4


@numba.njit(cache=True, nogil=True, error_model="numpy")
def distance(field, nodes, v, found, n, lock, size):  # type: ignore[no-untyped-def]
    """Return how far a node is from the boundary of its cells.

    Where a node can only be at one point, it must be theirs: if another cell is larger there, the cells do not meet.
    """
    if n < 2:
        return 0.0
    free = 3 - (lock & 1) - ((lock >> 1) & 1) - ((lock >> 2) & 1)
    extra = max(0, n - 1 - free)
    x = nodes[v].copy()
    if not project(field, x, found, min(n, free + 1, _MOST), lock, 0.9 * size, np.int64(12)) < 1e-3 * size:
        return _FAR * size * (1 + extra)
    if n == free + 1:
        cell, theirs = largest(field, x), False
        for i in range(n):
            theirs |= found[i] == cell
        if not theirs:
            return _FAR * size
    return np.sqrt(((x - nodes[v]) ** 2).sum()) + _FAR * size * extra


@numba.njit(cache=True, nogil=True, error_model="numpy")
def simple(elements, cells, starts, members, e, cell):  # type: ignore[no-untyped-def]
    """Whether what an element has in common with the other elements of a cell has the Euler characteristic of a point."""
    corners = elements.shape[1]
    hit = np.zeros(1 << corners, np.bool_)
    for i in range(corners):
        v = elements[e, i]
        for t in range(starts[v], starts[v + 1]):
            w = members[t]
            if w == e or cells[w] != cell:
                continue
            shared = 0
            for a in range(corners):
                for b in range(corners):
                    shared |= (elements[e, a] == elements[w, b]) << a
            part = 0 if hit[shared] else shared
            while part:
                hit[part] = True
                part = (part - 1) & shared
    euler = 0
    for part in range(1, len(hit)):
        if hit[part]:
            size = 0
            for a in range(corners):
                size += (part >> a) & 1
            euler += 1 if size & 1 else -1
    return euler == 1


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _energy(field, nodes, elements, cells, locks, starts, members, e, size, found):  # type: ignore[no-untyped-def]
    total = 0.0
    for i in range(3):
        v = np.int64(elements[e, i])
        total += distance(field, nodes, v, found, cells_round(starts, members, cells, v, found), locks[v], size)
    return total


@numba.njit(cache=True, nogil=True, error_model="numpy")
def relabel(field, nodes, elements, cells, locks, starts, members, size, reached):  # type: ignore[no-untyped-def]
    """Give elements with a node off its boundary the cell that brings their nodes nearest to theirs; return how many changed.

    The topology of both cells stays as it is.
    """
    found, near = np.empty(WIDTH, np.int32), np.empty(4 * WIDTH, np.int64)
    changed = 0
    for e in range(len(elements)):
        off, n = False, 0
        for i in range(3):
            v = elements[e, i]
            m = cells_round(starts, members, cells, v, found)
            off |= m > 1 and not reached[v]
            for j in range(m):
                known = found[j] == cells[e]
                for t in range(n):
                    known |= near[t] == found[j]
                if not known:
                    near[n] = found[j]
                    n += 1
        if not off or n == 0:
            continue
        own = cells[e]
        before = _energy(field, nodes, elements, cells, locks, starts, members, e, size, found)
        best, chosen = before - 0.05 * size, -1
        for t in range(n):
            cells[e] = near[t]
            now = _energy(field, nodes, elements, cells, locks, starts, members, e, size, found)
            cells[e] = own
            if now < best and simple(elements, cells, starts, members, e, own) and simple(elements, cells, starts, members, e, near[t]):
                best, chosen = now, near[t]
        if chosen >= 0:
            cells[e] = chosen
            changed += 1
            for i in range(3):
                reached[elements[e, i]] = False
    return changed

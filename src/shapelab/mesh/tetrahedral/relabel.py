"""Tetrahedra change their cell where their nodes cannot get to the boundary they are said to be on."""

from __future__ import annotations

import numba
import numpy as np

from shapelab.mesh.conforming.moving import WIDTH, cells_round
from shapelab.mesh.conforming.relabel import distance, simple
from shapelab.mesh.tetrahedral.quality import corners

__all__ = ["distances", "relabel"]

_GAIN = 0.05


@numba.njit(cache=True, nogil=True, error_model="numpy")
def distances(part, first, last, mesh, field, size, far):  # type: ignore[no-untyped-def]
    """Fill how far each node is from the boundary of its cells."""
    for v in range(first, last):
        far[v] = 0.0
        if mesh.counts[v] > 1 and not mesh.reached[v]:
            far[v] = distance(field, mesh.nodes, v, mesh.sets[v], mesh.counts[v], mesh.locks[v], size)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _changed_distance(mesh, field, e, v, own, size, far, found):  # type: ignore[no-untyped-def]
    """Return how far a node is from its boundary, where element `e` has just changed from `own`."""
    has_own, has_new = False, False
    for t in range(mesh.starts[v], mesh.starts[v + 1]):
        f = mesh.members[t]
        if f != e:
            has_own |= mesh.cells[f] == own
            has_new |= mesh.cells[f] == mesh.cells[e]
    if has_own and has_new:
        return far[v]
    return distance(field, mesh.nodes, v, found, cells_round(mesh.starts, mesh.members, mesh.cells, v, found), mesh.locks[v], size)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _others(mesh, e, near):  # type: ignore[no-untyped-def]
    """List the cells round the nodes of an element but its own; return how many."""
    n = 0
    for v in mesh.elements[e]:
        for i in range(mesh.counts[v]):
            c = mesh.sets[v, i]
            known = c == mesh.cells[e]
            for j in range(n):
                known |= near[j] == c
            if not known:
                near[n] = c
                n += 1
    return n


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _across_side(mesh, e):  # type: ignore[no-untyped-def]
    """Return the cell across a side of a box that repeats, -1 if the element has no face on one."""
    w = mesh.elements[e]
    for k in range(4):
        a, b, c = w[(k + 1) % 4], w[(k + 2) % 4], w[(k + 3) % 4]
        if not mesh.locks[a] & mesh.locks[b] & mesh.locks[c]:
            continue
        for t in range(mesh.starts[a], mesh.starts[a + 1]):
            f = mesh.members[t]
            y = mesh.elements[f]
            has_b = y[0] == b or y[1] == b or y[2] == b or y[3] == b
            if f != e and has_b and (y[0] == c or y[1] == c or y[2] == c or y[3] == c):
                return mesh.cells[f]
    return -1


@numba.njit(cache=True, nogil=True, error_model="numpy")
def relabel(region, mesh, used, field, size, least, far):  # type: ignore[no-untyped-def]
    """Give elements with a node `least` or farther off its boundary another cell if that brings their nodes nearer; return how many.

    The topology of both cells stays as it is.
    """
    near, found = np.empty(4 * WIDTH, np.int64), np.empty(WIDTH, np.int32)
    changed = 0
    for e in range(used):
        before, most, here = 0.0, 0.0, True
        for v in mesh.elements[e]:
            before, most, here = before + far[v], max(most, far[v]), here and mesh.region[v] == region
        if not here or most < least:
            continue
        own, best, chosen = mesh.cells[e], before - _GAIN * size, -1
        n = _others(mesh, e, near)
        if n == 0 or not simple(mesh.elements, mesh.cells, mesh.starts, mesh.members, e, own):
            continue
        across = _across_side(mesh, e)
        for i in range(n):
            if across >= 0 and near[i] != across:
                continue  # no boundary between cells shall lie on a side
            if not simple(mesh.elements, mesh.cells, mesh.starts, mesh.members, e, near[i]):
                continue
            mesh.cells[e] = near[i]
            now = 0.0
            for v in corners(mesh.elements[e]):
                now += _changed_distance(mesh, field, e, v, own, size, far, found)
                if now >= best:
                    break
            mesh.cells[e] = own
            if now < best:
                best, chosen = now, near[i]
        if chosen < 0:
            continue
        mesh.cells[e] = chosen
        changed += 1
        for v in corners(mesh.elements[e]):
            mesh.counts[v] = cells_round(mesh.starts, mesh.members, mesh.cells, v, mesh.sets[v])
            mesh.reached[v] = False
            far[v] = distance(field, mesh.nodes, v, mesh.sets[v], mesh.counts[v], mesh.locks[v], size)
    return changed

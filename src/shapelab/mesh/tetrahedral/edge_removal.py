"""Flips: an edge goes, and the tetrahedra round it are cut from its ring of nodes in the best way.

After G. Klincsek (Ann. Discrete Math. 9 (1980)) and J. Shewchuk. Where an edge lies in the boundary between two cells, or in a side of
the box, the ring is cut along the boundary first, so that the edge turns within it.
"""

from __future__ import annotations

import numba
import numpy as np

from shapelab.mesh.tetrahedral.quality import element_quality, nodes_quality

__all__ = ["GAIN", "MOST_RING", "cut_ring", "even", "fill_ring", "remove_edge", "ring_round"]

GAIN = 1e-3
MOST_RING = 9
"""Tetrahedra round an edge that is removed."""


@numba.njit(cache=True, nogil=True, error_model="numpy")
def ring_round(mesh, u, v, ring, around):  # type: ignore[no-untyped-def]
    """Fill the nodes round an edge in order, and the element between each two; return how many, and whether they close.

    0 if they are too many; an open ring has one node more than elements.
    """
    a, b, n = np.empty(MOST_RING + 1, np.int64), np.empty(MOST_RING + 1, np.int64), 0
    for t in range(mesh.starts[u], mesh.starts[u + 1]):
        w = mesh.elements[mesh.members[t]]
        if w[0] != v and w[1] != v and w[2] != v and w[3] != v:
            continue
        if n == MOST_RING:
            return 0, False
        first = True
        for k in range(4):
            if w[k] != u and w[k] != v:
                if first:
                    a[n] = w[k]
                else:
                    b[n] = w[k]
                first = False
        around[n] = mesh.members[t]
        n += 1
    begin = 0
    for i in range(n):  # an open ring begins where a node occurs once
        for one in (a[i], b[i]):
            times = 0
            for k in range(n):
                times += (a[k] == one) + (b[k] == one)
            if times == 1:
                if a[i] != one:
                    a[i], b[i] = b[i], a[i]
                begin = i
    a[0], a[begin], b[0], b[begin] = a[begin], a[0], b[begin], b[0]
    around[0], around[begin] = around[begin], around[0]
    ring[0] = a[0]
    for i in range(n):
        ring[i + 1] = b[i]
        for k in range(i + 1, n):
            if a[k] == b[i] or b[k] == b[i]:
                if b[k] == b[i]:
                    a[k], b[k] = b[k], a[k]
                a[i + 1], a[k], b[i + 1], b[k] = a[k], a[i + 1], b[k], b[i + 1]
                around[i + 1], around[k] = around[k], around[i + 1]
                break
        if i + 1 < n and a[i + 1] != b[i]:
            return 0, False
    return n, ring[n] == ring[0]


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _place(w, a):  # type: ignore[no-untyped-def]
    return 0 if w[0] == a else (1 if w[1] == a else (2 if w[2] == a else 3))


@numba.njit(cache=True, nogil=True, error_model="numpy")
def even(w, a, b, c, d):  # type: ignore[no-untyped-def]
    """Whether four nodes are the corners of an element in positive order; its volume does not tell while a node is tried elsewhere."""
    i, j, k, m = _place(w, a), _place(w, b), _place(w, c), _place(w, d)
    return ((i > j) + (i > k) + (i > m) + (j > k) + (j > m) + (k > m)) % 2 == 0


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _arcs(mesh, ring, around, n, closed, plane, start):  # type: ignore[no-untyped-def]
    """Fill where on the ring another cell, or the other side of a side of the box, begins; return how many, -1 if it cannot be cut."""
    count = 0
    for i in range(n):
        j = (i + 1) % n
        if not closed and j == 0:
            break
        here = ring[i + 1]
        if mesh.cells[around[i]] != mesh.cells[around[j]] or (plane and (mesh.locks[here] & plane) == plane):
            if count == 2:
                return -1
            start[count] = j
            count += 1
    if plane and closed and count != 2:
        return -1
    return count


@numba.njit(cache=True, nogil=True, error_model="numpy")
def cut_ring(mesh, ring, n, first, m, u, v, least, best, split):  # type: ignore[no-untyped-def]
    """Find the triangles of the polygon of `m` ring nodes from `first` whose worst tetrahedra to u and v are best; return those."""
    nodes, half = mesh.nodes, mesh.half
    for i in range(m):
        for j in range(m):
            best[i, j] = np.inf
    for d in range(2, m):
        for i in range(m - d):
            j, found, at = i + d, -np.inf, -1
            a, c = ring[(first + i) % n], ring[(first + j) % n]
            for k in range(i + 1, j):
                q = min(best[i, k], best[k, j])
                if q <= max(found, least):
                    continue
                b = ring[(first + k) % n]
                q = min(q, nodes_quality(nodes, half, a, b, c, v))
                if q <= max(found, least):
                    continue
                q = min(q, nodes_quality(nodes, half, b, a, c, u))
                if q > found:
                    found, at = q, k
            best[i, j], split[i, j] = found, at
    return best[0, m - 1]


@numba.njit(cache=True, nogil=True, error_model="numpy")
def fill_ring(mesh, region, ring, n, first, m, u, v, split, lower, upper, gone, left):  # type: ignore[no-untyped-def]
    """Put the tetrahedra of a cut polygon where others have gone, or into spare ones; return how many are gone still.

    Those at u get the cell `lower`, those at v `upper`.
    """
    todo, top = np.empty((2 * MOST_RING, 2), np.int64), 1
    todo[0, 0], todo[0, 1] = 0, m - 1
    while top > 0:
        top -= 1
        i, j = todo[top]
        if j - i < 2:
            continue
        k = split[i, j]
        a, b, c = ring[(first + i) % n], ring[(first + k) % n], ring[(first + j) % n]
        for at_v in (True, False):
            if left > 0:
                left -= 1
                e = gone[left]
            else:
                e = mesh.spare[region, 0]
                mesh.spare[region, 0] += 1
            w = mesh.elements[e]
            w[0], w[1], w[2], w[3] = (a, b, c, v) if at_v else (b, a, c, u)
            mesh.cells[e] = upper if at_v else lower
        todo[top, 0], todo[top, 1], todo[top + 1, 0], todo[top + 1, 1] = i, k, k, j
        top += 2
    return left


@numba.njit(cache=True, nogil=True, error_model="numpy")
def remove_edge(region, mesh, u, v, wanted):  # type: ignore[no-untyped-def]
    """Remove an edge if that makes the worst element round it better, and better than `wanted`; return whether it did."""
    plane = mesh.locks[u] & mesh.locks[v]
    if plane & (plane - 1):
        return False  # an edge of the box
    ring, around = np.empty(MOST_RING + 2, np.int64), np.empty(MOST_RING + 1, np.int64)
    n, closed = ring_round(mesh, u, v, ring, around)
    if n < (3 if closed else 2) or mesh.spare[region, 0] + n > mesh.spare[region, 1] or (not closed and not plane):
        return False
    before = np.inf
    for i in range(n):
        before = min(before, element_quality(mesh, mesh.elements[around[i]]))
        if mesh.region[ring[i]] != region or mesh.region[ring[i + 1]] != region:
            return False
    start = np.zeros(2, np.int64)
    count = _arcs(mesh, ring, around, n, closed, plane, start)
    if count < 0 or (closed and count == 1) or (not closed and count > 0):
        return False
    if not even(mesh.elements[around[0]], ring[0], ring[1], u, v):
        u, v = v, u
    least = max(wanted, before + GAIN)
    side = MOST_RING + 2
    best, split, other = np.empty((side, side)), np.empty((side, side), np.int64), np.empty((side, side), np.int64)
    corners = n if closed else n + 1
    if count == 0:
        if cut_ring(mesh, ring, corners, start[0], corners, u, v, least, best, split) <= least:
            return False
    else:
        one, two = (start[1] - start[0]) % n + 1, (start[0] - start[1]) % n + 1
        if cut_ring(mesh, ring, n, start[0], one, u, v, least, best, split) <= least:
            return False
        if cut_ring(mesh, ring, n, start[1], two, u, v, least, best, other) <= least:
            return False
    cells = mesh.cells[around[start[0]]], mesh.cells[around[start[1]]]
    for i in range(n):
        mesh.elements[around[i], 0] = -1
    if count == 0:
        fill_ring(mesh, region, ring, corners, start[0], corners, u, v, split, cells[0], cells[0], around, n)
    else:
        left = fill_ring(mesh, region, ring, n, start[0], one, u, v, split, cells[0], cells[0], around, n)
        fill_ring(mesh, region, ring, n, start[1], two, u, v, other, cells[1], cells[1], around, left)
    for i in range(corners):
        mesh.region[ring[i]] = -1
    mesh.region[u] = mesh.region[v] = -1
    return True

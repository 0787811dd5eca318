"""A node goes into a neighbour, and the tetrahedra between them vanish."""

from __future__ import annotations

import numba
import numpy as np

from shapelab.mesh.tetrahedral.quality import corners, nodes_quality

__all__ = ["collapse", "collapse_quality", "merge_lost"]

_MOST = 256
"""Nodes round a node that are listed."""


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _round(mesh, v, skip, found):  # type: ignore[no-untyped-def]
    """List the nodes round a node but for one; return how many, -1 if they are too many."""
    n = 0
    for t in range(mesh.starts[v], mesh.starts[v + 1]):
        for y in mesh.elements[mesh.members[t]]:
            known = y == v
            known |= y == skip
            for i in range(n):
                known |= found[i] == y
            if known:
                continue
            if n == len(found):
                return -1
            found[n] = y
            n += 1
    return n


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _may_go(region, mesh, v, u):  # type: ignore[no-untyped-def]
    """Whether sides of the box and boundaries of cells stay whole if a node goes into another."""
    lock = mesh.locks[v]
    if (lock & mesh.locks[u]) != lock or mesh.counts[v] > mesh.counts[u] or mesh.region[u] != region:
        return False
    for j in range(3):
        if (lock >> j) & 1 and mesh.period[j] == 0 and mesh.nodes[v, j] != mesh.nodes[u, j]:
            return False
    between, n = np.empty(mesh.counts[v] + 1, np.int64), 0
    for t in range(mesh.starts[v], mesh.starts[v + 1]):
        w = mesh.elements[mesh.members[t]]
        for y in w:
            if mesh.region[y] != region:
                return False
        if w[0] == u or w[1] == u or w[2] == u or w[3] == u:
            known = False
            for i in range(n):
                known |= between[i] == mesh.cells[mesh.members[t]]
            if not known:
                between[n] = mesh.cells[mesh.members[t]]
                n += 1
    return n == mesh.counts[v]


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _linked(mesh, v, u):  # type: ignore[no-untyped-def]
    """Whether only nodes of elements between the two are beside both (the link condition)."""
    first, second = np.empty(_MOST, np.int64), np.empty(_MOST, np.int64)
    n, m = _round(mesh, v, u, first), _round(mesh, u, v, second)
    if n < 0 or m < 0:
        return False
    common = 0
    for i in range(n):
        for k in range(m):
            common += first[i] == second[k]
    ring, n = first, 0
    for t in range(mesh.starts[v], mesh.starts[v + 1]):
        w = mesh.elements[mesh.members[t]]
        if w[0] != u and w[1] != u and w[2] != u and w[3] != u:
            continue
        for y in w:
            known = y == u
            known |= y == v
            for i in range(n):
                known |= ring[i] == y
            if not known:
                ring[n] = y
                n += 1
    return common == n


@numba.njit(cache=True, nogil=True, error_model="numpy")
def collapse_quality(region, mesh, v, u, least, longest):  # type: ignore[no-untyped-def]
    """Return the worst quality round a node if it went into another, -1 if it must not, or is not better than `least`.

    No edge may become longer than `longest`.
    """
    if not _may_go(region, mesh, v, u):
        return -1.0
    worst = np.inf
    for t in range(mesh.starts[v], mesh.starts[v + 1]):
        w = mesh.elements[mesh.members[t]]
        a, b, c, d = corners(w)
        if a == u or b == u or c == u or d == u:
            continue
        a, b, c, d = u if a == v else a, u if b == v else b, u if c == v else c, u if d == v else d
        worst = min(worst, nodes_quality(mesh.nodes, mesh.half, a, b, c, d))
        if worst <= least:
            return -1.0
        if longest < np.inf:
            for y in (a, b, c, d):
                square = 0.0
                for j in range(3):
                    step = abs(mesh.nodes[y, j] - mesh.nodes[u, j])
                    step = min(step, abs(2 * mesh.half[j] - step))
                    square += step * step
                if square > longest * longest:
                    return -1.0
    return worst if _linked(mesh, v, u) else -1.0


@numba.njit(cache=True, nogil=True, error_model="numpy")
def collapse(mesh, v, u):  # type: ignore[no-untyped-def]
    """Let a node go into another."""
    for t in range(mesh.starts[v], mesh.starts[v + 1]):
        w = mesh.elements[mesh.members[t]]
        for y in w:
            mesh.region[y] = -1
    for t in range(mesh.starts[v], mesh.starts[v + 1]):
        w = mesh.elements[mesh.members[t]]
        if w[0] == u or w[1] == u or w[2] == u or w[3] == u:
            w[0] = -1
            continue
        for k in range(4):
            if w[k] == v:
                w[k] = u


@numba.njit(cache=True, nogil=True, error_model="numpy")
def merge_lost(region, mesh, used, least):  # type: ignore[no-untyped-def]
    """Let nodes that cannot get to their boundary go into a neighbour, best one on its own; return how many."""
    near, merged = np.empty(_MOST, np.int64), 0
    for v in range(len(mesh.nodes)):
        if mesh.region[v] != region or mesh.counts[v] < 2 or mesh.reached[v]:
            continue
        n = _round(mesh, v, np.int64(-1), near)
        for there in (True, False):
            best, chosen = least, np.int64(-1)
            for i in range(n):
                u = near[i]
                if mesh.reached[u] == there:
                    q = collapse_quality(region, mesh, v, u, best, np.inf)
                    if q > best:
                        best, chosen = q, u
            if chosen >= 0:
                collapse(mesh, v, chosen)
                merged += 1
                break
    return merged


@numba.njit(cache=True, nogil=True, error_model="numpy")
def coarsen(region, mesh, used, least, longest):  # type: ignore[no-untyped-def]
    """Let nodes two layers or more inside a cell go into a neighbour, if no edge becomes longer than `longest`; return how many."""
    near, merged = np.empty(_MOST, np.int64), 0
    for v in range(len(mesh.nodes)):
        if mesh.region[v] != region or mesh.counts[v] != 1:
            continue
        n = _round(mesh, v, np.int64(-1), near)
        inside = n > 0
        for i in range(n):
            inside &= mesh.counts[near[i]] == 1
        if not inside:
            continue
        best, chosen = least, np.int64(-1)
        for i in range(n):
            q = collapse_quality(region, mesh, v, near[i], best, longest)
            if q > best:
                best, chosen = q, near[i]
        if chosen >= 0:
            collapse(mesh, v, chosen)
            merged += 1
    return merged

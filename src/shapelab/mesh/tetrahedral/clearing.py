"""Nodes that cannot get to their boundary as others are in the way: what is in the way goes."""

from __future__ import annotations

import numba
import numpy as np

from shapelab.mesh.conforming.fields import project
from shapelab.mesh.tetrahedral.collapsing import collapse, collapse_quality
from shapelab.mesh.tetrahedral.edge_removal import remove_edge
from shapelab.mesh.tetrahedral.moving import MOST_CELLS
from shapelab.mesh.tetrahedral.quality import corners, element_quality
from shapelab.mesh.tetrahedral.state import near_region

__all__ = ["clear_way"]

_MOST = 12
"""Elements in the way, beyond which nothing is tried."""


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _in_the_way(mesh, v, least, bad):  # type: ignore[no-untyped-def]
    """List the elements round a node that are worse than `least`; return how many, or -1 if they are too many."""
    n = 0
    for t in range(mesh.starts[v], mesh.starts[v + 1]):
        if element_quality(mesh, mesh.elements[mesh.members[t]]) < least:
            if n == len(bad):
                return -1
            bad[n] = mesh.members[t]
            n += 1
    return n


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _all_have(mesh, bad, n, u):  # type: ignore[no-untyped-def]
    """Whether a node is a corner of all elements that are listed."""
    for i in range(n):
        w = mesh.elements[bad[i]]
        if w[0] != u and w[1] != u and w[2] != u and w[3] != u:
            return False
    return True


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _make_way(region, mesh, v, bad, n, least):  # type: ignore[no-untyped-def]
    """Let a neighbour go into the node, or remove an edge, if all elements in the way go with it; return whether one did."""
    common, count = np.empty(4, np.int64), 0
    for u in mesh.elements[bad[0]]:
        if _all_have(mesh, bad, n, u):
            common[count] = u
            count += 1
    for i in range(count):
        u = common[i]
        if u != v and collapse_quality(region, mesh, u, v, least, np.inf) > least:
            collapse(mesh, u, v)
            return True
    for i in range(count):
        for k in range(i):
            if remove_edge(region, mesh, common[i], common[k], least):
                return True
    return False


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _without(mesh, v, u, least):  # type: ignore[no-untyped-def]
    """Return the worst quality round a node, elements with another one left out; -1 once it is at most `least`."""
    worst = np.inf
    for t in range(mesh.starts[v], mesh.starts[v + 1]):
        w = mesh.elements[mesh.members[t]]
        if w[0] != u and w[1] != u and w[2] != u and w[3] != u:
            worst = min(worst, element_quality(mesh, w))
            if worst <= least:
                return -1.0
    return worst


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _go_ahead(region, mesh, v, start, goal, least):  # type: ignore[no-untyped-def]
    """Let a neighbour that lies ahead go into the node, which moves on as far as quality allows; return the share of its way, 0 for none.

    The node must be at `start`, and is left where it ends.
    """
    near, best, chosen = np.empty(3), 0.0, np.int64(-1)
    for t in range(mesh.starts[v], mesh.starts[v + 1]):
        for u in corners(mesh.elements[mesh.members[t]]):
            if u == v or mesh.counts[u] > mesh.counts[v]:
                continue
            ahead = 0.0
            for j in range(3):
                d = mesh.nodes[u, j] - start[j]
                d -= 2 * mesh.half[j] if d > mesh.half[j] else (-2 * mesh.half[j] if d < -mesh.half[j] else 0.0)
                ahead += d * (goal[j] - start[j])
            if ahead <= 0:
                continue
            for share in (1.0, 0.7, 0.4):
                if share <= best:
                    break
                near[:] = start + share * (goal - start)
                mesh.nodes[v] = near
                if _without(mesh, v, u, least) > least and collapse_quality(region, mesh, u, v, least, np.inf) > least:
                    best, chosen = share, u
                    break
            mesh.nodes[v] = start
    if chosen >= 0:
        mesh.nodes[v] = start + best * (goal - start)
        collapse(mesh, chosen, v)
    return best


@numba.njit(cache=True, nogil=True, error_model="numpy")
def clear_way(region, mesh, used, field, reach, least):  # type: ignore[no-untyped-def]
    """Put nodes of a region onto their boundary, or nearer, where that takes one collapse or the removal of one edge; return how many."""
    goal, start, bad, cleared = np.empty(3), np.empty(3), np.empty(_MOST, np.int64), 0
    for v in range(len(mesh.nodes)):
        n = mesh.counts[v]
        if n < 2 or n > MOST_CELLS or mesh.reached[v] or mesh.region[v] != region or not near_region(mesh, v, region):
            continue
        start[:] = mesh.nodes[v]
        goal[:] = start
        if not project(field, goal, mesh.sets[v], n, mesh.locks[v], reach, np.int64(15)) < 1e-3 * reach:
            continue
        mesh.nodes[v] = goal
        n = _in_the_way(mesh, v, least, bad)
        if n == 0 or (n > 0 and _make_way(region, mesh, v, bad, n, least)):
            mesh.reached[v] = True
            cleared += 1
            continue
        mesh.nodes[v] = start
        share = _go_ahead(region, mesh, v, start, goal, least)
        if share > 0:
            mesh.reached[v] = share == 1.0
            cleared += 1
    return cleared

"""Nodes that cannot get to their boundary leave it: the boundary goes through the ring of nodes behind them."""

from __future__ import annotations

import numba
import numpy as np

from shapelab.mesh.tetrahedral.edge_removal import MOST_RING, cut_ring, fill_ring, ring_round
from shapelab.mesh.tetrahedral.quality import nodes_quality
from shapelab.mesh.tetrahedral.state import near_region

__all__ = ["retreat"]


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _across(mesh, v, cell, found):  # type: ignore[no-untyped-def]
    """List the nodes that all elements of a cell round a node have but for itself; return how many nodes and how many elements."""
    n, elements = -1, 0
    for t in range(mesh.starts[v], mesh.starts[v + 1]):
        if mesh.cells[mesh.members[t]] != cell:
            continue
        w = mesh.elements[mesh.members[t]]
        elements += 1
        if n < 0:
            n = 0
            for y in w:
                if y != v:
                    found[n] = y
                    n += 1
            continue
        kept = 0
        for i in range(n):
            if w[0] == found[i] or w[1] == found[i] or w[2] == found[i] or w[3] == found[i]:
                found[kept] = found[i]
                kept += 1
        n = kept
    return n, elements


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _on_boundary(mesh, ring, n, cell):  # type: ignore[no-untyped-def]
    """Whether a cell is round all nodes of a ring."""
    for i in range(n):
        there = False
        for k in range(mesh.counts[ring[i]]):
            there |= mesh.sets[ring[i], k] == cell
        if not there:
            return False
    return True


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _leave(region, mesh, v, cell, least, found, ring, around):  # type: ignore[no-untyped-def]
    """Take a node out of a cell if its elements there are the ring of one edge; return whether that was done."""
    best, split = np.empty((MOST_RING + 2, MOST_RING + 2)), np.empty((MOST_RING + 2, MOST_RING + 2), np.int64)
    first, (count, elements) = np.int64(0), _across(mesh, v, cell, found)
    for i in range(count):
        u = found[i]
        if mesh.locks[u] & mesh.locks[v]:
            continue
        n, closed = ring_round(mesh, u, v, ring, around)
        if not closed or n != elements or n < 3 or mesh.spare[region, 0] + n > mesh.spare[region, 1]:
            continue
        turned = not nodes_quality(mesh.nodes, mesh.half, ring[0], ring[1], u, v) > 0
        low, high = (v, u) if turned else (u, v)
        for k in range(mesh.counts[v]):
            other = np.int64(mesh.sets[v, k])
            if other == cell or not _on_boundary(mesh, ring, n, other):
                continue
            if cut_ring(mesh, ring, n, first, n, low, high, least, best, split) <= least:
                break
            for t in range(n):
                mesh.elements[around[t], 0] = -1
                mesh.region[ring[t]] = -1
            mesh.region[u] = mesh.region[v] = -1
            lower, upper = (other, cell) if turned else (cell, other)
            fill_ring(mesh, region, ring, n, first, n, low, high, split, lower, upper, around, n)
            return True
    return False


@numba.njit(cache=True, nogil=True, error_model="numpy")
def retreat(region, mesh, used, least):  # type: ignore[no-untyped-def]
    """Take nodes of a region that are off their boundary, and on no side of the box, out of one of their cells; return how many.

    Where that cell's elements at the node are the ring of one edge, and another cell is round all nodes of the ring, the ring is cut
    across: what is on the node's side goes to the other cell.
    """
    found, ring, around, done = np.empty(4, np.int64), np.empty(MOST_RING + 2, np.int64), np.empty(MOST_RING + 1, np.int64), 0
    for v in range(len(mesh.nodes)):
        if mesh.counts[v] < 2 or mesh.reached[v] or mesh.locks[v] or mesh.region[v] != region or not near_region(mesh, v, region):
            continue
        for k in range(mesh.counts[v]):
            if _leave(region, mesh, v, np.int64(mesh.sets[v, k]), least, found, ring, around):
                done += 1
                break
    return done

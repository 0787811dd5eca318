"""Thin tetrahedra: an edge or a face turns, or a node goes into a neighbour."""

from __future__ import annotations

import numba
import numpy as np

from shapelab.mesh.tetrahedral.collapsing import collapse, collapse_quality
from shapelab.mesh.tetrahedral.edge_removal import GAIN, remove_edge
from shapelab.mesh.tetrahedral.quality import corners, element_quality, nodes_quality

__all__ = ["EDGES", "mend"]

EDGES = np.array([[0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]])


@numba.njit(cache=True, nogil=True, error_model="numpy")
def mend(region, mesh, used, wanted):  # type: ignore[no-untyped-def]
    """Better the elements of a region that are worse than `wanted`; return how many edges, faces and nodes went."""
    edges, faces, nodes = 0, 0, 0
    for e in range(used):
        w = mesh.elements[e]
        if w[0] < 0:
            continue
        a, b, c, d = corners(w)
        if mesh.region[a] != region or mesh.region[b] != region or mesh.region[c] != region or mesh.region[d] != region:
            continue
        if element_quality(mesh, w) >= wanted:
            continue
        if _remove_any(region, mesh, e):
            edges += 1
        elif _turn_face(region, mesh, e):
            faces += 1
        elif _collapse_any(region, mesh, e):
            nodes += 1
    return edges, faces, nodes


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _remove_any(region, mesh, e):  # type: ignore[no-untyped-def]
    done = False
    for i in range(6):
        done = done or remove_edge(region, mesh, np.int64(mesh.elements[e, EDGES[i, 0]]), np.int64(mesh.elements[e, EDGES[i, 1]]), 0.0)
    return done


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _turn_face(region, mesh, e):  # type: ignore[no-untyped-def]
    """Replace two elements of one cell by three round a new edge."""
    nodes, half = mesh.nodes, mesh.half
    if mesh.spare[region, 0] >= mesh.spare[region, 1]:
        return False
    w = mesh.elements[e]
    before, s = element_quality(mesh, w), corners(w)
    for k in range(4):
        d = s[k]
        a, b, c = (
            (s[1], s[3], s[2]) if k == 0 else ((s[0], s[2], s[3]) if k == 1 else ((s[0], s[3], s[1]) if k == 2 else (s[0], s[1], s[2])))
        )
        if mesh.locks[a] & mesh.locks[b] & mesh.locks[c]:
            continue
        other = -1
        for t in range(mesh.starts[a], mesh.starts[a + 1]):
            f = mesh.members[t]
            y = mesh.elements[f]
            has_b = y[0] == b or y[1] == b or y[2] == b or y[3] == b
            if f != e and has_b and (y[0] == c or y[1] == c or y[2] == c or y[3] == c):
                other = f
        if other < 0 or mesh.cells[other] != mesh.cells[e]:
            continue
        y = mesh.elements[other]
        far = y[0] + y[1] + y[2] + y[3] - a - b - c
        if mesh.region[far] != region:
            continue
        least = GAIN + min(before, element_quality(mesh, y))
        if (
            nodes_quality(nodes, half, a, b, far, d) <= least
            or nodes_quality(nodes, half, b, c, far, d) <= least
            or nodes_quality(nodes, half, c, a, far, d) <= least
        ):
            continue
        z = mesh.elements[mesh.spare[region, 0]]
        mesh.cells[mesh.spare[region, 0]] = mesh.cells[e]
        mesh.spare[region, 0] += 1
        w[0], w[1], w[2], w[3] = a, b, far, d
        y[0], y[1], y[2], y[3] = b, c, far, d
        z[0], z[1], z[2], z[3] = c, a, far, d
        mesh.region[a] = mesh.region[b] = mesh.region[c] = mesh.region[d] = mesh.region[far] = -1
        return True
    return False


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _collapse_any(region, mesh, e):  # type: ignore[no-untyped-def]
    """Let a node of an element go into another one if the worst element round it becomes better."""
    best, gone, kept = 0.02, np.int64(-1), np.int64(-1)
    for k in range(4):
        v = np.int64(mesh.elements[e, k])
        before = np.inf
        for t in range(mesh.starts[v], mesh.starts[v + 1]):
            w = mesh.elements[mesh.members[t]]
            if w[0] >= 0:
                before = min(before, element_quality(mesh, w))
        for i in range(4):
            if i != k:
                least = max(best, before + GAIN)
                u = np.int64(mesh.elements[e, i])
                q = collapse_quality(region, mesh, v, u, least, np.inf)
                if q > least:
                    best, gone, kept = q, v, u
    if gone < 0:
        return False
    collapse(mesh, gone, kept)
    return True

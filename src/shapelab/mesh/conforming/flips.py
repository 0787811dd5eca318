"""Triangles: edges turn inside a cell, and nodes that cannot get to their boundary go into a neighbour."""

from __future__ import annotations

import numba
import numpy as np

from shapelab.mesh.conforming.moving import WIDTH, cells_round, triangle_quality

__all__ = ["collapse", "turn_edges"]

_GAIN = 1e-3


@numba.njit(cache=True, nogil=True, error_model="numpy")
def turn_edges(nodes, elements, cells, locks, starts, members, period):  # type: ignore[no-untyped-def]
    """Turn edges between two triangles of one cell where the worse of the two becomes better; return how many."""
    held = np.zeros(len(nodes), np.bool_)
    turned = 0
    for e in range(len(elements)):
        for k in range(3):
            a, b, c = elements[e, k], elements[e, (k + 1) % 3], elements[e, (k + 2) % 3]
            if held[a] or held[b] or held[c]:
                break
            other = -1
            for t in range(starts[b], starts[b + 1]):
                w = members[t]
                if w != e and cells[w] == cells[e] and (elements[w, 0] == c or elements[w, 1] == c or elements[w, 2] == c):
                    other = w
            if other < 0 or (locks[b] & locks[c] & 6):
                continue
            d = elements[other, 0] + elements[other, 1] + elements[other, 2] - b - c
            if held[d] or d == a:
                continue
            before = min(triangle_quality(nodes, a, b, c, period), triangle_quality(nodes, c, b, d, period))
            after = min(triangle_quality(nodes, a, b, d, period), triangle_quality(nodes, a, d, c, period))
            if after > before + _GAIN:
                elements[e, 0], elements[e, 1], elements[e, 2] = a, b, d
                elements[other, 0], elements[other, 1], elements[other, 2] = a, d, c
                held[a] = held[b] = held[c] = held[d] = True
                turned += 1
                break
    return turned


@numba.njit(cache=True, nogil=True, error_model="numpy")
def collapse(nodes, elements, cells, locks, starts, members, period, reached, floor):  # type: ignore[no-untyped-def]
    """Merge nodes off their boundary, or of bad triangles, into a neighbour; triangles that vanish get -1. Return how many nodes.

    A node goes along an edge that separates as many cells as meet at the node, so that boundaries and sides of the box stay.
    """
    held = np.zeros(len(nodes), np.bool_)
    found, there = np.empty(WIDTH, np.int32), np.empty(WIDTH, np.int32)
    merged = 0
    for v in range(len(nodes)):
        if held[v] or starts[v] == starts[v + 1]:
            continue
        n = cells_round(starts, members, cells, v, found)
        worst = np.inf
        for t in range(starts[v], starts[v + 1]):
            w = elements[members[t]]
            worst = min(worst, triangle_quality(nodes, w[0], w[1], w[2], period) if w[0] >= 0 else -1.0)
        off = n > 1 and not reached[v]
        if not off and worst > floor:
            continue
        best, chosen = (floor if off else worst + _GAIN), -1
        for t in range(starts[v], starts[v + 1]):
            for k in range(3):
                u = elements[members[t], k]
                if u == v or u < 0 or held[u] or (locks[v] & locks[u]) != locks[v] or n > cells_round(starts, members, cells, u, there):
                    continue
                q = _merged_quality(nodes, elements, cells, starts, members, period, held, v, u, n)
                if q > best:
                    best, chosen = q, u
        if chosen < 0:
            continue
        for t in range(starts[chosen], starts[chosen + 1]):
            for k in range(3):
                held[elements[members[t], k]] = True
        for t in range(starts[v], starts[v + 1]):
            w = members[t]
            gone = elements[w, 0] == chosen or elements[w, 1] == chosen or elements[w, 2] == chosen
            for k in range(3):
                held[elements[w, k]] = True
            for k in range(3):
                if gone:
                    elements[w, k] = -1
                elif elements[w, k] == v:
                    elements[w, k] = chosen
        merged += 1
    return merged


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _merged_quality(nodes, elements, cells, starts, members, period, held, v, u, n):  # type: ignore[no-untyped-def]
    """Return the least quality round node `v` if it went into `u`, -1 if it must not."""
    q, both, first, second = np.inf, 0, -1, -1
    for t in range(starts[v], starts[v + 1]):
        w = members[t]
        if elements[w, 0] < 0:
            return -1.0
        beside = False
        for k in range(3):
            if held[elements[w, k]]:
                return -1.0
            beside |= elements[w, k] == u
        if beside:
            first, second = (cells[w], second) if both == 0 else (first, cells[w])
            both += 1
            continue
        a, b, c = elements[w, 0], elements[w, 1], elements[w, 2]
        q = min(q, triangle_quality(nodes, u if a == v else a, u if b == v else b, u if c == v else c, period))
    if both != 2 or (1 if first == second else 2) != n:
        return -1.0
    common = 0  # the link condition: only the corners of the two triangles that vanish are beside both nodes
    for t in range(starts[v], starts[v + 1]):
        for k in range(3):
            y = elements[members[t], k]
            other = y != v and y != u
            for s in range(starts[u], starts[u + 1]):
                for j in range(3):
                    common += other and elements[members[s], j] == y
    return q if common == 8 else -1.0

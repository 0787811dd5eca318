"""Nodes of a mesh of triangles: onto the boundaries of their cells, and apart where triangles are thin.

The quality of a triangle is the least sine of its angles, negative if it is turned inside out. No move makes the worst
triangle round a node worse than `floor`, unless it was, so that the mesh is valid at any time.
"""

from __future__ import annotations

import numba
import numpy as np

from shapelab.mesh.conforming.fields import project

__all__ = ["cells_round", "improve", "qualities", "star_quality", "states", "touching", "triangle_quality"]

WIDTH = 12
"""Cells that are listed for a node."""


@numba.njit(cache=True, nogil=True, error_model="numpy")
def touching(elements, n):  # type: ignore[no-untyped-def]
    """Return the elements round each node, one node after the other, and where each begins."""
    starts = np.zeros(n + 1, np.int64)
    for e in range(len(elements)):
        for k in range(elements.shape[1]):
            starts[elements[e, k] + 1] += 1
    for i in range(n):
        starts[i + 1] += starts[i]
    place, members = starts[:-1].copy(), np.empty(starts[n], np.int32)
    for e in range(len(elements)):
        for k in range(elements.shape[1]):
            v = elements[e, k]
            members[place[v]] = e
            place[v] += 1
    return starts, members


@numba.njit(cache=True, nogil=True, error_model="numpy")
def cells_round(starts, members, cells, v, found):  # type: ignore[no-untyped-def]
    """List the cells of the elements round a node, in rising order; return how many."""
    n = 0
    for t in range(starts[v], starts[v + 1]):
        c = cells[members[t]]
        i = 0
        while i < n and found[i] < c:
            i += 1
        if (i < n and found[i] == c) or n == len(found):
            continue
        for j in range(n, i, -1):
            found[j] = found[j - 1]
        found[i] = c
        n += 1
    return n


@numba.njit(cache=True, nogil=True, error_model="numpy")
def states(starts, members, cells, n):  # type: ignore[no-untyped-def]
    """Return a number of the cells round each node that changes with them; 0 of nodes without triangles, 1 inside a cell."""
    found, result = np.empty(WIDTH, np.int32), np.zeros(n, np.int64)
    for v in range(n):
        if starts[v] == starts[v + 1]:
            continue
        result[v] = 1
        count = cells_round(starts, members, cells, v, found)
        if count > 1:
            for i in range(count):
                result[v] = (result[v] * 1000003 + found[i] + 2) & 0x3FFFFFFFFFFF
            result[v] += 2
    return result


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _corners(nodes, element, period, x):  # type: ignore[no-untyped-def]
    for j in range(3):
        x[0, j] = nodes[element[0], j]
        for k in range(1, len(element)):
            d = nodes[element[k], j] - x[0, j]
            if period[j] > 0:
                d -= period[j] * np.floor(d / period[j] + 0.5)
            x[k, j] = x[0, j] + d


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _length(a, b):  # type: ignore[no-untyped-def]
    return np.sqrt((a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2 + (a[2] - b[2]) ** 2)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _quality(x):  # type: ignore[no-untyped-def]
    a, b, c = _length(x[0], x[1]), _length(x[1], x[2]), _length(x[2], x[0])
    twice = (x[1, 1] - x[0, 1]) * (x[2, 2] - x[0, 2]) - (x[1, 2] - x[0, 2]) * (x[2, 1] - x[0, 1])
    return twice / max(a * b, max(b * c, c * a)) if min(a, min(b, c)) > 0 else -1.0


@numba.njit(cache=True, nogil=True, error_model="numpy")
def triangle_quality(nodes, a, b, c, period):  # type: ignore[no-untyped-def]
    """Return the quality of a triangle of three nodes."""
    x, element = np.empty((3, 3)), np.empty(3, np.int32)
    element[0], element[1], element[2] = a, b, c
    _corners(nodes, element, period, x)
    return _quality(x)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def qualities(part, first, last, nodes, elements, period, result):  # type: ignore[no-untyped-def]
    """Fill the quality of each element."""
    x = np.empty((3, 3))
    for e in range(first, last):
        _corners(nodes, elements[e], period, x)
        result[e] = _quality(x)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def star_quality(nodes, elements, starts, members, period, v, x):  # type: ignore[no-untyped-def]
    """Return the least quality round a node."""
    q = np.inf
    for t in range(starts[v], starts[v + 1]):
        _corners(nodes, elements[members[t]], period, x)
        q = min(q, _quality(x))
    return q


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _middle(nodes, elements, starts, members, period, v, middle):  # type: ignore[no-untyped-def]
    """Fill the step from a node to the mean of those round it; return their mean distance."""
    middle[:] = 0
    length, count = 0.0, 0
    for t in range(starts[v], starts[v + 1]):
        for k in range(3):
            u = elements[members[t], k]
            if u == v:
                continue
            square = 0.0
            for j in range(3):
                d = nodes[u, j] - nodes[v, j]
                if period[j] > 0:
                    d -= period[j] * np.floor(d / period[j] + 0.5)
                middle[j] += d
                square += d * d
            length += np.sqrt(square)
            count += 1
    middle /= count
    return length / count


@numba.njit(cache=True, nogil=True, error_model="numpy")
def improve(  # type: ignore[no-untyped-def]
    field, nodes, elements, cells, locks, starts, members, reach, floor, wanted, tries, loose, shares, numbers, reached
):
    """Visit every node once: put it on the boundary of its cells as far as quality allows, then away from thin elements.

    `shares` are the parts of the way to the boundary that are tried. Of nodes whose triangles are all better than `wanted` only the mean
    of those round it is tried; of others `tries` random places too, the last half of them up to `loose` off the boundary. `numbers` are
    random numbers, `reached` says who is on the boundary.
    """
    period, x = field.period, np.empty((3, 3))
    goal, best, middle, near, found = np.empty(3), np.empty(3), np.empty(3), np.empty(3), np.empty(WIDTH, np.int32)
    at = 0
    for v in range(len(nodes)):
        count = cells_round(starts, members, cells, v, found)
        before = star_quality(nodes, elements, starts, members, period, v, x)
        best[:] = nodes[v]
        if count > 1 and not reached[v]:
            goal[:] = best
            left = project(field, goal, found, count, locks[v], reach, np.int64(15))
            if left < 1e-3 * reach:
                for share in shares:
                    nodes[v] = best + share * (goal - best)
                    now = star_quality(nodes, elements, starts, members, period, v, x)
                    if now >= min(before, floor):
                        best[:] = nodes[v]
                        before, reached[v] = now, share == 1.0
                        break
                nodes[v] = best
        length = _middle(nodes, elements, starts, members, period, v, middle)
        origin, left_it = best.copy(), False
        for k in range(1 + (tries if before < wanted else 0)):
            for j in range(3):
                step = middle[j]
                if k > 0:
                    step = numbers[at % len(numbers)] * length * (0.2 if k % 3 == 0 else (0.07 if k % 3 == 1 else 0.02))
                    at += 1
                goal[j] = (origin[j] if k == 0 else best[j]) + (0.0 if (locks[v] >> j) & 1 else step)
            off = count > 1 and reached[v] and loose > 0 and 2 * k > tries
            near[:] = goal
            if count > 1 and reached[v] and not project(field, near, found, count, locks[v], length, np.int64(8)) < 1e-3 * reach:
                continue
            if off and _length(near, goal) > loose:
                continue
            if not off and count > 1 and reached[v]:
                goal[:] = near
            nodes[v] = goal
            now = star_quality(nodes, elements, starts, members, period, v, x)
            if now > before or (k == 0 and before > wanted and now > wanted):
                best[:] = goal
                before, left_it = now, off
        nodes[v] = best
        if left_it:
            reached[v] = False

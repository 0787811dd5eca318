"""Nodes where more cells meet than can: one of the cells gets a node of its own, and others come between."""

from __future__ import annotations

import numba
import numpy as np

from shapelab.mesh.conforming.fields import project
from shapelab.mesh.conforming.moving import WIDTH
from shapelab.mesh.tetrahedral.moving import MOST_CELLS
from shapelab.mesh.tetrahedral.quality import MOST_ROUND, load_star, quality
from shapelab.mesh.tetrahedral.state import near_region

__all__ = ["split_nodes"]

_STEPS = np.array([[0.35, 0.15], [0.2, 0.2], [0.15, 0.35], [0.5, 0.0], [0.0, 0.5]])
"""How far the new node and the old one are tried from the place of the old one, along and against the way to the cell [mean distance to
nodes round]."""


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _others(w, v):  # type: ignore[no-untyped-def]
    """Return the other corners of an element in positive order, as `load_star` has them."""
    if w[0] == v:
        return w[1], w[2], w[3]
    if w[1] == v:
        return w[0], w[3], w[2]
    if w[2] == v:
        return w[3], w[0], w[1]
    return w[2], w[1], w[0]


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _rim(mesh, v, cell, rim):  # type: ignore[no-untyped-def]
    """List the edges across from a node that part the elements of a cell from others, (n, 4): both ends, element inside, element outside.

    Seen from inside, from the first end to the second. Return how many, or -1 unless they are one chain or ring.
    """
    n, first = np.int64(0), mesh.starts[v]
    for t in range(first, mesh.starts[v + 1]):
        e = mesh.members[t]
        if mesh.cells[e] != cell:
            continue
        corners = _others(mesh.elements[e], v)
        for k in range(3):
            a, b = corners[k], corners[(k + 1) % 3]
            for s in range(first, mesh.starts[v + 1]):
                f = mesh.members[s]
                w = mesh.elements[f]
                if f == e or not ((w[0] == a) | (w[1] == a) | (w[2] == a) | (w[3] == a)):
                    continue
                if (w[0] == b) | (w[1] == b) | (w[2] == b) | (w[3] == b):
                    if mesh.cells[f] != cell:
                        if n == len(rim):
                            return -1
                        rim[n, 0], rim[n, 1], rim[n, 2], rim[n, 3] = a, b, t - first, s - first
                        n += 1
                    break
    return n if n > 1 and _one_chain(rim, n) else -1


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _one_chain(rim, n):  # type: ignore[no-untyped-def]
    """Whether edges follow each other in one chain or ring, in which no node is met twice."""
    begin = 0
    for i in range(n):
        into, out = 0, 0
        for k in range(n):
            into += rim[k, 1] == rim[i, 0]
            out += rim[k, 0] == rim[i, 0]
        if out > 1 or into > 1:
            return False
        if into == 0:
            begin = i
    at, met = begin, 1
    while met <= n:
        after = -1
        for k in range(n):
            if rim[k, 0] == rim[at, 1]:
                after = k
        if after < 0 or after == begin:
            return met == n
        at = after
        met += 1
    return False


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _worst(mesh, v, star, k, rim, n, cell, near, far):  # type: ignore[no-untyped-def]
    """Return the worst quality if the new node were at `near` and the old one at `far`, as seen from the old one's place."""
    worst, first = np.inf, mesh.starts[v]
    for t in range(k):
        p = near if mesh.cells[mesh.members[first + t]] == cell else far
        s = star[t]
        q = quality(s[0] - p[0], s[1] - p[1], s[2] - p[2], s[3] - p[0], s[4] - p[1], s[5] - p[2], s[6] - p[0], s[7] - p[1], s[8] - p[2])
        if q <= 0:
            return -1.0
        worst = min(worst, q)
    d = far - near
    for i in range(n):
        s = star[rim[i, 2]]
        w = _others(mesh.elements[mesh.members[first + rim[i, 2]]], v)
        a = 0 if w[0] == rim[i, 0] else (3 if w[1] == rim[i, 0] else 6)
        b = 0 if w[0] == rim[i, 1] else (3 if w[1] == rim[i, 1] else 6)
        q = quality(
            s[b] - near[0],
            s[b + 1] - near[1],
            s[b + 2] - near[2],
            s[a] - near[0],
            s[a + 1] - near[1],
            s[a + 2] - near[2],
            d[0],
            d[1],
            d[2],
        )
        if q <= 0:
            return -1.0
        worst = min(worst, q)
    return worst


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _locks(mesh, v, star, cell):  # type: ignore[no-untyped-def]
    """Return the sides of the box that the new node lies on: those that its cell lies on both sides of, or ends at."""
    found, first = 0, mesh.starts[v]
    for j in range(3):
        if not (mesh.locks[v] >> j) & 1:
            continue
        above, below, flat = False, False, False
        for t in range(mesh.starts[v + 1] - first):
            if mesh.cells[mesh.members[first + t]] == cell:
                s = star[t]
                height = s[j] + s[3 + j] + s[6 + j]
                above, below = above or height > 0, below or height < 0
                flat = flat or (s[j] == 0) + (s[3 + j] == 0) + (s[6 + j] == 0) == 2
        if (above and below) or (mesh.period[j] == 0 and flat):
            found |= 1 << j
    return np.uint8(found)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _sets(mesh, v, cell, rim, n, new, old):  # type: ignore[no-untyped-def]
    """Fill the cells at the new node and at the old one; return how many each."""
    m, k = 1, 0
    new[0] = cell
    for i in range(n):
        c = mesh.cells[mesh.members[mesh.starts[v] + rim[i, 3]]]
        known = False
        for a in range(m):
            known |= new[a] == c
        if not known and m < len(new):
            new[m] = c
            m += 1
    for i in range(mesh.counts[v]):
        if mesh.sets[v, i] != cell:
            old[k] = mesh.sets[v, i]
            k += 1
    return m, k


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _way(mesh, v, star, k, cell, lock, way):  # type: ignore[no-untyped-def]
    """Fill the unit vector from a node towards a cell; return the mean distance to the nodes round."""
    way[:] = 0.0
    length = 0.0
    for t in range(k):
        inside = mesh.cells[mesh.members[mesh.starts[v] + t]] == cell
        for i in range(0, 9, 3):
            length += np.sqrt(star[t, i] ** 2 + star[t, i + 1] ** 2 + star[t, i + 2] ** 2)
            for j in range(3):
                if inside and not (lock >> j) & 1:
                    way[j] += star[t, i + j]
    way /= max(np.sqrt(way[0] ** 2 + way[1] ** 2 + way[2] ** 2), 1e-300)
    return length / (3 * k)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _places(mesh, field, v, way, length, lock, sets, counts, reach, number, near, far):  # type: ignore[no-untyped-def]
    """Fill places for the new and the old node, seen from the old one's: on their boundaries for `number` 0, else along the way.

    Return whether both boundaries are within reach.
    """
    origin, x = mesh.nodes[v], np.empty(3)
    shares = _STEPS[max(0, number - 1)]
    for which in range(2):
        sign, bits = (1.0, lock) if which == 0 else (-1.0, mesh.locks[v])
        for j in range(3):
            x[j] = origin[j] + (0.0 if (bits >> j) & 1 else sign * shares[which] * length * way[j])
        placed = number > 0 or counts[which] < 2
        if not placed and counts[which] <= MOST_CELLS:
            placed = project(field, x, sets[which], counts[which], bits, reach, np.int64(15)) < 1e-3 * reach
        if not placed:
            return False
        for j in range(3):
            if which == 0:
                near[j] = x[j] - origin[j]
            else:
                far[j] = x[j] - origin[j]
    return True


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _split(region, mesh, v, cell, rim, n, lock, near, far):  # type: ignore[no-untyped-def]
    new = mesh.free[mesh.spare[region, 2]]
    mesh.spare[region, 2] += 1
    first = mesh.starts[v]
    for t in range(first, mesh.starts[v + 1]):
        for y in mesh.elements[mesh.members[t]]:
            mesh.region[y] = -1
    for i in range(n):
        e = mesh.spare[region, 0]
        mesh.spare[region, 0] += 1
        w = mesh.elements[e]
        w[0], w[1], w[2], w[3] = new, rim[i, 1], rim[i, 0], v
        mesh.cells[e] = mesh.cells[mesh.members[first + rim[i, 3]]]
    for t in range(first, mesh.starts[v + 1]):
        e = mesh.members[t]
        if mesh.cells[e] == cell:
            for k in range(4):
                if mesh.elements[e, k] == v:
                    mesh.elements[e, k] = new
    mesh.nodes[new] = mesh.nodes[v] + near
    mesh.nodes[v] += far
    mesh.locks[new], mesh.reached[new], mesh.reached[v], mesh.region[new], mesh.counts[new] = lock, False, False, -1, 0


@numba.njit(cache=True, nogil=True, error_model="numpy")
def split_nodes(region, mesh, used, field, reach, least):  # type: ignore[no-untyped-def]
    """Split nodes of a region whose cells do not meet within reach, so that those of both halves do; return how many.

    The rim of one cell, as seen from the node, is where new elements come, each of the cell that it borders on.
    """
    star, rim, sets, counts = np.empty((MOST_ROUND, 9)), np.empty((64, 4), np.int64), np.empty((2, WIDTH), np.int32), np.empty(2, np.int64)
    x, way, near, far, done = np.empty(3), np.empty(3), np.empty(3), np.empty(3), 0
    best_near, best_far = np.empty(3), np.empty(3)
    for v in range(len(mesh.nodes)):
        n = mesh.counts[v]
        if n < (2 if mesh.locks[v] else 3) or mesh.reached[v] or mesh.region[v] != region or not near_region(mesh, v, region):
            continue
        x[:] = mesh.nodes[v]
        if n <= MOST_CELLS and project(field, x, mesh.sets[v], n, mesh.locks[v], reach, np.int64(15)) < 1e-3 * reach:
            continue
        lock = mesh.locks[v]
        crowded = n > MOST_CELLS - (lock & 1) - ((lock >> 1) & 1) - ((lock >> 2) & 1)  # more than can meet: any split is a step
        k = load_star(mesh, v, star)
        best, chosen = least, np.int64(-1)
        for i in range(n if k else 0):
            cell = np.int64(mesh.sets[v, i])
            m = _rim(mesh, v, cell, rim)
            if m < 0 or mesh.spare[region, 0] + m > mesh.spare[region, 1] or mesh.spare[region, 2] >= mesh.spare[region, 3]:
                continue
            counts[0], counts[1] = _sets(mesh, v, cell, rim, m, sets[0], sets[1])
            lock = _locks(mesh, v, star, cell)
            if counts[0] >= n and lock == mesh.locks[v]:
                continue  # neither fewer cells nor freer
            length = _way(mesh, v, star, k, cell, lock, way)
            placed = _places(mesh, field, v, way, length, lock, sets, counts, reach, np.int64(0), near, far)
            if not placed and not crowded:
                continue
            for number in range(0 if placed else 1, len(_STEPS) + 1):
                _places(mesh, field, v, way, length, lock, sets, counts, reach, number, near, far)
                q = _worst(mesh, v, star, k, rim, m, cell, near, far)
                if q > best:
                    best, chosen = q, cell
                    best_near[:], best_far[:] = near, far
        if chosen >= 0:
            m = _rim(mesh, v, chosen, rim)
            _split(region, mesh, v, chosen, rim, m, _locks(mesh, v, star, chosen), best_near, best_far)
            done += 1
    return done

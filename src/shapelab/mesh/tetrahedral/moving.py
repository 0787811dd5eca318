"""Nodes of a mesh of tetrahedra: onto the boundaries of their cells, and apart where tetrahedra are thin.

No move makes the worst tetrahedron round a node worse than `floor`, unless it was, so that the mesh is valid at any time.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from shapelab.mesh.conforming.fields import project
from shapelab.mesh.tetrahedral.quality import MOST_ROUND, corners, load_star, star_quality
from shapelab.mesh.tetrahedral.state import near_region

__all__ = ["MOST_CELLS", "Moves", "bring_back", "move_nodes"]

MOST_CELLS = 4
"""Cells whose boundary a node can be put on."""
_SHARES = np.array([1.0, 0.5, 0.25, 0.125])
"""Parts of the way to the boundary that are tried."""
_ROUNDS, _MOST_MOVED = 6, 32
"""Elements that are bettered for a node that goes back, one after the other, and nodes that are moved for it, at most."""
_SIZES = np.array([0.2, 0.07, 0.02])
"""Of random steps [mean distance to nodes round]."""


class Moves(NamedTuple):
    """How nodes move in one pass."""

    reach: float
    """How far a boundary may be [unit]."""
    floor: float
    wanted: float
    """Nodes whose elements are all better stay, unless `even`."""
    tries: int
    """Places that are tried for others."""
    even: bool
    """Whether all nodes are drawn to the mean of those round them."""
    loose: float
    """How far nodes may leave their boundary for the sake of angles, in the last half of the tries; 0 for not at all [unit]."""


@numba.njit(cache=True, nogil=True, error_model="numpy")
def move_nodes(region, mesh, todo, field, moves, numbers):  # type: ignore[no-untyped-def]
    """Visit every node of a region that is `todo`: first onto its boundary, then where its elements are better."""
    star, goal, middle = np.empty((MOST_ROUND, 9)), np.empty(3), np.empty(3)
    for v in range(len(todo)):
        if not todo[v] or mesh.region[v] != region or not near_region(mesh, v, region):
            continue
        todo[v] = False
        k = load_star(mesh, v, star)
        if k == 0:
            continue
        before = star_quality(star, k, 0.0, 0.0, 0.0, -2.0)
        on_boundary = mesh.counts[v] > 1
        if on_boundary and not mesh.reached[v] and moves.loose == 0 and mesh.counts[v] <= MOST_CELLS:
            before = _to_boundary(mesh, field, v, star, k, before, moves, goal)
            if before > moves.wanted and not moves.even:
                continue
            k = load_star(mesh, v, star)
        if moves.even or before < moves.wanted:
            _improve(mesh, field, v, star, k, before, moves, numbers, goal, middle)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _to_boundary(mesh, field, v, star, k, before, moves, goal):  # type: ignore[no-untyped-def]
    """Move a node as far towards the boundary of its cells as quality allows; return its quality."""
    goal[:] = mesh.nodes[v]
    if not project(field, goal, mesh.sets[v], mesh.counts[v], mesh.locks[v], moves.reach, np.int64(15)) < 1e-3 * moves.reach:
        return before
    for share in _SHARES:
        z, y, x = goal - mesh.nodes[v]
        least = min(before, moves.floor)
        now = star_quality(star, k, share * z, share * y, share * x, least - 1e-12)
        if now >= least:
            mesh.nodes[v] += share * (goal - mesh.nodes[v])
            mesh.reached[v] = share == 1.0
            return now
    return before


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _mean(star, k, middle):  # type: ignore[no-untyped-def]
    """Fill the step to the mean of the nodes round; return their mean distance."""
    middle[:] = 0.0
    length = 0.0
    for t in range(k):
        for i in range(0, 9, 3):
            z, y, x = star[t, i], star[t, i + 1], star[t, i + 2]
            middle[0] += z
            middle[1] += y
            middle[2] += x
            length += np.sqrt(z * z + y * y + x * x)
    middle /= 3 * k
    return length / (3 * k)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _away(star, k, length, best, step):  # type: ignore[no-untyped-def]
    """Fill a step of a length away from the opposite face of the worst element."""
    worst, at = np.inf, 0
    for t in range(k):
        q = star_quality(star[t : t + 1], np.int64(1), best[0], best[1], best[2], -2.0)
        if q < worst:
            worst, at = q, t
    s = star[at]
    uz, uy, ux, wz, wy, wx = s[3] - s[0], s[4] - s[1], s[5] - s[2], s[6] - s[0], s[7] - s[1], s[8] - s[2]
    step[0], step[1], step[2] = uy * wx - ux * wy, ux * wz - uz * wx, uz * wy - uy * wz
    size = np.sqrt(step[0] ** 2 + step[1] ** 2 + step[2] ** 2)
    sign = 1.0 if step[0] * (best[0] - s[0]) + step[1] * (best[1] - s[1]) + step[2] * (best[2] - s[2]) > 0 else -1.0
    for j in range(3):
        step[j] *= sign * length / max(size, 1e-300)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _improve(mesh, field, v, star, k, before, moves, numbers, goal, middle):  # type: ignore[no-untyped-def]
    """Try other places for a node, along its boundary where it is on it, and keep the best."""
    length = _mean(star, k, middle)
    best, step, place, away = np.zeros(3), np.empty(3), mesh.nodes[v].copy(), np.empty(3)
    n, lock = mesh.counts[v], mesh.locks[v]
    tries = moves.tries if before < moves.wanted else 1
    left_it, at = False, (v * 7919) % len(numbers)
    for t in range(tries):
        if t == 2:
            _away(star, k, length, best, away)
        for j in range(3):
            if t < 2:
                step[j] = middle[j] * (1.0 if t == 0 else 0.5)
            elif t < 4:
                step[j] = best[j] + away[j] * (0.15 if t == 2 else 0.05)
            else:
                at = (at + 1) % len(numbers)
                step[j] = best[j] + numbers[at] * length * _SIZES[t % 3]
            if (lock >> j) & 1:
                step[j] = 0.0
            goal[j] = place[j] + step[j]
        held, off = n > 1 and mesh.reached[v], False
        if n > 1 and moves.loose > 0:
            off = not mesh.reached[v] or 2 * t >= tries
        if held and not off:
            if n > MOST_CELLS or not project(field, goal, mesh.sets[v], n, lock, length, np.int64(8)) < 1e-3 * moves.reach:
                continue
            for j in range(3):
                step[j] = goal[j] - place[j]
        now = star_quality(star, k, step[0], step[1], step[2], min(before, moves.wanted))
        if not (now > before or (t == 0 and before > moves.wanted and now > moves.wanted)):
            continue
        if off and held and not _within(mesh, field, v, goal, moves):
            continue
        best[:] = step
        before, left_it = now, left_it or (off and held)
    mesh.nodes[v] = place + best
    if left_it:
        mesh.reached[v] = False


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _within(mesh, field, v, goal, moves):  # type: ignore[no-untyped-def]
    """Whether a place is as near to the boundary of a node's cells as `loose`."""
    if mesh.counts[v] > MOST_CELLS:
        return True
    near = goal.copy()
    if not project(field, near, mesh.sets[v], mesh.counts[v], mesh.locks[v], moves.reach, np.int64(12)) < 1e-3 * moves.reach:
        return False
    z, y, x = near - goal
    return z * z + y * y + x * x <= moves.loose**2


@numba.njit(cache=True, nogil=True, error_model="numpy")
def bring_back(region, mesh, used, field, moves, numbers):  # type: ignore[no-untyped-def]
    """Put nodes of a region that have left their boundary back, where nodes round them can make room; return how many."""
    star, goal, middle, done = np.empty((MOST_ROUND, 9)), np.empty(3), np.empty(3), 0
    moved, places = np.empty(_MOST_MOVED, np.int64), np.empty((_MOST_MOVED, 3))
    for v in range(len(mesh.nodes)):
        n = mesh.counts[v]
        if n < 2 or n > MOST_CELLS or mesh.reached[v] or mesh.region[v] != region or not near_region(mesh, v, region):
            continue
        goal[:] = mesh.nodes[v]
        if not project(field, goal, mesh.sets[v], n, mesh.locks[v], moves.reach, np.int64(15)) < 1e-3 * moves.reach:
            continue
        moved[0], places[0], count = v, mesh.nodes[v], np.int64(1)
        mesh.nodes[v] = goal
        mesh.reached[v] = True
        good = False
        for _ in range(_ROUNDS):
            k, worst, e = load_star(mesh, v, star), np.inf, np.int64(-1)
            for t in range(k):
                q = star_quality(star[t : t + 1], np.int64(1), 0.0, 0.0, 0.0, -2.0)
                if q < worst:
                    worst, e = q, np.int64(mesh.members[mesh.starts[v] + t])
            good = worst >= moves.floor
            if good or worst < 0.02 or e < 0:
                break
            count = _make_room(region, mesh, field, e, moved, places, count, moves, numbers, goal, middle, star)
        for i in range(count):
            k = load_star(mesh, moved[i], star)
            good &= star_quality(star, k, 0.0, 0.0, 0.0, moves.floor - 1e-12) >= moves.floor
        if good:
            done += 1
            continue
        for i in range(count):
            mesh.nodes[moved[i]] = places[i]
        mesh.reached[v] = False
    return done


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _make_room(region, mesh, field, e, moved, places, count, moves, numbers, goal, middle, star):  # type: ignore[no-untyped-def]
    """Better the place of each corner of an element; return how many nodes have moved by now, whose old places are listed."""
    for w in corners(mesh.elements[e]):
        known = False
        for i in range(count):
            known |= moved[i] == w
        if not known:
            if count == len(moved) or not near_region(mesh, w, region):
                continue
            moved[count], places[count] = w, mesh.nodes[w]
            count += 1
        k = load_star(mesh, w, star)
        if k:
            before = star_quality(star, k, 0.0, 0.0, 0.0, -2.0)
            _improve(mesh, field, w, star, k, before, moves, numbers, goal, middle)
    return count

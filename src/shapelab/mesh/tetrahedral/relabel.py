"""Tetrahedra change their cell where their nodes cannot get to the boundary they are said to be on."""

from __future__ import annotations

import numba
import numpy as np

from shapelab.mesh.conforming.fields import largest
from shapelab.mesh.conforming.moving import WIDTH, cells_round
from shapelab.mesh.conforming.relabel import distance, simple
from shapelab.mesh.tetrahedral.quality import MOST_ROUND, corners, load_star
from shapelab.mesh.tetrahedral.state import near_region

__all__ = ["distances", "relabel", "relabel_round"]

_GAIN = 0.05
_MOST = 64
"""Elements and nodes round a node, beyond which nothing is tried."""


@numba.njit(cache=True, nogil=True, error_model="numpy")
def distances(part, first, last, mesh, field, size, points, far):  # type: ignore[no-untyped-def]
    """Fill how far each node is from the boundary of its cells; with `points` also nodes that are at a point where these do not meet."""
    for v in range(first, last):
        far[v] = 0.0
        lock = mesh.locks[v]
        fixed = mesh.counts[v] == 4 - (lock & 1) - ((lock >> 1) & 1) - ((lock >> 2) & 1)  # where a node can only be at one point
        if mesh.counts[v] > 1 and (not mesh.reached[v] or (points and fixed)):
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
    """Return the element across a side of a box that repeats, -1 if this one has no face on one."""
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
                return np.int64(f)
    return np.int64(-1)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def relabel(region, mesh, used, field, size, least, far, settled):  # type: ignore[no-untyped-def]
    """Give elements with a node `least` or farther off its boundary another cell if that brings their nodes nearer; return how many.

    The topology of both cells stays as it is. `settled` are elements that keep their cell as long as nothing round them changes.
    """
    near, found = np.empty(4 * WIDTH, np.int64), np.empty(WIDTH, np.int32)
    changed = 0
    for e in range(used):
        if settled[e]:
            continue
        before, most, here = 0.0, 0.0, True
        for v in mesh.elements[e]:
            before, most, here = before + far[v], max(most, far[v]), here and mesh.region[v] == region
        if not here:
            continue
        settled[e] = True
        if most < least:
            continue
        own, best, chosen = mesh.cells[e], before - _GAIN * size, -1
        n = _others(mesh, e, near)
        if n == 0 or not simple(mesh.elements, mesh.cells, mesh.starts, mesh.members, e, own):
            continue
        across = _across_side(mesh, e)
        for i in range(n):
            if across >= 0 and near[i] != mesh.cells[across]:
                continue  # no boundary between cells may lie on a side
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
            for t in range(mesh.starts[v], mesh.starts[v + 1]):
                settled[mesh.members[t]] = False
            mesh.counts[v] = cells_round(mesh.starts, mesh.members, mesh.cells, v, mesh.sets[v])
            mesh.reached[v] = False
            far[v] = distance(field, mesh.nodes, v, mesh.sets[v], mesh.counts[v], mesh.locks[v], size)
    return changed


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _changes(mesh, e, cell):  # type: ignore[no-untyped-def]
    """Give an element a cell if the topology of that and of its own stays; return whether it has it now."""
    own = mesh.cells[e]
    if own == cell:
        return True
    for one in (own, cell):
        if not simple(mesh.elements, mesh.cells, mesh.starts, mesh.members, e, one):
            return False
    mesh.cells[e] = cell
    return True


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _as_in_field(mesh, field, v, star, k, place, before):  # type: ignore[no-untyped-def]
    """Give the elements round a node the cells at their middles, as far as the topology of all cells stays; return whether any changed.

    Two elements across a side of the box get the same.
    """
    first, changed = mesh.starts[v], False
    for t in range(k):
        before[t] = mesh.cells[mesh.members[first + t]]
    for _ in range(3):
        more = False
        for t in range(k):
            e = np.int64(mesh.members[first + t])
            other, own = _across_side(mesh, e), mesh.cells[e]
            w = mesh.elements[other]
            if own != before[t] or (other >= 0 and w[0] != v and w[1] != v and w[2] != v and w[3] != v):
                continue
            for j in range(3):
                place[j] = mesh.nodes[v, j] + (star[t, j] + star[t, 3 + j] + star[t, 6 + j]) / 4
                if other >= 0 and (mesh.locks[v] >> j) & 1 and star[t, j] * star[t, 3 + j] == 0 and star[t, j] * star[t, 6 + j] == 0:
                    place[j] = mesh.nodes[v, j]
            cell = np.int64(largest(field, place))
            if cell == own or not _changes(mesh, e, cell):
                continue
            if other >= 0 and not _changes(mesh, other, cell):
                mesh.cells[e] = own
                continue
            more = True
        changed |= more
        if not more:
            break
    return changed


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _list_round(mesh, v, k, round_it):  # type: ignore[no-untyped-def]
    """List the corners of the `k` elements round a node; return how many, which ends at the room there is."""
    n = 0
    for t in range(k):
        for y in corners(mesh.elements[mesh.members[mesh.starts[v] + t]]):
            known = n == len(round_it)
            for i in range(n):
                known |= round_it[i] == y
            if not known:
                round_it[n] = y
                n += 1
    return n


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _now_round(mesh, y, found):  # type: ignore[no-untyped-def]
    """List the cells round a node as they are now; return how many, and whether they are those that it had."""
    n = cells_round(mesh.starts, mesh.members, mesh.cells, y, found)
    same = n == mesh.counts[y]
    for i in range(n):
        same &= found[i] == mesh.sets[y, i]
    return n, same


@numba.njit(cache=True, nogil=True, error_model="numpy")
def relabel_round(region, mesh, used, field, size, far):  # type: ignore[no-untyped-def]
    """Give all elements round a node that cannot get to its boundary the cells of the field, if that brings nodes nearer; return how many.

    So cells meet that did not, and others part. The topology of every cell stays as it is.
    """
    star, place, found = np.empty((MOST_ROUND, 9)), np.empty(3), np.empty(WIDTH, np.int32)
    before, round_it, now, done = np.empty(_MOST, np.int64), np.empty(_MOST, np.int64), np.empty(_MOST), 0
    for v in range(len(mesh.nodes)):
        if far[v] == 0 or mesh.region[v] != region or not near_region(mesh, v, region):
            continue
        k = load_star(mesh, v, star)
        if k == 0 or k > _MOST:
            continue
        n, energy, after = _list_round(mesh, v, k, round_it), 0.0, 0.0
        if n == _MOST or not _as_in_field(mesh, field, v, star, k, place, before):
            continue
        for i in range(n):
            y = round_it[i]
            count, same = _now_round(mesh, y, found)
            now[i] = far[y] if same else distance(field, mesh.nodes, y, found, count, mesh.locks[y], size)
            energy, after = energy + far[y], after + now[i]
        if after > energy - _GAIN * size:
            for t in range(k):
                mesh.cells[mesh.members[mesh.starts[v] + t]] = before[t]
            continue
        done += 1
        for i in range(n):
            y = round_it[i]
            mesh.counts[y], same = _now_round(mesh, y, found)
            mesh.sets[y, : mesh.counts[y]] = found[: mesh.counts[y]]
            far[y] = now[i]
            if not same:
                mesh.reached[y] = False
    return done

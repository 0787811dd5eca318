"""Which cell each element of the lattice belongs to at first, so that its boundaries can be reached without cutting an edge.

Greedy stuffing: the end of each cut edge that is nearer to the boundary will lie on it, and so belongs to the cells on both sides.
"""

from __future__ import annotations

import numba
import numpy as np

from shapelab.mesh.conforming.fields import Field, largest, largest_many, project, values
from shapelab.mesh.conforming.lattice import Lattice, near_corners
from shapelab.threads import over_ranges, ranges

__all__ = ["first_cells"]

_BISECTIONS = 10
_MOST = 4


def first_cells(lattice: Lattice, field: Field, size: float) -> np.ndarray:
    """Return the cell number of each element, (m,) int64."""
    nodes, elements = lattice.nodes, lattice.elements
    own = np.empty(len(nodes), np.int64)
    over_ranges(largest_many, ranges(len(nodes), 500), field, nodes, own)
    ends = _cut_edges(elements, own)
    crossing = np.empty(len(ends))
    over_ranges(_crossings, ranges(len(ends), 500), field, nodes, ends, own, crossing)
    order = np.argsort(np.minimum(crossing, 1 - crossing), kind="stable")
    sets, counts, places = np.full((len(nodes), _MOST), -1, np.int32), np.ones(len(nodes), np.int64), nodes.copy()
    sets[:, 0] = own
    _stuff(field, nodes, ends[order], crossing[order], lattice.locks, size, sets, counts, places)
    middles = near_corners(places, elements, field.period).mean(1)
    cells = np.empty(len(elements), np.int64)
    over_ranges(_common, ranges(len(elements), 500), field, elements, sets, counts, middles, cells)
    return cells


def _cut_edges(elements: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Return the edges whose ends are in different cells, (k, 2), the lower node first."""
    keys = []
    for i in range(elements.shape[1]):
        for j in range(i):
            a, b = elements[:, i], elements[:, j]
            cut = own[a] != own[b]
            low, high = np.minimum(a[cut], b[cut]), np.maximum(a[cut], b[cut])
            keys.append(low.astype(np.int64) << 32 | high)
    key = np.unique(np.concatenate(keys))
    return np.stack([key >> 32, key & 0xFFFFFFFF], axis=1)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _crossings(part, first, last, field, nodes, ends, own, crossing):  # type: ignore[no-untyped-def]
    """Fill where on each edge, from 0 to 1, its two cells are equal."""
    x, step, found, slopes, pair = np.empty(3), np.empty(3), np.empty(2), np.empty((2, 3)), np.empty(2, np.int32)
    for e in range(first, last):
        u, v = ends[e]
        for j in range(3):
            step[j] = nodes[v, j] - nodes[u, j]
            if field.period[j] > 0:
                step[j] -= field.period[j] * np.floor(step[j] / field.period[j] + 0.5)
        low, high = 0.0, 1.0
        pair[0], pair[1] = own[u], own[v]
        for _ in range(_BISECTIONS):
            t = 0.5 * (low + high)
            x[:] = nodes[u] + t * step
            values(field, pair, len(pair), x, found, slopes)
            if found[0] > found[1]:
                low = t
            else:
                high = t
        crossing[e] = 0.5 * (low + high)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _share(sets, counts, u, v):  # type: ignore[no-untyped-def]
    for i in range(counts[u]):
        for j in range(counts[v]):
            if sets[u, i] == sets[v, j]:
                return True
    return False


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _stuff(field, nodes, ends, crossing, locks, size, sets, counts, places):  # type: ignore[no-untyped-def]
    """Give ends of cut edges a second cell (third, fourth), nearest crossings first, where that boundary can be reached."""
    x, tried = np.empty(3), np.empty(_MOST, np.int32)
    for e in range(len(ends)):
        u, v = ends[e]
        if _share(sets, counts, u, v):
            continue
        if crossing[e] > 0.5:
            u, v = v, u
        for a, b in ((u, v), (v, u)):
            n = counts[a]
            free = 3 - (locks[a] & 1) - ((locks[a] >> 1) & 1) - ((locks[a] >> 2) & 1)
            if n > free:
                continue
            done = False
            for i in range(counts[b]):
                tried[:n] = sets[a, :n]
                tried[n] = sets[b, i]
                x[:] = nodes[a]
                if not project(field, x, tried, n + 1, locks[a], 0.6 * size, np.int64(20)) < 1e-3 * size:
                    continue
                cell = largest(field, x)
                known = False
                for j in range(n + 1):
                    known |= tried[j] == cell
                if known:
                    sets[a, n], counts[a] = sets[b, i], n + 1
                    places[a] = x
                    done = True
                    break
            if done:
                break


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _common(part, first, last, field, elements, sets, counts, middles, cells):  # type: ignore[no-untyped-def]
    """Fill the cell that all corners of an element share, the largest at its middle among several; or the one at its middle."""
    found, slopes, common = np.empty(_MOST), np.empty((_MOST, 3)), np.empty(_MOST, np.int32)
    for e in range(first, last):
        n = np.int64(0)
        v = elements[e, 0]
        for i in range(counts[v]):
            c, shared = sets[v, i], True
            for k in range(1, elements.shape[1]):
                u, there = elements[e, k], False
                for j in range(counts[u]):
                    there |= sets[u, j] == c
                shared &= there
            if shared:
                common[n] = c
                n += 1
        if n == 0:
            cells[e] = largest(field, middles[e])
            continue
        cells[e] = common[0]
        if n > 1:
            values(field, common, n, middles[e], found, slopes)
            cells[e] = common[np.argmax(found[:n])]

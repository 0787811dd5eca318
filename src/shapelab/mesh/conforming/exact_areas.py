"""The smallest push of the interfaces that gives every cell its area."""

from __future__ import annotations

import numba
import numpy as np

from shapelab.mesh.conforming.lattice import areas, near_corners
from shapelab.mesh.conforming.moving import WIDTH, cells_round, star_quality, touching
from shapelab.mesh.conjugate_gradients import conjugate_gradients
from shapelab.mesh.pair_index import pair_numbers
from shapelab.mesh.volumes import Laplacian

__all__ = ["keep_areas", "smallest_push"]

_PASSES = 8
_CAP = 0.2
"""Farthest push in one pass [lattice steps]."""


def keep_areas(
    nodes: np.ndarray, elements: np.ndarray, cells: np.ndarray, locks: np.ndarray, period: np.ndarray, wanted: np.ndarray, floor: float
) -> None:
    """Push nodes between two cells along their normal, in place, until the cells have the areas `wanted`; nan for any.

    As for the volumes of `shapelab.mesh.interface_mesh`; no push makes a triangle worse than `floor`, unless it was.
    """
    starts, members = touching(elements, len(nodes))
    between = np.full((len(nodes), 2), -1, np.int32)
    _between_two(starts, members, cells, len(nodes), between)
    free = between[:, 0] >= 0
    pairs, number = pair_numbers(between, free)
    lattice_step = float(np.sqrt(2 * np.median(areas(nodes, elements, period))))
    for _ in range(_PASSES):
        have = np.bincount(cells, areas(nodes, elements, period), len(wanted))
        missing = np.where(np.isfinite(wanted), wanted - have, 0.0)
        if not (np.abs(missing) > 1e-7 * np.maximum(wanted, 1e-300)).any():
            return
        normals, lengths = _normals(nodes, elements, cells, between, period)
        normals[(locks[:, None] >> np.arange(3)) & 1 == 1] = 0
        push = smallest_push(pairs, number, normals, lengths, missing)
        if not push.any():
            return
        size = np.sqrt((push**2).sum(1))
        push *= np.minimum(1, _CAP * lattice_step / np.maximum(size, 1e-300))[:, None]
        _push(nodes, elements, starts, members, period, push, floor)


def smallest_push(pairs: np.ndarray, number: np.ndarray, normals: np.ndarray, lengths: np.ndarray, missing: np.ndarray) -> np.ndarray:
    """Return the least moves of nodes along their normals that give cells what they miss, to first order, (n, 3).

    Parameters
    ----------
    pairs, number
        Pairs of cells that share nodes, (E, 2), and the pair of each node, -1 for nodes that stay, (n,).
    normals, lengths
        By how much the first cell of the pair grows with the node, (n, 3), and what a move of the node costs, (n,).
    missing
        For each cell, (K,).
    """
    push = np.zeros_like(normals)
    use = (number >= 0) & (lengths > 0)
    a, b = pairs.T
    weights = np.bincount(number[use], (normals[use] ** 2).sum(1) / lengths[use], len(pairs))
    diagonal: np.ndarray = np.bincount(a, weights, len(missing)) + np.bincount(b, weights, len(missing))
    solved = diagonal > 0
    if not solved.any():
        return push
    diagonal = diagonal + 1e-6 * float(np.median(diagonal[solved]))
    root = np.where(solved, 1 / np.sqrt(diagonal), 0)
    system = Laplacian(pairs, weights * root[a] * root[b])
    price = root * conjugate_gradients(system, root * missing, np.zeros(len(missing)), 1e-8)
    first, second = pairs[number[use]].T
    push[use] = ((price[first] - price[second]) / lengths[use])[:, None] * normals[use]
    return push


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _between_two(starts, members, cells, n, between):  # type: ignore[no-untyped-def]
    found = np.empty(WIDTH, np.int32)
    for v in range(n):
        if starts[v] < starts[v + 1] and cells_round(starts, members, cells, v, found) == 2:
            between[v, 0], between[v, 1] = found[0], found[1]


def _normals(
    nodes: np.ndarray, elements: np.ndarray, cells: np.ndarray, between: np.ndarray, period: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return by how much the lower cell of each node grows with it, (n, 3), and half the length of the interface round it, (n,)."""
    x = near_corners(nodes, elements, period)
    normals, lengths = np.zeros(nodes.shape), np.zeros(len(nodes))
    for k in range(3):
        low = between[elements[:, k], 0] == cells
        side = 0.5 * (x[:, (k + 2) % 3] - x[:, (k + 1) % 3])  # minus the gradient of the triangle's area, turned by a quarter
        for axis, other, sign in ((1, 2, -1.0), (2, 1, 1.0)):
            normals[:, axis] += np.bincount(elements[low, k], sign * side[low, other], len(nodes))
    lengths = np.sqrt((normals**2).sum(1))
    return normals, lengths


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _push(nodes, elements, starts, members, period, push, floor):  # type: ignore[no-untyped-def]
    x, start = np.empty((3, 3)), np.empty(3)
    for v in range(len(nodes)):
        if push[v, 1] == 0 and push[v, 2] == 0:
            continue
        before = star_quality(nodes, elements, starts, members, period, v, x)
        start[:] = nodes[v]
        share, done = 1.0, False
        for _ in range(3):
            nodes[v] = start + share * push[v]
            if star_quality(nodes, elements, starts, members, period, v, x) >= min(before, floor):
                done = True
                break
            share *= 0.5
        if not done:
            nodes[v] = start

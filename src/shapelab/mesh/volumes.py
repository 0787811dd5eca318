"""Volumes of the cells of a net, and the smallest push of the interfaces that gives each its volume back."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

import numba
import numpy as np

from shapelab.mesh.conjugate_gradients import conjugate_gradients
from shapelab.mesh.net import Net
from shapelab.mesh.pair_index import pair_numbers
from shapelab.mesh.volume_kernels import move_along, sweep_faces, sweep_segments
from shapelab.threads import PARTS, over_ranges, ranges, side_by_side

__all__ = ["LEAST_KEPT", "TOLERANCE", "hold_nodes", "keep_volumes", "swept_volumes"]

TOLERANCE = 5e-4
"""Largest relative error of the volume of a cell that is large enough to be kept."""
LEAST_KEPT = {2: 12, 3: 30}
"""Pixels or voxels from which on a cell is smoothed and has its volume kept; smaller ones keep the steps of their voxels."""
_PASSES = 4
_CAP = 0.5
_LIMIT = 1.25


@dataclass
class Sweep:
    """What the moved faces sweep, with the nodes' volume gradients."""

    volumes: np.ndarray
    """What each cell gained, (K,) [voxels]."""
    grads: np.ndarray = field(repr=False)
    """Gradient of each node's volume, and the area round it behind, (n, d + 1) float32."""


@dataclass
class Edges:
    """The interfaces, and to which each node that may move belongs."""

    pairs: np.ndarray
    """Cells on both sides, (E, 2) int32."""
    number: np.ndarray
    """Row of `pairs` of each node between two cells that is not held, -1 of others, (n,) int32."""


def swept_volumes(net: Net, last: Sweep | None = None) -> Sweep:
    """Return how the cells' volumes differ from their numbers of voxels; over the arrays of the `last` sweep, which is lost."""
    grads = np.zeros((len(net.moves), net.ndim + 1), np.float32) if last is None else last.grads
    grads.fill(0)
    cells = len(net.ids)
    if net.ndim == 2:
        swept = np.zeros((1, cells))
        sweep_segments(net.cubes, net.period, net.moves, net.faces, net.pairs, grads, swept)
        return Sweep(swept[0], grads)
    slabs = len(net.face_starts) - 1
    halves = max(1, min(PARTS // 2, slabs // 8, len(net.faces) // 50_000))  # by size and not by cores: sums come out the same
    edges = np.linspace(0, slabs, 2 * halves + 1).astype(np.int64) if halves > 1 else np.array([0, slabs, slabs])
    bounds = net.face_starts[edges]
    swept = np.zeros((2 * halves, cells))
    for colour in (0, 1):
        args = (colour, bounds, net.moves, net.faces, net.pairs, net.kinds, grads, swept)
        side_by_side(partial(sweep_faces, block, *args) for block in range(halves))
    return Sweep(swept.sum(0), grads)


def keep_volumes(net: Net) -> np.ndarray:
    """Move the interfaces until every cell of `LEAST_KEPT` voxels has its volume; return the cells held still for it.

    Nodes between two cells move along their volume gradient N by (price_a - price_b) N / area; the prices solve a
    graph Laplacian. Cells that this cannot mend, as they have too few such nodes, get their voxels' faces back.
    """
    still = np.zeros(len(net.ids), bool)
    kept = net.counts >= LEAST_KEPT[net.ndim]
    kept[0] = False
    sweep = None
    while True:
        edges = None
        for _ in range(_PASSES):
            sweep = swept_volumes(net, sweep)
            wrong = _wrong(sweep, net, kept)
            if not wrong.any():
                return still
            edges = edges or _edges(net)
            _push(net, sweep, edges)
        sweep = swept_volumes(net, sweep)
        wrong = _wrong(sweep, net, kept)
        if not wrong.any():
            return still
        still |= wrong
        hold_nodes(net, still)
        if (net.locks == 7).all():
            return still


def hold_nodes(net: Net, cells: np.ndarray) -> None:
    """Put the nodes of some cells, (K,) bool, back on their voxels' corners, and let nothing move them."""
    _hold(net.labels, cells, net.moves, net.locks)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _hold(labels, cells, moves, locks):  # type: ignore[no-untyped-def]
    for v in range(len(labels)):
        for j in range(labels.shape[1]):
            if labels[v, j] >= 0 and cells[labels[v, j]]:
                moves[v] = 0
                locks[v] = 7


def _wrong(sweep: Sweep, net: Net, kept: np.ndarray) -> np.ndarray:
    """Cells whose volume is off."""
    wrong: np.ndarray = kept & (np.abs(sweep.volumes) > TOLERANCE * net.counts)
    return wrong


def _edges(net: Net) -> Edges:
    """Divide the nodes between two cells among the interfaces."""
    return Edges(*pair_numbers(net.labels, (net.node_counts == 2) & (net.locks != 7)))


def _push(net: Net, sweep: Sweep, edges: Edges) -> None:
    weights = np.zeros(len(edges.pairs))
    _add_weights(edges.number, net.locks, sweep.grads, weights)
    a, b = edges.pairs.T
    diagonal: np.ndarray = np.bincount(a, weights, len(net.ids)) + np.bincount(b, weights, len(net.ids))
    used = diagonal > 0
    used[0] = False  # the medium takes what is left
    if not used.any():
        return
    diagonal = diagonal + 1e-6 * float(np.median(diagonal[used]))
    root = np.where(used, 1 / np.sqrt(diagonal), 0)
    right = -root * sweep.volumes
    prices = root * conjugate_gradients(Laplacian(edges.pairs, weights * root[a] * root[b]), right, np.zeros_like(right), 1e-4)
    args = (net.node_counts, net.labels, net.locks, sweep.grads, prices, _CAP, _LIMIT, net.moves)
    over_ranges(move_along, ranges(len(net.moves), 50_000), *args)


@dataclass
class Laplacian:
    """Laplacian of the graph of cells that touch, scaled to a unit diagonal."""

    pairs: np.ndarray
    weights: np.ndarray

    def __matmul__(self, x: np.ndarray) -> np.ndarray:
        """Return the product with a vector over the cells."""
        result = x.copy()
        _subtract_neighbours(self.pairs, self.weights, x, result)
        return result


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _subtract_neighbours(pairs, weights, x, result):  # type: ignore[no-untyped-def]
    for e in range(len(pairs)):
        a, b = pairs[e]
        result[a] -= weights[e] * x[b]
        result[b] -= weights[e] * x[a]


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _add_weights(number, locks, grads, weights):  # type: ignore[no-untyped-def]
    """Add |N|^2 / area, along free axes, of each node to its interface."""
    ndim = grads.shape[1] - 1
    for v in range(len(number)):
        if number[v] < 0 or grads[v, ndim] <= 0:
            continue
        s = 0.0
        for j in range(ndim):
            if not (locks[v] >> j) & 1:
                s += grads[v, j] * grads[v, j]
        weights[number[v]] += s / grads[v, ndim]

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

__all__ = ["TOLERANCE", "keep_volumes", "swept_volumes"]

TOLERANCE = 5e-4
"""Largest relative error of the volume of a cell that is large enough to be kept."""
LEAST_KEPT = 100
"""Voxels from which on a cell's volume is kept."""
_PASSES = 4
_CAP = 0.5
_LIMIT = 1.25


@dataclass
class Sweep:
    """What the moved faces sweep, with the nodes' volume gradients."""

    volumes: np.ndarray
    """What each cell gained, (K,) [voxels]."""
    grads: np.ndarray = field(repr=False)
    masses: np.ndarray = field(repr=False)


def swept_volumes(net: Net) -> Sweep:
    """Return how the cells' volumes differ from their numbers of voxels."""
    grads = np.zeros(net.moves.shape, np.float32)
    masses = np.zeros(len(net.moves), np.float32)
    cells = len(net.ids)
    if net.ndim == 2:
        swept = np.zeros((1, cells))
        sweep_segments(net.cubes, net.period, net.moves, net.faces, net.pairs, grads, masses, swept)
        return Sweep(swept[0], grads, masses)
    slabs = len(net.face_starts) - 1
    halves = max(1, min(PARTS // 2, slabs // 8, len(net.faces) // 50_000))  # by size and not by cores: sums come out the same
    edges = np.linspace(0, slabs, 2 * halves + 1).astype(np.int64) if halves > 1 else np.array([0, slabs, slabs])
    bounds = net.face_starts[edges]
    swept = np.zeros((2 * halves, cells))
    for colour in (0, 1):
        args = (colour, bounds, net.cubes, net.period, net.moves, net.faces, net.pairs, grads, masses, swept)
        side_by_side(partial(sweep_faces, block, *args) for block in range(halves))
    return Sweep(swept.sum(0), grads, masses)


def keep_volumes(net: Net) -> np.ndarray:
    """Move the interfaces until every cell of `LEAST_KEPT` voxels or more has its volume; return the cells held still for it.

    Nodes between two cells move along their volume gradient N by (price_a - price_b) N / area; the prices solve a
    graph Laplacian. Cells that this cannot mend, as they have too few such nodes, get their voxels' faces back.
    """
    still = np.zeros(len(net.ids), bool)
    kept = net.counts >= LEAST_KEPT
    kept[0] = False
    while True:
        for _ in range(_PASSES):
            sweep = swept_volumes(net)
            wrong = _wrong(sweep, net, kept)
            if not wrong.any():
                return still
            _push(net, sweep)
        wrong = _wrong(swept_volumes(net), net, kept)
        if not wrong.any():
            return still
        still |= wrong
        held = np.isin(net.labels, np.flatnonzero(still)).any(1)
        net.moves[held] = 0
        net.locks[held] = 7
        if (net.locks == 7).all():
            return still


def _wrong(sweep: Sweep, net: Net, kept: np.ndarray) -> np.ndarray:
    """Cells whose volume is off."""
    wrong: np.ndarray = kept & (np.abs(sweep.volumes) > TOLERANCE * net.counts)
    return wrong


def _push(net: Net, sweep: Sweep) -> None:
    from scipy.sparse import coo_matrix, csr_array, diags_array

    free = np.zeros((len(net.moves), 2), np.int32)
    weights = np.zeros(len(net.moves))
    n = _node_weights(net.node_counts, net.labels, net.locks, sweep.grads, sweep.masses, free, weights)
    if n == 0:
        return
    pairs, number = pair_numbers(free[:n])
    w = np.bincount(number, weights[:n], len(pairs))
    cells = len(net.ids)
    graph = coo_matrix((np.concatenate([w, w]), (np.concatenate(pairs.T), np.concatenate(pairs.T[::-1]))), (cells, cells)).tocsr()
    diagonal: np.ndarray = np.asarray(graph.sum(1), float).ravel()
    used = diagonal > 0
    used[0] = False  # the medium takes what is left
    if not used.any():
        return
    diagonal = diagonal + 1e-6 * float(np.median(diagonal[used]))
    system = (diags_array(diagonal) - graph).tocsr()[used][:, used]
    root = 1 / np.sqrt(diagonal[used])
    scaled = diags_array(root) @ system @ diags_array(root)
    prices = np.zeros(cells)
    prices[used] = root * conjugate_gradients(csr_array(scaled), -root * sweep.volumes[used], np.zeros(int(used.sum())), 1e-4)
    args = (net.node_counts, net.labels, net.locks, sweep.grads, sweep.masses, prices, _CAP, _LIMIT, net.moves)
    over_ranges(move_along, ranges(len(net.moves), 50_000), *args)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _node_weights(counts, labels, locks, grads, masses, pairs, weights):  # type: ignore[no-untyped-def]
    """List the cells and |N|^2 / area, along free axes, of each node between two cells; return how many."""
    n = 0
    for v in range(len(counts)):
        if counts[v] != 2 or masses[v] <= 0 or locks[v] == 7:
            continue
        s = 0.0
        for j in range(grads.shape[1]):
            if not (locks[v] >> j) & 1:
                s += grads[v, j] * grads[v, j]
        pairs[n, 0], pairs[n, 1] = labels[v, 0], labels[v, 1]
        weights[n] = s / masses[v]
        n += 1
    return n

"""Smoothed assignment: every pixel is shared among the cells whose ``c_i - f_i`` are close to the best (compiled).

At temperature eps a pixel gives ``p_i ~ exp(-(c_i - f_i)/eps)`` of itself to cell i. Every pixel has a temperature of its own, of
the order of one pixel in cost units and fixed while f changes, so that the dual stays concave and smooth on the scale of the grid.
"""

from __future__ import annotations

import numpy as np

from shapelab.transport.assignment import block_corner, locate_pixels
from shapelab.transport.blocks import Blocks, Grid, Lists
from shapelab.transport.compiled import Number, kernel
from shapelab.transport.pairs import PairTables, add_pair
from shapelab.transport.point_cost import HALF_POWER, HUGE, Cells, block_cost, gradient_at
from shapelab.transport.threads import in_parallel, ranges

__all__ = ["REACH", "SoftAssignment"]

HOTTEST = 100.0
"""Highest temperature of a pixel, relative to the lowest: hotter ones would let distant cells in."""

REACH = 7.0
"""Cells more than this many temperatures above the best are left out (exp(-7) = 0.1 %)."""


@kernel
def _share(
    slot: int,
    first: int,
    last: int,
    cells: Cells,
    f: np.ndarray,
    medium: bool,
    grid: Grid,
    lists: Lists,
    centres: np.ndarray,
    half: np.ndarray,
    eps: np.ndarray,
    unit: Number,
    pixel_min: np.ndarray,
    sums: np.ndarray,
    keys: np.ndarray,
    values: np.ndarray,
    dual: np.ndarray,
) -> int:
    """Share the pixels of blocks first..last; sums[0] are volumes, sums[1] d|L_i|/df_i. Return the number of pairs."""
    volume, slope, keys, values = sums[0, slot], sums[1, slot], keys[slot], values[slot]
    n, size, room = f.shape[0], grid.offsets.shape[1], keys.shape[0] // 2
    most = 0
    for b in range(first, last):
        most = max(most, lists.counts[b])
    cost, work = np.empty((most, size)), np.empty(size)
    where, who, part = np.empty(size, np.int64), np.empty(most, np.int64), np.empty(most)
    walls = grid.weights.shape[0] > 1
    total, pairs = 0.0, 0
    for b in range(first, last):
        k0, k1, k2 = block_corner(b, grid)
        locate_pixels(where, k0, k1, k2, grid)
        count = lists.counts[b]
        for m in range(count):
            i = lists.cells[b, m]
            if i == n:
                for k in range(size):
                    cost[m, k] = 0
            else:
                e0, e1, e2 = half[b, 0], half[b, 1], half[b, 2]
                block_cost(
                    cost[m],
                    work,
                    cells,
                    i,
                    centres[b, 0],
                    centres[b, 1],
                    centres[b, 2],
                    e0,
                    e1,
                    e2,
                    grid.offsets,
                    grid.geometry,
                    where,
                    size,
                )
                for k in range(size):
                    cost[m, k] -= f[i]
        for a0 in range(k0, min(k0 + grid.block[0], grid.dims[0])):
            for a1 in range(k1, min(k1 + grid.block[1], grid.dims[1])):
                for a2 in range(k2, min(k2 + grid.block[2], grid.dims[2])):
                    k = ((a0 - k0) * grid.block[1] + a1 - k1) * grid.block[2] + a2 - k2
                    p = where[k]
                    rate, reach = 1.0 / eps[p], REACH * eps[p]
                    weight = unit * (grid.weights[p] if walls else 1.0)
                    low = 2.0 * HUGE
                    for m in range(count):
                        low = min(low, cost[m, k])
                    norm, shared = 0.0, 0
                    for m in range(count):
                        above = cost[m, k] - low
                        if above < reach:
                            part[shared] = np.exp(-above * rate)
                            who[shared] = lists.cells[b, m]
                            norm += part[shared]
                            shared += 1
                    value = low - eps[p] * np.log(norm)
                    pixel_min[p] = value
                    if weight == 0:
                        continue
                    total += weight * value
                    for m in range(shared):
                        i, own = who[m], part[m] / norm
                        volume[i] += weight * own
                        slope[i] += weight * own * (1 - own) * rate
                        for q in range(m):
                            if pairs < room:
                                pairs += add_pair(keys, values, i, who[q], n, weight * own * part[q] * rate, 0.0)
                        part[m] = own
    dual[slot] = total
    return pairs


@kernel
def _temperatures(
    slot: int,
    first: int,
    last: int,
    cells: Cells,
    f: np.ndarray,
    grid: Grid,
    lists: Lists,
    centres: np.ndarray,
    half: np.ndarray,
    factor: Number,
    least: Number,
    eps: np.ndarray,
) -> None:
    """Set eps of each pixel to factor |grad c| of its best cell, between `least` and `HOTTEST` times that."""
    n, size, h = f.shape[0], grid.offsets.shape[1], grid.geometry
    cost, work, where = np.empty(size), np.empty(size), np.empty(size, np.int64)
    best, paid, winner = np.empty(size), np.empty(size), np.empty(size, np.int64)
    for b in range(first, last):
        k0, k1, k2 = block_corner(b, grid)
        locate_pixels(where, k0, k1, k2, grid)
        e0, e1, e2 = half[b, 0], half[b, 1], half[b, 2]
        best[:], winner[:] = 2.0 * HUGE, -1
        for m in range(lists.counts[b]):
            i = lists.cells[b, m]
            if i < n:
                block_cost(cost, work, cells, i, centres[b, 0], centres[b, 1], centres[b, 2], e0, e1, e2, grid.offsets, h, where, size)
                for k in range(size):
                    if cost[k] - f[i] < best[k]:
                        best[k], paid[k], winner[k] = cost[k] - f[i], cost[k], i
        for k in range(size):
            p, i = where[k], winner[k]
            eps[p] = least
            if i >= 0:
                z, y = p // (grid.dims[1] * grid.dims[2]), p // grid.dims[2] % grid.dims[1]
                g0, g1, g2 = gradient_at(cells, cells.values, cells.codes, i, paid[k], z, y, p % grid.dims[2], grid.dims, h)
                eps[p] = min(max(least, factor * np.sqrt(g0 * g0 + g1 * g1 + g2 * g2)), HOTTEST * least)
                if cells.values[i, HALF_POWER] < 0.5:
                    eps[p] = min(eps[p], 4 * least)  # the slope of these costs is infinite at the seed, where no interface is


@kernel
def _lift(
    empty: np.ndarray,
    cells: Cells,
    f: np.ndarray,
    grid: Grid,
    centres: np.ndarray,
    half: np.ndarray,
    eps: np.ndarray,
    unit: Number,
    pixel_min: np.ndarray,
    target: np.ndarray,
) -> None:
    """Raise the potential of each listed cell to where it would take its volume if nothing else moved (a Sinkhorn update)."""
    size = grid.offsets.shape[1]
    cost, work, where = np.empty(size), np.empty(size), np.empty(size, np.int64)
    walls = grid.weights.shape[0] > 1
    for e in range(empty.shape[0]):
        i = empty[e]
        lowest, width, mass = 1e300, 1.0, 0.0
        for again in range(2):
            for b in range(centres.shape[0]):
                k0, k1, k2 = block_corner(b, grid)
                locate_pixels(where, k0, k1, k2, grid)
                e0, e1, e2 = half[b, 0], half[b, 1], half[b, 2]
                block_cost(
                    cost, work, cells, i, centres[b, 0], centres[b, 1], centres[b, 2], e0, e1, e2, grid.offsets, grid.geometry, where, size
                )
                for k in range(size):
                    if walls and grid.weights[where[k]] == 0:
                        continue
                    above = cost[k] - pixel_min[where[k]]
                    if again == 0:
                        if above < lowest:
                            lowest, width = above, eps[where[k]]
                    elif above < lowest + 20 * width:
                        mass += unit * np.exp((lowest - above) / width)
        f[i] = max(f[i], lowest + width * min(0.0, np.log(target[i] / max(mass, 1e-300))))


class SoftAssignment:
    """The smoothed diagram on one (usually coarse) grid.

    Attributes
    ----------
    volumes, slopes
        Volume of every cell and of the medium, in pixels of the finest grid, and its derivative ``d|L_i|/df_i``.
    pairs, weights
        Off-diagonal part of the Hessian: ``-d|L_i|/df_j``.
    dual
        Sum over pixels of the smoothed minimum of ``c_i - f_i``.
    """

    def __init__(self, blocks: Blocks, n: int, unit: float) -> None:
        self.blocks, self.n, self.unit = blocks, n, unit
        parts = len(ranges(blocks.n_blocks, 16))
        self._tables = PairTables(n, parts)
        self._sums = np.zeros((2, parts, n + 2))
        self.pixel_min = np.zeros(int(np.prod(blocks.grid.dims)))
        self.volumes = self.slopes = np.zeros(n + 1)
        self.pairs, self.weights = np.empty((0, 2), np.int32), np.empty(0)
        self.dual = 0.0

    def temperatures(self, cells: Cells, f: np.ndarray, medium: bool, factor: float, least: float) -> np.ndarray:
        """Return eps of every pixel: `factor` (a length) times the slope of the locally best cost, and at least `least`."""
        blocks, finest = self.blocks, self.blocks.levels[-1]
        f = f.astype(float)
        lists = blocks.candidates(cells, f, medium)
        eps = np.empty(self.pixel_min.size)
        in_parallel(_temperatures, blocks.n_blocks, cells, f, blocks.grid, lists, finest.centres, finest.half, factor, least, eps)
        return eps

    def evaluate(self, cells: Cells, f: np.ndarray, medium: bool, eps: np.ndarray) -> None:
        """Share every pixel under the potentials `f` at the temperatures `eps` of the pixels."""
        blocks, finest, tables = self.blocks, self.blocks.levels[-1], self._tables
        f = f.astype(float)
        lists = blocks.candidates(cells, f, medium, slack=_hottest(eps, blocks) * (REACH / 2))
        dual = np.zeros(self._sums.shape[1])
        while True:
            tables.clear()
            self._sums.fill(0)
            arguments = (
                cells,
                f,
                medium,
                blocks.grid,
                lists,
                finest.centres,
                finest.half,
                eps,
                self.unit,
                self.pixel_min,
            )
            used = in_parallel(_share, blocks.n_blocks, *arguments, self._sums, tables.keys, tables.values, dual, least=16)
            if max(used) < tables.room:
                break
            tables.grow()
        self.volumes, self.slopes = self._sums[:, :, : self.n + 1].sum(axis=1)
        self.dual = float(dual.sum())
        self.pairs, sums = tables.edges(used)
        self.weights = np.ascontiguousarray(sums[:, 0])

    def lift(self, empty: np.ndarray, cells: Cells, f: np.ndarray, eps: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return `f` with the potentials of the `empty` cells raised until each would take its target."""
        blocks, finest = self.blocks, self.blocks.levels[-1]
        raised = f.astype(float)
        _lift(empty.astype(np.int64), cells, raised, blocks.grid, finest.centres, finest.half, eps, self.unit, self.pixel_min, target)
        f = f.copy()
        f[empty] = np.maximum(f[empty], raised[empty])
        return f


def _hottest(eps: np.ndarray, blocks: Blocks) -> np.ndarray:
    """Return the highest temperature in every block."""
    dims, block = blocks.grid.dims, blocks.grid.block
    starts = [np.arange(0, size, step) for size, step in zip(dims, block, strict=True)]
    highest = eps.reshape(dims)
    for axis, begin in enumerate(starts):
        highest = np.maximum.reduceat(highest, begin, axis=axis)
    return highest.ravel()

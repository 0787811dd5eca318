"""Smoothed assignment: every pixel is shared among the cells whose ``c_i - f_i`` are close to the best (compiled).

At temperature eps a pixel gives ``p_i ~ exp(-(c_i - f_i)/eps)`` of itself to cell i. The temperature is constant on each block
and of the order of one pixel in cost units, so that the dual stays concave and smooth on the scale of the grid.
"""

from __future__ import annotations

import numpy as np

from shapelab.transport.assignment import block_corner, locate_pixels
from shapelab.transport.blocks import Blocks, Grid, Lists
from shapelab.transport.compiled import Number, kernel
from shapelab.transport.pairs import PairTables, add_pair
from shapelab.transport.point_cost import HALF_POWER, HUGE, Cells, block_cost, cost_at, gradient_at
from shapelab.transport.threads import in_parallel, ranges

__all__ = ["REACH", "SoftAssignment"]

MAJOR = 0.03
"""Only cells with a larger share of a pixel enter the off-diagonal Hessian."""

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
        rate = 1.0 / eps[b]
        reach = REACH * eps[b]
        for a0 in range(k0, min(k0 + grid.block[0], grid.dims[0])):
            for a1 in range(k1, min(k1 + grid.block[1], grid.dims[1])):
                for a2 in range(k2, min(k2 + grid.block[2], grid.dims[2])):
                    k = ((a0 - k0) * grid.block[1] + a1 - k1) * grid.block[2] + a2 - k2
                    p = where[k]
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
                    value = low - eps[b] * np.log(norm)
                    pixel_min[p] = value
                    if weight == 0:
                        continue
                    total += weight * value
                    major = 0
                    for m in range(shared):
                        i, own = who[m], part[m] / norm
                        volume[i] += weight * own
                        slope[i] += weight * own * (1 - own) * rate
                        if own > MAJOR:
                            for q in range(major):
                                if pairs < room:
                                    pairs += add_pair(keys, values, i, who[q], n, weight * own * part[q] * rate, 0.0)
                            who[major], part[major] = i, own
                            major += 1
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
    """Set eps of each block to factor |grad c| of the best cell at its centre pixel, and at least `least`."""
    n = f.shape[0]
    for b in range(first, last):
        corner = block_corner(b, grid)
        k0 = min(corner[0] + grid.block[0] // 2, grid.dims[0] - 1)
        k1 = min(corner[1] + grid.block[1] // 2, grid.dims[1] - 1)
        k2 = min(corner[2] + grid.block[2] // 2, grid.dims[2] - 1)
        h = grid.geometry
        y0, y1, y2 = (
            (k0 + 0.5) * h[0],
            (k1 + 0.5) * h[1],
            (k2 + 0.5) * h[2],
        )
        pixel = (k0 * grid.dims[1] + k1) * grid.dims[2] + k2
        best, winner, paid = 2.0 * HUGE, -1, h[0]
        for m in range(lists.counts[b]):
            i = lists.cells[b, m]
            if i < n:
                c = cost_at(cells, i, y0, y1, y2, grid.geometry, pixel)
                if c - f[i] < best:
                    best, winner, paid = c - f[i], i, c
        eps[b] = least
        if winner >= 0:
            g0, g1, g2 = gradient_at(cells, cells.values, cells.codes, winner, paid, k0, k1, k2, grid.dims, grid.geometry)
            eps[b] = max(least, factor * np.sqrt(g0 * g0 + g1 * g1 + g2 * g2))
            if cells.values[winner, HALF_POWER] < 0.5:
                eps[b] = min(eps[b], 4 * least)  # the slope of these costs is infinite at the seed, where no interface is


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
                            lowest, width = above, eps[b]
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
        Off-diagonal part of the Hessian: ``-d|L_i|/df_j``, of the cells that share much of a pixel.
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
        """Return eps of every block: `factor` (a length) times the slope of the locally best cost, and at least `least`."""
        blocks, finest = self.blocks, self.blocks.levels[-1]
        f = f.astype(float)
        lists = blocks.candidates(cells, f, medium)
        eps = np.empty(blocks.n_blocks)
        in_parallel(_temperatures, blocks.n_blocks, cells, f, blocks.grid, lists, finest.centres, finest.half, factor, least, eps)
        return eps

    def evaluate(self, cells: Cells, f: np.ndarray, medium: bool, eps: np.ndarray) -> None:
        """Share every pixel under the potentials `f` at the temperatures `eps` of the blocks."""
        blocks, finest, tables = self.blocks, self.blocks.levels[-1], self._tables
        f = f.astype(float)
        lists = blocks.candidates(cells, f, medium, slack=eps * (REACH / 2))
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

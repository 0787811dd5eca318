"""Who owns each pixel: the exact argmin over cells and medium, and what the solver needs to know along the interfaces.

A pixel whose best cell is i and second best j, with gap m >= 0 between the two, lies within half a pixel of their interface
when m < w/2, with w = sum_a h_a |d_a (c_i - c_j)|. It then counts as 1/2 + m/w of i and 1/2 - m/w of j: volumes depend smoothly
on the potentials, and 1/w is the pixel's share of d|L_i|/df_j (the pixel form of the Hessian of Kitagawa, Merigot and
Thibert, J. Eur. Math. Soc. 21 (2019)).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from shapelab.transport.blocks import Blocks, Grid, Lists
from shapelab.transport.compiled import Number, inlined, kernel
from shapelab.transport.costs import TABULATED
from shapelab.transport.pairs import PairTables, add_pair
from shapelab.transport.point_cost import (
    CAP,
    HALF_POWER,
    HIGH,
    HUGE,
    KIND,
    SCALE,
    TINY,
    Cells,
    block_cost,
    cost_bounds,
    gradient_at,
    wrap,
)
from shapelab.transport.threads import in_parallel, ranges

__all__ = ["Assignment", "Pixels", "block_corner", "locate_pixels", "pair_width"]


class Pixels(NamedTuple):
    """What is known of every pixel, flat; N stands for the medium and N + 1 for a wall."""

    label: np.ndarray
    second: np.ndarray
    best: np.ndarray
    """Smallest ``c_i - f_i``."""
    next: np.ndarray
    """Second smallest ``c_j - f_j`` (huge where no other cell can win)."""
    share: np.ndarray
    """float32: part of the pixel that is the label's, 1/2 to 1; the rest is the second's."""


@inlined
def block_corner(b: int, grid: Grid) -> tuple[int, int, int]:
    """Return the first pixel of block b along the three axes."""
    b12 = b % (grid.counts[1] * grid.counts[2])
    k0 = (b // (grid.counts[1] * grid.counts[2])) * grid.block[0]
    return k0, (b12 // grid.counts[2]) * grid.block[1], (b12 % grid.counts[2]) * grid.block[2]


@kernel
def locate_pixels(pixels: np.ndarray, k0: int, k1: int, k2: int, grid: Grid) -> None:
    """Fill ``pixels`` with the flat index of every pixel of a block, clamped to the grid."""
    m = 0
    for a in range(grid.block[0]):
        p0 = min(k0 + a, grid.dims[0] - 1) * grid.dims[1]
        for b in range(grid.block[1]):
            p1 = (p0 + min(k1 + b, grid.dims[1] - 1)) * grid.dims[2]
            for c in range(grid.block[2]):
                pixels[m] = p1 + min(k2 + c, grid.dims[2] - 1)
                m += 1


@inlined
def pair_width(
    cells: Cells,
    values: np.ndarray,
    codes: np.ndarray,
    f: np.ndarray,
    i: int,
    j: int,
    best: Number,
    following: Number,
    k0: int,
    k1: int,
    k2: int,
    dims: tuple,
    geometry: np.ndarray,
) -> tuple[Number, Number]:
    """Return (width of the ramp in cost units, |grad (c_i - c_j)|) at pixel k; i or j may be the medium."""
    g0 = g1 = g2 = 0.0
    if i < f.shape[0]:
        g0, g1, g2 = gradient_at(cells, values, codes, i, best + f[i], k0, k1, k2, dims, geometry)
    if j < f.shape[0]:
        s0, s1, s2 = gradient_at(cells, values, codes, j, following + f[j], k0, k1, k2, dims, geometry)
        g0, g1, g2 = g0 - s0, g1 - s1, g2 - s2
    width = abs(g0) * geometry[0] + abs(g1) * geometry[1] + abs(g2) * geometry[2]
    return width + 1e-20, np.sqrt(g0 * g0 + g1 * g1 + g2 * g2)


@kernel
def _steepest(
    cells: Cells, lists: Lists, b: int, c0: Number, c1: Number, c2: Number, e0: Number, e1: Number, e2: Number, geometry: np.ndarray, n: int
) -> Number:
    """Return a bound of the ramp half-width over block b: h |grad c| of the steepest candidate."""
    steep = geometry[0] * 0
    f0, f1, f2 = geometry[6], geometry[7], geometry[8]
    for m in range(lists.counts[b]):
        i = lists.cells[b, m]
        if i == n:
            continue
        if cells.codes[i, KIND] == TABULATED:
            return steep + 2.0 * HUGE
        d0 = wrap(c0 - cells.values[i, 0], geometry[3], f0)
        d1 = wrap(c1 - cells.values[i, 1], geometry[4], f1)
        d2 = wrap(c2 - cells.values[i, 2], geometry[5], f2)
        straddles = (abs(d0) + e0) * f0 > 0.5 or (abs(d1) + e1) * f1 > 0.5 or (abs(d2) + e2) * f2 > 0.5
        low, high = cost_bounds(cells, i, d0, d1, d2, e0, e1, e2, straddles)
        # |grad c| = p c |grad G| / G with |grad G| <= sqrt(HIGH); c/G = s^(1/p) c^(1-1/p) is largest at the far or near end
        half_power = cells.values[i, HALF_POWER]
        c = high if half_power >= 0.5 else max(low, TINY)
        c = min(c, cells.values[i, CAP])
        if half_power == 1.0:
            slope = 2.0 * np.sqrt(cells.values[i, SCALE] * c)
        else:
            inverse = 0.5 / half_power
            slope = 2.0 * half_power * cells.values[i, SCALE] ** inverse * c ** (1.0 - inverse)
        steep = max(steep, slope * np.sqrt(cells.values[i, HIGH]))
    h = np.sqrt(geometry[0] * geometry[0] * (e0 > 0) + geometry[1] * geometry[1] + geometry[2] * geometry[2])
    return steep * h * 1.001


@kernel
def _assign(
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
    pixels: Pixels,
    sums: np.ndarray,
    keys: np.ndarray,
    values: np.ndarray,
    highest: np.ndarray,
) -> int:
    """Assign blocks first..last; sums go to the row of the thread. Return its number of pairs (half the slots: no room left)."""
    hard, soft, keys, values = sums[0, slot], sums[1, slot], keys[slot], values[slot]
    room = keys.shape[0] // 2
    cell_values, codes, geometry, offsets, weights, dims = cells.values, cells.codes, grid.geometry, grid.offsets, grid.weights, grid.dims
    labels, seconds, bests, nexts, shares = pixels.label, pixels.second, pixels.best, pixels.next, pixels.share
    (n0, n1, n2), (s0, s1, s2), n, size = dims, grid.block, f.shape[0], offsets.shape[1]
    cost, work, best, following = np.empty(size), np.empty(size), np.empty(size), np.empty(size)
    label, second, where = np.empty(size, np.int32), np.empty(size, np.int32), np.empty(size, np.int64)
    walls, top, pairs = weights.shape[0] > 1, -HUGE, 0
    for b in range(first, last):
        k0, k1, k2 = block_corner(b, grid)
        locate_pixels(where, k0, k1, k2, grid)
        c0, c1, c2, e0, e1, e2 = centres[b, 0], centres[b, 1], centres[b, 2], half[b, 0], half[b, 1], half[b, 2]
        for k in range(size):
            best[k], following[k] = 2.0 * HUGE, 2.0 * HUGE
            label[k], second[k] = n, n
        count = lists.counts[b]
        for m in range(count):
            i, shift = lists.cells[b, m], 0.0
            if i == n:
                for k in range(size):
                    cost[k] = 0
            else:
                block_cost(cost, work, cells, i, c0, c1, c2, e0, e1, e2, offsets, geometry, where, size)
                shift = f[i]
            for k in range(size):
                v, old = cost[k] - shift, best[k]
                wins, places = v < old, v < following[k]
                loser = label[k] if wins else i
                second[k] = loser if places else second[k]
                following[k] = (old if wins else v) if places else following[k]
                label[k] = i if wins else label[k]
                best[k] = v if wins else old
        near = _steepest(cells, lists, b, c0, c1, c2, e0, e1, e2, geometry, n) if count > 1 else 0.0
        for a0 in range(k0, min(k0 + s0, n0)):
            for a1 in range(k1, min(k1 + s1, n1)):
                k = ((a0 - k0) * s1 + a1 - k1) * s2
                p = (a0 * n1 + a1) * n2 + k2
                for a2 in range(k2, min(k2 + s2, n2)):
                    i, j, low, up, share = label[k], second[k], best[k], following[k], 1.0
                    if walls and weights[p] == 0:
                        i, j, low, up, share = n + 1, n + 1, 0.0, 2.0 * HUGE, 0.0
                    elif up - low < near:
                        width, _ = pair_width(cells, cell_values, codes, f, i, j, low, up, a0, a1, a2, dims, geometry)
                        if up - low < 0.5 * width:
                            share = 0.5 + (up - low) / width
                            soft[j] += 1.0 - share
                            if pairs < room:
                                pairs += add_pair(keys, values, i, j, n, 1.0 / width, 0.0)
                    labels[p], seconds[p], bests[p], nexts[p], shares[p] = i, j, low, up, share
                    hard[i] += 1
                    soft[i] += share
                    top = max(top, low)
                    k += 1
                    p += 1
    highest[slot] = top
    return pairs


class Assignment:
    """The diagram of one set of potentials on one grid, and the sums that a solver needs.

    Attributes
    ----------
    pixels
        Label, second label, best and second best value of every pixel.
    hard, soft
        Volume of every cell, and of the medium, in pixels: whole pixels, and with fractions across interfaces.
    pairs, weights
        Touching pairs ``(E, 2)`` and the pixel Hessian ``d|L_i|/df_j = -weight``, in pixels per cost unit.
    highest
        Largest of the pixels' best values.
    """

    def __init__(self, blocks: Blocks, n: int) -> None:
        self.blocks, self.n = blocks, n
        size = int(np.prod(blocks.grid.dims))
        label, second = np.empty(size, np.int32), np.empty(size, np.int32)
        self.pixels = Pixels(label, second, np.empty(size), np.empty(size), np.empty(size, np.float32))
        parts = len(ranges(blocks.n_blocks))
        self._tables = PairTables(n, parts)
        self._sums = np.zeros((2, parts, n + 2))
        self.hard = self.soft = np.zeros(n + 1)
        self.pairs, self.weights = np.empty((0, 2), np.int32), np.empty(0)
        self.highest = 0.0

    def evaluate(self, cells: Cells, f: np.ndarray, medium: bool) -> None:
        """Assign every pixel under the potentials `f`."""
        blocks = self.blocks
        f = f.astype(float)
        lists = blocks.candidates(cells, f, medium)
        self.assign(cells, f, medium, lists)

    def assign(self, cells: Cells, f: np.ndarray, medium: bool, lists: Lists) -> None:
        """Assign every pixel to the best cell of its block's list."""
        blocks, finest, tables = self.blocks, self.blocks.levels[-1], self._tables
        highest = np.empty(self._sums.shape[1])
        while True:
            tables.clear()
            self._sums.fill(0)
            arguments = (cells, f, medium, blocks.grid, lists, finest.centres, finest.half, self.pixels, self._sums)
            used = in_parallel(_assign, blocks.n_blocks, *arguments, tables.keys, tables.values, highest)
            if max(used) < tables.room:
                break
            tables.grow()
        self.hard, self.soft = self._sums[:, :, : self.n + 1].sum(axis=1)
        self.highest = float(highest.max())
        self.pairs, sums = tables.edges(used)
        self.weights = np.ascontiguousarray(sums[:, 0])

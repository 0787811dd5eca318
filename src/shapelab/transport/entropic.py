"""Smoothed assignment: every pixel is shared among the cells whose ``c_i - f_i`` are close to the best.

At temperature eps a pixel gives ``p_i ~ exp(-(c_i - f_i)/eps)`` of itself to cell i. Every pixel has a temperature of its own, of
the order of one pixel in cost units and fixed while f changes, so that the dual stays concave and smooth on the scale of the grid.
"""

from __future__ import annotations

import numpy as np

from shapelab.threads import over_ranges, ranges
from shapelab.transport.blocks import Blocks
from shapelab.transport.pairs import PairTables
from shapelab.transport.point_cost import Cells
from shapelab.transport.smoothing import REACH, lift_empty, set_temperatures, share_pixels

__all__ = ["SoftAssignment"]

CROWD, MANY = 64, 4
"""Pairs are left out where so many cells meet in a block, and in all blocks more than so many pairs for each pixel of the finest grid:
there would be more of them than of anything else, and each of them would say little."""


class SoftAssignment:
    """The smoothed diagram on one (usually coarse) grid.

    Attributes
    ----------
    volumes, slopes
        Volume of every cell and of the medium, in pixels of the finest grid, and its derivative ``d|L_i|/df_i``.
    pairs, weights
        Off-diagonal part of the Hessian: ``-d|L_i|/df_j``.
    crowded
        Whether so many cells share the pixels that only pairs with the medium are known.
    dual
        Sum over pixels of the smoothed minimum of ``c_i - f_i``.
    """

    def __init__(self, blocks: Blocks, n: int, unit: float) -> None:
        self.blocks, self.n, self.unit = blocks, n, unit
        self._parts = ranges(blocks.n_blocks, 32)
        parts = len(self._parts)
        self._tables = PairTables(n, parts)
        self._sums = np.zeros((parts, 2, n + 2))
        self.pixel_min = np.zeros(int(np.prod(blocks.grid.dims)), np.float32)
        self.volumes = self.slopes = np.zeros(n + 1)
        self.pairs, self.weights = np.empty((0, 2), np.int32), np.empty(0)
        self.dual = 0.0
        self.crowded = False

    def temperatures(self, cells: Cells, f: np.ndarray, medium: bool, factor: float, least: float) -> np.ndarray:
        """Return eps of every pixel: `factor` (a length) times the slope of the locally best cost, and at least `least`."""
        blocks, finest = self.blocks, self.blocks.levels[-1]
        f = f.astype(float)
        lists = blocks.candidates(cells, f, medium)
        eps = np.empty(self.pixel_min.size, np.float32)
        over_ranges(set_temperatures, self._parts, cells, f, blocks.grid, lists, finest.centres, finest.half, factor, least, eps)
        return eps

    def evaluate(self, cells: Cells, f: np.ndarray, medium: bool, eps: np.ndarray) -> None:
        """Share every pixel under the potentials `f` at the temperatures `eps` of the pixels."""
        blocks, finest, tables = self.blocks, self.blocks.levels[-1], self._tables
        f = f.astype(float)
        lists = blocks.candidates(cells, f, medium, slack=_hottest(eps, blocks) * (REACH / 2))
        meetings = int((lists.counts * (lists.counts - 1)).sum())
        self.crowded = meetings > max(CROWD**2 * blocks.n_blocks, MANY * self.pixel_min.size * self.unit)
        if not self.crowded:
            tables.make_room(meetings // (8 * len(self._parts)))
        dual = np.zeros(len(self._parts))
        arguments = (cells, f, blocks.grid, lists, finest.centres, finest.half, eps, self.unit, self.crowded, self.pixel_min, dual)
        self.pairs, sums = tables.collect(share_pixels, self._parts, self._sums, *arguments)
        self.volumes, self.slopes = self._sums[:, :, : self.n + 1].sum(axis=0)
        self.dual = float(dual.sum())
        self.weights = np.ascontiguousarray(sums[:, 0])

    def lift(self, empty: np.ndarray, cells: Cells, f: np.ndarray, eps: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return `f` with the potentials of the `empty` cells raised until each would take its target."""
        blocks, finest = self.blocks, self.blocks.levels[-1]
        raised = f.astype(float)
        lift_empty(empty.astype(np.int64), cells, raised, blocks.grid, finest.centres, finest.half, eps, self.unit, self.pixel_min, target)
        f = f.copy()
        f[empty] = np.maximum(f[empty], raised[empty])
        return f


def _hottest(eps: np.ndarray, blocks: Blocks) -> np.ndarray:
    """Return the highest temperature in every block."""
    dims, block = blocks.grid.dims, blocks.grid.block
    starts = [np.arange(0, size, step) for size, step in zip(dims, block, strict=True)]
    highest = eps.reshape(dims)
    for axis, begin in enumerate(starts):
        if block[axis] == 1:
            continue
        highest = np.maximum.reduceat(highest, begin, axis=axis)
    return highest.ravel().astype(float)

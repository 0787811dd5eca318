"""Blocks of pixels and, for each, the few cells that can win a pixel of it.

Five nested levels of blocks; bounds of ``c_i - f_i`` over a block decide which cells stay on its list. A cell is dropped only
when another cell (or the medium) is better everywhere in the block, so the argmin over the list is the argmin over all cells.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from shapelab.threads import over_ranges, ranges
from shapelab.transport.candidates import Lists, refine
from shapelab.transport.point_cost import Cells
from shapelab.transport.table_bounds import bounds_of_blocks, bounds_of_parents

__all__ = ["Blocks", "Grid", "power_of_two"]

_SIDES = {2: ((256, 256), (64, 64), (32, 32), (16, 16), (8, 8)), 3: ((64, 64, 64), (32, 32, 32), (16, 16, 16), (8, 8, 8), (4, 4, 4))}


class Grid(NamedTuple):
    """A grid and its finest blocks, for compiled code; 2-D grids have a first axis of one pixel."""

    dims: tuple[int, int, int]
    block: tuple[int, ...]
    counts: tuple[int, ...]
    """Number of blocks along each axis."""
    geometry: np.ndarray
    """``(9,)``: pixel size, period, inverse period (0 along bounded axes)."""
    offsets: np.ndarray
    """``(3, pixels of a block)``: positions relative to the block's centre."""
    weights: np.ndarray
    """``(pixels,)`` float32: how much of each pixel is not wall; one entry if there are no walls."""


@dataclass
class _Level:
    centres: np.ndarray
    half: np.ndarray
    parents: np.ndarray
    lists: Lists
    table_bounds: np.ndarray


class Blocks:
    """The nested blocks of one grid.

    Parameters
    ----------
    dims
        Pixels along the three axes (the first is 1 in 2-D).
    spacing
        Pixel size along the three axes, in the solver's units.
    periodic
        Whether each of the three axes is periodic.
    weights
        Part of each pixel that is not wall, or None.
    """

    def __init__(
        self, dims: tuple[int, int, int], spacing: np.ndarray, periodic: tuple[bool, bool, bool], weights: np.ndarray | None
    ) -> None:
        self.ndim = 2 if dims[0] == 1 and spacing[0] == 1 else 3
        period = np.asarray(dims) * spacing
        frequency = np.where(periodic, 1 / period, 0)
        geometry: np.ndarray = np.concatenate([spacing, period, frequency])
        leading = (1,) * (3 - self.ndim)
        self.sides = [tuple(min(s, power_of_two(n)) for s, n in zip(leading + side, dims, strict=True)) for side in _SIDES[self.ndim]]
        sides = self.sides
        counts = [tuple(-(-n // s) for n, s in zip(dims, side, strict=True)) for side in sides]
        self.levels: list[_Level] = []
        for k, side in enumerate(sides):
            above = (sides[k - 1], counts[k - 1]) if k else None
            self.levels.append(_make_level(side, counts[k], above, spacing, self.ndim))
        inside = np.indices(sides[-1]).reshape(3, -1)
        offsets = (inside + 0.5 - np.asarray(sides[-1])[:, None] / 2) * spacing[:, None]
        if self.ndim == 2:
            offsets[0] = 0
        flat = np.ones(1, np.float32) if weights is None else np.ascontiguousarray(weights, np.float32).ravel()
        self.grid = Grid(dims, sides[-1], counts[-1], geometry, np.ascontiguousarray(offsets), flat)
        self.n_blocks = len(self.levels[-1].centres)

    def candidates(self, cells: Cells, f: np.ndarray, medium: bool, slack: np.ndarray | None = None) -> Lists:
        """Return the cells within `slack` (per finest block, in cost units) of the best one, for every finest block."""
        slacks = self._slacks(slack)
        above = self.levels[0].lists
        for level, allowed in zip(self.levels, slacks, strict=True):
            while True:
                arguments = (cells, f, medium, allowed, level.centres, level.half, level.parents, above, level.lists)
                longest = max(over_ranges(refine, ranges(len(level.centres), 256), *arguments, self.grid.geometry, level.table_bounds))
                if longest <= level.lists.cells.shape[1]:
                    break
                level.lists = Lists(np.empty((len(level.centres), longest + longest // 2), np.int32), level.lists.counts)
            above = level.lists
        return above

    def set_table(self, table: np.ndarray) -> None:
        """Take the smallest and largest tabulated cost over every block of every level."""
        bounds = bounds_of_blocks(table, self.grid.dims, self.grid.block, self.grid.counts)
        for level, above in zip(self.levels[::-1], [*self.levels[-2::-1], None], strict=True):
            level.table_bounds = bounds
            if above is not None:
                bounds = bounds_of_parents(bounds, level.parents, len(above.centres))

    def _slacks(self, slack: np.ndarray | None) -> list[np.ndarray]:
        if slack is None:
            return [np.zeros(len(level.centres)) for level in self.levels]
        slacks = [slack]
        for above, level in zip(self.levels[-2::-1], self.levels[:0:-1], strict=True):
            upper = np.zeros(len(above.centres))
            np.maximum.at(upper, level.parents, slacks[0])
            slacks.insert(0, upper)
        return slacks


def power_of_two(n: int) -> int:
    """Return the smallest power of two that is at least `n`."""
    return 1 << max(0, int(n - 1).bit_length())


def _make_level(
    side: tuple[int, ...],
    counts: tuple[int, ...],
    above: tuple[tuple[int, ...], tuple[int, ...]] | None,
    spacing: np.ndarray,
    ndim: int,
) -> _Level:
    indices = np.indices(counts).reshape(3, -1)
    centres = np.ascontiguousarray(((indices + 0.5) * np.asarray(side)[:, None] * spacing[:, None]).T)
    half: np.ndarray = np.tile(0.5 * np.asarray(side) * spacing, (len(centres), 1))
    if ndim == 2:
        half[:, 0] = 0
    if above is None:
        parents = np.full(len(centres), -1, np.int64)
    else:
        up = [index // (a // s) for index, a, s in zip(indices, above[0], side, strict=True)]
        parents = np.ravel_multi_index(up, above[1]).astype(np.int64)
    lists = Lists(np.empty((len(centres), 32), np.int32), np.zeros(len(centres), np.int64))
    return _Level(centres, half, parents, lists, np.zeros((2, 1, 1)))

"""A grid and its cells on a device: blocks, lists of candidates, and the parameters of the cells."""

from __future__ import annotations

from typing import Any

import numpy as np
import warp as wp

from shapelab.gpu.generic import specialise
from shapelab.gpu.queue import Queue
from shapelab.transport.blocks import Blocks
from shapelab.transport.card import lists, moments, pixels
from shapelab.transport.card.lists import CHUNK, best_of_chunks, join_chunks, mark_chunks, refine
from shapelab.transport.point_cost import Cells

__all__ = ["CardCells", "CardGrid"]

_ROUNDING = {"float32": 4e-6, "float64": 2e-7}
"""Margin of the bounds, relative to potentials and costs: what rounding may move them by at most, and more."""
_ROOM = 32
"""Candidates of a block for which there is room at first."""


class CardGrid:
    """The nested blocks of one grid on a device.

    Parameters
    ----------
    queue
        Where the kernels run.
    dtype
        "float64" or "float32".
    blocks
        The same on the host.
    """

    def __init__(self, queue: Queue, dtype: str, blocks: Blocks) -> None:
        self.queue, self.name, self.real = queue, dtype, wp.float64 if dtype == "float64" else wp.float32
        for module in (lists, pixels, moments):
            specialise(module, self.real)
        grid, array = blocks.grid, queue.array
        self.dims, self.sides, self.counts = (wp.vec3i(*map(int, three)) for three in (grid.dims, grid.block, grid.counts))
        self.pixels, self.n_blocks = int(np.prod(grid.dims)), blocks.n_blocks
        self.geometry, self.weights = array(grid.geometry, self.real), array(grid.weights, wp.float32)
        self.centres = [array(level.centres, self.real) for level in blocks.levels]
        self.half = [array(level.half[0], self.real) for level in blocks.levels]
        self.parents = [array(level.parents, wp.int32) for level in blocks.levels]
        self.room = [_ROOM for _ in blocks.levels]
        self.found = [queue.empty((len(level.centres), _ROOM), wp.int32) for level in blocks.levels]
        self.lengths = [queue.empty(len(level.centres), wp.int32) for level in blocks.levels]
        self.best = queue.empty(len(blocks.levels[0].centres), self.real)
        self._chunks: tuple[wp.array, wp.array] | None = None

    def chunks(self, n: int) -> tuple[wp.array, wp.array]:
        """Return room for the cells of every chunk on the top level, and for their numbers."""
        count = max(1, -(-n // CHUNK))
        if self._chunks is None or self._chunks[1].shape[1] != count:
            top = self.best.shape[0]
            self._chunks = self.queue.empty((top, count * CHUNK), wp.int32), self.queue.empty((top, count), wp.int32)
        return self._chunks

    def make_room(self, longest: np.ndarray) -> bool:
        """Have room for lists of these lengths; return whether there was too little."""
        short = [k for k, length in enumerate(longest) if length > self.room[k]]
        for k in short:
            self.room[k] = int(longest[k] + longest[k] // 2)
            self.found[k] = self.queue.empty((self.centres[k].shape[0], self.room[k]), wp.int32)
        return bool(short)


class CardCells:
    """The cells on a grid of a device.

    Parameters
    ----------
    grid
        The grid.
    cells, blocks
        The cells as the host knows them, and the bounds of tabulated costs over its blocks.
    """

    def __init__(self, grid: CardGrid, cells: Cells, blocks: Blocks) -> None:
        array = grid.queue.array
        self.grid, self.n = grid, len(cells.values)
        self.values, self.codes = array(cells.values, grid.real), array(cells.codes, wp.int32)
        self.table = array(cells.table, wp.float32)
        bounds = [level.table_bounds.astype(np.float32) for level in blocks.levels]
        self.lows, self.highs = ([array(bound[side], wp.float32) for bound in bounds] for side in (0, 1))
        self.f = grid.queue.empty(self.n, grid.real)
        self._margin = grid.real(_ROUNDING[grid.name])

    @property
    def place(self) -> tuple[Any, ...]:
        """The first arguments of all kernels over pixels."""
        return self.values, self.codes, self.f, self.grid.geometry, self.table, self.grid.weights, self.grid.dims

    def put(self, f: np.ndarray) -> None:
        """Put potentials on the device."""
        self.f.assign(np.ascontiguousarray(f, wp.dtype_to_numpy(self.grid.real)))

    def find_candidates(self, medium: bool, report: wp.array) -> None:
        """Fill the lists of all levels; the lengths asked for go to the report. `CardGrid.best` has been set."""
        grid, launch = self.grid, self.grid.queue.launch
        found, counts = grid.chunks(self.n)
        for k in range(len(grid.centres)):
            cells = (
                self.values,
                self.codes,
                self.f,
                grid.geometry,
                self.lows[k],
                self.highs[k],
                grid.centres[k],
                grid.half[k],
                self._margin,
            )
            out = (grid.found[k], grid.lengths[k], k, report)
            if k == 0:
                dim = (grid.best.shape[0], counts.shape[1])
                launch(best_of_chunks, dim, *cells, grid.best)
                launch(mark_chunks, dim, *cells, grid.best, found, counts)
                launch(join_chunks, dim[0], *cells[:4], *cells[6:], int(medium), grid.best, found, counts, *out)
            else:
                above = (grid.parents[k], grid.found[k - 1], grid.lengths[k - 1])
                launch(refine, grid.centres[k].shape[0], *cells, int(medium), *above, *out)

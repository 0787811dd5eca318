"""The diagram on a device: what belongs to pixels stays there, what belongs to cells and pairs comes back once a pass."""

from __future__ import annotations

import numpy as np
import warp as wp

from shapelab.transport.assignment import Assignment, Pixels
from shapelab.transport.blocks import Blocks, power_of_two
from shapelab.transport.candidates import Lists
from shapelab.transport.card.fixed import FINE, MIDDLE, WIDE, decoded
from shapelab.transport.card.grid import CardCells
from shapelab.transport.card.moments import measure, press
from shapelab.transport.card.pixels import HIGHEST, SUMS, USED, assign, begin, collect_pairs, label
from shapelab.transport.point_cost import Cells

__all__ = ["CardAssignment", "card_labels"]

_LEVELS = 5


class CardAssignment(Assignment):
    """An `Assignment` whose pixels live on a device.

    Parameters
    ----------
    blocks, n
        As for `Assignment`.
    cells
        The cells and their grid, on the device.
    """

    def __init__(self, blocks: Blocks, n: int, cells: CardCells) -> None:
        self.blocks, self.n, self.cells = blocks, n, cells
        grid, queue = cells.grid, cells.grid.queue
        self._grid, self._queue = grid, queue
        self._host: Pixels | None = None
        self._label, self._second = (queue.empty(grid.pixels, wp.int32) for _ in range(2))
        self._best, self._next = (queue.empty(grid.pixels, grid.real) for _ in range(2))
        self._share = queue.empty(grid.pixels, wp.float32)
        self._lowered = 0.0
        self._header = SUMS + 2 * (n + 2)
        self._make_room(1 << max(8, int(32 * (n + 1)).bit_length()))
        self._expected = 8 * (n + 1)
        self.hard = self.soft = np.zeros(n + 1)
        self.pairs, self.weights, self.areas = np.empty((0, 2), np.int32), np.empty(0), np.empty(0)
        self.highest = 0.0

    def evaluate(self, cells: Cells, f: np.ndarray, medium: bool) -> None:
        """Assign every pixel under the potentials `f`: ten launches, and one wait unless room was short."""
        del cells  # which are on the device
        self._host, self._lowered = None, 0.0
        self.cells.put(f)
        while True:
            self._launch(medium)
            report = self._queue.read(self._buffer[: self._header + 3 * self._expected])
            short = self._grid.make_room(report[:_LEVELS])
            if 2 * report[USED] >= self._keys.shape[0]:
                self._make_room(2 * self._keys.shape[0])
                short = True
            if not short:
                break
        if report[USED] > self._expected:
            self._expected = power_of_two(int(report[USED]))
            report = self._queue.read(self._buffer[: self._header + 3 * self._expected])
        self._take(report, medium)

    def assign(self, cells: Cells, f: np.ndarray, medium: bool, lists: Lists) -> None:
        """Assign every pixel; the lists are the device's own."""
        del lists
        self.evaluate(cells, f, medium)

    def lower(self, top: float) -> None:
        """Subtract a number from all values."""
        self._lowered += top
        self.highest -= top
        self._host = None

    @property
    def pixels(self) -> Pixels:
        """A copy of what is known of every pixel, on the host."""
        if self._host is None:
            label, second, best, following, share = map(self._queue.read, (self._label, self._second, self._best, self._next, self._share))
            self._host = Pixels(label, second, best.astype(float) - self._lowered, following.astype(float) - self._lowered, share)
        return self._host

    def labels(self) -> np.ndarray:
        """Return the label of every pixel."""
        return self._queue.read(self._label) if self._host is None else self._host.label

    def sums(self, cells: Cells) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the sums of 1, z and z z over the cells ``(N, 10)``, the pairs, and their weights and areas ``(E, 2)``."""
        del cells
        grid, sums = self._grid, self._queue.zeros(10 * self.n, wp.int64)
        place = (self.cells.values, grid.geometry, grid.dims, grid.sides, grid.counts, self.n)
        self._queue.launch(measure, grid.n_blocks, *place, self._label, self._second, self._share, sums)
        moments = decoded(self._queue.read(sums), MIDDLE).reshape(-1, 10)
        return moments, self.pairs, np.stack([self.weights, self.areas], axis=1)

    def forces(self) -> np.ndarray:
        """Return the forces along the boundaries ``(N, 3)`` (`shapelab.transport.forces`)."""
        sums = self._queue.zeros(3 * self.n, wp.int64)
        pixels = (self._label, self._second, self._best, self._next, self._share)
        self._queue.launch(press, self._grid.pixels, *self.cells.place, *pixels, wp.float64(self._lowered), sums)
        return decoded(self._queue.read(sums), WIDE).reshape(-1, 3)

    def _make_room(self, slots: int) -> None:
        """Have slots for pairs, half of which may be taken, and what is read back of them."""
        self._keys, self._shared = self._queue.empty(slots, wp.int64), self._queue.empty(2 * slots, wp.int64)
        self._buffer = self._queue.empty(self._header + 3 * slots, wp.int64)
        self._report, self._rows = self._buffer[: self._header], self._buffer[self._header :]

    def _launch(self, medium: bool) -> None:
        grid, launch = self._grid, self._queue.launch
        slots = self._keys.shape[0]
        dim = max(self._header, slots, grid.best.shape[0])
        launch(begin, dim, int(medium), self._report, grid.best, self._keys, self._shared)
        self.cells.find_candidates(medium, self._report)
        lists = (grid.sides, grid.counts, int(medium), grid.found[-1], grid.lengths[-1])
        pixels = (self._label, self._second, self._best, self._next, self._share)
        launch(assign, grid.pixels, *self.cells.place, *lists, *pixels, self._keys, self._shared, self._report)
        launch(collect_pairs, slots, self._keys, self._shared, self._report, self._rows)

    def _take(self, report: np.ndarray, medium: bool) -> None:
        """Turn a report into volumes, pairs and weights."""
        n, used = self.n, int(report[USED])
        whole, parts = report[SUMS : self._header].reshape(-1, 2)[: n + 1].T
        self.hard = whole.astype(float)
        self.hard[n] = self._inside - self.hard[:n].sum()
        self.soft = self.hard + decoded(parts, FINE)
        self.highest = 0.0 if medium else float(report[HIGHEST] / FINE)
        keys, weights, areas = report[self._header : self._header + 3 * used].reshape(-1, 3).T
        order = np.argsort(keys)
        self.pairs = np.stack([keys[order] // (n + 1), keys[order] % (n + 1)], axis=1).astype(np.int32)
        self.weights, self.areas = decoded(weights[order], WIDE), decoded(areas[order], WIDE)

    @property
    def _inside(self) -> int:
        """Pixels that are not wall."""
        weights = self.blocks.grid.weights
        return self._grid.pixels if weights.size == 1 else int(np.count_nonzero(weights))


def card_labels(cells: CardCells, f: np.ndarray, medium: bool) -> np.ndarray:
    """Return the flat label image int32 of potentials: 0 is medium or wall, i + 1 is cell i."""
    grid, queue = cells.grid, cells.grid.queue
    cells.put(f)
    report, none = queue.empty(SUMS, wp.int64), queue.empty(0, wp.int64)
    image = queue.empty(grid.pixels, wp.int32)
    while True:
        queue.launch(begin, max(SUMS, grid.best.shape[0]), int(medium), report, grid.best, none, none)
        cells.find_candidates(medium, report)
        queue.launch(label, grid.pixels, *cells.place, grid.sides, grid.counts, grid.found[-1], grid.lengths[-1], image)
        if not grid.make_room(queue.read(report)[:_LEVELS]):
            return queue.read(image)

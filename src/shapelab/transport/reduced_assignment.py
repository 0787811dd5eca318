"""The assignment of costs that are known inside reductions only: hard and smoothed, from the lowest costs of every pixel."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from shapelab.transport.assignment import Assignment
from shapelab.transport.blocks import Blocks
from shapelab.transport.candidates import Lists
from shapelab.transport.cost_table import TABULATED
from shapelab.transport.domain import Domain
from shapelab.transport.entropic import SoftAssignment
from shapelab.transport.point_cost import HUGE, KIND, ROW, Cells
from shapelab.transport.reduction import ReducedCells
from shapelab.transport.smoothing import HOTTEST, REACH

__all__ = ["ReducedAssignment", "ReducedSoftAssignment", "one_by_one"]

_LOWEST = 8
"""Cells that may share a pixel of a smoothed stage; on its grid a ninth has next to nothing of it."""


class ReducedAssignment(Assignment):
    """The diagram of cells whose costs only a reduction knows.

    `widths` and `slopes` hold, where a pixel is shared, the width of the ramp and ``|grad (c_i - c_j)|``.
    """

    def __init__(self, blocks: Blocks, n: int, reduced: ReducedCells) -> None:
        super().__init__(blocks, n)
        self.reduced = reduced
        self.widths = self.slopes = np.empty(0)
        self.shared = np.empty(0, np.int64)

    def evaluate(self, cells: Cells, f: np.ndarray, medium: bool) -> None:
        """Assign every pixel under the potentials `f`, by one reduction over all cells."""
        n, p, grid = self.n, self.pixels, self.blocks.grid
        values, found = _with_medium(*self.reduced.lowest(f.astype(float), 2), medium, n)
        p.label[:], p.second[:] = found[:, 0], np.where(values[:, 1] < HUGE, found[:, 1], n)
        p.best[:], p.next[:], p.share[:] = values[:, 0], np.minimum(values[:, 1], 2 * HUGE), 1
        wall = _walls(grid.weights, p.label.size)
        p.label[wall], p.second[wall], p.best[wall], p.next[wall], p.share[wall] = n + 1, n + 1, 0, 2 * HUGE, 0
        self._share()
        count = np.bincount(p.label, minlength=n + 2)[: n + 1].astype(float)
        part = p.share[self.shared].astype(float)
        moved = np.bincount(p.second[self.shared], 1 - part, n + 1) - np.bincount(p.label[self.shared], 1 - part, n + 1)
        self.hard, self.soft = count, count + moved
        self.highest = float(p.best[~wall].max(initial=-HUGE))
        self.pairs, sums = self.edges()
        self.weights = np.ascontiguousarray(sums[:, 0])

    def edges(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the touching pairs, and the sums of 1/width and of slope/width over the pixels that they share."""
        i, j = self.pixels.label[self.shared], self.pixels.second[self.shared]
        return _summed(np.minimum(i, j), np.maximum(i, j), np.stack([1 / self.widths, self.slopes / self.widths]), self.n)

    def sums(self, cells: Cells) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the sums of moments, the pairs, and what these share."""
        return _sum_moments(self, cells), *self.edges()

    def assign(self, cells: Cells, f: np.ndarray, medium: bool, lists: Lists) -> None:
        """There are no lists of candidates: every cell takes part."""
        self.evaluate(cells, f, medium)

    def _share(self) -> None:
        """Find the pixels that two cells share, and their parts."""
        p, n, geometry = self.pixels, self.n, self.blocks.grid.geometry
        near = np.flatnonzero(p.next < HUGE)
        slope = np.zeros((len(near), 3))
        for cells, sign in ((p.label[near], 1.0), (p.second[near], -1.0)):
            cell = cells < n
            slope[cell] += sign * self.reduced.gradients(near[cell], cells[cell])
        width = np.abs(slope) @ geometry[:3] + 1e-20
        gap = p.next[near] - p.best[near]
        shared = gap < 0.5 * width
        self.shared, self.widths = near[shared], width[shared]
        self.slopes = np.sqrt((slope[shared] ** 2).sum(axis=1))
        p.share[self.shared] = 0.5 + gap[shared] / self.widths


class ReducedSoftAssignment(SoftAssignment):
    """The smoothed diagram of such cells, shared among the lowest few of every pixel."""

    def __init__(self, blocks: Blocks, n: int, unit: float, reduced: ReducedCells) -> None:
        super().__init__(blocks, n, unit)
        self.reduced = reduced
        self._wall = _walls(blocks.grid.weights, self.pixel_min.size)
        self._weight = unit * np.broadcast_to(blocks.grid.weights.astype(float), self.pixel_min.shape)

    def temperatures(self, cells: Cells, f: np.ndarray, medium: bool, factor: float, least: float) -> np.ndarray:
        """Return eps of every pixel, from the slope of its best cell."""
        if factor == 0:
            return np.full(self.pixel_min.size, least)
        best = self.reduced.lowest(f.astype(float), 2)[1][:, 0]
        slope = np.sqrt((self.reduced.gradients(np.arange(best.size), best) ** 2).sum(axis=1))
        return np.asarray(np.clip(factor * slope, least, HOTTEST * least))

    def evaluate(self, cells: Cells, f: np.ndarray, medium: bool, eps: np.ndarray) -> None:
        """Share every pixel under the potentials `f` at the temperatures `eps` of the pixels, by one reduction over all cells."""
        n, weight = self.n, self._weight
        values, found = _with_medium(*self.reduced.lowest(f.astype(float), _LOWEST), medium, n)
        above = (values - values[:, :1]) / eps[:, None]
        part = np.where(above < REACH, np.exp(-np.minimum(above, REACH)), 0.0)
        norm = part.sum(axis=1)
        part /= norm[:, None]
        self.pixel_min = values[:, 0] - eps * np.log(norm)
        self.dual = float((weight * self.pixel_min).sum())
        mass = weight[:, None] * part
        change = mass * (1 - part) / eps[:, None]
        cell = np.minimum(found, n).ravel()
        self.volumes = np.asarray(np.bincount(cell, mass.ravel(), n + 1), float)
        self.slopes = np.asarray(np.bincount(cell, change.ravel(), n + 1), float)
        low, high, together = [], [], []
        for b in range(1, values.shape[1]):
            rows = np.flatnonzero(part[:, b] > 0)
            for a in range(b):
                low.append(np.minimum(found[rows, a], found[rows, b]))
                high.append(np.maximum(found[rows, a], found[rows, b]))
                together.append(mass[rows, a] * part[rows, b] / eps[rows])
        self.pairs, sums = _summed(np.concatenate(low), np.concatenate(high), np.concatenate(together)[None], n)
        self.weights = np.ascontiguousarray(sums[:, 0])

    def lift(self, empty: np.ndarray, cells: Cells, f: np.ndarray, eps: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return `f` with the potentials of the `empty` cells raised until each would take its target."""
        f, inside = f.astype(float).copy(), np.flatnonzero(~self._wall)
        for cell in empty:
            above = (self.reduced.costs(int(cell)) - self.pixel_min)[inside]
            first = int(np.argmin(above))
            lowest, width = above[first], eps[inside[first]]
            mass = self.unit * np.exp(np.maximum(lowest - above, -20 * width) / width)[above < lowest + 20 * width].sum()
            f[cell] = max(f[cell], lowest + width * min(0.0, np.log(target[cell] / max(mass, 1e-300))))
        return f


def one_by_one(
    reduced: ReducedCells, cells: Cells, order: np.ndarray, boxes: tuple[np.ndarray, np.ndarray] | None = None
) -> Iterator[tuple[np.ndarray, Cells]]:
    """Give each cell in turn, with its costs as a table of one row: on the whole grid, or in the boxes where cells are looked for.

    `boxes` are their centres ``(N, 3)`` and half sides in pixels; beyond, costs are huge.
    """
    codes = cells.codes.copy()
    codes[:, ROW] = 0
    row = np.full((1, len(reduced.points)), HUGE, np.float32)
    for cell in order:
        codes[cell, KIND] = TABULATED
        pixels: Any = slice(None) if boxes is None else _box_pixels(reduced.domain, boxes[0][cell], int(boxes[1][cell]))
        row[0, pixels] = reduced.costs(int(cell), None if boxes is None else pixels)
        yield np.array([cell]), Cells(cells.values, codes, row)
        row[0, pixels] = HUGE


def _box_pixels(domain: Domain, centre: np.ndarray, radius: int) -> Any:
    """Return the flat indices of the pixels of a box; along periodic axes it goes on at the other side."""
    sides = []
    for middle, n, periodic in zip(centre[3 - domain.ndim :], domain.shape, domain.periodic, strict=True):
        if 2 * radius + 1 >= n:
            sides.append(np.arange(n))
        elif periodic:
            sides.append(np.arange(middle - radius, middle + radius + 1) % n)
        else:
            sides.append(np.arange(max(0, middle - radius), min(n, middle + radius + 1)))
    return np.ravel_multi_index(np.ix_(*sides), domain.shape).ravel()


def _sum_moments(assignment: ReducedAssignment, cells: Cells) -> np.ndarray:
    """Return the sums of 1, z and z z over the cells ``(N, 10)``, z from the seed, with pixel fractions."""
    p, n, grid = assignment.pixels, assignment.n, assignment.blocks.grid
    centres = (np.stack(np.unravel_index(np.arange(p.label.size), grid.dims), axis=1) + 0.5) * grid.geometry[:3]
    sums = np.zeros((n, 10))
    for owner, share in ((p.label, p.share.astype(float)), (p.second, np.where(p.label <= n, 1 - p.share.astype(float), 0.0))):
        rows = np.flatnonzero((owner < n) & (share > 0))
        cell, w = owner[rows], share[rows]
        z = centres[rows] - cells.values[cell, :3]
        z -= grid.geometry[3:6] * np.floor(z * grid.geometry[6:9] + 0.5)
        columns = [w, *(w * z.T), *(w * z[:, a] * z[:, b] for a, b in ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2)))]
        sums += np.stack([np.bincount(cell, column, n) for column in columns], axis=1)
    return sums


def _with_medium(values: np.ndarray, found: np.ndarray, medium: bool, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Put the medium (N, with the value 0) among the lowest; ties go to cells."""
    if not medium:
        return values, found
    values, found = np.insert(values, values.shape[1], 0.0, axis=1), np.insert(found, found.shape[1], n, axis=1)
    order = np.argsort(values, axis=1, kind="stable")
    return np.take_along_axis(values, order, 1), np.take_along_axis(found, order, 1)


def _walls(weights: np.ndarray, size: int) -> np.ndarray:
    return np.asarray(weights == 0) if weights.size > 1 else np.zeros(size, bool)


def _summed(low: np.ndarray, high: np.ndarray, values: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the pairs ``(E, 2)``, ascending, and the sums of each row of `values` over them ``(E, rows)``."""
    keys, place = np.unique(low.astype(np.int64) * (n + 1) + high, return_inverse=True)
    pairs = np.stack([keys // (n + 1), keys % (n + 1)], axis=1).astype(np.int32)
    return pairs, np.stack([np.bincount(place, row, len(keys)) for row in values], axis=1)

"""Where a solve stands: the assignment under the current potentials, how far it is from the goal, and the moves from there.

Potentials here are in the solver's cost unit, volumes in pixels.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np

from shapelab.stopping import check_stop
from shapelab.threads import over_ranges, ranges
from shapelab.transport.assignment import Assignment
from shapelab.transport.exact_step import exact_steps, find_extents, find_nearest_pixel
from shapelab.transport.passes import assignment_on, cells_in_turn, solve_system
from shapelab.transport.problem import Problem
from shapelab.transport.tuning import TUNING

__all__ = ["Goal", "Iterate"]

LARGEST = np.iinfo(np.int64).max // 4
"""More pixels than a grid has along an axis."""


@dataclass
class Goal:
    """What counts as solved."""

    mean: float
    largest: np.ndarray
    """``(N,)`` largest relative error of each cell."""
    subpixel: bool
    passes: int = 100
    abort: threading.Event | None = None

    @property
    def stopped(self) -> bool:
        """Whether somebody asked to stop with what there is; raises `Stopped` where the whole work is to end."""
        check_stop()
        return self.abort is not None and self.abort.is_set()


class Iterate:
    """The assignment under the current potentials, and the two kinds of move: Newton's direction and exact single-cell steps."""

    def __init__(self, problem: Problem, goal: Goal, assignment: Assignment | None = None) -> None:
        self.problem, self.goal, self.n = problem, goal, problem.n
        self.level = problem.fine
        self.assignment = assignment_on(self.level, self.n, assignment)
        self.targets = problem.targets
        self.whole = _rounded(self.targets)
        self.passes = 0
        self.power = problem.ndim / problem.exponents if problem.medium else None
        self.mended = False
        """Whether single cells were given exactly their pixels, by the processor."""

    def volumes(self) -> np.ndarray:
        """Return the cell volumes that the goal is about."""
        return (self.assignment.soft if self.goal.subpixel else self.assignment.hard)[: self.n]

    def errors(self) -> np.ndarray:
        """Return the relative volume error of every cell."""
        return np.abs(self.volumes() - self.targets) / self.targets

    def merit(self) -> float:
        """Return the sum of the mean and the largest error, each relative to its goal."""
        errors = self.errors()
        return float(errors.mean() / self.goal.mean + (errors / self.goal.largest).max())

    def solved(self) -> bool:
        """Return whether the goal is met; with an empty cell it never is."""
        errors = self.errors()
        return bool(errors.mean() <= self.goal.mean and (errors <= self.goal.largest).all() and self.volumes().min() > 0)

    def evaluate(self, f: np.ndarray) -> None:
        """Assign all pixels under `f`."""
        self.assignment.evaluate(self.level.cells, f, self.problem.medium)
        self.passes += 1

    def direction(self, rhs: np.ndarray, damping: float, tied: np.ndarray | None = None) -> np.ndarray:
        """Solve the Newton system, damped in proportion to its diagonal, and more for cells that are nearly empty.

        Cells with the same number in `tied` (0, 1, …) take the same step.
        """
        a, n = self.assignment, self.n
        if not self.problem.medium:
            rhs = rhs - self.targets * rhs.sum() / self.targets.sum()
        pairs, weights, filled = a.pairs, a.weights, a.soft[:n] / self.targets
        merged = tied is not None and int(tied.max()) < n - 1
        if tied is not None and merged:
            n = int(tied.max()) + 1
            rhs, filled = np.bincount(tied, rhs), np.bincount(tied, a.soft[: self.n]) / np.bincount(tied, self.targets)
            pairs = np.sort(np.append(tied, n)[pairs], axis=1).astype(np.int32)
            outer = pairs[:, 0] != pairs[:, 1]
            pairs, weights = np.ascontiguousarray(pairs[outer]), np.ascontiguousarray(weights[outer])
        diagonal = np.bincount(pairs.ravel(), np.repeat(weights, 2), n + 1)[:n]
        lost = diagonal <= TUNING.lost * diagonal.max(initial=0)
        extra = diagonal * (damping + np.clip(1 - filled / TUNING.nearly_empty, 0, 1))
        if lost.any():
            extra[lost] = diagonal.mean() if diagonal.any() else 1.0
            rhs = np.where(lost, 0, rhs)
        step = solve_system(self.level, pairs, weights, extra, rhs, TUNING.residual, TUNING.iterations)
        return step[tied] if merged else step

    def exact_steps(self, f: np.ndarray, order: np.ndarray) -> np.ndarray:
        """Return potentials that give the listed cells exactly their pixels, one after the other."""
        self.mended = True
        a, grid = self.assignment, self.level.blocks.grid
        centres, radii, reach = self._boxes()
        empty = order[a.hard[order] < 1]
        if len(empty):
            for part, cells in cells_in_turn(self.level, empty):
                stride = 4 if self.problem.ndim == 2 else 3
                over_ranges(find_nearest_pixel, ranges(len(part)), part, cells, grid, a.pixels, stride, centres)
        values = f.copy()
        before = values.copy()
        hard = a.hard.copy()
        for part, cells in cells_in_turn(self.level, order, (centres, reach)):
            exact_steps(part, self.whole, cells, values, hard, grid, a.pixels, centres, radii)
        return np.where(values != before, values.astype(float), f)

    def _boxes(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return, for every cell, the pixel around which it is looked for, the half sides of that box, and those of the largest one."""
        grid, d, a = self.level.blocks.grid, self.problem.ndim, self.assignment
        domain = self.problem.domain
        centres = np.zeros((self.n, 3), np.int64)
        seeds = self.problem.seeds / np.asarray(domain.spacing)
        centres[:, 3 - d :] = np.clip(seeds, 0, np.asarray(domain.shape) - 1).astype(np.int64)
        stretch = 1.0 if (self.problem.table.kind == 0).all() else TUNING.stretched
        reach = (np.ceil(TUNING.box * stretch * self.problem.radii / self.level.pixel) + 2).astype(np.int64)
        lows, highs = np.full((self.n, 3), LARGEST), np.full((self.n, 3), -LARGEST)
        find_extents(a.labels(), grid, centres, lows, highs)
        drawn = lows[:, 0] <= highs[:, 0]
        growth = np.maximum(1, self.targets[drawn] / a.hard[: self.n][drawn]) ** (1 / d)
        radii = np.repeat(reach[:, None], 3, axis=1)
        centres[drawn] += (lows[drawn] + highs[drawn]) // 2
        radii[drawn] = np.ceil(growth[:, None] * (highs[drawn] - lows[drawn] + 1) / 2).astype(np.int64) + TUNING.margin
        return centres, radii, np.maximum(2 * reach, 2 * radii.max(axis=1)) + 2


def _rounded(targets: np.ndarray) -> np.ndarray:
    """Round volumes to whole pixels with the same total, at least one each."""
    whole = np.floor(targets)
    missing = round(float(targets.sum() - whole.sum()))
    whole[np.argsort(whole - targets)[: max(missing, 0)]] += 1
    return np.asarray(np.maximum(whole, 1), np.int64)

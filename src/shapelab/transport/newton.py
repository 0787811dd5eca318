"""The solver: smoothed Newton on coarse grids, damped Newton on the pixels, exact single-cell steps to finish.

Damped Newton for semi-discrete transport is due to J. Kitagawa, Q. Merigot and B. Thibert, J. Eur. Math. Soc. 21 (2019).
Potentials here are in the solver's cost unit, volumes in pixels.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np

from shapelab.transport.annealing import Annealing, moved
from shapelab.transport.assignment import Assignment
from shapelab.transport.exact_step import exact_steps, find_nearest_pixel
from shapelab.transport.local_search import search_near
from shapelab.transport.pairs import conjugate_gradients
from shapelab.transport.problem import Problem

__all__ = ["Goal", "Newton"]


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
        """Whether somebody asked to stop."""
        return self.abort is not None and self.abort.is_set()


class Newton:
    """One solve: holds the assignment under the current potentials and the best potentials so far."""

    def __init__(self, problem: Problem, goal: Goal, assignment: Assignment | None = None) -> None:
        self.problem, self.goal, self.n = problem, goal, problem.n
        self.level = problem.fine
        self.assignment = assignment or Assignment(self.level.blocks, self.n)
        self.targets = problem.targets
        self.whole = _rounded(self.targets)
        self.passes = 0
        self._missing = np.zeros(self.n)
        self.power = problem.ndim / problem.exponents if problem.medium else None
        self.annealing = Annealing(problem, lambda: goal.stopped)

    def volumes(self) -> np.ndarray:
        """Return the cell volumes that the goal speaks of."""
        return (self.assignment.soft if self.goal.subpixel else self.assignment.hard)[: self.n]

    def errors(self) -> np.ndarray:
        """Return the relative volume error of every cell."""
        return np.abs(self.volumes() - self.targets) / self.targets

    def merit(self) -> float:
        """Return the weighted error that has to fall below; empty cells never count as solved."""
        errors = self.errors()
        return float(errors.mean() / self.goal.mean + (errors / self.goal.largest).max())

    def solved(self) -> bool:
        """Return whether the goal is met."""
        errors = self.errors()
        return bool(errors.mean() <= self.goal.mean and (errors <= self.goal.largest).all() and self.volumes().min() > 0)

    def evaluate(self, f: np.ndarray) -> None:
        """Assign all pixels under `f`."""
        self.assignment.evaluate(self.level.cells, f, self.problem.medium)
        self.passes += 1

    def solve(self, f: np.ndarray | None) -> np.ndarray:
        """Return potentials that meet the goal, or the best ones found; start from `f` if it is given."""
        warm = f is not None
        f = self.annealing.cold_start() if f is None else f.astype(float).copy()
        self.evaluate(f)
        best, best_merit, damping, idle, anneals, polished = f.copy(), np.inf, 1e-3, 0, 0, False
        while True:
            if not self.problem.medium:
                f = self._gauge(f)
            merit = self.merit()
            idle = 0 if merit < 0.8 * best_merit else idle + 1
            if merit < best_merit:
                best, best_merit = f.copy(), merit
            if self.solved() or self.passes >= self.goal.passes or self.goal.stopped:
                break
            mean = self.errors().mean()
            far_off = not warm and self.passes <= 3 and anneals < 2 and mean > (0.06, 0.03)[anneals]
            if idle >= 4 or far_off:
                idle = 0
                if warm:
                    warm, f = False, self.annealing.cold_start()
                    self.evaluate(f)
                    continue
                if anneals < 4:
                    f = self.annealing.anneal(best, anneals)
                    self.evaluate(f)
                    anneals, damping, polished = anneals + 1, 1e-3, False
                    continue
            if not polished:
                f, polished, done = self._exact(f, merit)
                if done:
                    continue
            polished = False
            f, damping = self._newton_step(f, damping, merit)
        if not self.solved():
            f = best
            self.evaluate(f)
        return f

    # -- Newton on the pixels ------------------------------------------------------------------------------------------

    def _gauge(self, f: np.ndarray) -> np.ndarray:
        """Without medium, shift the potentials so that the highest value of a pixel is 0."""
        top = self.assignment.highest
        pixels = self.assignment.pixels
        pixels.best[:] -= top
        pixels.next[:] -= top
        self.assignment.highest = 0.0
        return f + top

    def _newton_step(self, f: np.ndarray, damping: float, merit: float) -> tuple[np.ndarray, float]:
        a, targets, n = self.assignment, self.targets, self.n
        soft, hard = a.soft[:n].copy(), a.hard[:n].copy()
        mean = self.errors().mean()
        count_whole = not self.goal.subpixel and (np.abs(soft - targets) / targets).mean() < 0.02
        volumes = hard if count_whole else soft
        missing = targets - volumes
        low = np.maximum(volumes, 0.02 * targets)
        rhs = missing if count_whole else np.where(missing > 0, low * np.log(targets / low), missing)
        if mean < 2.5 * self.goal.mean:
            overshot = (missing * self._missing < 0) & (np.abs(missing) > 0.5 * np.abs(self._missing))
            self._missing = missing
            return search_near(self, f, np.where(overshot, 0.5 * rhs, rhs)), damping
        step = self.direction(rhs, damping)
        strange = _strange(soft, targets)
        length, trial = 1.0, f
        for _ in range(4):
            trial = moved(f, step, length, self.power)
            self.evaluate(trial)
            now = (a.hard if count_whole else a.soft)[:n]
            better = np.abs(targets - now).sum() <= (1 - 0.1 * length) * np.abs(missing).sum()
            if better and _strange(a.soft[:n], targets) <= strange + max(1, n // 100):
                break
            length *= 0.4
        return trial, max(damping * 0.3, 1e-4) if length == 1 else min(damping * 4, 0.5)

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
        lost = diagonal <= 1e-12 * diagonal.max(initial=0)
        extra = diagonal * (damping + np.clip(1 - filled / 0.3, 0, 1))
        if lost.any():
            extra[lost] = diagonal.mean() if diagonal.any() else 1.0
            rhs = np.where(lost, 0, rhs)
        step = np.zeros(n)
        conjugate_gradients(pairs, weights, extra, rhs, step, n, 1e-2, 300)
        return step[tied] if merged else step

    # -- exact single-cell steps -----------------------------------------------------------------------------------------

    def _exact(self, f: np.ndarray, merit: float) -> tuple[np.ndarray, bool, bool]:
        """Give badly wrong cells exactly their pixels; return (potentials, whether to do a Newton step next, whether anything was done)."""
        errors, goal = self.errors(), self.goal
        mean = errors.mean()
        near = mean < 2.5 * goal.mean
        if near and goal.subpixel:
            return f, True, False
        if near and mean < 0.8 * goal.mean:
            bad = np.flatnonzero(errors > 0.5 * goal.largest)
        elif near:
            bad = np.flatnonzero(errors > 0.7 * goal.mean)
        else:
            bad = np.flatnonzero(errors > np.maximum(0.5, 1.5 * goal.largest))
        if not len(bad) or (not near and len(bad) > 0.3 * self.n + 5):
            return f, True, False
        trial = self.exact_steps(f, bad[np.argsort(-errors[bad])])
        self.evaluate(trial)
        after = self.merit()
        again = near and after < 0.85 * merit
        if near and after > 0.98 * merit and self.volumes().min() > 0:
            self.evaluate(f)
            return f, True, True
        return trial, not again, True

    def exact_steps(self, f: np.ndarray, order: np.ndarray) -> np.ndarray:
        """Return potentials that give the listed cells exactly their pixels, one after the other."""
        a, grid, cells = self.assignment, self.level.blocks.grid, self.level.cells
        centres, radii = self._boxes(order)
        empty = order[a.hard[order] < 1]
        if len(empty):
            find_nearest_pixel(empty, cells, grid, a.pixels, 4 if self.problem.ndim == 2 else 3, centres)
        values = f.copy()
        before = values.copy()
        exact_steps(order, self.whole, cells, values, a.hard.copy(), grid, a.pixels, centres, radii)
        return np.where(values != before, values.astype(float), f)

    def _boxes(self, order: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return, for every cell, the pixel around which it is looked for and the half side of that box."""
        grid, d = self.level.blocks.grid, self.problem.ndim
        domain = self.problem.domain
        centres = np.zeros((self.n, 3), np.int64)
        seeds = self.problem.seeds / np.asarray(domain.spacing)
        centres[:, 3 - d :] = np.clip(seeds, 0, np.asarray(domain.shape) - 1).astype(np.int64)
        if not any(domain.periodic):
            label = self.assignment.pixels.label
            mine = np.zeros(self.n + 2, bool)
            mine[order] = True
            pixels = np.flatnonzero(mine[label])
            owner = label[pixels]
            size = np.maximum(np.bincount(owner, minlength=self.n)[: self.n], 1)
            for axis, index in enumerate(np.unravel_index(pixels, grid.dims)):
                mean = np.bincount(owner, index, self.n)[: self.n] / size
                found = mine[: self.n] & (self.assignment.hard[: self.n] >= 1)
                centres[found, axis] = mean[found].astype(np.int64)
        stretch = 1.0 if (self.problem.table.kind == 0).all() else 2.0
        radii = (np.ceil(1.6 * stretch * self.problem.radii / self.level.pixel) + 2).astype(np.int64)
        return centres, radii


def _rounded(targets: np.ndarray) -> np.ndarray:
    """Round volumes to whole pixels with the same total, at least one each."""
    whole = np.floor(targets)
    missing = round(float(targets.sum() - whole.sum()))
    whole[np.argsort(whole - targets)[: max(missing, 0)]] += 1
    return np.asarray(np.maximum(whole, 1), np.int64)


def _strange(volumes: np.ndarray, targets: np.ndarray) -> int:
    """Return how many cells are more than three times too small or too large."""
    return int(((volumes < 0.3 * targets) | (volumes > 3 * targets)).sum())

"""The solver: smoothed Newton on coarse grids, damped Newton on the pixels, exact single-cell steps to finish.

Damped Newton for semi-discrete transport is due to J. Kitagawa, Q. Merigot and B. Thibert, J. Eur. Math. Soc. 21 (2019).
Potentials here are in the solver's cost unit, volumes in pixels.
"""

from __future__ import annotations

import numpy as np

from shapelab.transport.annealing import Annealing, moved
from shapelab.transport.assignment import Assignment
from shapelab.transport.iterate import Goal, Iterate
from shapelab.transport.local_search import search_near
from shapelab.transport.problem import Problem

__all__ = ["Newton"]


class Newton(Iterate):
    """One solve: holds the assignment under the current potentials and the best potentials so far."""

    def __init__(self, problem: Problem, goal: Goal, assignment: Assignment | None = None) -> None:
        super().__init__(problem, goal, assignment)
        self._missing = np.zeros(self.n)
        self.annealing = Annealing(problem, lambda: goal.stopped)

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


def _strange(volumes: np.ndarray, targets: np.ndarray) -> int:
    """Return how many cells are more than three times too small or too large."""
    return int(((volumes < 0.3 * targets) | (volumes > 3 * targets)).sum())

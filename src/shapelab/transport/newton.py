"""The solver: smoothed Newton on coarse grids, damped Newton on the pixels, exact single-cell steps to finish.

Damped Newton for semi-discrete transport is due to J. Kitagawa, Q. Merigot and B. Thibert, J. Eur. Math. Soc. 21 (2019).
Potentials here are in the solver's cost unit, volumes in pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shapelab.transport.annealing import Annealing, moved
from shapelab.transport.assignment import Assignment
from shapelab.transport.iterate import Goal, Iterate
from shapelab.transport.local_search import search_near
from shapelab.transport.problem import Problem
from shapelab.transport.tuning import TUNING
from shapelab.units import percent

__all__ = ["Newton"]


@dataclass
class _Search:
    """Where a solve has got to."""

    f: np.ndarray
    best: np.ndarray
    warm: bool
    """Whether it began from potentials that were given, and has not been restarted."""
    best_merit: float = np.inf
    merit: float = np.inf
    damping: float = TUNING.damping
    idle: int = 0
    """Passes without progress."""
    anneals: int = 0
    polished: bool = False
    """Whether cells have just been mended, so that a Newton step is next."""


class Newton(Iterate):
    """One solve: holds the assignment under the current potentials and the best potentials so far."""

    def __init__(self, problem: Problem, goal: Goal, assignment: Assignment | None = None) -> None:
        super().__init__(problem, goal, assignment)
        self._missing = np.zeros(self.n)
        self.annealing = Annealing(problem, lambda: goal.stopped)

    def solve(self, f: np.ndarray | None) -> np.ndarray:
        """Return potentials that meet the goal, or the best ones found; start from `f` if it is given."""
        s = self._begin(f)
        while not self._over(s):
            if self._stuck(s) and self._restart(s):
                continue
            if not s.polished and self._polish(s):
                continue
            self._descend(s)
        if not self.solved():
            s.f = s.best
            self.evaluate(s.f)
        return s.f

    def on_processor(self) -> tuple[str, ...]:
        """Return what the processor does whatever the device, and has done."""
        reduced = self.level.reduced is not None
        parts = {"cold start": self.annealing.stages > 0, "steps of single cells": self.mended, "sums over cells": reduced}
        return tuple(name for name, done in parts.items() if done)

    def message(self, converged: bool) -> str:
        """Return one sentence: converged, or by how much the tolerance was missed and why."""
        errors, goal = self.errors(), self.goal
        worst = int(np.argmax(errors))
        reached = f"mean volume error {percent(errors.mean())}, largest {percent(errors[worst])} (cell {worst + 1})"
        if converged:
            return f"Converged: {reached}."
        why = "stopped on request" if goal.stopped else f"after {self.passes} passes"
        smallest = self.targets.min()
        told = 1 / smallest > 0.2 * goal.mean
        hint = f"; the smallest cell has {smallest:.3g} pixels, one of which is {percent(1 / smallest)}" if told else ""
        return f"Not converged ({why}): {reached}; requested: mean {percent(goal.mean)}, largest {percent(goal.largest[worst])}{hint}."

    # -- what may happen in a pass -------------------------------------------------------------------------------------

    def _begin(self, f: np.ndarray | None) -> _Search:
        warm = f is not None
        f = self.annealing.cold_start() if f is None else f.astype(float).copy()
        self.evaluate(f)
        return _Search(f, f.copy(), warm)

    def _over(self, s: _Search) -> bool:
        """Note how good the current potentials are; return whether to end with them."""
        if not self.problem.medium:
            s.f = self._gauge(s.f)
        s.merit = self.merit()
        s.idle = 0 if s.merit < TUNING.progress * s.best_merit else s.idle + 1
        if s.merit < s.best_merit:
            s.best, s.best_merit = s.f.copy(), s.merit
        return self.solved() or self.passes >= self.goal.passes or self.goal.stopped

    def _stuck(self, s: _Search) -> bool:
        """Return whether Newton steps from here lead nowhere: no progress for long, or a cold start that is far off."""
        if s.idle >= TUNING.patience:
            return True
        young = not s.warm and self.passes <= TUNING.early and s.anneals < len(TUNING.far_off)
        return young and bool(self.errors().mean() > TUNING.far_off[s.anneals])

    def _restart(self, s: _Search) -> bool:
        """Take potentials from smoothed stages; return whether that was possible."""
        s.idle = 0
        if s.warm:
            s.warm, s.f = False, self.annealing.cold_start()
        elif s.anneals < TUNING.most_anneals:
            s.f = self.annealing.anneal(s.best, s.anneals)
            s.anneals, s.damping, s.polished = s.anneals + 1, TUNING.damping, False
        else:
            return False
        self.evaluate(s.f)
        return True

    def _polish(self, s: _Search) -> bool:
        """Mend badly wrong cells; return whether that was worth a pass."""
        s.f, s.polished, done = self._exact(s.f, s.merit)
        return done

    def _descend(self, s: _Search) -> None:
        """Take a Newton step."""
        s.polished = False
        s.f, s.damping = self._newton_step(s.f, s.damping)

    # -- Newton on the pixels ------------------------------------------------------------------------------------------

    def _gauge(self, f: np.ndarray) -> np.ndarray:
        """Without medium, shift the potentials so that the highest value of a pixel is 0."""
        top = self.assignment.highest
        self.assignment.lower(top)
        return f + top

    def _newton_step(self, f: np.ndarray, damping: float) -> tuple[np.ndarray, float]:
        a, targets, n = self.assignment, self.targets, self.n
        soft, hard = a.soft[:n].copy(), a.hard[:n].copy()
        mean = self.errors().mean()
        count_whole = not self.goal.subpixel and (np.abs(soft - targets) / targets).mean() < TUNING.count_whole
        volumes = hard if count_whole else soft
        missing = targets - volumes
        low = np.maximum(volumes, TUNING.least_filled * targets)
        rhs = missing if count_whole else np.where(missing > 0, low * np.log(targets / low), missing)
        if mean < TUNING.near * self.goal.mean:
            overshot = (missing * self._missing < 0) & (np.abs(missing) > TUNING.overshoot * np.abs(self._missing))
            self._missing = missing
            return search_near(self, f, np.where(overshot, TUNING.after_overshoot * rhs, rhs)), damping
        step = self.direction(rhs, damping)
        strange = _strange(soft, targets)
        length, trial = 1.0, f
        for _ in range(TUNING.tries):
            trial = moved(f, step, length, self.power)
            self.evaluate(trial)
            now = (a.hard if count_whole else a.soft)[:n]
            better = np.abs(targets - now).sum() <= (1 - TUNING.descent * length) * np.abs(missing).sum()
            if better and _strange(a.soft[:n], targets) <= strange + max(1, n // TUNING.strangers):
                break
            length *= TUNING.shorter
        if length == 1:
            return trial, max(damping * TUNING.less_damping, TUNING.least_damping)
        return trial, min(damping * TUNING.more_damping, TUNING.most_damping)

    # -- exact single-cell steps -----------------------------------------------------------------------------------------

    def _exact(self, f: np.ndarray, merit: float) -> tuple[np.ndarray, bool, bool]:
        """Give badly wrong cells exactly their pixels; return (potentials, whether to do a Newton step next, whether anything was done)."""
        errors, goal = self.errors(), self.goal
        mean = errors.mean()
        near = mean < TUNING.near * goal.mean
        if near and goal.subpixel:
            return f, True, False
        if near and mean < TUNING.nearly_done * goal.mean:
            bad = np.flatnonzero(errors > TUNING.mended_largest * goal.largest)
        elif near:
            bad = np.flatnonzero(errors > TUNING.mended_mean * goal.mean)
        else:
            bad = np.flatnonzero(errors > np.maximum(TUNING.wrong, TUNING.wrong_goal * goal.largest))
        if not len(bad) or (not near and len(bad) > TUNING.most_wrong * self.n + TUNING.few_wrong):
            return f, True, False
        trial = self.exact_steps(f, bad[np.argsort(-errors[bad])])
        self.evaluate(trial)
        after = self.merit()
        again = near and after < TUNING.mended_well * merit
        if near and after > TUNING.mended_badly * merit and self.volumes().min() > 0:
            self.evaluate(f)
            return f, True, True
        return trial, not again, True


def _strange(volumes: np.ndarray, targets: np.ndarray) -> int:
    """Return how many cells are more than three times too small or too large."""
    return int(((volumes < TUNING.far_too_small * targets) | (volumes > TUNING.far_too_large * targets)).sum())

"""Potentials to start from: Newton's method on the smoothed dual, on finer and finer grids at lower and lower temperatures.

In the manner of the multiscale Sinkhorn algorithm of J. Feydy (thesis, 2020), with Newton steps instead of Sinkhorn's.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from shapelab.threads import dot
from shapelab.transport.entropic import SoftAssignment
from shapelab.transport.pairs import conjugate_gradients
from shapelab.transport.passes import assignment_on, soft_assignment_on
from shapelab.transport.problem import Level, Problem
from shapelab.transport.tuning import TUNING

__all__ = ["Annealing", "moved"]


def moved(f: np.ndarray, step: np.ndarray, length: float | np.ndarray, power: np.ndarray | None, floor: float = 0.0) -> np.ndarray:
    """Return f + length * step, followed along the curve on which an isolated cell's volume ~ f^power is linear.

    Without medium (`power` is None) only differences of potentials matter, and the line is straight.
    """
    if power is None:
        return f + length * step
    base = np.maximum(f, TUNING.least_potential) + floor
    growth = np.clip(1 + length * power * step / base, TUNING.least_growth, TUNING.most_growth)
    return np.asarray(f + base * (growth ** (1 / power) - 1))


def _mean_field(slopes: np.ndarray, others: np.ndarray, rhs: np.ndarray) -> np.ndarray:
    """Solve ``(diag(slopes) - o o' / sum(o)) x = rhs``: each cell exchanges the volumes o with all others in proportion to theirs."""
    alone, drawn = rhs / slopes, others / slopes
    return np.asarray(alone + drawn * (dot(others, alone) / (others.sum() - dot(others, drawn))))


class Annealing:
    """Smoothed stages for one problem.

    Parameters
    ----------
    problem
        Seeds, volumes, costs and grids.
    stopped
        Says whether somebody asked to stop.
    """

    def __init__(self, problem: Problem, stopped: Callable[[], bool]) -> None:
        self.problem, self.n, self.targets, self._stopped = problem, problem.n, problem.targets, stopped
        self._power = problem.ndim / problem.exponents if problem.medium else None
        self.stages = 0
        """How many have been run."""
        self._slope = float(np.mean(problem.exponents)) / float(np.mean(problem.radii))

    def temperature(self, level: Level) -> float:
        """Return the temperature at which cells blur over half a pixel of a grid."""
        return TUNING.blur * self._slope * level.pixel

    def cold_start(self) -> np.ndarray:
        """Return potentials from smoothed stages on coarse grids; every cell starts with the same potential, so it owns its seed."""
        f = np.ones(self.n)
        for k, shape in enumerate(self.problem.coarse_shapes()):
            if self._stopped():
                break
            level = self.problem.level(shape)
            eps = self.temperature(level)
            if k == 0:
                f = self._cool(level, f, eps)
            f = self._stage(level, f, eps, TUNING.grid_steps, *TUNING.grid_goal)
        return f

    def _cool(self, level: Level, f: np.ndarray, eps: float) -> np.ndarray:
        """Return potentials from stages at lower and lower temperatures, down to some times eps."""
        hot = TUNING.hotter * eps
        while not self.problem.medium and TUNING.hotter * hot < self._mean_cost(level) and hot < TUNING.hottest * eps:
            hot *= TUNING.hotter
        concave = self.problem.exponents.mean() < 1  # costs that grow slowly let everything in at once: nothing is learnt from that
        while hot > TUNING.hot * eps and not concave:
            f = self._stage(level, f, hot, TUNING.hot_steps, *TUNING.hot_goal)
            hot /= TUNING.hotter
        return f

    def anneal(self, f: np.ndarray, count: int) -> np.ndarray:
        """Return potentials from a smoothed stage on the finest grid, colder with every `count`."""
        level = self.problem.fine
        eps = self.temperature(level) / (2 * TUNING.colder**count)
        return self._stage(level, f, eps, TUNING.anneal_steps, *TUNING.anneal_goals[min(count, 1)])

    def _stage(self, level: Level, f: np.ndarray, eps: float, steps: int, mean: float, largest: float) -> np.ndarray:
        """Damped Newton on the smoothed dual at one temperature on one grid."""
        self.stages += 1
        medium, cells, targets = self.problem.medium, level.cells, self.targets
        soft = soft_assignment_on(level, self.n)
        if not medium:
            f = f - f.mean() + TUNING.above_mean
        hot = eps > TUNING.hot * self.temperature(level)  # then one temperature everywhere: where interfaces are is not known yet
        temperatures = soft.temperatures(cells, f, medium, 0.0 if hot else eps / self._slope, eps)
        dual = self._share(soft, level, f, temperatures)
        for _ in range(steps):
            if self._stopped():
                break
            empty = np.flatnonzero(soft.volumes[: self.n] < TUNING.empty * targets)
            if len(empty):
                f = soft.lift(empty, cells, f, temperatures, targets)
                dual = self._share(soft, level, f, temperatures)
            volumes = np.maximum(soft.volumes[: self.n], TUNING.least_volume * targets)
            ratio = np.log(targets / volumes)
            if (np.abs(volumes - targets) / targets).mean() < mean and np.abs(ratio).max() < largest:
                break
            missing = targets - soft.volumes[: self.n]
            rhs = np.where(missing > 0, volumes * np.minimum(ratio, TUNING.most_missing), missing)
            if not medium:
                rhs -= volumes * rhs.sum() / volumes.sum()
            step = self._direction(soft, rhs, eps)
            if dot(missing, step) <= 0:
                step = eps * ratio
            f, dual = self._ascend(soft, level, f, step, temperatures, dual, dot(missing, step), TUNING.floor * eps)
        return f

    def _direction(self, soft: SoftAssignment, rhs: np.ndarray, eps: float) -> np.ndarray:
        """Return the damped Newton step for the volumes `rhs` that cells lack."""
        slopes = soft.slopes[: self.n]
        kept = np.bincount(soft.pairs.ravel(), np.repeat(soft.weights, 2), self.n + 1)[: self.n]
        others, damping = np.maximum(slopes - kept, 0), TUNING.own_damping * (slopes + TUNING.own_damping * self.targets / eps)
        if soft.crowded:
            return _mean_field(kept + others + damping, others, rhs)
        step = np.zeros(self.n)
        conjugate_gradients(soft.pairs, soft.weights, others + damping, rhs, step, self.n, TUNING.stage_residual, TUNING.stage_iterations)
        return step

    def _share(self, soft: SoftAssignment, level: Level, f: np.ndarray, temperatures: np.ndarray) -> float:
        soft.evaluate(level.cells, f, self.problem.medium, temperatures)
        return dot(self.targets, f) + soft.dual

    def _ascend(
        self,
        soft: SoftAssignment,
        level: Level,
        f: np.ndarray,
        step: np.ndarray,
        temperatures: np.ndarray,
        dual: float,
        rise: float,
        floor: float,
    ) -> tuple[np.ndarray, float]:
        """Armijo line search on the smoothed dual; the shortest step is taken even where it fails, which gets over kinks."""
        length = 1.0
        while True:
            trial = moved(f, step, length, self._power, floor)
            value = self._share(soft, level, trial, temperatures)
            if value >= dual + TUNING.stage_descent * length * rise - TUNING.rounding * abs(dual) or length < TUNING.shortest:
                return trial, value
            length *= TUNING.stage_shorter

    def _mean_cost(self, level: Level) -> float:
        nearest = assignment_on(level, self.n)
        nearest.evaluate(level.cells, np.zeros(self.n), False)
        return float(nearest.pixels.best.mean())

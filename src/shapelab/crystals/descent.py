"""Minimisation of the loss of a diagram: L-BFGS in the metric of each cell's own curvature, with a step of its own per cell.

A cell that meets few pixels of another one is hardly held by the data in some directions: one long step there and it
invades cells far away. Such cells are found by the pixels that they gain, and only their part of the step is cut.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from shapelab.crystals.likelihood import Likelihood
from shapelab.threads import dot

__all__ = ["Descent"]

HISTORY = 20
RENEW = 25
"""Iterations between two renewals of the metric."""

STIFFER = 4
"""Trials after a direction along which the loss does not fall: without the history first, then with ten times the ridge."""

TINY = 1e-12
"""Curvature below which a cell has no pixel in doubt."""


@dataclass
class Descent:
    """A descent of a `Likelihood` from `coefficients`."""

    likelihood: Likelihood
    coefficients: np.ndarray
    ridge: float = 0.1
    """Curvature added to every cell, as a fraction of the mean curvature."""
    growth: float = 2.0
    """How much faster the ridge grows with each degree: high powers act far away."""
    reach: float = 0.3
    """Largest relative change of a cell's coefficients in one step."""
    loss: float = field(init=False)
    gradient: np.ndarray = field(init=False)
    iteration: int = 0
    stuck: bool = False

    def __post_init__(self) -> None:
        self._pairs: deque[tuple[np.ndarray, np.ndarray, float]] = deque(maxlen=HISTORY)
        self.loss, self.gradient, self.masses = self._evaluate(self.coefficients)

    def run(self, iterations: int, tick: Callable[[Descent], None], tolerance: float = 0.0) -> None:
        """Take steps; `tick` is called after each of them and may raise to stop.

        The descent ends early where no pixel is wrong, or where ten steps together lower the loss by less than the fraction `tolerance`.
        """
        losses = [self.loss]
        for _ in range(iterations):
            if self.iteration % RENEW == 0:
                self._renew_metric()
            self.step()
            tick(self)
            losses.append(self.loss)
            if self.stuck or self.likelihood.mismatched == 0 or (len(losses) > 10 and losses[-11] - losses[-1] < tolerance * losses[-1]):
                return

    def step(self) -> None:
        """Take one step."""
        self.iteration += 1
        if self._search(self._direction()) is not None:
            return
        for _ in range(STIFFER):
            if not self._pairs:
                self.ridge *= 10
                self._renew_metric()
            self._pairs.clear()
            if self._search(self._direction()) is not None:
                return
        self.stuck = True

    def _evaluate(self, coefficients: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        self.likelihood.refresh(coefficients)
        loss, gradient = self.likelihood(coefficients)
        return loss, gradient, self.likelihood.masses

    def _renew_metric(self) -> None:
        blocks = self.likelihood.curvature(self.coefficients)
        mean = np.trace(blocks, axis1=1, axis2=2).mean() / blocks.shape[1]
        degree = self.likelihood.terms.exponents.sum(1)
        ridge = self.ridge * (mean + TINY) * self.growth ** (2 * np.maximum(degree - 2, 0))
        self._inverse = np.linalg.inv(blocks + np.diag(ridge))

    def _direction(self) -> np.ndarray:
        """Return the L-BFGS direction, each cell's part no longer than `reach`."""
        q = self.gradient.copy()
        factors = []
        for s, y, r in reversed(self._pairs):
            a = r * dot(s, q)
            q -= a * y
            factors.append(a)
        z = np.einsum("nkl,nl->nk", self._inverse, q)
        if self._pairs:
            s, y, r = self._pairs[-1]
            z /= r * dot(y, np.einsum("nkl,nl->nk", self._inverse, y))
        for (s, y, r), a in zip(self._pairs, reversed(factors), strict=True):
            z += s * (a - r * dot(y, z))
        length = np.abs(z).max(1) / (self.reach * (1 + np.abs(self.coefficients).max(1)))
        limited: np.ndarray = -z / np.maximum(1.0, length)[:, None]
        return limited

    def _search(self, direction: np.ndarray) -> np.ndarray | None:
        """Move along `direction` until the loss falls enough; return the move, None if it never does."""
        own = np.ones(len(direction))
        step = 1.0
        for _ in range(12):
            change: np.ndarray = step * own[:, None] * direction
            slope = dot(change, self.gradient)
            if slope >= 0:
                return None
            trial = self.coefficients + change
            loss, gradient, masses = self._evaluate(trial)
            if loss <= self.loss + 1e-4 * slope:
                self._accept(trial, change, loss, gradient, masses)
                return change
            invaders = masses > 1.3 * self.masses + 8
            if invaders.any() and invaders.mean() < 0.2:
                own[invaders] *= 0.2
            else:
                step *= float(np.clip(-0.5 * slope / (loss - self.loss - slope), 0.1, 0.5))
        return None

    def _accept(self, trial: np.ndarray, change: np.ndarray, loss: float, gradient: np.ndarray, masses: np.ndarray) -> None:
        bend = gradient - self.gradient
        product = dot(change, bend)
        if product > 1e-10 * np.sqrt(dot(change, change) * dot(bend, bend)):
            self._pairs.append((change, bend, 1.0 / product))
        self.coefficients, self.loss, self.gradient, self.masses = trial, loss, gradient, masses

"""Incompressibility: how seeds are drawn back into their cells, and the time step that this allows.

The cost-gradient force ``F_i = -tau Int_(L_i) grad_x c_i`` is -tau times the gradient in the seeds of the optimal transport cost
(A. Diez and J. Feydy, arXiv:2402.17086). Holding the shape of a free cell, it is a spring of rate
``k = tau |boundary| c'(R) / d``.
"""

from __future__ import annotations

import math

import numpy as np

from shapelab.cells.state import CellState
from shapelab.errors import ParameterError

__all__ = ["SHORTENED", "check_time_step", "spring_rate", "stable_time_step", "without_jumps"]

SHORTENED = "shortened time step"
"""Key among a state's counts: the step that was taken in place of the one that the user gave."""

RATE_LIMIT, STEP_LIMIT = 1.2, 0.04
"""Automatic time step: at most this part of 1/k, and this part of a radius per step."""
JUMP_LIMIT = 0.5
"""Largest move of a seed by the correction in one step [radii]."""
RATE_REFUSED, STEP_REFUSED = 3.0, 1.0
"""Given time steps beyond these (k dt; radii per step) are refused: the first oscillates, the second jumps over a cell."""


def spring_rate(state: CellState, tau: float | np.ndarray, stiffness: float | np.ndarray, p: float | np.ndarray) -> float:
    """Return k of the stiffest cell [1/time], for costs with the "volume" scaling."""
    if not len(state):
        return 0.0
    d, p = state.ndim, np.asarray(p, float)
    # c = C (d + p) / d (r/R)^p, boundary 2 pi R or 4 pi R^2
    boundary = 2 * math.pi if d == 2 else 4 * math.pi * state.radii
    return float(np.max(tau * boundary * np.asarray(stiffness) * p * (d + p) / d**2))


def stable_time_step(rate: float, speed: float, radius: float, longest: float) -> float:
    """Return the largest time step for a correction of this rate [1/time] and cells of this speed and radius."""
    return min(RATE_LIMIT / rate if rate > 0 else math.inf, STEP_LIMIT * radius / speed if speed > 0 else math.inf, longest)


def without_jumps(dt: float, pulls: np.ndarray, radius: float) -> float:
    """Return `dt`, or less where seeds that are pulled at these velocities (N, d) would move by more than half a radius.

    The correction is a spring only near the middle of a cell. Where the exponent has just been raised, seeds lie at the rims of
    their cells and are pulled there many times as strongly.
    """
    fastest = float(np.linalg.norm(pulls, axis=1).max(initial=0))
    return JUMP_LIMIT * radius / fastest if math.isfinite(fastest) and dt * fastest > JUMP_LIMIT * radius else dt


def check_time_step(dt: float, rate: float, speed: float, radius: float, longest: float) -> None:
    """Refuse a time step that is unstable.

    Raises
    ------
    ParameterError
        With the value, the limit and what to do.
    """
    if dt * rate > RATE_REFUSED or dt * speed > STEP_REFUSED * radius:
        good = stable_time_step(rate, speed, radius, longest)
        raise ParameterError(
            f"dt = {dt:g} is unstable here: seeds would jump over their cells. Use at most about {good:.2g}, leave dt empty to choose it "
            "automatically, or lower the correction, stiffness, exponent or speed."
        )

"""What tilts cells so that they move: their own random directions, and the user's hand."""

from __future__ import annotations

import math

import numpy as np

from shapelab.foam.state import FoamState
from shapelab.grid_parameters import ball_radius

__all__ = ["let_go", "tilts"]

_STRENGTH = 0.06
"""Gain of a pulled cell from its middle to its border, in units of the mean tension: more tears it."""
_THERE = 1.0
"""Pixels from the place where a hand lets a cell go."""


def tilts(state: FoamState) -> np.ndarray:
    """Return the gain per pixel along each axis by which every cell moves, (K, 3); (0, 3) if none does."""
    motile, pulled = state.given.motility > 0, state.pulls[:, 3] > 0
    if not motile and not pulled.any():
        return np.zeros((0, 3))
    result = _turned(state) if motile else np.zeros((len(state.ids), 3))
    if pulled.any():
        ways = _ways(state)[pulled]
        length = np.linalg.norm(ways, axis=1, keepdims=True)
        radii = ball_radius(np.maximum(state.targets[pulled], 1.0), state.given.ndim)
        result[pulled] += _STRENGTH * _mean_tension(state) / radii[:, None] * ways / np.maximum(length, 1e-9)
    return result


def let_go(state: FoamState) -> None:
    """Count the steps of a pull, and end it where the cell has arrived."""
    left = state.pulls[:, 3]
    if left.any():
        state.pulls[:, 3] = np.where(np.linalg.norm(_ways(state), axis=1) < _THERE, 0, np.maximum(left - 1, 0))


def _ways(state: FoamState) -> np.ndarray:
    """Return the way from each cell to where it is pulled, (K, 3) [pixels]; the shorter one in a periodic box."""
    pixels = state.pixels
    ways = state.pulls[:, :3] - state.centres
    result: np.ndarray = ways - np.where(pixels.periodic, pixels.shape * np.round(ways / pixels.shape), 0)
    return result


def _mean_tension(state: FoamState) -> float:
    return float(state.table[state.table > 0].mean())


def _turned(state: FoamState) -> np.ndarray:
    """Return the tilts of cells whose directions change (an Ornstein-Uhlenbeck process)."""
    p, d = state.given, state.given.ndim
    keep = math.exp(-1 / p.persistence)
    noise = np.zeros_like(state.drifts)
    noise[1:, 3 - d :] = state.rng.standard_normal((len(state), d))
    state.drifts = keep * state.drifts + math.sqrt(1 - keep * keep) * noise
    coarsest = max(p.voxel_size)
    radius = float(ball_radius(float(np.nanmean(state.births[1:])) * p.pixel_volume, d)) / coarsest
    steps = np.array((1.0,) * (3 - d) + tuple(p.voxel_size)) / coarsest
    strength: np.ndarray = p.motility * _mean_tension(state) / radius**2 * state.width / math.sqrt(2 * math.pi) * steps
    return strength * state.drifts

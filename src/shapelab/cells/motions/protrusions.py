"""Cells that reach out: lobes around the cell whose strength comes and goes, and the traction that they give."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import numpy as np
from numba import njit

from shapelab.cells.motions.windows import windowed
from shapelab.transport.cost_table import CostTable
from shapelab.transport.costs import Biased, Cost

__all__ = ["LOBE_HEIGHT", "LobedCost", "lobe_bias", "refresh_lobes", "traction"]

_WIDTH = 0.06
"""Squared angular width of a lobe [rad^2]."""
LOBE_HEIGHT = 1 / math.sqrt(math.pi * _WIDTH)
"""Bias at the tip of a lobe of amplitude 1."""


_TURNS = np.linspace(-2, 2, 513)
"""Directions at which the bias is tabulated, as `_turn` counts them."""


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _turn(z0: float, z1: float) -> float:
    """Return the direction of z as a number from -2 to 2 that grows with its angle: cheaper than the angle itself."""
    along = z1 / (abs(z0) + abs(z1) + 1e-300)
    return 1.0 - along if z0 >= 0 else along - 1.0


@cache
def _lobe_shapes(lobes: int) -> np.ndarray:
    """Return ``G(angle - angle_k)`` ``(lobes, directions)`` over `_TURNS`; the lobes are equally spaced and do not turn."""
    along = 1 - np.abs(_TURNS)
    angles = np.arctan2(np.sign(_TURNS) * (1 - np.abs(along)), along)
    away = angles - 2 * np.pi * np.arange(lobes)[:, None] / lobes
    away -= 2 * np.pi * np.rint(away / (2 * np.pi))
    return np.asarray(np.exp(-(away**2) / _WIDTH) * LOBE_HEIGHT)


def _biases(amplitudes: np.ndarray) -> np.ndarray:
    """Return ``sum_k G(angle - angle_k) a_k`` of every cell over `_TURNS`."""
    return np.asarray(amplitudes @ _lobe_shapes(amplitudes.shape[1]))


def lobe_bias(amplitudes: np.ndarray) -> Callable[[np.ndarray, np.ndarray, int], np.ndarray]:
    """Return how many e-folds cheaper a point is for a cell (2-D), from its angle: ``sum_k G(angle - angle_k) a_k``."""
    factors = np.exp(-_biases(amplitudes))

    def bias(z: np.ndarray, y: np.ndarray, cell: int) -> np.ndarray:
        del y
        along = z[..., 1] / (np.abs(z).sum(axis=-1) + 1e-300)
        return -np.log(np.interp(np.where(z[..., 0] >= 0, 1 - along, along - 1), _TURNS, factors[cell]))

    return bias


class LobedCost(Biased):
    """``c(z) exp(-sum_k G(angle - angle_k) a_k)`` with amplitudes a ``(N, lobes)`` and an isotropic cost c (2-D)."""

    def __init__(self, base: Cost, amplitudes: np.ndarray) -> None:
        super().__init__(base, lobe_bias(amplitudes))
        self.amplitudes = amplitudes

    def table(self, volumes: np.ndarray, ndim: int) -> CostTable:
        table, plain = super().table(volumes, ndim), self.base.table(volumes, ndim)
        biases = _biases(self.amplitudes)
        table.image = lambda grid, seeds: windowed(_lobed, grid, seeds, plain, biases.max(axis=1), np.exp(-biases))
        return table


@njit(cache=True, nogil=True, error_model="numpy")
def _lobed(slot, first, last, out, windows, seeds, spacing, scales, half_powers, levels, factors):  # type: ignore[no-untyped-def]
    """Fill the costs of the cells first..last in their windows."""
    shape, steps = out.shape[1:], factors.shape[1] - 1
    for i in range(first, last):
        for k in range(windows[i, 0, 0], windows[i, 0, 1]):
            z0 = (k + 0.5) * spacing[0] - seeds[i, 0]
            for m in range(windows[i, 1, 0], windows[i, 1, 1]):
                z1 = (m + 0.5) * spacing[1] - seeds[i, 1]
                place = (_turn(z0, z1) + 2.0) * (0.25 * steps)
                left = min(int(place), steps - 1)
                factor = factors[i, left] + (place - left) * (factors[i, left + 1] - factors[i, left])
                squared = z0 * z0 + z1 * z1
                cost = squared if half_powers[i] == 1 else squared ** half_powers[i]
                out[i, k % shape[0], m % shape[1]] = min(levels[i], scales[i] * cost * factor)


def refresh_lobes(amplitudes: np.ndarray, drive: float, decay: float, strongest: float, dt: float, rng: np.random.Generator) -> np.ndarray:
    """Return the amplitudes (N, K) after a random push of up to `drive` per time either way, and decay at a rate; within [0, strongest]."""
    pushed = amplitudes + drive * dt * (2 * rng.random(amplitudes.shape) - 1)
    return np.clip(pushed, 0, strongest) * np.exp(-decay * dt)


def traction(rows: np.ndarray, positions: np.ndarray, radii: np.ndarray, spacing: tuple[float, ...]) -> np.ndarray:
    """Return the mean over each cell's pixels outside its own radius of ``unit(y - x) sqrt(|y - x|^2 - R^2)``, (N, d)."""
    n, d = positions.shape
    where = np.nonzero(rows < n)
    row = rows[where]
    z = np.stack([(axis + 0.5) * h for axis, h in zip(where, spacing, strict=True)], axis=1) - positions[row]
    squared = np.sum(z**2, axis=1)
    outside = squared > radii[row] ** 2
    row, z, squared = row[outside], z[outside], squared[outside]
    weight = np.sqrt(squared - radii[row] ** 2) / np.sqrt(squared)
    count = np.maximum(np.bincount(row, minlength=n), 1)
    return np.stack([np.bincount(row, weight * z[:, a], n) / count for a in range(d)], axis=1)

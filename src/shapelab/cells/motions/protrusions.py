"""Cells that reach out: lobes around the cell whose strength comes and goes, and the traction that they give."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

__all__ = ["LOBE_HEIGHT", "lobe_bias", "refresh_lobes", "traction"]

_WIDTH = 0.06
"""Squared angular width of a lobe [rad^2]."""
LOBE_HEIGHT = 1 / math.sqrt(math.pi * _WIDTH)
"""Bias at the tip of a lobe of amplitude 1."""


def lobe_bias(amplitudes: np.ndarray) -> Callable[[np.ndarray, np.ndarray, int], np.ndarray]:
    """Return how many e-folds cheaper a point is for a cell (2-D), from its angle: ``sum_k G(angle - angle_k) a_k``.

    The lobes' angles are equally spaced and do not turn with the cell; the sum is tabulated over a few hundred angles.
    """
    lobes = amplitudes.shape[1]
    angles = np.linspace(-np.pi, np.pi, 361)
    away = angles[:, None] - 2 * np.pi * np.arange(lobes) / lobes
    away -= 2 * np.pi * np.rint(away / (2 * np.pi))
    shape = np.exp(-(away**2) / _WIDTH) * LOBE_HEIGHT  # (angles, lobes)
    tables = amplitudes @ shape.T

    def bias(z: np.ndarray, y: np.ndarray, cell: int) -> np.ndarray:
        del y
        return np.interp(np.arctan2(z[..., 0], z[..., 1]), angles, tables[cell])

    return bias


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

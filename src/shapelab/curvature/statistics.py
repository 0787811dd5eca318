"""Statistics that tell textures apart, by the estimators with which the published fields were measured."""

from __future__ import annotations

import numpy as np

from shapelab.curvature.state import CurvatubesState, field_array
from shapelab.curvature.terms import SIGMA

__all__ = ["texture_statistics"]


def texture_statistics(state: CurvatubesState) -> dict[str, float]:
    """Return what the `expect` ranges of the presets refer to, in texture lengths.

    Returns
    -------
    dict
        "volume_fraction" (u > 0), "area_per_volume" (Int eps |grad u|^2 / sigma per volume), and mean and standard
        deviation of the diffuse curvatures "k1", "k1_sd", "k2", "k2_sd", weighted by eps |grad u|^2 over |u| < 0.5.

    Raises
    ------
    InputError
        If the field has no surface.
    """
    from shapelab.measure.curvature import diffuse_curvatures

    p, u = state.parameters, field_array(state).astype(np.float32)
    h = 1 / p.resolution
    eps = p.interface_width * h
    squares = _gradient_squared(u, periodic=p.boundary == "periodic") / h**2
    k = diffuse_curvatures(u, h, eps, boundary=p.boundary)
    near = np.abs(u) < 0.5
    weights = squares[near].astype(np.float64)
    statistics = {
        "volume_fraction": float(np.mean(u > 0)),
        "area_per_volume": float(eps * squares.mean(dtype=np.float64) / SIGMA),
    }
    for name, values in (("k1", k.k1[near]), ("k2", k.k2[near])):
        mean = float(np.average(values, weights=weights))
        statistics[name] = mean
        statistics[f"{name}_sd"] = float(np.sqrt(np.average((values - mean) ** 2, weights=weights)))
    return statistics


def _gradient_squared(u: np.ndarray, *, periodic: bool) -> np.ndarray:
    padded = np.pad(u, 1, mode="wrap" if periodic else "edge")
    inner = (slice(1, -1),) * 3
    total = np.zeros_like(u)
    for axis in range(3):
        total += ((np.roll(padded, -1, axis) - np.roll(padded, 1, axis))[inner] / 2) ** 2
    return total

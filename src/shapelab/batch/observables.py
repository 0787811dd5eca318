"""What a sweep's table holds of a member: the scalars of its last frame, and the curvatures of its surface."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from shapelab.errors import InputError
from shapelab.frame import Frame
from shapelab.simulation import Simulation

__all__ = ["extremes", "field_of", "observables_of", "shortcoming"]


def field_of(frame: Frame) -> np.ndarray | None:
    """Return the phase field of a frame, None if it has none."""
    for layer in frame:
        if layer.kind == "image" and np.ndim(layer.data) == 3 and np.asarray(layer.data).dtype.kind == "f":
            return np.asarray(layer.data)
    return None


def extremes(frame: Frame) -> dict[str, float]:
    """Return the scalars of a frame, and the "lowest" and "highest" value of its field."""
    values = {name: float(value) for name, value in frame.scalars.items()}
    field = field_of(frame)
    if field is not None:
        values |= {"lowest": float(field.min()), "highest": float(field.max())}
    return values


def observables_of(frame: Frame, simulation: Simulation) -> dict[str, float]:
    """Return all observables of a member's last frame; only finite ones.

    Those of a surface are area-weighted means and standard deviations of the principal curvatures [1/unit]: "k1_mean",
    "k1_spread", "k2_mean", "k2_spread".
    """
    values = extremes(frame)
    field = field_of(frame)
    if field is not None and field.min() < 0 < field.max():
        values |= _curvatures(field, simulation.parameters)
    return {name: value for name, value in values.items() if math.isfinite(value)}


def shortcoming(values: Mapping[str, float], viable: Mapping[str, tuple[float, float]]) -> str:
    """Return the sentence that says which value lies outside of what is viable, "" if none does."""
    for name, (low, high) in viable.items():
        value = values.get(name, math.nan)
        if not low <= value <= high:
            return f"{name} = {value:.4g} lies outside of {low:g} to {high:g}."
    return ""


def _curvatures(field: np.ndarray, parameters: Any) -> dict[str, float]:
    from shapelab.measure import curvature_diagram

    try:
        diagram = curvature_diagram(field, parameters.voxel_size, boundary=getattr(parameters, "boundary", "replicate"))
    except InputError:  # no interface that the grid resolves
        return {}
    (k1, k2), (sd1, sd2) = diagram.mean, diagram.spread
    return {"k1_mean": k1, "k1_spread": sd1, "k2_mean": k2, "k2_spread": sd2}

"""From a distance to a surface to a phase field with that surface, and moving the surface for a wanted volume."""

from __future__ import annotations

import math

import numpy as np

__all__ = ["imposed", "profile"]


def profile(distance: np.ndarray, interface_width: float, mass: float | None = None) -> np.ndarray:
    """Return u = tanh((distance + shift) / (sqrt2 eps)), the optimal profile across a flat interface.

    Parameters
    ----------
    distance
        Signed distance to the interface, positive inside [voxels].
    interface_width
        eps [voxels].
    mass
        Wanted mean of u: the interface moves along its normal until it is met. None leaves it where it is.
    """
    scale = math.sqrt(2.0) * interface_width

    def field(shift: float) -> np.ndarray:
        return np.asarray(np.tanh((distance + shift) / scale))

    if mass is None:
        return field(0.0).astype(np.float32)
    low, high = -float(distance.max()) - 8 * scale, -float(distance.min()) + 8 * scale
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if float(field(middle).mean(dtype=np.float64)) < mass else (low, middle)
        if high - low < 1e-6 * scale:
            break
    u = field((low + high) / 2)
    return np.asarray(u + (mass - u.mean(dtype=np.float64)), dtype=np.float32)


def imposed(u: np.ndarray, interface_width: float, mass: float | None) -> np.ndarray:
    """Return the field `u` with its interface moved along the normal until its mean is `mass`; None leaves it.

    The field is read as a profile tanh(d / (sqrt2 eps)); where it is saturated the distance is unknown, so that very
    large changes spread evenly.
    """
    if mass is None:
        return u
    inside = np.clip(u.astype(np.float64), -1 + 1e-6, 1 - 1e-6)
    return profile(np.arctanh(inside) * (math.sqrt(2.0) * interface_width), interface_width, mass)

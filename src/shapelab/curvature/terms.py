"""The terms of the phase-field energy, and the factors that its pointwise part is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from shapelab.curvature.polynomial import Coefficients
from shapelab.errors import InputError

__all__ = ["SIGMA", "EnergyTerms", "pointwise_factors"]

SIGMA = 2 * 2**0.5 / 3
"""Int sqrt(2 W) from -1 to 1 for W = (1-u^2)^2/4: diffuse area and energies are divided by it to compare with sharp ones."""


@dataclass(frozen=True)
class EnergyTerms:
    """What the energy of a field u is made of; all lengths are texture units.

    F(u) = Int { eps |grad u|^2 p(k1, k2) + mu eps (grad u . theta)^2 + tension (eps/2 |grad u|^2 + W/eps)
    + fidelity/2 (u - target)^2 } + area_stiffness (A - area)^2, where p(k1, k2) uses the diffuse curvatures of
    A. Song, J. Math. Imaging Vis. 64 (2022), and A = Int (eps/2 |grad u|^2 + W/eps) / sigma.

    The coefficients, the orientation and its direction may be arrays that broadcast to the grid.
    """

    coefficients: Coefficients
    voxel_size: float = 0.01
    """h."""
    interface_width: float = 0.02
    """eps; the profile across an interface is tanh(d / (sqrt(2) eps))."""
    boundary: Literal["periodic", "replicate"] = "periodic"
    orientation: Any = 0.0
    """mu: positive makes structures run along the direction."""
    direction: Any = (1.0, 0.0, 0.0)
    """theta, (z, y, x), or an array (3, ...) of directions; only their axis matters, not their length."""
    tension: float = 0.0
    """Energy per area of the interface, for soap films."""
    area: float | None = None
    """Wanted area, None for no constraint."""
    area_stiffness: float = 0.0
    fidelity: float = 0.0
    target: np.ndarray | None = None
    """Field to stay near, needed if `fidelity` is not zero."""


def pointwise_factors(terms: EnergyTerms, shape: tuple[int, int, int]) -> np.ndarray:
    """Return the factors of N2, T S, T^2, G T, G S, |grad u|^2, (grad u . theta)^2, and theta.

    Returns
    -------
    array (10, 1 or nz, 1 or ny, 1 or nx), float64
        An axis along which nothing varies has length 1. The tension is included; the area constraint is not.

    Raises
    ------
    InputError
        If a coefficient does not broadcast to the grid, or is not finite.
    """
    eps = terms.interface_width
    a20, a11, a02, b10, b01, c = (_as_field(v, shape, name) for name, v in zip(Coefficients._fields, terms.coefficients, strict=True))
    mu = _as_field(terms.orientation, shape, "orientation")
    factors = [
        (a20 + a02 - a11) / (2 * eps),
        (a20 - a02) / (2 * eps),
        a11 / (2 * eps),
        (b10 + b01) / 2,
        (b10 - b01) / 2,
        c * eps + terms.tension * eps / 2,
        mu * eps,
        *_direction(terms, shape),
    ]
    return np.ascontiguousarray(np.stack(np.broadcast_arrays(*factors)))


def _direction(terms: EnergyTerms, shape: tuple[int, int, int]) -> list[np.ndarray]:
    if len(terms.direction) != 3:
        raise InputError(f"direction needs three components (z, y, x); received {len(terms.direction)}.")
    theta = [_as_field(v, shape, "direction") for v in terms.direction]
    length = np.sqrt(theta[0] ** 2 + theta[1] ** 2 + theta[2] ** 2)
    if not length.all():
        raise InputError("direction must not be the zero vector: give the axis (z, y, x) that structures should follow.")
    return [v / length for v in theta]


def _as_field(value: Any, shape: tuple[int, int, int], name: str) -> np.ndarray:
    """Return `value` as a 3-D float64 array in which every axis has length 1 or that of the grid."""
    field = np.asarray(value, np.float64)
    if field.ndim > 3 or any(n not in (1, full) for n, full in zip(field.shape[::-1], shape[::-1], strict=False)):
        raise InputError(f"{name} has shape {field.shape}, which does not fit a grid of {shape}: give a number or an array of that shape.")
    if not np.isfinite(field).all():
        raise InputError(f"{name} holds values that are not finite numbers; replace NaN and infinity by numbers.")
    return field.reshape((1,) * (3 - field.ndim) + field.shape)

"""Principal curvatures of a phase field, by two estimators."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np

from shapelab.arguments import Pixels, checked
from shapelab.convert.field import Boundary
from shapelab.convert.mask import as_field
from shapelab.convert.spacing import Spacing, as_spacing
from shapelab.errors import InputError
from shapelab.limits import above
from shapelab.short_repr import short_repr

__all__ = ["Curvatures", "Estimator", "curvatures", "diffuse_curvatures", "line_curvature", "shape_operator"]

Estimator = Literal["shape operator", "diffuse"]


@short_repr
class Curvatures(NamedTuple):
    """Principal curvatures on the grid of the field, float32 (z, y, x); positive where the shape is convex."""

    k1: np.ndarray
    """The larger one [1/unit]; 0 far from the interface."""
    k2: np.ndarray
    """The smaller one [1/unit]; 0 far from the interface."""
    weights: np.ndarray
    """Area of the surface that each voxel stands for [unit^2]; 0 far from the interface."""

    def on_surface(self) -> Curvatures:
        """Return the three as lists (n,) of the voxels that carry area."""
        keep = self.weights > 0
        return Curvatures(self.k1[keep], self.k2[keep], self.weights[keep])


@checked()
def shape_operator(u: Pixels, spacing: Spacing = 1.0, *, boundary: Boundary = "replicate") -> Curvatures:
    """Return the curvatures of the level sets of `u`: right whatever the profile of `u` across its interface.

    Parameters
    ----------
    u
        Field of both signs, (z, y, x), positive inside.
    spacing
        Voxel size [physical unit].
    boundary
        "periodic" or "replicate": how the field goes on beyond the box.
    """
    return curvatures(u, spacing, estimator="shape operator", boundary=boundary)


@checked(eps=above(0))
def diffuse_curvatures(u: Pixels, spacing: Spacing, eps: float, *, boundary: Boundary = "replicate") -> Curvatures:
    """Return the curvatures that a phase-field energy sees (Song 2022, section 3).

    They suppose the equilibrium profile tanh(d/(sqrt(2) eps)), and split equal curvatures: on a sphere of curvature 4
    resolved by eps = 2 voxels they read (5.2, 2.8). Their sum is right.

    Parameters
    ----------
    u, spacing, boundary
        As in `shape_operator`.
    eps
        Interface width of the field [physical unit].
    """
    return curvatures(u, spacing, estimator="diffuse", eps=eps, boundary=boundary)


def curvatures(
    u: Any, spacing: Spacing = 1.0, *, estimator: Estimator = "shape operator", eps: float | None = None, boundary: Boundary = "replicate"
) -> Curvatures:
    """Return the curvatures by the named estimator; "diffuse" needs `eps`."""
    from shapelab.measure.kernels import curvatures_3d

    if estimator not in ("shape operator", "diffuse"):
        raise InputError(f"There is no curvature estimator {estimator!r}: choose 'shape operator' or 'diffuse'.")
    if estimator == "diffuse" and not (eps is not None and eps > 0):
        raise InputError(f"The diffuse curvatures need the field's interface width, eps > 0; received {eps!r}.")
    field = as_field(u, ndim=(3,))
    out = Curvatures(*(np.empty(field.shape, dtype=np.float32) for _ in range(3)))
    curvatures_3d(field, as_spacing(spacing, 3), float(eps or 1.0), boundary == "periodic", estimator == "diffuse", *out)
    return out


@checked()
def line_curvature(u: Pixels, spacing: Spacing = 1.0, *, boundary: Boundary = "replicate") -> tuple[np.ndarray, np.ndarray]:
    """Return the curvature of the line {u = 0} in the plane [1/unit] and the length [unit] that each pixel stands for."""
    from shapelab.measure.kernels import curvatures_2d

    field = as_field(u, ndim=(2,))
    k, weights = np.empty(field.shape, dtype=np.float32), np.empty(field.shape, dtype=np.float32)
    curvatures_2d(field, as_spacing(spacing, 2), boundary == "periodic", k, weights)
    return k, weights

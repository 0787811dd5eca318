"""Single shapes to start from, as signed distances [voxels], positive inside; the axis of revolution is z."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from shapelab.curvature.ellipsoid import aspect_ratio
from shapelab.curvature.parameters import CurvatubesParameters
from shapelab.errors import ParameterError

__all__ = ["SOLIDS", "clamped_ends", "solid"]

DEFAULT_REDUCED_VOLUME = 0.65
"""Of an ellipsoid, where no reduced volume is asked for."""
CLAMPED_SLICES = [0, 1, -2, -1]
"""Slices along z that hold a film between two rings: as many as a central difference reaches."""
Plane = tuple[np.ndarray, np.ndarray]
"""Height z and distance rho from the axis of each voxel, broadcast against each other [voxels]."""


def solid(parameters: CurvatubesParameters) -> np.ndarray:
    """Return the signed distance to the solid that `parameters.start` names, in the middle of the box, (z, y, x)."""
    nz, ny, nx = parameters.shape
    z = (np.arange(nz) - (nz - 1) / 2)[:, None, None]
    y = (np.arange(ny) - (ny - 1) / 2)[None, :, None]
    x = (np.arange(nx) - (nx - 1) / 2)[None, None, :]
    distance = SOLIDS[parameters.start](parameters, (z, np.hypot(y, x)))
    if not (distance > 0).any() or (distance > 0).all():
        raise ParameterError(f"start_size = {parameters.start_size} voxels leaves no surface in a box of {parameters.shape} voxels.")
    return np.array(np.broadcast_to(distance, parameters.shape))


def clamped_ends(parameters: CurvatubesParameters) -> np.ndarray | None:
    """Return the mask of the end faces that hold a soap film between two rings, None for other starts."""
    if parameters.start != "rings":
        return None
    mask = np.zeros(parameters.shape, bool)
    mask[CLAMPED_SLICES] = True
    return mask


def _ellipsoid(parameters: CurvatubesParameters, plane: Plane, *, prolate: bool) -> np.ndarray:
    """Ellipsoid of the wanted reduced volume; size: radius of the ball of equal area."""
    reduced = parameters.reduced_volume if parameters.reduced_volume is not None else DEFAULT_REDUCED_VOLUME
    ratio = aspect_ratio(reduced, prolate=prolate)
    equator = math.cbrt(reduced / ratio)
    axes = (ratio * equator, equator, equator)
    fitting = 0.42 * min(n / axis for n, axis in zip(parameters.shape, axes, strict=True))
    radius = fitting if parameters.start_size is None else parameters.start_size
    if radius > fitting / 0.84:
        raise ParameterError(
            f"start_size = {radius:g} voxels is too large for an ellipsoid in a box of {parameters.shape}; choose at most {fitting:.3g}."
        )
    return _from_ellipse(plane, ratio * equator * radius, equator * radius)


def _from_ellipse(plane: Plane, polar: float, equator: float) -> np.ndarray:
    """Return the distance to an ellipsoid of revolution: nearest of many points of its meridian."""
    from scipy.spatial import cKDTree

    z, inverse_z = np.unique(np.abs(plane[0]), return_inverse=True)
    rho, inverse_rho = np.unique(plane[1], return_inverse=True)
    angle = np.linspace(0, math.pi / 2, 4001)
    meridian = np.stack([polar * np.sin(angle), equator * np.cos(angle)], axis=1)
    points = np.stack(np.meshgrid(z, rho, indexing="ij"), axis=-1)
    distance, _ = cKDTree(meridian).query(points)
    inside = (points[..., 0] / polar) ** 2 + (points[..., 1] / equator) ** 2 < 1
    signed = np.where(inside, distance, -distance)
    return np.asarray(signed[inverse_z.reshape(-1, 1, 1), inverse_rho.reshape(plane[1].shape)])


def _bowl(parameters: CurvatubesParameters, plane: Plane) -> np.ndarray:
    """A cup of even thickness with a rounded lip, open at the top: the start of a stomatocyte; size: outer radius."""
    z, rho = plane
    outer = _size(parameters, 0.36 * min(parameters.shape))
    middle, half, opening = outer / 1.3, 0.3 * outer / 1.3, math.radians(110)
    lip_z, lip_rho = -middle * math.cos(opening), middle * math.sin(opening)
    below = np.arctan2(rho, -z) <= opening
    to_wall = np.where(below, np.abs(np.hypot(z, rho) - middle), np.hypot(z - lip_z, rho - lip_rho))
    return np.asarray(half - to_wall)


def _torus(parameters: CurvatubesParameters, plane: Plane) -> np.ndarray:
    """Solid torus of radii 2 to 1; size: radius of the tube."""
    z, rho = plane
    tube = _size(parameters, 0.13 * min(parameters.shape[1:]))
    return np.asarray(tube - np.hypot(rho - 2 * tube, z))


def _size(parameters: CurvatubesParameters, automatic: float) -> float:
    return parameters.start_size if parameters.start_size is not None else automatic


SOLIDS: dict[str, Callable[[CurvatubesParameters, Plane], np.ndarray]] = {
    "oblate": lambda p, plane: _ellipsoid(p, plane, prolate=False),
    "prolate": lambda p, plane: _ellipsoid(p, plane, prolate=True),
    "bowl": _bowl,
    "ball": lambda p, plane: _size(p, 0.25 * min(p.shape)) - np.hypot(*plane),
    "torus": _torus,
    "cylinder": lambda p, plane: _size(p, 0.25 * min(p.shape[1:])) - plane[1] + 0 * plane[0],
    "slab": lambda p, plane: _size(p, 0.25 * p.shape[0]) - np.abs(plane[0]) + 0 * plane[1],
    "rings": lambda p, plane: _size(p, 0.375 * min(p.shape[1:])) - plane[1] + 0 * plane[0],
}
"""Start -> signed distance; by default every solid fits its box."""

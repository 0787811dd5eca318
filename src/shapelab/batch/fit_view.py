"""A texture as the image that it is compared with would show it: in the same voxels, smoothed by as much, cut where that is cut.

The smoothing of a mask is two voxels wide, so that the curvatures of one shape depend on the voxels in which it is seen. A texture
whose voxels are larger or smaller than those of the target, once it is scaled, is sampled on voxels of the target before its
curvatures are taken.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np

from shapelab.convert.field import Boundary, mask_to_isotropic_field
from shapelab.errors import InputError
from shapelab.measure.curvature import curvatures
from shapelab.measure.diagram import point_projections
from shapelab.measure.limits import cropped

__all__ = ["mask_places", "places_of", "seen_in", "with_room"]

_MARGIN = 6
"""What the smoothing of a shape's surroundings reaches [smallest voxels]."""
_ROOM = 8
"""What is added around a mask [smallest voxels]."""
_WINDOW = 72
"""Longest side of the part of a texture that is looked at [smallest voxels]."""
_SAME = 0.05
"""A texture's own grid is taken if its voxels are as long as the target's within this part."""
_POINTS = 12_000
"""Of more points of a surface, this many at equal steps: the quantiles move by less than a hundredth of their spread."""


def seen_in(
    field: np.ndarray, voxel: tuple[float, ...], spacing: tuple[float, ...], boundary: Boundary, whole: tuple[bool, ...]
) -> np.ndarray:
    """Return the place of the curvature diagram of a texture as a mask in voxels of another size.

    Parameters
    ----------
    field
        Field of the texture, counted from its surface (z, y, x).
    voxel
        Its voxel size along each axis [unit].
    spacing
        Voxel size in which it is seen [unit].
    boundary
        How the texture goes on beyond its box.
    whole
        Along which axes no border cuts the target: there, a periodic texture is not cut either.

    Raises
    ------
    InputError
        If it has no surface in such voxels.
    """
    if all(abs(v / s - 1) < _SAME for v, s in zip(voxel, spacing, strict=True)):
        spacing = voxel
    h = min(spacing)
    margin = [math.ceil(_MARGIN * h / s) if full and boundary == "periodic" else 0 for s, full in zip(spacing, whole, strict=True)]
    inside = _sampled(field, voxel, spacing, margin, boundary)
    return mask_places(inside, spacing, margin)


def mask_places(inside: np.ndarray, spacing: tuple[float, ...], margin: Sequence[int] = (0, 0, 0)) -> np.ndarray:
    """Return the place of the curvature diagram of a mask without the surface in the margin around it [voxels].

    Raises
    ------
    InputError
        If there is no surface.
    """
    if inside.all() or not inside.any():
        raise InputError("In voxels of this size, the shape has no surface.")
    field, h = mask_to_isotropic_field(inside, spacing)
    found = curvatures(field, (h,) * 3)
    rim = [round(m * s / h) for m, s in zip(margin, spacing, strict=True)]
    kept = tuple(slice(low, n - low) for low, n in zip(rim, field.shape, strict=True))
    k1, k2, weights = (values[kept].ravel() for values in found)
    surface = np.flatnonzero(weights > 0)
    if not surface.size:
        raise InputError("In voxels of this size, the shape has no surface.")
    some = surface[:: max(1, surface.size // _POINTS)]
    return places_of(k1[some], k2[some], weights[some])


def with_room(inside: np.ndarray, spacing: tuple[float, ...]) -> np.ndarray:
    """Return the part of an image around a mask, with room for the smoothing wherever the image does not cut the mask.

    An image that ends close to what it shows is continued by background; a face that the mask touches stays one that cuts it.
    """
    near = cropped(inside, spacing)
    room = []
    for axis, step in enumerate(spacing):
        faces = np.moveaxis(near, axis, 0)[[0, -1]]
        width = math.ceil(_ROOM * min(spacing) / step)
        room.append(tuple(0 if face.any() else width for face in faces))
    return np.pad(near, room)


def places_of(k1: np.ndarray, k2: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the place of the diagram of these points of a surface; see `shapelab.batch.distances.diagram_places`."""
    projections = point_projections(k1, k2, weights, quantiles=128)
    return projections.ravel() / math.sqrt(projections.size)


def _sampled(field: np.ndarray, voxel: tuple[float, ...], spacing: tuple[float, ...], margin: list[int], boundary: Boundary) -> np.ndarray:
    """Return where a texture is inside, in other voxels, with a margin around; of a large one, the part at its corner."""
    from scipy.ndimage import affine_transform

    if spacing == voxel:
        inside = field > 0
        return np.pad(inside, [(m, m) for m in margin], mode="wrap") if any(margin) else inside
    h, ratio = min(spacing), np.divide(spacing, voxel)
    lengths = np.minimum(np.multiply(field.shape, voxel), _WINDOW * h)
    shape = tuple(max(4, int(n)) + 2 * m for n, m in zip(np.rint(lengths / spacing), margin, strict=True))
    offset = (0.5 - np.array(margin)) * ratio - 0.5
    mode: Literal["grid-wrap", "nearest"] = "grid-wrap" if boundary == "periodic" else "nearest"
    values: np.ndarray = affine_transform(field, ratio, offset, shape, order=1, mode=mode, prefilter=False)
    return values > 0

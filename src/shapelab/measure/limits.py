"""What the grid cannot tell about a mask: parts too thin, voxels too long, a shape that leaves the image."""

from __future__ import annotations

import math

import numpy as np

from shapelab.convert.spacing import Spacing, as_spacing
from shapelab.errors import InputError
from shapelab.units import percent

__all__ = ["cropped", "mask_warnings", "refuse_jump", "thin_fraction"]

_SMALLEST_RADIUS = 4.0
"""Radius [voxels] below which the curvature of a mask cannot be measured."""


def thin_fraction(mask: np.ndarray, spacing: Spacing, radius: float) -> float:
    """Return the share of a mask's volume that no ball of `radius` [unit] inside the mask covers."""
    from scipy.ndimage import distance_transform_edt

    steps = as_spacing(spacing, mask.ndim)
    core = distance_transform_edt(np.pad(mask, 1, mode="edge"), sampling=steps) > radius
    if not core.any():
        return 1.0
    covered = distance_transform_edt(~core, sampling=steps) <= radius
    inner = covered[tuple(slice(1, -1) for _ in steps)]
    return 1.0 - float(np.count_nonzero(inner & mask)) / float(np.count_nonzero(mask))


def refuse_jump(weights: np.ndarray) -> None:
    """Raise an InputError where no voxel of a field weighs as interface: there is nothing to take curvature from."""
    if not (weights > 0).any():
        raise InputError(
            "The field jumps from outside to inside within one voxel, so it has no interface to measure: give it as a mask (field > 0)."
        )


def cropped(mask: np.ndarray, steps: tuple[float, ...]) -> np.ndarray:
    """Return the part of the image around the shape, with room for its interface; it touches a border where the image does."""
    margin = 16 * min(steps)
    box = []
    for axis, step in enumerate(steps):
        inside = np.flatnonzero(mask.any(axis=tuple(i for i in range(mask.ndim) if i != axis)))
        room = math.ceil(margin / step)
        box.append(slice(max(0, int(inside[0]) - room), int(inside[-1]) + room + 1))
    return mask[tuple(box)]


def mask_warnings(mask: np.ndarray, steps: tuple[float, ...], unit: str) -> list[str]:
    """Return, in sentences, why the curvature of a mask is not as good as it looks; empty if nothing is wrong."""
    warnings = []
    h = min(steps)
    thin = thin_fraction(cropped(mask, steps), steps, _SMALLEST_RADIUS * h)
    if thin > 0.1:
        warnings.append(
            f"{percent(thin)} of the shape is thinner than {_SMALLEST_RADIUS:g} voxels in radius "
            f"({_SMALLEST_RADIUS * h:.3g} {unit}".rstrip()
            + "): its curvature is underestimated by the smoothing."
        )
    if max(steps) > 2 * h:
        warnings.append(
            f"Voxels are {max(steps) / h:.2g} times longer than wide: curvature is limited by {max(steps):.3g} {unit}".rstrip() + "."
        )
    faces = [np.moveaxis(mask, axis, 0)[[0, -1]] for axis in range(mask.ndim)]
    if any(face.any() for face in faces):
        warnings.append("The shape touches the border of the image: its outline is open there, and that part is not counted.")
    return warnings

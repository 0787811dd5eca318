"""Whether a diffuse interface fits into a shape: where it is wider, the field never reaches its value inside."""

from __future__ import annotations

import math

import numpy as np

from shapelab.curvature.starting_shape import Given

__all__ = ["blurred", "finer_grid", "is_blurred", "thickness_in_voxels", "too_thin"]

_WIDTHS = 4.0
"""Interface widths that a structure should be thick: ``tanh(d / (sqrt(2) eps))`` is then 0.89 in its middle."""
_NARROWEST = 1.0
"""Narrowest interface that the grid resolves [voxels]."""
_FINEST, _SLACK = 4, 0.15
"""Finest grid that is proposed; what the thickness is uncertain by, relatively."""


def thickness_in_voxels(mask: np.ndarray) -> float:
    """Return the typical thickness of a mask (z, y, x) on cubic voxels: the median over its middle lines and planes; 0 if it is empty."""
    from scipy.ndimage import distance_transform_edt, maximum_filter

    inside = np.asarray(mask, bool)
    if not inside.any() or inside.all():
        return 0.0 if not inside.any() else float(min(inside.shape))
    distance = distance_transform_edt(inside)
    middle = inside & (distance >= maximum_filter(distance, 3))
    return float(2 * np.median(distance[middle]) - 0.5)


def finer_grid(thickness: float, interface_width: float) -> int:
    """Return how many times as fine a grid should be for an interface of `interface_width` voxels to fit, from 1 to 4."""
    return min(_FINEST, max(1, math.ceil(_WIDTHS * interface_width / max(thickness, 1e-9) - _SLACK)))


def blurred(start: Given | None, interface_width: float) -> str:
    """Return `too_thin` of the shape that a run starts from; "" without one, and for images and fields, which have no edges."""
    if start is None or start.kind != "mask":
        return ""
    return too_thin(thickness_in_voxels(start.as_mask()), interface_width)


def is_blurred(field: np.ndarray) -> bool:
    """Return whether the field is lower inside than across a sheet into which its interface just fits: `blurred` is still true of it."""
    half = _WIDTHS / 2 / math.sqrt(2)  # of such a sheet, where the field is tanh(x) from its surface to its middle
    inside = field[field > 0]
    return bool(inside.size and inside.mean() < math.log(math.cosh(half)) / half)


def too_thin(thickness: float, interface_width: float) -> str:
    """Return a sentence if a shape of this thickness is blurred by the interface, with what helps; "" if it is not."""
    finer = finer_grid(thickness, interface_width)
    if finer == 1:
        return ""
    width = thickness / _WIDTHS
    narrower = f", or an interface width of {max(width, _NARROWEST):.2g} voxels" if width >= _NARROWEST else ""
    return (
        f"The shape is about {thickness:.0f} voxels thick, too thin for an interface width of {interface_width:.2g} voxels: "
        f"it will be blurred. Choose a grid {finer} × as fine{narrower}."
    )

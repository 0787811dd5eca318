"""Anisotropic voxels to cubic ones."""

from __future__ import annotations

from typing import Literal

import numpy as np

from shapelab.arguments import Pixels, checked
from shapelab.convert.distance import signed_distance
from shapelab.convert.spacing import Spacing, as_spacing
from shapelab.device import require_memory
from shapelab.errors import InputError
from shapelab.limits import above

__all__ = ["resample", "resample_isotropic"]


@checked(voxel_size=above(0))
def resample_isotropic(data: Pixels, spacing: Spacing, voxel_size: float | None = None) -> tuple[np.ndarray, float]:
    """Return `data` on a grid of cubic voxels that covers the same box, and their size.

    A boolean mask is interpolated through its signed distance, a label image (integers) by the nearest voxel, an
    image or field (floats) linearly.

    Parameters
    ----------
    data
        Array (z, y, x) or (y, x).
    spacing
        Its voxel size along each axis [physical unit].
    voxel_size
        Size of the new voxels [physical unit], by default the smallest of `spacing`.
    """
    array = np.asarray(data)
    if array.ndim not in (2, 3):
        raise InputError(f"Only 2-D and 3-D arrays can be resampled; received shape {array.shape}.")
    steps = as_spacing(spacing, array.ndim)
    h = min(steps) if voxel_size is None else as_spacing(voxel_size, 1)[0]
    if all(abs(step - h) <= 1e-6 * h for step in steps):
        return array, h
    if array.dtype == bool:
        if array.all() or not array.any():
            return resample(array.astype(np.uint8), steps, h, order=0).astype(bool), h
        return resample(signed_distance(array, steps), steps, h, order=1) > 0, h
    return resample(array, steps, h, order=0 if array.dtype.kind in "ui" else 1), h


def resample(array: np.ndarray, steps: tuple[float, ...], h: float, order: Literal[0, 1]) -> np.ndarray:
    """Return `array` interpolated at the centres of voxels of size `h`; voxel 0 is centred half a step from the corner."""
    from scipy.ndimage import affine_transform

    ratio = np.array([h / step for step in steps])
    shape = tuple(max(1, round(n / r)) for n, r in zip(array.shape, ratio, strict=True))
    require_memory(int(np.prod(shape, dtype=float)) * array.dtype.itemsize)
    offset = 0.5 * ratio - 0.5
    resampled: np.ndarray = affine_transform(array, ratio, offset, shape, order=order, mode="nearest", prefilter=False)
    return resampled

"""Distance of every voxel to the surface of a mask, with a sign."""

from __future__ import annotations

import numpy as np

from shapelab.arguments import checked
from shapelab.convert.mask import as_mask
from shapelab.convert.spacing import Spacing, as_spacing

__all__ = ["signed_distance"]


@checked()
def signed_distance(mask: np.ndarray, spacing: Spacing = 1.0) -> np.ndarray:
    """Return the distance of each voxel's centre to the surface of `mask`, positive inside [physical unit], float32.

    The surface lies half-way between the voxels inside and those outside, so half a voxel (measured along the way to
    the nearest opposite voxel) is taken off.
    """
    from scipy.ndimage import distance_transform_edt

    inside = as_mask(mask)
    steps = as_spacing(spacing, inside.ndim)
    if len(set(steps)) == 1:
        distance = distance_transform_edt(inside, sampling=steps) - distance_transform_edt(~inside, sampling=steps)
        return np.asarray(distance - np.copysign(0.5 * steps[0], distance), dtype=np.float32)
    return np.asarray(_one_sided(inside, steps) - _one_sided(~inside, steps))


def _one_sided(inside: np.ndarray, steps: tuple[float, ...]) -> np.ndarray:
    """Distance to the surface on the side `inside`, 0 on the other, for voxels that are not cubes."""
    from scipy.ndimage import distance_transform_edt

    distance, nearest = distance_transform_edt(inside, sampling=steps, return_indices=True)
    half = np.zeros(inside.shape)
    for axis, step in enumerate(steps):
        index = np.arange(inside.shape[axis]).reshape([-1 if i == axis else 1 for i in range(inside.ndim)])
        half += ((nearest[axis] - index) * step * step) ** 2
    np.sqrt(half, out=half)
    half *= np.divide(0.5, distance, out=np.zeros_like(distance), where=distance > 0)
    return np.asarray(distance - half, dtype=np.float32)

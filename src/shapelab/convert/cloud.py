"""Point clouds to masks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from shapelab.arguments import Pixels, checked
from shapelab.convert.spacing import Spacing, as_point, as_spacing
from shapelab.device import require_memory
from shapelab.errors import InputError
from shapelab.limits import above

__all__ = ["points_to_mask"]


@checked(radius=above(0, 1e30))
def points_to_mask(
    points: Pixels,
    spacing: Spacing,
    *,
    radius: float | None = None,
    shape: Sequence[int] | None = None,
    origin: Sequence[float] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the mask of the shape whose surface, or whose inside, the points sample, and the position of its first voxel.

    The union of balls around the points, its holes filled, then shrunk by the balls' radius (a morphological closing):
    balls that overlap along the surface are enough, no normals are needed.

    Parameters
    ----------
    points
        (n, 2) or (n, 3), (z, y, x) [physical unit].
    spacing
        Voxel size [physical unit].
    radius
        Radius of the balls [physical unit], by default 1.5 times the distance to the third nearest neighbour that 95 %
        of the points stay below, but at least 1.5 times the largest voxel size.
    shape, origin
        Shape of the mask and centre of its first voxel; by default what holds the points and the balls around them.
        With a shape alone the origin is 0.

    Returns
    -------
    mask, origin
        Boolean array, and the centre of its first voxel [physical unit].
    """
    from scipy.ndimage import binary_fill_holes, distance_transform_edt
    from scipy.spatial import cKDTree

    cloud = np.asarray(points, dtype=np.float64)
    if cloud.ndim != 2 or cloud.shape[1] not in (2, 3) or len(cloud) < 4 or not np.isfinite(cloud).all():
        raise InputError(f"A mask needs at least 4 finite points, (n, 2) or (n, 3); received an array of shape {cloud.shape}.")
    steps = np.array(as_spacing(spacing, cloud.shape[1]))
    tree = cKDTree(cloud)
    if radius is None:
        radius = 1.5 * max(float(np.percentile(np.asarray(tree.query(cloud, k=4)[0])[:, 3], 95)), float(steps.max()))
    if shape is not None and len(shape) != len(steps):
        raise InputError(f"shape = {tuple(shape)} has {len(shape)} entries for points of {len(steps)} axes: give one for each axis.")
    if radius > 1e6 * steps.min():
        raise InputError(f"The radius of the balls, {radius:.3g}, is more than a million voxels: choose a smaller radius.")
    margin = int(np.ceil(radius / steps.min())) + 2
    start = np.zeros(len(steps)) if shape is not None else cloud.min(axis=0) - margin * steps
    start = start if origin is None else np.array(as_point("origin", origin, len(steps)))
    size = np.ceil((cloud.max(axis=0) - start) / steps).astype(int) + margin + 1 if shape is None else np.asarray(shape)
    # a margin all around, so that the holes and the shrinking see the outside
    padded = size + 2 * margin
    require_memory(60 * int(np.prod(padded, dtype=float)))
    centres = np.stack(
        np.meshgrid(*(s + (np.arange(n) - margin) * h for s, n, h in zip(start, padded, steps, strict=True)), indexing="ij"), -1
    )
    near = np.isfinite(np.asarray(tree.query(centres.reshape(-1, len(steps)), distance_upper_bound=radius)[0])).reshape(padded)
    inside = distance_transform_edt(binary_fill_holes(near), sampling=steps) > radius
    mask = inside[tuple(slice(margin, margin + n) for n in size)]
    if not mask.any():
        raise InputError(f"The points enclose nothing with balls of radius {radius:.3g}: choose a larger radius.")
    return mask, start

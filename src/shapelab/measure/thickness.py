"""Local thickness: at each point, the diameter of the largest ball inside the shape that holds the point.

Hildebrand and Ruegsegger, J. Microsc. 185, 67 (1997).
"""

from __future__ import annotations

import numpy as np

from shapelab.arguments import Pixels, checked
from shapelab.convert.distance import signed_distance
from shapelab.convert.mask import as_mask
from shapelab.convert.spacing import Spacing, as_spacing
from shapelab.limits import between

__all__ = ["local_thickness"]


@checked(levels=between(1, 1000))
def local_thickness(mask: Pixels, spacing: Spacing = 1.0, *, levels: int = 24, closed: bool = True) -> np.ndarray:
    """Return the local thickness of a mask at each voxel [unit], float32; 0 outside.

    Parameters
    ----------
    mask
        Boolean mask (z, y, x) or (y, x).
    spacing
        Voxel size [physical unit].
    levels
        Number of radii that are tried.
    closed
        Whether the shape ends at the border of the image; else balls may reach beyond it.

    Notes
    -----
    Balls are centred at voxels: the thickness is up to one or two voxels too small, beside the step between two radii.
    """
    from scipy.ndimage import distance_transform_edt

    steps = as_spacing(spacing, np.ndim(mask))
    inside = as_mask(np.pad(np.asarray(mask), int(closed)))
    distance = signed_distance(inside, steps)
    half = 0.5 * min(steps)  # the ball is of voxels, not of their centres
    thickness = np.zeros(inside.shape, dtype=np.float32)
    for radius in np.linspace(distance.max(), distance[inside].min(), levels):
        reached = distance_transform_edt(distance < radius, sampling=steps) <= radius + half
        thickness[reached & inside & (thickness == 0)] = 2 * radius
    # corners that no ball reaches from a voxel's centre hold at least the ball around themselves
    missed = inside & (thickness == 0)
    thickness[missed] = 2 * distance[missed]
    return np.ascontiguousarray(thickness[(slice(1, -1),) * inside.ndim] if closed else thickness)

"""Any shape as a cloud of points, for distances by optimal transport."""

from __future__ import annotations

import numpy as np

from shapelab.compare.inputs import Shape
from shapelab.compare.overlap import boundary_voxels
from shapelab.compare.sinkhorn import WeightedPoints
from shapelab.convert import mesh_to_points
from shapelab.errors import InputError

__all__ = ["as_points", "boundary_points", "voxel_points"]


def as_points(shape: Shape) -> WeightedPoints:
    """Return the points of a cloud, of a surface (weighted by area) or of the boundaries in an image."""
    if shape.kind == "points":
        return shape.data  # type: ignore[no-any-return]
    if shape.kind == "surface":
        cloud = mesh_to_points(shape.data)
        return WeightedPoints(cloud.points, cloud.weights)
    return boundary_points(shape)


def boundary_points(shape: Shape) -> WeightedPoints:
    """Return the pixels of an image that lie at a boundary."""
    return voxel_points(shape, boundary_voxels(shape.data if shape.kind == "labels" else shape.mask))


def voxel_points(shape: Shape, chosen: np.ndarray) -> WeightedPoints:
    """Return the centres of the chosen pixels of an image, where it lies."""
    points = np.argwhere(chosen) * np.array(shape.spacing) + np.array(shape.origin or np.zeros(chosen.ndim))
    if len(points) == 0:
        raise InputError("One of the images has no boundary inside: every voxel has the same label.")
    return WeightedPoints(points, np.ones(len(points)))

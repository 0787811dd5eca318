"""Curvature diagrams small enough to keep by the hundred: a few points that stand for all, areas and centres kept."""

from __future__ import annotations

from typing import Any

import numpy as np

from shapelab.compare.sinkhorn import WeightedPoints, cluster_points
from shapelab.errors import InputError
from shapelab.measure import CurvatureDiagram, curvature_diagram

__all__ = ["diagram_from_rows", "diagram_rows", "member_diagram", "reduced"]

_POINTS = 400
_BINS = 60


def member_diagram(field: np.ndarray, spacing: float, boundary: Any) -> CurvatureDiagram:
    """Return the reduced curvature diagram of a field with cubic voxels of edge `spacing`."""
    return reduced(curvature_diagram(field, spacing, boundary=boundary), spacing)


def reduced(diagram: CurvatureDiagram, voxel_size: float) -> CurvatureDiagram:
    """Return `diagram` with at most 400 points; curvatures that the grid cannot resolve (above 1/voxel) are cut there."""
    limit = 1 / voxel_size
    points = np.clip(np.column_stack([diagram.k1, diagram.k2]).astype(np.float64), -limit, limit)
    cloud = WeightedPoints(points, diagram.weights.astype(np.float64))
    size = 0.15 * float(np.hypot(*diagram.spread)) or 0.01 * limit
    merged = cluster_points(cloud, size)
    while len(merged.points) > _POINTS:
        size *= 1.3
        merged = cluster_points(merged, size)
    return diagram_from_rows(np.column_stack([merged.points, merged.weights / merged.weights.sum()]))


def diagram_rows(diagram: CurvatureDiagram) -> np.ndarray:
    """Return (k1, k2, weight) per point, float16."""
    return np.column_stack([diagram.k1, diagram.k2, diagram.weights]).astype(np.float16)


def diagram_from_rows(rows: np.ndarray) -> CurvatureDiagram:
    """Return the diagram of what `diagram_rows` wrote; InputError if it is no diagram."""
    if rows.ndim != 2 or len(rows) > 10 * _POINTS:
        raise InputError("A curvature diagram of the atlas is damaged.")
    values = rows.astype(np.float32)
    if values.ndim != 2 or values.shape[1] != 3 or not np.isfinite(values).all() or not values[:, 2].sum() > 0:
        raise InputError("A curvature diagram of the atlas is damaged.")
    k1, k2, weights = np.ascontiguousarray(values.T)
    limit = 1.05 * float(np.abs(values[:, :2]).max()) or 1.0
    density = np.histogram2d(k1, k2, bins=_BINS, range=((-limit, limit),) * 2, weights=weights)[0]
    return CurvatureDiagram(k1, k2, weights, density / weights.sum(), (-limit, limit), "shape operator")

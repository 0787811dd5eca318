"""Meshes to weighted point clouds."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from shapelab.arguments import checked
from shapelab.convert.mesh import Mesh
from shapelab.convert.mesh_cleaning import checked_mesh
from shapelab.short_repr import short_repr

__all__ = ["PointCloud", "mesh_to_points"]


@short_repr
class PointCloud(NamedTuple):
    """Points that carry area."""

    points: np.ndarray
    """(n, 3), (z, y, x) [physical unit]."""
    weights: np.ndarray
    """(n,), area of each point [physical unit squared]; their sum is the area of the surface."""
    normals: np.ndarray
    """(n, 3), unit vectors out of the shape."""


@checked()
def mesh_to_points(mesh: Mesh) -> PointCloud:
    """Return the barycentres of the triangles, weighted by their areas, with their normals."""
    vertices, faces = checked_mesh(mesh)
    a, b, c = (vertices[faces[:, i]] for i in range(3))
    # the cross product of (z, y, x) vectors is mirrored with respect to (x, y, z)
    normals = -np.cross(b - a, c - a)
    twice_area = np.linalg.norm(normals, axis=1)
    keep = twice_area > 0
    unit = normals[keep] / twice_area[keep, None]
    return PointCloud(((a + b + c) / 3)[keep], 0.5 * twice_area[keep], unit)

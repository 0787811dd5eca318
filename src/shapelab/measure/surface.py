"""Numbers of a triangle mesh: area, Euler characteristic, curvature at its vertices."""

from __future__ import annotations

from typing import Any

import numpy as np

from shapelab.arguments import checked
from shapelab.convert.mesh import Mesh, mesh_edges
from shapelab.convert.spacing import Spacing, as_spacing
from shapelab.measure.curvature import Curvatures

__all__ = ["euler_characteristic", "mesh_area", "vertex_curvatures"]


@checked()
def mesh_area(mesh: Mesh) -> float:
    """Return the sum of the areas of the triangles [unit^2]."""
    a, b, c = (np.asarray(mesh.vertices, dtype=np.float64)[mesh.faces[:, i]] for i in range(3))
    return 0.5 * float(np.linalg.norm(np.cross(b - a, c - a), axis=1).sum())


@checked()
def euler_characteristic(mesh: Mesh, *, period: Any = None) -> int:
    """Return V - E + F: 2 for each sphere, 0 for each torus, 2 - 2g for genus g.

    Parameters
    ----------
    mesh
        A mesh whose vertices are shared between triangles.
    period
        If given, the upper corner (z, y, x) of a periodic box from 0: vertices and edges on its upper faces are the
        ones of the opposite faces and are not counted again.
    """
    edges, _ = mesh_edges(mesh.faces)
    used = np.unique(mesh.faces)
    if period is None:
        return int(used.size - len(edges) + len(mesh.faces))
    upper = np.abs(mesh.vertices - np.asarray(period)) < 1e-4 * np.asarray(period)  # (n, 3)
    edges_above = (upper[edges[:, 0]] & upper[edges[:, 1]]).any(axis=1)
    vertices_above = upper[used].any(axis=1)
    return int((~vertices_above).sum() - (~edges_above).sum() + len(mesh.faces))


@checked()
def vertex_curvatures(mesh: Mesh, curvatures: Curvatures, spacing: Spacing = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Return k1 and k2 at the vertices of a field's mesh [1/unit], interpolated from the voxels around that carry area.

    Parameters
    ----------
    mesh
        What `shapelab.convert.field_to_mesh` returned, before any smoothing.
    curvatures
        Those of the same field.
    spacing
        Voxel size that the mesh was made with [physical unit].
    """
    from scipy.ndimage import map_coordinates

    index = (mesh.vertices / np.array(as_spacing(spacing, 3))).T
    valid = (curvatures.weights > 0).astype(np.float32)
    share = np.maximum(map_coordinates(valid, index, order=1, mode="nearest"), 1e-6)
    k1, k2 = (map_coordinates(k * valid, index, order=1, mode="nearest") / share for k in curvatures[:2])
    return k1.astype(np.float32), k2.astype(np.float32)

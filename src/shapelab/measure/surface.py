"""Numbers of a triangle mesh: area, Euler characteristic, curvature at its vertices."""

from __future__ import annotations

from typing import Any

import numpy as np

from shapelab.arguments import checked
from shapelab.convert.mesh import Mesh, mesh_edges
from shapelab.convert.mesh_cleaning import checked_mesh, clean_mesh
from shapelab.convert.spacing import Spacing, as_spacing
from shapelab.convert.voxels import overlaps, turn_alike
from shapelab.measure.curvature import Curvatures

__all__ = ["euler_characteristic", "is_closed", "measure_surface", "mesh_area", "mesh_volume", "vertex_curvatures"]


@checked()
def mesh_area(mesh: Mesh) -> float:
    """Return the sum of the areas of the triangles [unit^2]."""
    vertices, faces = checked_mesh(mesh)
    a, b, c = (vertices[faces[:, i]] for i in range(3))
    return 0.5 * float(np.linalg.norm(np.cross(b - a, c - a), axis=1).sum())


@checked()
def mesh_volume(mesh: Mesh) -> float:
    """Return the volume inside a closed, consistently oriented mesh [unit^3] (divergence theorem)."""
    vertices, faces = checked_mesh(mesh)
    a, b, c = (vertices[faces[:, i]] - vertices[faces[0, 0]] for i in range(3))
    return abs(float(np.einsum("ij,ij->i", a, np.cross(b, c)).sum())) / 6


def is_closed(mesh: Mesh) -> bool:
    """Return whether an even number of triangles meets at every edge."""
    return bool((mesh_edges(np.asarray(mesh.faces))[1] % 2 == 0).all())


def measure_surface(mesh: Mesh, *, unit: str = "") -> dict[str, Any]:
    """Measure a triangle mesh, cleaned first (`shapelab.convert.mesh_cleaning.clean_mesh`).

    Returns
    -------
    dict
        `volume` (if it is closed), `area`, `euler_characteristic` V - E + F, `closed`, `unit`, `warnings`.
    """
    clean, _, notes = clean_mesh(mesh)
    closed = is_closed(clean)
    warnings = [*notes]
    if not closed:
        warnings.append("The surface is open: it has no volume.")
    elif not turn_alike(np.asarray(clean.faces)):
        warnings.append("Some triangles face inwards, so the volume is not that of the body: orient them consistently first.")
    elif overlaps(clean):
        warnings.append("Bodies of the surface overlap: their volumes and areas were added up.")
    size = {"volume": mesh_volume(clean)} if closed else {}
    numbers = {"area": mesh_area(clean), "euler_characteristic": euler_characteristic(clean), "closed": closed}
    return {**size, **numbers, "unit": unit, "warnings": warnings}


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
    checked_mesh(mesh)
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

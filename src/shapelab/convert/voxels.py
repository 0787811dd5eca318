"""Closed meshes to masks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from shapelab.arguments import checked
from shapelab.convert.mesh import Mesh, mesh_edges
from shapelab.convert.spacing import Spacing, as_point, as_spacing
from shapelab.device import require_memory
from shapelab.errors import InputError

__all__ = ["mesh_to_mask"]


@checked()
def mesh_to_mask(
    mesh: Mesh, spacing: Spacing, *, shape: tuple[int, int, int] | None = None, origin: Sequence[float] | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return the mask of the voxels whose centre lies inside a closed mesh, and the position of its first voxel.

    Winding number along rays in x: bodies that overlap are joined, a cavity is a body turned inside out. The mesh must be closed;
    where neighbouring triangles turn against each other, a voxel is inside if a ray from it crosses the surface an odd number of times.

    Parameters
    ----------
    mesh
        Vertices (z, y, x) [physical unit] and triangles.
    spacing
        Voxel size [physical unit].
    shape
        Shape of the mask; by default the mesh's bounding box and two voxels around it.
    origin
        Centre of voxel (0, 0, 0) [physical unit]; by default 0 if `shape` is given, else what the bounding box asks.

    Returns
    -------
    mask, origin
        Boolean (z, y, x), and the centre of its first voxel [physical unit].
    """
    vertices = np.asarray(mesh.vertices, dtype=np.float64)
    faces = np.asarray(mesh.faces)
    _check(vertices, faces)
    steps = np.array(as_spacing(spacing, 3))
    used = vertices[np.unique(faces)]
    corner = np.zeros(3) if shape is not None else used.min(axis=0) - 2 * steps
    start = corner if origin is None else np.array(as_point("origin", origin, 3))
    if shape is None:
        extent = np.ceil((used.max(axis=0) - start) / steps) + 3
        require_memory(int(min(3 * extent.prod(), 1e18)))
        shape = (int(extent[0]), int(extent[1]), int(extent[2]))
    # an irrational shift far below the voxel size keeps rays off vertices and edges, where parity is ambiguous
    index = (vertices - start) / steps + np.array([np.sqrt(2), np.sqrt(3), 0.0]) * 1e-7
    return _inside(index[faces], shape, winding=_turn_alike(faces)), start


def _check(vertices: np.ndarray, faces: np.ndarray) -> None:
    if vertices.ndim != 2 or vertices.shape[1] != 3 or faces.ndim != 2 or faces.shape[1] != 3 or len(faces) == 0:
        raise InputError(f"A mesh needs vertices (n, 3) and triangles (m, 3); received {vertices.shape} and {faces.shape}.")
    if faces.min() < 0 or faces.max() >= len(vertices):
        raise InputError(f"The triangles name the vertices {faces.min()} to {faces.max()}; there are {len(vertices)}, counted from 0.")
    if not np.isfinite(vertices[np.unique(faces)]).all():
        raise InputError("The mesh has vertices that are not finite.")
    _, counts = mesh_edges(faces)
    if np.any(counts % 2):
        raise InputError(f"The mesh is not closed ({int(np.sum(counts % 2))} open edges), so it has no inside: fill its holes first.")


def _turn_alike(faces: np.ndarray) -> bool:
    """Tell whether neighbouring triangles turn the same way: each edge is run along as often in one direction as in the other."""
    ends = faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2).astype(np.int64)
    base = int(ends.max(initial=0)) + 1
    return np.array_equal(np.sort(ends[:, 0] * base + ends[:, 1]), np.sort(ends[:, 1] * base + ends[:, 0]))


def _inside(triangles: np.ndarray, shape: tuple[int, int, int], *, winding: bool) -> np.ndarray:
    """Count, for each crossing of a ray along x, in all voxels beyond it: by its direction, or only whether they are even."""
    crossings = np.zeros((shape[0], shape[1], shape[2] + 1), dtype=np.int16)
    low = np.maximum(np.ceil(triangles[:, :, :2].min(axis=1)).astype(int), 0)
    high = np.minimum(np.floor(triangles[:, :, :2].max(axis=1)).astype(int), np.array(shape[:2]) - 1)
    for triangle, (z0, y0), (z1, y1) in zip(triangles, low, high, strict=True):
        if z1 < z0 or y1 < y0:
            continue
        z, y = (axis.ravel() for axis in np.mgrid[z0 : z1 + 1, y0 : y1 + 1])
        a, b, c = triangle
        area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
        if area == 0:
            continue
        wb = ((z - a[0]) * (c[1] - a[1]) - (y - a[1]) * (c[0] - a[0])) / area
        wc = ((b[0] - a[0]) * (y - a[1]) - (b[1] - a[1]) * (z - a[0])) / area
        hit = (wb >= 0) & (wc >= 0) & (wb + wc <= 1)
        x = np.ceil(a[2] + wb[hit] * (b[2] - a[2]) + wc[hit] * (c[2] - a[2]))
        np.add.at(crossings, (z[hit], y[hit], np.clip(x, 0, shape[2]).astype(int)), 1 if area > 0 or not winding else -1)
    np.cumsum(crossings, axis=2, out=crossings)
    inside: np.ndarray = crossings != 0 if winding else crossings % 2 == 1
    return inside[:, :, : shape[2]]

"""Closed meshes to masks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from shapelab.arguments import checked
from shapelab.convert.mesh import Mesh, mesh_edges
from shapelab.convert.mesh_cleaning import clean_mesh
from shapelab.convert.spacing import Spacing, as_point, as_spacing
from shapelab.device import require_memory
from shapelab.errors import InputError

__all__ = ["mask_and_notes", "mesh_to_mask", "overlaps", "turn_alike"]

_COARSE = 64
"""Voxels along the longest side of a mesh on which overlaps are looked for."""
_MANY_PARTS = 1000
"""Parts of a mesh beyond which their boxes are not compared in pairs."""


@checked()
def mesh_to_mask(
    mesh: Mesh, spacing: Spacing, *, shape: tuple[int, int, int] | None = None, origin: Sequence[float] | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return the mask of the voxels whose centre lies inside a closed mesh, and the position of its first voxel.

    Winding number along rays in x: bodies that overlap are joined, a cavity is a body turned inside out. The mesh must be closed;
    where neighbouring triangles turn against each other, a voxel is inside if a ray from it crosses the surface an odd number of times.
    Triangles that collapse or come twice are left out.

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
    mask, start, _ = mask_and_notes(clean_mesh(mesh).mesh, spacing, shape, origin)
    return mask, start


def mask_and_notes(
    mesh: Mesh, spacing: Spacing, shape: tuple[int, int, int] | None = None, origin: Sequence[float] | None = None
) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """Return what `mesh_to_mask` does for a clean mesh, and in sentences what its mask leaves open."""
    vertices, faces = np.asarray(mesh.vertices, dtype=np.float64), np.asarray(mesh.faces)
    _check_closed(faces)
    steps = np.array(as_spacing(spacing, 3))
    corner = np.zeros(3) if shape is not None else vertices.min(axis=0) - 2 * steps
    start = corner if origin is None else np.array(as_point("origin", origin, 3))
    if shape is None:
        extent = np.ceil((vertices.max(axis=0) - start) / steps) + 3
        require_memory(int(min(3 * extent.prod(), 1e18)))
        shape = (int(extent[0]), int(extent[1]), int(extent[2]))
    # an irrational shift far below the voxel size keeps rays off vertices and edges, where parity is ambiguous
    index = (vertices - start) / steps + np.array([np.sqrt(2), np.sqrt(3), 0.0]) * 1e-7
    winding = turn_alike(faces)
    mask, overlap = _inside(index[faces], shape, winding=winding)
    notes = ("Bodies of the surface overlap: they were joined.",) if overlap else ()
    if not winding:
        notes = (
            "Some triangles of the surface face inwards: a point counts as inside if a ray "
            "from it crosses the surface an odd number of times.",
        )
    return mask, start, notes


def overlaps(mesh: Mesh) -> bool:
    """Tell whether bodies of a clean, closed mesh overlap, as far as coarse voxels show it."""
    vertices, faces = np.asarray(mesh.vertices, dtype=np.float64), np.asarray(mesh.faces)
    if not _boxes_meet(vertices, faces) or not turn_alike(faces):
        return False
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    index = (vertices - low) / (float((high - low).max()) / _COARSE) + np.array([np.sqrt(2), np.sqrt(3), 0.0]) * 1e-7
    shape = np.ceil(index.max(axis=0)).astype(int) + 1
    return _inside(index[faces], (int(shape[0]), int(shape[1]), int(shape[2])), winding=True)[1]


def _boxes_meet(vertices: np.ndarray, faces: np.ndarray) -> bool:
    """Tell whether the boxes around two connected parts of a mesh meet."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    a, b, c = faces.T
    links = coo_array((np.ones(2 * len(faces), bool), (np.concatenate([a, b]), np.concatenate([b, c]))), shape=(len(vertices),) * 2)
    n, part = connected_components(links, directed=False)
    if n == 1:
        return False
    if n > _MANY_PARTS:
        return True
    low, high = np.full((n, 3), np.inf), np.full((n, 3), -np.inf)
    np.minimum.at(low, part, vertices)
    np.maximum.at(high, part, vertices)
    meet = ((low[:, None] < high[None]) & (low[None] < high[:, None])).all(axis=-1)
    return int(meet.sum()) > n


def _check_closed(faces: np.ndarray) -> None:
    _, counts = mesh_edges(faces)
    if np.any(counts % 2):
        raise InputError(f"The mesh is not closed ({int(np.sum(counts % 2))} open edges), so it has no inside: fill its holes first.")


def turn_alike(faces: np.ndarray) -> bool:
    """Tell whether neighbouring triangles turn the same way: each edge is run along as often in one direction as in the other."""
    ends = faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2).astype(np.int64)
    base = int(ends.max(initial=0)) + 1
    return np.array_equal(np.sort(ends[:, 0] * base + ends[:, 1]), np.sort(ends[:, 1] * base + ends[:, 0]))


def _inside(triangles: np.ndarray, shape: tuple[int, int, int], *, winding: bool) -> tuple[np.ndarray, bool]:
    """Return the voxels inside, and whether some lie in several bodies.

    Each crossing of a ray along x counts in all voxels beyond it: by its direction, or only whether they are even.
    """
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
    return inside[:, :, : shape[2]], bool(winding and np.abs(crossings).max(initial=0) > 1)

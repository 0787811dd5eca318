"""Fields and masks to triangle meshes, by marching cubes at zero on a smooth field."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from shapelab.arguments import Pixels, checked
from shapelab.convert.field import mask_to_isotropic_field
from shapelab.convert.mask import as_field
from shapelab.convert.spacing import Spacing, as_spacing
from shapelab.errors import InputError
from shapelab.limits import at_least, between
from shapelab.short_repr import short_repr

__all__ = ["Mesh", "field_to_mesh", "mask_to_mesh", "mesh_edges", "smooth_mesh"]


@short_repr
class Mesh(NamedTuple):
    """A triangle mesh in physical units."""

    vertices: np.ndarray
    """float32, or float64 where that moves them, (n, 3), (z, y, x) [physical unit]."""
    faces: np.ndarray
    """int32 (m, 3); the right-hand rule in (x, y, z) gives the normal out of the shape."""


def mesh_edges(faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the edges (n, 2) of triangles, smaller vertex first, each once, and how many triangles share each."""
    ends = np.sort(faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1).astype(np.int64)
    base = int(ends.max(initial=0)) + 1
    codes = np.sort(ends[:, 0] * base + ends[:, 1])  # np.unique along an axis is slow and holds the interpreter lock
    first = np.flatnonzero(np.diff(codes, prepend=-1))
    return np.stack(np.divmod(codes[first], base), axis=1), np.diff(first, append=codes.size)


@checked(smoothing=between(0, 10_000), slab=at_least(1))
def field_to_mesh(u: Pixels, spacing: Spacing = 1.0, *, closed: bool = False, smoothing: int = 0, slab: int = 16) -> Mesh:
    """Return the surface {u = 0} as triangles.

    Vertices are at index * spacing, where viewers put them when the layer's scale is the spacing. The Lewiner
    marching cubes of scikit-image hold the interpreter lock; it works through the volume in slabs and lets go of the
    lock in between, so that calling this in a worker thread keeps a window responsive.

    Parameters
    ----------
    u
        Field of both signs, (z, y, x), positive inside. Never a raw mask: use `mask_to_mesh`.
    spacing
        Voxel size [physical unit].
    closed
        Close the surface where the shape leaves the box.
    smoothing
        Taubin iterations (`smooth_mesh`).
    slab
        Planes per slab.
    """
    field = as_field(u, ndim=(3,))
    steps = as_spacing(spacing, 3)
    if closed:
        field = np.pad(field, 1, constant_values=-float(np.abs(field).max()))
    if min(field.shape) < 2:
        raise InputError(f"A mesh needs at least 2 voxels along each axis; received shape {field.shape}.")
    vertices, faces = _march(field, max(1, slab))
    if closed:
        vertices -= 1
    mesh = Mesh((vertices * np.array(steps, dtype=np.float32)).astype(np.float32), faces)
    return smooth_mesh(mesh, smoothing) if smoothing else mesh


@checked(smoothing=between(0, 100))
def mask_to_mesh(mask: Pixels, spacing: Spacing = 1.0, *, label: int | None = None, smoothing: float = 2.0, closed: bool = True) -> Mesh:
    """Return the surface of a mask, through its smoothed signed distance on cubic voxels.

    Parameters
    ----------
    mask, spacing, label
        As in `shapelab.convert.mask_to_field`.
    smoothing
        Standard deviation of the smoothing of the signed distance [cubic voxels].
    closed
        Close the surface where the shape leaves the box.
    """
    steps = as_spacing(spacing, 3)
    u, h = mask_to_isotropic_field(mask, steps, smoothing=smoothing, label=label)
    vertices, faces = field_to_mesh(u, h, closed=closed)
    shift = np.array([0.5 * h - 0.5 * step for step in steps], dtype=np.float32)  # the grids share corners, not first centres
    return Mesh(vertices + shift, faces)


@checked(iterations=between(0, 100_000))
def smooth_mesh(mesh: Mesh, iterations: int = 10) -> Mesh:
    """Return the mesh smoothed without shrinking (Taubin, SIGGRAPH 1995)."""
    import trimesh

    surface = trimesh.Trimesh(mesh.vertices, mesh.faces, process=False)
    trimesh.smoothing.filter_taubin(surface, iterations=iterations)  # type: ignore[no-untyped-call]
    return Mesh(np.asarray(surface.vertices, dtype=np.float32), mesh.faces)


def _march(field: np.ndarray, slab: int) -> tuple[np.ndarray, np.ndarray]:
    """Marching cubes slab by slab; neighbouring slabs share a plane, whose vertices are merged."""
    from skimage.measure import marching_cubes

    parts: list[np.ndarray] = []
    triangles: list[np.ndarray] = []
    offset = 0
    for start in range(0, field.shape[0] - 1, slab):
        block = field[start : start + slab + 1].copy()  # scikit-image refuses arrays that may not be written to
        if block.min() >= 0 or block.max() <= 0:
            continue
        vertices, faces, _, _ = marching_cubes(block, 0.0, gradient_direction="descent", allow_degenerate=True)  # type: ignore[no-untyped-call]
        vertices[:, 0] += start
        parts.append(vertices)
        triangles.append(faces + offset)
        offset += len(vertices)
    return _merged(np.concatenate(parts), np.concatenate(triangles))


def _merged(vertices: np.ndarray, faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Merge vertices at the same place (to 1/4096 voxel) and drop the triangles that vanish."""
    keys = np.rint(vertices * 4096).astype(np.int64)
    z, y, x = (keys - keys.min(axis=0)).T
    _, row = np.unique(z * (int(y.max(initial=0)) + 1) + y, return_inverse=True)  # in two steps: one number for all three overflows
    _, first, inverse = np.unique(row * (int(x.max(initial=0)) + 1) + x, return_index=True, return_inverse=True)
    faces = inverse[faces].astype(np.int32)
    a, b, c = faces.T
    return vertices[first], faces[(a != b) & (b != c) & (c != a)]

"""Phase fields and masks to volumetric meshes of tetrahedra.

Each cube of eight voxel centres is split into six tetrahedra along its diagonal (Kuhn); those that the surface {u = 0}
crosses are cut where the linear interpolation vanishes (marching tetrahedra). Neighbouring cubes split their common
face alike, so the mesh is conforming.
"""

from __future__ import annotations

from itertools import permutations
from typing import NamedTuple

import numpy as np

from shapelab.arguments import Pixels, checked
from shapelab.convert.field import mask_to_isotropic_field
from shapelab.convert.mask import as_field
from shapelab.convert.spacing import Spacing, as_spacing
from shapelab.device import require_memory
from shapelab.limits import above, between
from shapelab.short_repr import short_repr

__all__ = ["TetrahedralMesh", "field_to_tetrahedra", "mask_to_tetrahedra"]


@short_repr
class TetrahedralMesh(NamedTuple):
    """A volumetric mesh in physical units."""

    vertices: np.ndarray
    """float64 (n, 3), (z, y, x) [unit]."""
    tetrahedra: np.ndarray
    """int64 (m, 4)."""

    def volumes(self) -> np.ndarray:
        """Return the volume of each tetrahedron (m,) [unit^3]."""
        return _volumes(self.vertices[self.tetrahedra])

    def boundary(self) -> np.ndarray:
        """Return the triangles (k, 3) that belong to one tetrahedron only."""
        faces = np.concatenate([self.tetrahedra[:, list(keep)] for keep in ((0, 1, 2), (0, 1, 3), (0, 2, 3), (1, 2, 3))])
        _, first, counts = np.unique(np.sort(faces, axis=1), axis=0, return_index=True, return_counts=True)
        return np.asarray(faces[first[counts == 1]])


@checked()
def field_to_tetrahedra(u: Pixels, spacing: Spacing = 1.0) -> TetrahedralMesh:
    """Return the inside {u > 0} as tetrahedra; vertices are at index * spacing.

    Parameters
    ----------
    u
        Field of both signs, (z, y, x), positive inside.
    spacing
        Voxel size [physical unit].
    """
    field = as_field(u, ndim=(3,)).astype(np.float64)
    steps = np.array(as_spacing(spacing, 3))
    corners = _kuhn(field)  # (m, 4), indices of voxels
    require_memory(2000 * len(corners))
    points = np.stack(np.unravel_index(corners, field.shape), axis=-1).astype(np.float64)
    pieces = _clip(points, field.ravel()[corners])
    pieces = pieces[_volumes(pieces) > 1e-9]
    keys = np.rint(pieces.reshape(-1, 3) * 2**20).astype(np.int64)
    _, first, index = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    return TetrahedralMesh(pieces.reshape(-1, 3)[first] * steps, index.reshape(-1, 4))


@checked(smoothing=between(0, 100), voxel_size=above(0))
def mask_to_tetrahedra(
    mask: Pixels, spacing: Spacing = 1.0, *, label: int | None = None, smoothing: float = 2.0, voxel_size: float | None = None
) -> TetrahedralMesh:
    """Return the inside of a mask as tetrahedra, through its smoothed signed distance on cubic voxels.

    Parameters
    ----------
    mask, spacing, label, smoothing, voxel_size
        As in `shapelab.convert.mask_to_isotropic_field`; `voxel_size` sets the size of the tetrahedra. The mesh is
        closed where the shape leaves the box.
    """
    steps = as_spacing(spacing, 3)
    u, h = mask_to_isotropic_field(mask, steps, smoothing=smoothing, label=label, voxel_size=voxel_size)
    vertices, tetrahedra = field_to_tetrahedra(np.pad(u, 1, constant_values=-1.0), h)
    return TetrahedralMesh(vertices - h + [0.5 * h - 0.5 * step for step in steps], tetrahedra)


def _kuhn(field: np.ndarray) -> np.ndarray:
    """Corners of all tetrahedra of the cubes that reach inside."""
    cubes = np.zeros([n - 1 for n in field.shape], dtype=bool)
    for offset in np.ndindex(2, 2, 2):
        cubes |= field[tuple(slice(o, n - 1 + o) for o, n in zip(offset, field.shape, strict=True))] > 0
    start = np.argwhere(cubes)
    tetrahedra = []
    for order in permutations(range(3)):
        path = [start]
        for axis in order:
            path.append(path[-1] + np.eye(3, dtype=np.int64)[axis])
        tetrahedra.append(np.stack([np.ravel_multi_index(tuple(p.T), field.shape) for p in path], axis=1))
    return np.concatenate(tetrahedra)


def _clip(points: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return the parts (k, 4, 3) of the tetrahedra (m, 4, 3) where the interpolated values (m, 4) are positive."""
    # equal values keep the order of the corners, so that neighbours cut their common face alike
    order = np.argsort(-values, axis=1, kind="stable")
    p, v = np.take_along_axis(points, order[..., None], axis=1), np.take_along_axis(values, order, axis=1)
    inside = (v > 0).sum(axis=1)
    one, two, three = (inside == n for n in (1, 2, 3))
    parts = [points[inside == 4]]
    a, cuts = p[one][:, 0], [_cut(p[one], v[one], 0, j) for j in (1, 2, 3)]
    parts.append(np.stack([a, *cuts], axis=1))
    a, b = p[two][:, 0], p[two][:, 1]
    parts += _prism([a, *(_cut(p[two], v[two], 0, j) for j in (2, 3))], [b, *(_cut(p[two], v[two], 1, j) for j in (2, 3))])
    parts += _prism([p[three][:, i] for i in range(3)], [_cut(p[three], v[three], i, 3) for i in range(3)])
    return np.concatenate(parts)


def _cut(p: np.ndarray, v: np.ndarray, i: int, j: int) -> np.ndarray:
    """Where the interpolation between corners i (inside) and j (outside) vanishes."""
    share = v[:, i] / (v[:, i] - v[:, j])
    return np.asarray(p[:, i] + share[:, None] * (p[:, j] - p[:, i]))


def _prism(bottom: list[np.ndarray], top: list[np.ndarray]) -> list[np.ndarray]:
    """Three tetrahedra of the prism between two triangles."""
    a, b, c = bottom
    d, e, f = top
    return [np.stack(corners, axis=1) for corners in ((a, b, c, f), (a, b, e, f), (a, d, e, f))]


def _volumes(corners: np.ndarray) -> np.ndarray:
    a, b, c, d = (corners[:, i] for i in range(4))
    return np.asarray(np.abs(np.einsum("ij,ij->i", b - a, np.cross(c - a, d - a))) / 6)

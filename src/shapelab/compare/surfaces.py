"""Distances between the surfaces of two shapes: masks on one grid, meshes, or points."""

from __future__ import annotations

import numpy as np

from shapelab.arguments import Pixels, as_rows, checked
from shapelab.compare.overlap import boundary_voxels
from shapelab.convert.mask import as_mask
from shapelab.convert.mesh import Mesh
from shapelab.convert.mesh_cleaning import checked_mesh
from shapelab.convert.spacing import Spacing, as_spacing
from shapelab.errors import InputError
from shapelab.limits import between

__all__ = ["mask_distances", "mesh_distances", "point_distances", "sample_mesh"]

_NEAREST = 8
"""Nearest samples of the other mesh whose triangles are tried for the exact distance."""


@checked()
def mask_distances(a: Pixels, b: Pixels, spacing: Spacing = 1.0) -> dict[str, float]:
    """Return the distances between the boundaries of two masks of the same shape [physical unit].

    Boundaries are the voxels inside that share a face with the outside; distances are between voxel centres, so
    they are right to about half a voxel.

    Returns
    -------
    dict
        `hausdorff`, the largest distance from either surface to the other; `hausdorff_95`, the larger of the two 95th
        percentiles; `mean_surface_distance`, over both surfaces together.
    """
    from scipy.ndimage import distance_transform_edt

    masks = as_mask(a), as_mask(b)
    if masks[0].shape != masks[1].shape:
        raise InputError(f"The two masks have shapes {masks[0].shape} and {masks[1].shape}: distances need one grid for both.")
    steps = as_spacing(spacing, masks[0].ndim)
    edges = boundary_voxels(masks[0]), boundary_voxels(masks[1])
    forth, back = (distance_transform_edt(~other, sampling=steps)[edge] for edge, other in (edges, edges[::-1]))
    return _summary(forth, back)


@checked(samples=between(1, 100_000_000), seed=between(0, 2**63))
def mesh_distances(a: Mesh, b: Mesh, *, samples: int = 20_000, seed: int = 0) -> dict[str, float]:
    """Return the distances between two meshes as `mask_distances` does.

    Points drawn from either surface in proportion to area; from each, the exact distance to the nearest triangles of
    the other.

    Parameters
    ----------
    a, b
        Meshes in the same physical unit; they need not be closed.
    samples
        Points drawn from each surface.
    seed
        Seed of the draw.
    """
    from scipy.spatial import cKDTree
    from trimesh.triangles import closest_point

    drawn = [sample_mesh(mesh, samples, seed) for mesh in (a, b)]
    directed = []
    for (points, _), mesh, (others, faces) in ((drawn[0], b, drawn[1]), (drawn[1], a, drawn[0])):
        triangles = np.asarray(mesh.vertices, dtype=np.float64)[mesh.faces]
        # barycentres too: no triangle is so small that it has no sample
        tree = cKDTree(np.concatenate([others, triangles.mean(axis=1)]))
        owner = np.concatenate([faces, np.arange(len(triangles))])
        near = owner[tree.query(points, k=min(_NEAREST, len(owner)))[1].reshape(len(points), -1)]  # (n, k)
        best = np.full(len(points), np.inf)
        for candidates in near.T:
            best = np.minimum(best, np.linalg.norm(closest_point(triangles[candidates], points) - points, axis=1))  # type: ignore[no-untyped-call]
        directed.append(best)
    return _summary(*directed)


@checked()
def point_distances(a: np.ndarray, b: np.ndarray) -> dict[str, float]:
    """Return the distances between two point clouds (n, d) and (m, d) as `mask_distances` does, from point to nearest point."""
    from scipy.spatial import cKDTree

    one, other = as_rows("a", a), as_rows("b", b)
    if one.shape[1] != other.shape[1]:
        raise InputError(f"The points a have {one.shape[1]} coordinates and the points b {other.shape[1]}: they must have as many.")
    return _summary(np.asarray(cKDTree(other).query(one)[0]), np.asarray(cKDTree(one).query(other)[0]))


def sample_mesh(mesh: Mesh, samples: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return points (n, 3) drawn from the surface in proportion to area, and the triangle (n,) that each lies on."""
    if samples < 1:
        raise InputError(f"At least one sample is needed on each surface; received {samples}.")
    rng = np.random.default_rng(seed)
    vertices, faces = checked_mesh(mesh)
    a, b, c = (vertices[faces[:, i]] for i in range(3))
    areas = np.linalg.norm(np.cross(b - a, c - a), axis=1)
    if not areas.sum() > 0:
        raise InputError("The mesh has no area: all its triangles are degenerate.")
    face = rng.choice(len(areas), samples, p=areas / areas.sum())
    r, t = np.sqrt(rng.random((samples, 1))), rng.random((samples, 1))
    return (1 - r) * a[face] + r * (1 - t) * b[face] + r * t * c[face], face


def _summary(forth: np.ndarray, back: np.ndarray) -> dict[str, float]:
    return {
        "hausdorff": float(max(forth.max(), back.max())),
        "hausdorff_95": float(max(np.percentile(forth, 95), np.percentile(back, 95))),
        "mean_surface_distance": float((forth.sum() + back.sum()) / (forth.size + back.size)),
    }

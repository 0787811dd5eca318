"""How the noise of pixels or voxels enters the balance of forces.

A boundary drawn with pixels is wrong by up to half a pixel at each of its nodes. Bumps that share nodes share that error,
and a bump on a junction feels it more than one on a straight wall: with the covariance of all rows the least squares give
each its due, which makes tensions of small cells a quarter more accurate than any weights of single rows.

How large it is follows from rounding: a wall with unit normal n, drawn with columns of pixels along the axis to which it is
steepest, has max |n| columns per area, and in each the volume is off by a uniform error of half a pixel to either side, variance
1/12. It has sum |n| nodes per area; independent errors of these along the normal, of variance max |n| sum |n| / 12, add up to the
same. Where three cells meet, there is no normal: a node is off by 1/12 along each axis.
"""

from __future__ import annotations

from functools import reduce
from operator import add

import numpy as np
from scipy.sparse import csr_array, diags_array

from shapelab.infer.solve import Solution
from shapelab.infer.system import Balance
from shapelab.mesh import InterfaceMesh
from shapelab.mesh.facets import Facets

__all__ = ["MOST_PAIRS", "MOST_ROWS", "covariance_is_feasible", "row_covariance"]

MOST_ROWS = 4000
"""Most rows whose covariance is taken into account: about 200 cells in the plane, 10 in space."""
MOST_PAIRS = 500_000
"""Most pairs of a bump and a face on it: beyond, cells are large enough not to need it."""
_PIXEL = 1 / 12
"""Variance of an error that is uniform between minus and plus half a pixel."""
_STEP = 1e-4
"""Step of the differences, relative to a pixel."""


def covariance_is_feasible(facets: Facets, balance: Balance) -> bool:
    """Return whether the covariance of the rows fits into reasonable time and memory."""
    pairs = 2.5 * float(np.sum(balance.radius / balance.weights)) / max(float(facets.areas.mean()), 1e-300)
    return balance.matrix.shape[0] <= MOST_ROWS and pairs <= MOST_PAIRS


def row_covariance(mesh: InterfaceMesh, facets: Facets, balance: Balance, solution: Solution) -> np.ndarray:
    """Return the covariance of the rows of `balance` that pixels cause.

    Parameters
    ----------
    mesh
        Smoothed.
    facets
        The mesh's faces as flat pieces.
    balance, solution
        The equations, and a first solution of them.

    Returns
    -------
    covariance
        (r, r)
    """
    slopes = _slopes(mesh, facets, balance, solution)
    normals, meeting = _normals(mesh), mesh.net.node_counts > 2
    size = np.sqrt(_PIXEL * np.abs(normals).max(1) * np.abs(normals).sum(1) * ~meeting)
    along = reduce(add, [slope @ diags_array(size * axis) for slope, axis in zip(slopes, normals.T, strict=True)])
    parts = [along, *[slope @ diags_array(np.sqrt(_PIXEL * meeting)) for slope in slopes]]
    result: np.ndarray = reduce(add, [part @ part.T for part in parts]).toarray()
    return result


def _normals(mesh: InterfaceMesh) -> np.ndarray:
    """Return the unit normal of each node in voxels, (n, d); of use where two cells meet."""
    inner = mesh.pairs[:, 0] >= 0
    faces, corners = mesh.faces[inner], (mesh.nodes / mesh.spacing)[mesh.faces[inner]]
    length = np.asarray(mesh.period) / mesh.spacing
    away = corners - corners[:, :1]
    away -= np.where(length > 0, length * np.round(away / np.where(length > 0, length, 1)), 0)
    total = np.zeros(mesh.nodes.shape)
    for corner in range(faces.shape[1]):
        np.add.at(total, faces[:, corner], _area_vectors(away))
    return np.asarray(total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-300))


def _area_vectors(corners: np.ndarray) -> np.ndarray:
    """Return the normals of segments (m, 2, 2) or quads (m, 4, 3), as long as these are large."""
    if corners.shape[2] == 2:
        along = corners[:, 1] - corners[:, 0]
        return np.stack([-along[:, 1], along[:, 0]], axis=1)
    return np.asarray(0.5 * np.cross(corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 1]))


def _slopes(mesh: InterfaceMesh, facets: Facets, balance: Balance, solution: Solution) -> list[csr_array]:
    """Derivatives of the force on every bump with respect to the nodes' positions, by differences: one matrix (r, n) per axis."""
    from scipy.spatial import cKDTree

    ndim, period = mesh.ndim, mesh.period
    inner = mesh.pairs[:, 0] >= 0
    faces, pairs, nodes = mesh.faces[inner], mesh.pairs[inner], mesh.nodes
    tension = np.nan_to_num(solution.tensions, nan=1.0)[facets.interface]
    pressures = np.nan_to_num(solution.pressures)
    push = pressures[pairs[:, 1]] - pressures[pairs[:, 0]]
    middles = facets.middles[:, 3 - ndim :].astype(float)
    low = middles.min(0) - 1
    box = np.where(period > 0, period, 3 * np.ptp(middles, axis=0) + 4 * balance.radius + 4)  # room between what does not repeat
    near = cKDTree(np.mod(middles - low, box), boxsize=box).query_ball_point(np.mod(balance.centres - low, box), balance.radius)
    bump = np.repeat(np.arange(len(near)), [len(found) for found in near])
    face = np.concatenate([np.asarray(found, np.int64) for found in near])
    corners = nodes[faces[face]] - balance.centres[bump][:, None]
    turn = np.where(period > 0, period, 1)
    corners -= (period > 0) * turn * np.round(corners / turn)
    args = (balance.radius, tension[face], push[face])
    base, step = _forces(corners, *args), _STEP * min(mesh.spacing)
    rows = (ndim * bump[:, None] + np.arange(ndim)).ravel()
    slopes = []
    for axis in range(ndim):
        slope = csr_array((ndim * len(near), len(nodes)))
        for corner in range(faces.shape[1]):
            corners[:, corner, axis] += step
            change = (_forces(corners, *args) - base) / step * mesh.spacing[axis]  # a node is off by a part of a voxel
            corners[:, corner, axis] -= step
            slope = slope + csr_array((change.ravel(), (rows, np.repeat(faces[face, corner], ndim))), shape=slope.shape)
        slopes.append(slope)
    return slopes


def _forces(corners: np.ndarray, radius: float, tension: np.ndarray, push: np.ndarray) -> np.ndarray:
    """Return the force of faces on bumps at the origin, (k, d): what `shapelab.mesh.pulls` adds up."""
    middle = corners.mean(1)
    height = np.maximum(1 - (middle**2).sum(1) / radius**2, 0)
    gradient = -6 * height[:, None] ** 2 / radius**2 * middle
    normal = _area_vectors(corners)
    area = np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-300)
    across = (normal * gradient).sum(1, keepdims=True) / area
    result: np.ndarray = tension[:, None] * (area * gradient - across * normal) + (push * height**3)[:, None] * normal
    return result

"""How the noise of pixels or voxels enters the balance of forces.

A boundary drawn with pixels is wrong by up to half a pixel at each of its nodes. Bumps that share nodes share that error,
and a bump on a junction feels it more than one on a straight wall: with the covariance of all rows the least squares give
each its due, which makes tensions of small cells a quarter more accurate than any weights of single rows.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from shapelab.infer.solve import Solution
from shapelab.infer.system import Balance
from shapelab.mesh import InterfaceMesh
from shapelab.mesh.facets import Facets

__all__ = ["MOST_PAIRS", "MOST_ROWS", "covariance_is_feasible", "row_covariance"]

MOST_ROWS = 4000
"""Most rows whose covariance is taken into account: about 200 cells in the plane, 10 in space."""
MOST_PAIRS = 500_000
"""Most pairs of a bump and a face on it: beyond, cells are large enough not to need it."""
_STEP = 1e-4
"""Step of the differences, relative to a pixel."""


def covariance_is_feasible(facets: Facets, balance: Balance) -> bool:
    """Return whether the covariance of the rows fits into reasonable time and memory."""
    pairs = 2.5 * float(np.sum(balance.radius / balance.weights)) / max(float(facets.areas.mean()), 1e-300)
    return balance.matrix.shape[0] <= MOST_ROWS and pairs <= MOST_PAIRS


def row_covariance(mesh: InterfaceMesh, facets: Facets, balance: Balance, solution: Solution) -> np.ndarray:
    """Return the covariance of the rows of `balance` if the mesh's nodes had independent errors.

    Parameters
    ----------
    mesh
        Smoothed.
    facets
        Of the mesh.
    balance, solution
        The equations, and a first solution of them.

    Returns
    -------
    covariance
        (r, r), up to a factor.
    """
    slopes = _slopes(mesh, facets, balance, solution)
    result: np.ndarray = sum(slope @ slope.T for slope in slopes).toarray()
    return result


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
    if corners.shape[2] == 2:
        along = corners[:, 1] - corners[:, 0]
        normal = np.stack([-along[:, 1], along[:, 0]], axis=1)
    else:
        normal = 0.5 * np.cross(corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 1])
    area = np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-300)
    across = (normal * gradient).sum(1, keepdims=True) / area
    result: np.ndarray = tension[:, None] * (area * gradient - across * normal) + (push * height**3)[:, None] * normal
    return result

"""How the noise of pixels enters the balance of forces, in the plane.

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

__all__ = ["MOST_ROWS", "row_covariance"]

MOST_ROWS = 4000
"""Most rows whose covariance is taken into account: about 400 cells."""
_STEP = 1e-4
"""Step of the differences, relative to a pixel."""


def row_covariance(mesh: InterfaceMesh, facets: Facets, balance: Balance, solution: Solution) -> np.ndarray:
    """Return the covariance of the rows of `balance` if the mesh's nodes had independent errors.

    Parameters
    ----------
    mesh
        In the plane.
    facets
        Of the mesh.
    balance, solution
        The equations, and a first solution of them.

    Returns
    -------
    covariance
        (r, r), up to a factor.
    """
    y, x = _slopes(mesh, facets, balance, solution)
    result: np.ndarray = (y @ y.T + x @ x.T).toarray()
    return result


def _slopes(mesh: InterfaceMesh, facets: Facets, balance: Balance, solution: Solution) -> list[csr_array]:
    """Derivatives of the force on every bump with respect to the nodes' y and x, by differences: two matrices (r, n)."""
    from scipy.spatial import cKDTree

    inner = mesh.pairs[:, 0] >= 0
    faces, pairs, nodes = mesh.faces[inner], mesh.pairs[inner], mesh.nodes
    tension = np.nan_to_num(solution.tensions, nan=1.0)[facets.interface]
    pressures = np.nan_to_num(solution.pressures)
    push = pressures[pairs[:, 1]] - pressures[pairs[:, 0]]
    middles = facets.middles[:, 1:].astype(float)
    period = mesh.period
    low = middles.min(0) - 1
    box = np.where(period > 0, period, 3 * np.ptp(middles, axis=0) + 4 * balance.radius + 4)  # room between what does not repeat
    near = cKDTree(np.mod(middles - low, box), boxsize=box).query_ball_point(np.mod(balance.centres - low, box), balance.radius)
    bump = np.repeat(np.arange(len(near)), [len(found) for found in near])
    segment = np.concatenate([np.asarray(found, np.int64) for found in near])
    first, second = nodes[faces[segment, 0]], nodes[faces[segment, 1]]
    offset = first - balance.centres[bump]
    first = offset - period * np.round(offset / np.where(period > 0, period, 1))
    along = second - nodes[faces[segment, 0]]
    second = first + along - period * np.round(along / np.where(period > 0, period, 1))
    args = (balance.radius, tension[segment], push[segment])
    base, step = _forces(first, second, *args), _STEP * min(mesh.spacing)
    slopes = []
    for axis in (0, 1):
        change = np.eye(2)[axis] * step
        moved = np.concatenate([_forces(first + change, second, *args) - base, _forces(first, second + change, *args) - base]) / step
        rows = 2 * np.tile(bump, 2)[:, None] + np.arange(2)
        columns = np.repeat(np.concatenate([faces[segment, 0], faces[segment, 1]]), 2)
        slopes.append(csr_array((moved.ravel(), (rows.ravel(), columns)), shape=(2 * len(near), len(nodes))))
    return slopes


def _forces(first: np.ndarray, second: np.ndarray, radius: float, tension: np.ndarray, push: np.ndarray) -> np.ndarray:
    """Return the force of segments on bumps at the origin, (k, 2): what `shapelab.mesh.pulls` adds up."""
    along, middle = second - first, 0.5 * (first + second)
    height = np.maximum(1 - (middle**2).sum(1) / radius**2, 0)
    gradient = -6 * height[:, None] ** 2 / radius**2 * middle
    length = np.maximum(np.sqrt((along**2).sum(1)), 1e-300)
    pull = tension * (along * gradient).sum(1) / length
    normal = np.stack([-along[:, 1], along[:, 0]], axis=1)
    result: np.ndarray = pull[:, None] * along + (push * height**3)[:, None] * normal
    return result

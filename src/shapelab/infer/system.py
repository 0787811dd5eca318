"""The balance of forces as linear equations in tensions and pressures.

For every smooth vector field u that vanishes on the border of the image, a tissue at rest obeys

    sum_ab sigma_ab int_ab (1 - n n^T) : grad u dA  =  sum_a p_a int_a u . n dA,

the first variation of its energy. With u = phi(x - c) e_k, phi a bump, each bump gives d equations that hold
Young's law, Laplace's law and the balance at quadruple points at once, for interfaces of any shape.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array, vstack

from shapelab.mesh import InterfaceMesh
from shapelab.mesh.facets import Facets
from shapelab.mesh.pulls import pulls_on_bumps

__all__ = ["Balance", "balance_of", "bump_centres"]


@dataclass(frozen=True)
class Balance:
    """Rows: d for each bump; columns: one tension for each interface, then one pressure for each cell."""

    matrix: csr_array
    weights: np.ndarray
    """What makes the rows of a bump comparable, (t,): its radius over the integral of phi over all interfaces."""
    centres: np.ndarray
    """(t, d) [unit]."""
    radius: float
    """Of the bumps [unit]."""
    interfaces: int
    ndim: int


def bump_centres(mesh: InterfaceMesh, radius: float, bucket: float) -> np.ndarray:
    """Return nodes to centre bumps on, (t, d): in each bucket one for every set of cells that meet.

    Bumps that reach beyond the border of the image are left out, so that an interface of a cut cell is determined
    wherever it is far enough from the border.
    """
    nodes, net = mesh.nodes, mesh.net
    steps = np.asarray(mesh.spacing)
    inside = ~net.border & (net.node_counts >= 2)
    for axis, step in enumerate(steps):
        if not net.period[axis]:
            low, high = -0.5 * step, (mesh.shape[axis] - 0.5) * step
            inside &= (nodes[:, axis] - low >= radius) & (high - nodes[:, axis] >= radius)
    chosen = np.flatnonzero(inside)
    if not len(chosen):
        return np.zeros((0, mesh.ndim))
    box = np.floor(nodes[chosen] / bucket).astype(np.int64)
    box -= box.min(0)
    key = np.zeros(len(chosen), np.uint64)
    for column in (*box.T, *net.labels[chosen].T):
        key = (key ^ (column.astype(np.int64) + 2).astype(np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
        key ^= key >> np.uint64(29)
    _, first = np.unique(key, return_index=True)
    result: np.ndarray = nodes[chosen[np.sort(first)]]
    return result


def balance_of(mesh: InterfaceMesh, facets: Facets, centres: np.ndarray, radius: float) -> Balance:
    """Return the equations of all bumps."""
    ndim, cells, interfaces = mesh.ndim, len(mesh.ids), len(facets.pairs)
    lifted, period = np.zeros((len(centres), 3)), np.zeros(3)
    lifted[:, 3 - ndim :], period[3 - ndim :] = centres, mesh.period
    parts, weights = [csr_array((0, interfaces + cells))], [np.zeros(0)]
    axes = np.arange(ndim)
    for pulls in pulls_on_bumps(lifted, radius, facets, period):
        rows = np.concatenate([pulls.bump, pulls.push_bump])
        columns = np.concatenate([pulls.interface, interfaces + pulls.cell])
        values = np.concatenate([pulls.pull, pulls.push])[:, 3 - ndim :]
        rows_of_axes = (rows[:, None] * ndim + axes).ravel()
        shape = (len(pulls.weight) * ndim, interfaces + cells)
        parts.append(csr_array((values.ravel(), (rows_of_axes, np.repeat(columns, ndim))), shape=shape))
        weights.append(radius / np.maximum(pulls.weight, 1e-300))
    return Balance(vstack(parts, format="csr"), np.concatenate(weights), centres, radius, interfaces, ndim)

"""What the law of MacPherson and Srolovitz needs of a cell: how much its surface turns, and how long its lines are.

R. D. MacPherson, D. J. Srolovitz, Nature 446, 1053 (2007): ``dV/dt = -2 pi (L - E/6)`` for interfaces that move with the sum of their
principal curvatures; L is the mean width of the cell (of a ball of radius R it is 4 R) and E the length of the lines at which it meets
two others. 2 pi L is the turning of the whole surface: the sum over its edges of length times angle. The curvature of the faces alone,
off a mesh, is not enough: a smoothed mesh puts a part of the turning of the lines into the faces beside them.
"""

from __future__ import annotations

import numpy as np
from skimage.measure import marching_cubes

from shapelab.foam.resolution import RAMP
from shapelab.mesh import interface_mesh
from shapelab.simulation import Simulation

_T = np.linspace(-1, 1, 2001)
_RAMP = 0.5 * (1 + _T + np.sin(np.pi * _T) / np.pi)


def turning(distance: np.ndarray) -> float:
    """Length times angle over all edges of the surface at 0 of a field that is positive inside: 2 pi times its mean width."""
    nodes, faces, _, _ = marching_cubes(distance, 0.0, gradient_direction="ascent")
    p = nodes[faces]
    normals = np.cross(p[:, 1] - p[:, 0], p[:, 2] - p[:, 0])
    area = np.linalg.norm(normals, axis=1)
    faces, normals = faces[area > 1e-9], normals[area > 1e-9] / area[area > 1e-9, None]
    middles = nodes[faces].mean(axis=1)
    outward = np.sign((np.einsum("ij,ij->i", middles, normals) * area[area > 1e-9]).sum())
    edges = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1)
    order = np.lexsort(edges.T)
    edges, face = edges[order], np.tile(np.arange(len(faces)), 3)[order]
    pairs = np.flatnonzero((edges[1:] == edges[:-1]).all(axis=1))
    i, j = face[pairs], face[pairs + 1]
    length = np.linalg.norm(nodes[edges[pairs, 1]] - nodes[edges[pairs, 0]], axis=1)
    angle = np.arccos(np.clip((normals[i] * normals[j]).sum(axis=1), -1, 1))
    bulges = np.sign(((middles[j] - middles[i]) * normals[i]).sum(axis=1))
    return float(-outward * (length * angle * bulges).sum())


def line_lengths(labels: np.ndarray) -> np.ndarray:
    """Length of the lines at which each of the cells 1, 2… of a periodic image meets two others, (K,) [pixels]."""
    mesh = interface_mesh(labels, 1.0, periodic=True)
    faces, nodes, period = mesh.faces, mesh.nodes, mesh.period
    edges = np.sort(np.concatenate([faces[:, [k, (k + 1) % 4]] for k in range(4)]), axis=1)
    edges, times = np.unique(edges, axis=0, return_counts=True)
    edges = edges[times > 2]
    ways = nodes[edges[:, 1]] - nodes[edges[:, 0]]
    ways -= period * np.round(ways / period)
    found = np.zeros(len(mesh.ids))
    around = [set(row[row > 0].tolist()) for row in mesh.net.labels]
    for (a, b), length in zip(edges.tolist(), np.linalg.norm(ways, axis=1).tolist(), strict=True):
        both = around[a] & around[b]
        for cell in both:
            found[cell] += 3 * length / len(both)
    return found[1:]


def distance_into(simulation: Simulation, row: int) -> np.ndarray:
    """Distance from the surface of a cell of a periodic foam, positive inside [pixels], with the cell in the middle of the box."""
    state = simulation.state()
    others = np.max([state.pixels.share(other) for other in range(1, len(state.ids)) if other != row], axis=0)
    into = RAMP * 0.5 * (np.interp(state.pixels.share(row), _RAMP, _T) - np.interp(others, _RAMP, _T))
    middle = np.array(into.shape) / 2
    return np.roll(into, np.round(middle - state.centres[row]).astype(int), axis=(0, 1, 2))


def expected_growth(simulation: Simulation) -> dict[int, float]:
    """Id -> growth [pixels per unit of time] of every cell of a foam that fills a periodic box, by the law."""
    state = simulation.state()
    rows = state.pixels.rows()
    lengths = line_lengths(rows)
    there = np.unique(rows).tolist()
    return {
        int(state.ids[row]): np.pi / 3 * length - turning(distance_into(simulation, row))
        for row, length in zip(there, lengths.tolist(), strict=True)
    }

"""Surface tension between populations of cells: forces along interfaces, and at the junctions where three meet.

The rule is that of differential interfacial tension: a cell is pushed away from its expensive contacts, in proportion to tension and
contact length. G. W. Brodland, J. Biomech. Eng. 124, 188 (2002), doi:10.1115/1.1449491; A. Diez and J. Feydy, arXiv:2402.17086 (2024).
"""

from __future__ import annotations

import numpy as np

from shapelab.cells.cell_diagram import CellDiagram
from shapelab.cells.motions.interfaces import face_forces, merge_points, triple_points
from shapelab.cells.motions.propulsion import unit

__all__ = ["interface_forces", "junction_forces", "without_drift"]


def interface_forces(
    diagram: CellDiagram,
    positions: np.ndarray,
    types: np.ndarray,
    bending: np.ndarray,
    stretching: np.ndarray,
    scales: np.ndarray | None = None,
) -> np.ndarray:
    """Return the forces of all interfaces on the cells, (N, d).

    Parameters
    ----------
    diagram, positions, types
        The cells, whose costs are ``scales |y - x|^2`` (all 1 by default).
    bending, stretching
        (T + 1, T + 1) symmetric tables of tensions, the last row for the medium: the force per area is
        ``bending x mean curvature + stretching / distance of the seeds`` (medium: bending / distance to the seed).
    scales
        (N,)
    """
    n, d = positions.shape
    rows = diagram.rows.reshape((1,) * (3 - d) + diagram.rows.shape)
    spacing = np.array((1.0,) * (3 - d) + tuple(diagram.spacing))
    seeds = np.full((n, 3), 0.5)
    seeds[:, 3 - d :] = positions
    forces = np.zeros((n, 3))
    scales = np.ones(n) if scales is None else np.asarray(scales, float)
    face_forces(rows, spacing, diagram.periodic, seeds, scales, types, np.asarray(bending, float), np.asarray(stretching, float), forces)
    return forces[:, 3 - d :]


def junction_forces(diagram: CellDiagram, positions: np.ndarray, types: np.ndarray, tensions: np.ndarray, merge: float) -> np.ndarray:
    """Return the forces of all triple junctions on the cells, (N, 2); 2-D only.

    At a junction the three interfaces pull along themselves, each with its tension; the cells there share the sum in equal
    parts, as a junction that moves takes the cells around it along. Junctions of the same three cells nearer than `merge` are one.
    """
    n = len(positions)
    triples, places = _junctions(diagram, merge)
    forces = np.zeros((n + 1, 2))
    if not len(triples):
        return forces[:n]
    seeds = np.concatenate([positions, [[np.nan, np.nan]]])[triples]  # (J, 3, 2); the medium has none
    kinds = np.concatenate([types, [len(tensions) - 1]])[triples]
    pull = np.zeros_like(places)
    for a, b, c in ((0, 1, 2), (0, 2, 1), (1, 2, 0)):
        pull += tensions[kinds[:, a], kinds[:, b]][:, None] * _edge(places, seeds[:, a], seeds[:, b], seeds[:, c])
    share = pull / np.sum(triples < n, axis=1, keepdims=True)
    for corner in range(3):
        np.add.at(forces, triples[:, corner], share)
    return forces[:n]


def without_drift(forces: np.ndarray, volumes: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """Return `forces` minus their mean over each connected cluster of cells, which only touch each other."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n = len(volumes)
    graph = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    _, cluster = connected_components(graph, directed=False)
    sizes = np.bincount(cluster)
    means = np.stack([np.bincount(cluster, forces[:, a]) / sizes for a in range(forces.shape[1])], axis=1)
    return forces - means[cluster]


def _edge(place: np.ndarray, first: np.ndarray, second: np.ndarray, third: np.ndarray) -> np.ndarray:
    """Return the unit vectors along the interface of two cells (NaN seed: medium) at a junction, leading away from it, (J, 2)."""
    to_medium = np.isnan(second[:, :1])  # rows are sorted: the medium can only be the second or the third
    across = np.where(to_medium, place - first, second - first)
    along = unit(np.stack([-across[:, 1], across[:, 0]], axis=1))
    inwards = (first + second) / 2 - place
    away = np.where(np.isnan(third), inwards, place - third)
    return along * np.where(np.sum(along * away, axis=1, keepdims=True) < 0, -1, 1)


def _junctions(diagram: CellDiagram, merge: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the junctions' rows (J, 3), ascending, and positions (J, 2) in box lengths."""
    n, room = len(diagram), 64 + 40 * len(diagram)
    triples, places = np.zeros((room, 3), np.int64), np.zeros((room, 2))
    found = triple_points(diagram.rows, n, triples, places)
    triples, places = triples[:found], places[:found] * np.array(diagram.spacing)
    order = np.lexsort(triples.T)
    return merge_points(triples[order], places[order], merge)

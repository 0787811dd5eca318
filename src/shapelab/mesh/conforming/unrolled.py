"""A mesh whose opposite sides are one, as it lies in its box, with nodes on both sides. The plane and space alike."""

from __future__ import annotations

import numpy as np

from shapelab.mesh.conforming.lattice import Lattice, near_corners

__all__ = ["in_box", "without_background"]


def in_box(lattice: Lattice, period: np.ndarray, box: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return nodes (n, 3) and elements where every element lies in the box, and nodes of its sides exactly on them.

    Parameters
    ----------
    lattice
        Mesh from the corner of the box, in which a node and its copies are one.
    period
        Length of each axis that repeats, 0 for others, (3,).
    box
        Lower and upper corner of the box for the result, (2, 3) [unit].
    """
    elements, turns = lattice.elements, period > 0
    length = np.where(turns, period, 1)
    nodes = lattice.nodes.copy()
    for axis in np.flatnonzero(turns).tolist():
        on_side = (lattice.locks >> axis) & 1 == 1
        nodes[on_side, axis] = 0
        nodes[~on_side, axis] -= np.floor(nodes[~on_side, axis] / length[axis]) * length[axis]
    corners = near_corners(nodes, elements, period)
    corners -= np.where(turns, np.floor(corners.mean(1) / length), 0)[:, None] * length
    shifts = np.where(turns, np.rint((corners - nodes[elements]) / length), 0).astype(np.int64)
    keys = elements.astype(np.int64) * 8 + shifts @ np.array([1, 2, 4])
    occurs = np.zeros(8 * len(nodes), bool)
    occurs[keys] = True
    key, index = np.flatnonzero(occurs), (np.cumsum(occurs) - 1)[keys]
    there = nodes[key // 8] + ((key[:, None] >> np.arange(3)) & 1) * np.where(turns, period, 0)
    place = there + box[0]
    for axis in range(3):
        on = (lattice.locks[key // 8] >> axis) & 1 == 1
        middle = 0.5 * (box[1, axis] - box[0, axis])
        place[on, axis] = np.where(there[on, axis] > middle, box[1, axis], box[0, axis])
    return place, index.astype(np.int32)


def without_background(nodes: np.ndarray, elements: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the mesh without the elements of label 0."""
    kept = labels != 0
    used, index = np.unique(elements[kept], return_inverse=True)
    return nodes[used], index.reshape(-1, elements.shape[1]).astype(np.int32), labels[kept]

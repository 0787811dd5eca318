"""A mesh whose opposite sides are one, as it lies in its box, with nodes on both sides."""

from __future__ import annotations

import numpy as np

from shapelab.mesh.conforming.fields import Field
from shapelab.mesh.conforming.lattice import Lattice, near_corners
from shapelab.mesh.conforming.mesh import Quality, TriangleMesh

__all__ = ["unrolled_mesh"]


def unrolled_mesh(
    lattice: Lattice,
    labels: np.ndarray,
    field: Field,
    lengths: tuple[float, float],
    periodic: tuple[bool, bool],
    found: tuple[float, float, tuple[int, ...]],
    *,
    background: bool,
) -> TriangleMesh:
    """Return the mesh in its box; `found` are the largest error of an area, the share of nodes off their boundary, and missing cells."""
    elements, period = lattice.elements, field.period
    turns = period > 0
    length = np.where(turns, period, 1)
    nodes = lattice.nodes.copy()
    for axis in np.flatnonzero(turns).tolist():
        on_side = (lattice.locks >> axis) & 1 == 1
        nodes[on_side, axis] = 0
        nodes[~on_side, axis] -= np.floor(nodes[~on_side, axis] / length[axis]) * length[axis]
    corners = near_corners(nodes, elements, period)
    corners -= np.where(turns, np.floor(corners.mean(1) / length), 0)[:, None] * length
    shifts = np.where(turns, np.rint((corners - nodes[elements]) / length), 0).astype(np.int64)
    key, index = np.unique(elements.astype(np.int64) * 4 + shifts[..., 1] * 2 + shifts[..., 2], return_inverse=True)
    there = nodes[key // 4, 1:] + np.stack([key // 2 % 2, key % 2], axis=1) * np.where(turns[1:], period[1:], 0)
    middle = 0.5 * field.steps[1:]  # pixel (0, 0) is centred half a pixel from the corner
    box = np.array([[0.0, 0.0], lengths]) - middle
    triangles, place = index.reshape(-1, 3).astype(np.int32), there - middle
    for axis in (0, 1):
        on = (lattice.locks[key // 4] >> (axis + 1)) & 1 == 1
        place[on, axis] = np.where(there[on, axis] > 0.5 * lengths[axis], box[1, axis], box[0, axis])
    if not background:
        kept = labels != 0
        used, index = np.unique(triangles[kept], return_inverse=True)
        triangles, place, labels = index.reshape(-1, 3).astype(np.int32), place[used], labels[kept]
    return TriangleMesh(place, triangles, labels, box, periodic, _quality(place[triangles], *found))


def _quality(x: np.ndarray, error: float, off: float, missing: tuple[int, ...]) -> Quality:
    sides = [x[:, (k + 1) % 3] - x[:, k] for k in range(3)]
    twice = sides[0][:, 0] * sides[1][:, 1] - sides[0][:, 1] * sides[1][:, 0]
    angles = np.stack([np.arctan2(np.abs(twice), -(sides[k] * sides[k - 1]).sum(1)) for k in range(3)])
    degrees = np.degrees(angles)
    jacobian = float((np.sin(angles) * 2 / np.sqrt(3)).min(initial=1)) if len(x) else 1.0
    extremes = (float(degrees.min()), float(degrees.max())) if len(x) else (np.nan, np.nan)
    return Quality(len(x), int((twice <= 0).sum()), *extremes, jacobian, error, off, missing)

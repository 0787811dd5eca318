"""The lattice that a mesh of triangles starts from: its box has straight sides, and is periodic to the last bit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shapelab.mesh.conforming.fields import Field

__all__ = ["Lattice", "areas", "fitting_size", "grid_indices", "make_lattice", "near_corners"]


@dataclass
class Lattice:
    """Nodes and triangles. Coordinates are (z, y, x) with z = 0, so that fields are the same in the plane and in space."""

    nodes: np.ndarray
    """(n, 3) float64 [unit], from the corner of the box; where it repeats, a node and its copies are one."""
    elements: np.ndarray
    """(m, 3) int32, positive in (y, x)."""
    locks: np.ndarray
    """Bits of the axes (1 z, 2 y, 4 x) along which a node must not move, as it lies on a side of the box, (n,) uint8."""


def make_lattice(lengths: tuple[float, ...], counts: tuple[int, ...], periodic: tuple[bool, ...]) -> Lattice:
    """Return squares that are cut along both diagonals."""
    n = np.array(counts)
    per_axis = np.where(periodic, n, n + 1)
    corners, centres = grid_indices(per_axis), grid_indices(n)
    steps = np.array(lengths, float) / n
    nodes = np.pad(np.concatenate([corners * steps, (centres + 0.5) * steps]), ((0, 0), (1, 0)))
    locks = np.ones(len(nodes), np.uint8)
    for axis in (0, 1):
        side = (corners[:, axis] == 0) | (corners[:, axis] == n[axis])
        locks[: len(corners)] |= side.astype(np.uint8) << (axis + 1)
    ring = []
    for step in ((0, 0), (0, 1), (1, 1), (1, 0)):
        index = centres + step
        ring.append(np.ravel_multi_index(tuple(np.where(periodic, index % n, index).T), tuple(per_axis)))
    middle = len(corners) + np.arange(len(centres))
    elements = np.concatenate([np.stack([middle, ring[(i + 1) % 4], ring[i]], axis=1) for i in range(4)])
    return Lattice(nodes, elements.astype(np.int32), locks)


def grid_indices(shape: np.ndarray) -> np.ndarray:
    """Return the indices of all places of a grid, (n, d)."""
    return np.stack(np.meshgrid(*[np.arange(k) for k in shape], indexing="ij"), axis=-1).reshape(-1, len(shape))


def near_corners(nodes: np.ndarray, elements: np.ndarray, period: np.ndarray) -> np.ndarray:
    """Return the corners of each triangle, (m, 3, 3), as they lie next to the first."""
    corners = nodes[elements]
    turns = np.where(period > 0, np.round((corners - corners[:, :1]) / np.where(period > 0, period, 1)), 0)
    result: np.ndarray = corners - turns * period
    return result


def fitting_size(field: Field, wished: float, least: int) -> float:
    """Return a size of squares or cubes of which a box has `least` along its shortest axis that repeats, no smaller than half a voxel."""
    repeating = field.period[field.period > 0]
    shortest = float(repeating.min()) if len(repeating) else np.inf
    return min(wished, max(shortest / least, 0.5 * float(field.steps[field.period > 0].min(initial=np.inf))))


def areas(nodes: np.ndarray, elements: np.ndarray, period: np.ndarray) -> np.ndarray:
    """Return the area of each triangle, (m,), negative if it is turned inside out."""
    x = near_corners(nodes, elements, period)
    a, b = x[:, 1] - x[:, 0], x[:, 2] - x[:, 0]
    result: np.ndarray = 0.5 * (a[:, 1] * b[:, 2] - a[:, 2] * b[:, 1])
    return result

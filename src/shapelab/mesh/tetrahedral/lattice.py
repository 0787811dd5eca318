"""The lattice that a mesh of tetrahedra starts from: body-centred cubic inside, flat on the sides of the box."""

from __future__ import annotations

from collections.abc import Iterator

import numba
import numpy as np

from shapelab.mesh.conforming.lattice import Lattice, grid_indices
from shapelab.threads import over_ranges, ranges

__all__ = ["make_lattice", "volumes"]


def make_lattice(lengths: tuple[float, ...], counts: tuple[int, ...], periodic: tuple[bool, ...]) -> Lattice:
    """Return about 12 tetrahedra for each cube; `elements` (m, 4) are positive in (z, y, x).

    Two neighbouring centres and an edge of the face between them make one. On the sides of the box, periodic or not, the pyramid from the
    centre over the face is cut into two, so that sides stay flat; where the box repeats, a node and its copies are one.
    """
    n = np.array(counts)
    per_axis = np.where(periodic, n, n + 1)
    corners, cubes = grid_indices(per_axis), grid_indices(n)
    steps = np.array(lengths, float) / n
    nodes = np.concatenate([corners * steps, (cubes + 0.5) * steps])
    locks = np.zeros(len(nodes), np.uint8)
    for axis in range(3):
        side = (corners[:, axis] == 0) | (corners[:, axis] == n[axis])
        locks[: len(corners)] |= side.astype(np.uint8) << axis
    numbers = _Numbers(n, per_axis, np.array(periodic), len(corners))
    elements = np.concatenate([part for axis in range(3) for part in _across(axis, cubes, numbers)]).astype(np.int32)
    period = np.where(periodic, lengths, 0.0)
    turned = volumes(nodes, elements, period) < 0
    elements[turned] = elements[turned][:, [1, 0, 2, 3]]
    return Lattice(nodes, np.ascontiguousarray(elements), locks)


class _Numbers:
    """Numbers of the nodes at places of the lattice."""

    def __init__(self, counts: np.ndarray, per_axis: np.ndarray, periodic: np.ndarray, first_centre: int) -> None:
        self.counts, self.per_axis, self.periodic, self.first_centre = counts, per_axis, periodic, first_centre

    def corner(self, index: np.ndarray) -> np.ndarray:
        inside = np.where(self.periodic, index % self.per_axis, index)
        return np.asarray(np.ravel_multi_index(tuple(inside.T), tuple(self.per_axis)))

    def centre(self, index: np.ndarray) -> np.ndarray:
        return self.first_centre + np.asarray(np.ravel_multi_index(tuple(index.T), tuple(self.counts)))


def _across(axis: int, cubes: np.ndarray, numbers: _Numbers) -> Iterator[np.ndarray]:
    """Yield the tetrahedra over the faces across one axis."""
    unit = np.eye(3, dtype=np.int64)
    a, b = (unit[other] for other in range(3) if other != axis)
    inner = cubes[cubes[:, axis] < numbers.counts[axis] - 1]
    ring = [numbers.corner(inner + unit[axis] + step) for step in (0 * a, a, a + b, b)]
    below, above = numbers.centre(inner), numbers.centre(inner + unit[axis])
    yield from (np.stack([below, above, ring[i], ring[(i + 1) % 4]], axis=1) for i in range(4))
    for side in (0, 1):
        outer = cubes[cubes[:, axis] == side * (numbers.counts[axis] - 1)]
        ring = [numbers.corner(outer + side * unit[axis] + step) for step in (0 * a, a, a + b, b)]
        even = (outer @ (a + b)) % 2 == 0  # diagonals alternate
        ring = [np.where(even, ring[i], ring[(i + 1) % 4]) for i in range(4)]
        centre = numbers.centre(outer)
        yield np.stack([centre, ring[0], ring[1], ring[2]], axis=1)
        yield np.stack([centre, ring[0], ring[2], ring[3]], axis=1)


def volumes(nodes: np.ndarray, elements: np.ndarray, period: np.ndarray) -> np.ndarray:
    """Return the volume of each tetrahedron, (m,), negative if it is turned inside out."""
    result = np.empty(len(elements))
    over_ranges(_volumes, ranges(len(elements), 5000), nodes, elements, period, result)
    return result


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _volumes(part, first, last, nodes, elements, period, result):  # type: ignore[no-untyped-def]
    x = np.empty((3, 3))
    for e in range(first, last):
        for k in range(3):
            for j in range(3):
                d = nodes[elements[e, k + 1], j] - nodes[elements[e, 0], j]
                if period[j] > 0:
                    d -= period[j] * np.floor(d / period[j] + 0.5)
                x[k, j] = d
        a, b, c = x
        result[e] = ((a[1] * b[2] - a[2] * b[1]) * c[0] + (a[2] * b[0] - a[0] * b[2]) * c[1] + (a[0] * b[1] - a[1] * b[0]) * c[2]) / 6

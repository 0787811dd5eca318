"""The net of a volume that is read some planes at a time: the very net of `shapelab.mesh.solid`, node by node and face by face."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from shapelab.device import require_memory
from shapelab.memory import of_mesh
from shapelab.mesh.net import Net
from shapelab.mesh.net_kernels import count_slabs, crowded_labels, fill_faces, fill_neighbours, fill_nodes
from shapelab.mesh.padded_planes import PaddedPlanes
from shapelab.mesh.solid import WIDTH, refuse_too_many
from shapelab.threads import over_ranges, ranges

__all__ = ["streamed_net"]


def streamed_net(planes: PaddedPlanes, *, closed: bool, tell: Callable[[int], None] | None = None) -> Net:
    """Return the net of a volume, not smoothed; the planes are read twice.

    Parameters
    ----------
    planes
        The volume.
    closed
        Whether there are faces on the border of the image.
    tell
        Called with the number of slabs that were read.

    Raises
    ------
    InputError
        If there are too many faces.
    OutOfMemoryError
        If the net, unlike the volume, must not be held.
    """
    counts = _count(planes, tell)
    return _Filling(planes, *counts, closed).net(tell)


def _count(planes: PaddedPlanes, tell: Callable[[int], None] | None) -> tuple[np.ndarray, np.ndarray]:
    """Return the first node and the first face of each slab, and how many there are."""
    slabs, ny, nx = planes.shape
    nodes, faces = np.zeros(slabs, np.int64), np.zeros(slabs, np.int64)
    for first, last in planes.blocks():
        end = min(last + 1, slabs)
        window = np.empty((end - first, ny, nx), np.int32)
        planes.read(first, end, window)
        real, _ = planes.local(first, end, 0)
        over_ranges(count_slabs, ranges(last - first), window, real, nodes[first:], faces[first:])
        if tell is not None:
            tell(last - first)
    return np.concatenate([[0], np.cumsum(nodes)]), np.concatenate([[0], np.cumsum(faces)])


class _Filling:
    """The arrays of a net while pieces of the volume pass by."""

    def __init__(self, planes: PaddedPlanes, node_starts: np.ndarray, face_starts: np.ndarray, closed: bool) -> None:
        self._planes, self._closed = planes, closed
        self._node_starts, self._face_starts = node_starts, face_starts
        n, m = int(node_starts[-1]), int(face_starts[-1])
        refuse_too_many(n, m)
        require_memory(of_mesh((0, 0, 0), m) + 25 * int(np.prod(planes.shape[1:])) * planes.source.thickness)
        self._cubes, self._labels = np.empty((n, 3), np.int32), np.empty((n, WIDTH), np.int32)
        self._counts, self._locks, self._sides = (np.empty(n, np.uint8) for _ in range(3))
        self._neighbours = np.empty((n, 6), np.uint32)
        self._faces, self._pairs, self._kinds = np.empty((m, 4), np.int32), np.empty((m, 2), np.int32), np.empty(m, np.uint8)
        self._crowded: list[tuple[np.ndarray, np.ndarray]] = []

    def net(self, tell: Callable[[int], None] | None) -> Net:
        """Fill everything; numbers of the nodes are known two slabs back, which is as far as faces and neighbours reach."""
        slabs, ny, nx = self._planes.shape
        cubes = slabs - 1
        around = bool(self._planes.period[0])
        before = np.zeros((2, ny - 1, nx - 1), np.int32)
        if around:
            window = np.empty((2, ny, nx), np.int32)
            self._planes.read(cubes - 1, slabs, window)
            self._fill_nodes(cubes - 1, cubes, window, before[1:])
        begin = before[:0]
        for first, last in self._planes.blocks():
            end = min(last + 1, slabs)
            window = np.empty((1 + end - first, ny, nx), np.int32)  # the plane before is there, and not looked at
            self._planes.read(first, end, window[1:])
            high = min(last, cubes)
            numbers = np.empty((2 + high - first + 1, ny - 1, nx - 1), np.int32)
            numbers[:2] = before
            self._fill_nodes(first, high, window[1:], numbers[2:])
            self._fill_faces(first, last, end, window, numbers[1:])
            if first == 0:
                begin = numbers[2:3].copy()
            whole = last == slabs
            if whole and around:
                numbers[-1] = begin[0]
            self._fill_neighbours(max(0, first - 1), high if whole else last - 1, first - 2, numbers)
            before = numbers[-3:-1].copy()
            if tell is not None:
                tell(last - first)
        return self._made()

    def _fill_nodes(self, first: int, last: int, window: np.ndarray, numbers: np.ndarray) -> None:
        """Fill the nodes of the slabs of cubes `first` … `last` - 1."""
        real, border = self._planes.local(first, first + len(window), 0)
        nodes = self._cubes, self._labels, self._counts, self._locks, self._sides
        starts = self._node_starts[first:]
        over_ranges(fill_nodes, ranges(last - first), window, real, border, self._closed, starts, numbers, *nodes)
        here = slice(int(self._node_starts[first]), int(self._node_starts[last]))
        crowded = np.flatnonzero(self._counts[here] > WIDTH) + here.start
        if len(crowded):
            wide = np.full((len(crowded), 8), -1, np.int32)
            args = window, real, border, self._cubes[crowded], self._locks[crowded], wide
            crowded_labels(np.arange(len(crowded)), *args)
            self._crowded.append((crowded, wide))
        self._cubes[here, 0] += first

    def _fill_faces(self, first: int, last: int, end: int, window: np.ndarray, numbers: np.ndarray) -> None:
        """Fill the faces of the slabs of voxels `first` … `last` - 1; the arrays begin one slab before them."""
        period = self._planes.period.copy()
        period[0] = 0
        lead = int(first > 0 or bool(self._planes.period[0]))
        real, border = self._planes.local(first, end, lead)
        if not lead:
            window, numbers = window[1:], numbers[1:]
        starts = np.concatenate([np.zeros(lead, np.int64), self._face_starts[first:]])
        bounds = [(a + lead, b + lead) for a, b in ranges(last - first)]
        over_ranges(fill_faces, bounds, window, real, border, period, starts, numbers, self._faces, self._pairs, self._kinds)

    def _fill_neighbours(self, first: int, last: int, base: int, numbers: np.ndarray) -> None:
        """Fill the neighbours of the nodes in the slabs `first` … `last` - 1; `numbers` begins at the slab `base`."""
        a, b = int(self._node_starts[first]), int(self._node_starts[last])
        period = self._planes.period.copy()
        period[0] = 0  # `numbers` goes on beyond both ends
        cubes = self._cubes[a:b].copy()
        cubes[:, 0] -= base
        args = len(self._cubes), period, numbers, cubes, self._sides[a:b], self._neighbours[a:b]
        over_ranges(fill_neighbours, ranges(b - a, 10_000), *args)

    def _made(self) -> Net:
        planes, n = self._planes, len(self._cubes)
        labels = self._labels
        if self._crowded:
            labels = np.full((n, int(self._counts.max())), -1, np.int32)
            labels[:, :WIDTH] = self._labels
            for rows, wide in self._crowded:
                labels[rows] = wide[:, : labels.shape[1]]
        return Net(
            planes.ids,
            planes.counts,
            self._cubes,
            np.zeros((n, 3), np.float32),
            labels,
            self._counts,
            self._locks,
            self._locks > 0,
            self._faces,
            self._pairs,
            self._kinds,
            self._sides,
            self._neighbours,
            self._node_starts[: planes.shape[0]],
            self._face_starts,
            planes.offset,
            planes.period,
        )

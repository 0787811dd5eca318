"""The net of a label image in space."""

from __future__ import annotations

import numpy as np

from shapelab.device import require_memory
from shapelab.errors import InputError
from shapelab.memory import of_mesh
from shapelab.mesh.dense import DenseLabels
from shapelab.mesh.net import Net
from shapelab.mesh.net_kernels import count_slabs, crowded_labels, fill_faces, fill_neighbours, fill_nodes
from shapelab.threads import over_ranges, ranges

__all__ = ["WIDTH", "refuse_too_many", "solid_net"]

WIDTH = 4
"""Labels listed for each node; wider where more meet at one."""


def solid_net(dense: DenseLabels, *, closed: bool) -> Net:
    """Return the net of a volume, not smoothed."""
    padded, real, border, period = dense.padded, dense.real, dense.border, dense.period
    slabs = len(padded)
    nodes, faces = np.zeros(slabs, np.int64), np.zeros(slabs, np.int64)
    over_ranges(count_slabs, ranges(slabs, 4), padded, real, nodes, faces)
    node_starts = np.concatenate([[0], np.cumsum(nodes)])
    face_starts = np.concatenate([[0], np.cumsum(faces)])
    n, m = int(node_starts[-1]), int(face_starts[-1])
    refuse_too_many(n, m)
    require_memory(of_mesh(padded.shape, m))
    numbers = np.empty([size - 1 for size in padded.shape], np.int32)
    cubes, labels = np.empty((n, 3), np.int32), np.empty((n, WIDTH), np.int32)
    counts, locks, sides = np.empty(n, np.uint8), np.empty(n, np.uint8), np.empty(n, np.uint8)
    over_ranges(fill_nodes, ranges(slabs, 4), padded, real, border, closed, node_starts, numbers, cubes, labels, counts, locks, sides)
    if n and counts.max() > WIDTH:
        few, labels = labels, np.full((n, int(counts.max())), -1, np.int32)
        labels[:, :WIDTH] = few
        crowded_labels(np.flatnonzero(counts > WIDTH), padded, real, border, cubes, locks, labels)
    quads, pairs, kinds = np.empty((m, 4), np.int32), np.empty((m, 2), np.int32), np.empty(m, np.uint8)
    over_ranges(fill_faces, ranges(slabs, 4), padded, real, border, period, face_starts, numbers, quads, pairs, kinds)
    neighbours = np.empty((n, 6), np.uint32)
    over_ranges(fill_neighbours, ranges(n, 10_000), n, period, numbers, cubes, sides, neighbours)
    moves = np.zeros((n, 3), np.float32)
    return Net(
        dense.ids,
        dense.counts,
        cubes,
        moves,
        labels,
        counts,
        locks,
        locks > 0,
        quads,
        pairs,
        kinds,
        sides,
        neighbours,
        node_starts[:slabs],
        face_starts,
        dense.offset,
        period,
    )


def refuse_too_many(nodes: int, faces: int) -> None:
    """Refuse a mesh of more nodes and faces than 32 bits count."""
    if max(nodes, 4 * faces) >= 2**31:
        raise InputError(
            f"The mesh would have {faces:,} faces; up to {2**29:,} are possible: use a part of the image or every second voxel."
        )

"""Smoothing of the nodes of a 3-D net: each goes half way to the mean of its neighbours, at most one voxel from its cube."""

from __future__ import annotations

from functools import partial
from itertools import pairwise

import numba
import numpy as np

from shapelab.device import thread_count
from shapelab.threads import side_by_side

__all__ = ["smooth_nodes"]

_LIMIT = np.float32(1.0)
"""Largest displacement along each axis [voxels]."""
_LEAST_NODES = 50_000
"""A thread is not worth waking for fewer."""


def smooth_nodes(moves: np.ndarray, neighbours: np.ndarray, locks: np.ndarray, starts: np.ndarray, iterations: int, *, wraps: bool) -> None:
    """Smooth the displacements in place.

    Every thread takes a block of slabs and as many slabs round it as there are iterations, and needs no other until
    it is done: the work there is done twice, which costs less than waiting for each other in every iteration.

    Parameters
    ----------
    moves
        Displacement of each node from the middle of its cube, (n, 3) float32 [voxels].
    neighbours
        Nodes beside each along -z +z -y +y -x +x, -1 for none, (n, 6) int32.
    locks
        Bits of the axes along which a node must not move (1 z, 2 y, 4 x), (n,) uint8.
    starts
        First node of every slab of cubes, and the number of nodes.
    iterations
        Number of Jacobi steps.
    wraps
        Whether the first and the last slab are neighbours.
    """
    if iterations == 0 or len(moves) == 0:
        return
    slabs = len(starts) - 1
    blocks = 1 if wraps else max(1, min(thread_count(), len(moves) // _LEAST_NODES, slabs // (2 * iterations)))
    bounds = np.searchsorted(starts, np.arange(blocks + 1) * len(moves) / blocks, side="left")
    bounds[0], bounds[-1] = 0, slabs
    source = moves if blocks == 1 else moves.copy()
    args = (starts, source, neighbours, locks, iterations, _LIMIT, moves)
    side_by_side(partial(_smooth_slabs, int(low), int(high), *args) for low, high in pairwise(bounds))


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _smooth_slabs(first, last, starts, source, neighbours, locks, iterations, limit, target):  # type: ignore[no-untyped-def]
    slabs = len(starts) - 1
    low, high = max(0, first - iterations), min(slabs, last + iterations)
    offset = starts[low]
    a = source[offset : starts[high]].copy()
    b = a.copy()
    half = np.float32(0.5)
    for step in range(iterations):
        left = iterations - 1 - step
        for k in range(starts[max(0, first - left)], starts[min(slabs, last + left)]):
            lock = locks[k]
            if lock == 7:
                continue
            sz, sy, sx, n = np.float32(0), np.float32(0), np.float32(0), 0
            for j in range(6):
                q = neighbours[k, j]
                if q >= 0:
                    q -= offset
                    n += 1
                    sz += a[q, 0]
                    sy += a[q, 1]
                    sx += a[q, 2]
            sz += np.float32((neighbours[k, 1] >= 0) - np.int64(neighbours[k, 0] >= 0))
            sy += np.float32((neighbours[k, 3] >= 0) - np.int64(neighbours[k, 2] >= 0))
            sx += np.float32((neighbours[k, 5] >= 0) - np.int64(neighbours[k, 4] >= 0))
            if n == 0:
                continue
            w = half / np.float32(n)
            i = k - offset
            if not lock & 1:
                b[i, 0] = min(limit, max(-limit, half * a[i, 0] + w * sz))
            if not lock & 2:
                b[i, 1] = min(limit, max(-limit, half * a[i, 1] + w * sy))
            if not lock & 4:
                b[i, 2] = min(limit, max(-limit, half * a[i, 2] + w * sx))
        a, b = b, a
    for k in range(starts[first], starts[last]):
        target[k] = a[k - offset]

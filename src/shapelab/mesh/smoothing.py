"""Smoothing of the nodes of a 3-D net: each goes half way to the mean of its neighbours, at most one voxel from its cube."""

from __future__ import annotations

from functools import partial

import numba
import numpy as np

from shapelab.mesh.net import Net
from shapelab.threads import side_by_side

__all__ = ["smooth_nodes"]

_LIMIT = np.float32(1.0)
"""Largest displacement along each axis [voxels]."""
_LEAST_NODES = 25_000
"""A thread is not worth waking for fewer."""
_ROUND = 5
"""Steps between two meetings of the threads; they would wait for each other after every step otherwise."""


def _steps() -> np.ndarray:
    """Half over the number of neighbours, and the sum of the steps to them along z, y, x, by the bits of the sides they are on."""
    there = (np.arange(64)[:, None] >> np.arange(6)) & 1
    half = 0.5 / np.maximum(there.sum(1), 1) * (there.sum(1) > 0)
    return np.column_stack([half, there[:, 1::2] - there[:, ::2]]).astype(np.float32)


_STEPS = _steps()


def smooth_nodes(net: Net, iterations: int) -> None:
    """Smooth the displacements of a net in space, in place, by so many Jacobi steps.

    Threads meet only after a few steps: each first takes its block of slabs, one slab less on both sides with each step; then
    the wedges between the blocks are filled. Every number is computed once, from the same numbers on any number of threads.
    """
    slabs, n = len(net.node_starts) - 1, len(net.moves)
    blocks = max(1, min(n // _LEAST_NODES, slabs // (2 * _ROUND)))
    edges = np.searchsorted(net.node_starts, np.arange(blocks + 1) * n / blocks, side="left")
    edges[0], edges[-1] = 0, slabs
    edges = np.unique(edges)
    shortest = int(np.diff(edges).min())
    wraps = bool(net.period[0])
    source, target = np.zeros((n + 1, 3), np.float32), np.zeros((n + 1, 3), np.float32)  # the last row stands for no neighbour
    source[:n], target[:n] = net.moves, net.moves
    args = (slabs, net.node_starts, net.neighbours, net.sides, net.locks)
    done = 0
    while done < iterations:
        steps = iterations - done if len(edges) == 2 else min(iterations - done, _ROUND, max(1, shortest // 2))
        inner = [(edges[i], edges[i + 1], i > 0 or wraps, i < len(edges) - 2 or wraps) for i in range(len(edges) - 1)]
        if len(edges) == 2:
            inner = [(0, slabs, False, False)]
        side_by_side(partial(_block, int(a), int(b), low, high, steps, *args, source, target) for a, b, low, high in inner)
        if len(edges) > 2:
            seams = edges[0 if wraps else 1 : -1]
            side_by_side(partial(_wedge, int(seam), steps, *args, source, target) for seam in seams)
        if steps % 2:
            source, target = target, source
        done += steps
    net.moves[:] = source[:n]


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _block(low, high, cut_low, cut_high, steps, slabs, starts, neighbours, sides, locks, a, b):  # type: ignore[no-untyped-def]
    """Take the steps in slabs low … high - 1, one slab less at each cut side with each."""
    for step in range(1, steps + 1):
        first, last = low + (step if cut_low else 0), high - (step if cut_high else 0)
        if first < last:
            _smooth(starts[first], starts[last], neighbours, sides, locks, a, b)
        a, b = b, a


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _wedge(seam, steps, slabs, starts, neighbours, sides, locks, a, b):  # type: ignore[no-untyped-def]
    """Take the steps that the blocks on both sides of a seam have left out."""
    for step in range(1, steps + 1):
        if seam == 0:  # where a periodic box begins again
            _smooth(starts[slabs - step], starts[slabs], neighbours, sides, locks, a, b)
            _smooth(0, starts[step], neighbours, sides, locks, a, b)
        else:
            _smooth(starts[seam - step], starts[seam + step], neighbours, sides, locks, a, b)
        a, b = b, a


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _smooth(first, last, neighbours, sides, locks, a, b):  # type: ignore[no-untyped-def]
    """Take one step with the nodes first … last - 1, from `a` to `b`. Missing neighbours are added as zeros: no branch."""
    half, limit = np.float32(0.5), _LIMIT
    for k in range(np.uint64(first), np.uint64(last)):
        q0, q1, q2 = neighbours[k, 0], neighbours[k, 1], neighbours[k, 2]
        q3, q4, q5 = neighbours[k, 3], neighbours[k, 4], neighbours[k, 5]
        z = a[q0, 0] + a[q1, 0] + a[q2, 0] + a[q3, 0] + a[q4, 0] + a[q5, 0]
        y = a[q0, 1] + a[q1, 1] + a[q2, 1] + a[q3, 1] + a[q4, 1] + a[q5, 1]
        x = a[q0, 2] + a[q1, 2] + a[q2, 2] + a[q3, 2] + a[q4, 2] + a[q5, 2]
        bits = np.uint64(sides[k])
        w, lock = _STEPS[bits, 0], locks[k]
        z = half * a[k, 0] + w * (z + _STEPS[bits, 1])
        y = half * a[k, 1] + w * (y + _STEPS[bits, 2])
        x = half * a[k, 2] + w * (x + _STEPS[bits, 3])
        if lock:
            z, y, x = b[k, 0] if lock & 1 else z, b[k, 1] if lock & 2 else y, b[k, 2] if lock & 4 else x
        b[k, 0] = min(limit, max(-limit, z))
        b[k, 1] = min(limit, max(-limit, y))
        b[k, 2] = min(limit, max(-limit, x))

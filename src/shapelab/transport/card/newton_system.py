"""Newton's system on a device, for thousands of cells: conjugate gradients on the graph of touching cells."""

from __future__ import annotations

import numpy as np
import warp as wp
from warp.optim.linear import cg, preconditioner
from warp.sparse import bsr_from_triplets

from shapelab.gpu.queue import Queue

__all__ = ["solve_on_card"]


def solve_on_card(
    queue: Queue, pairs: np.ndarray, weights: np.ndarray, extra: np.ndarray, rhs: np.ndarray, tolerance: float, steps: int
) -> np.ndarray:
    """Return x with ``(Laplacian of the weighted pairs + diag(extra)) x = rhs``; pairs with n touch the medium, where x = 0."""
    n = len(rhs)
    inner = pairs[:, 1] < n
    (i, j), w = pairs[inner].T, weights[inner]
    diagonal = extra + np.bincount(pairs.ravel(), np.repeat(weights, 2), n + 1)[:n]
    own = np.arange(n)
    rows, columns, entries = (
        np.concatenate([own, i, j]),
        np.concatenate([own, j, i]),
        np.concatenate([np.maximum(diagonal, 1e-300), -w, -w]),
    )
    matrix = bsr_from_triplets(n, n, queue.array(rows, wp.int32), queue.array(columns, wp.int32), queue.array(entries, wp.float64))
    right, x = queue.array(rhs, wp.float64), queue.zeros(n, wp.float64)
    cg(matrix, right, x, tol=tolerance, maxiter=steps, M=preconditioner(matrix, "diag"))
    return queue.read(x)

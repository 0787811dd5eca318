"""Smoothing of the nodes of a planar net: each polyline becomes a curve that bends evenly.

Minimises sum |x - corner|^2 + strength * sum |third difference along each polyline|^2. An arc has (nearly) no third
difference, so that neither the bend of an interface nor the angles at a junction are smoothed away, as they are by
averaging neighbours; a junction lies where its curves meet best.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array, eye_array

from shapelab.mesh.polylines import Polylines

__all__ = ["smooth_polylines"]

_LIMIT = 1.0
"""Largest displacement along each axis [pixels]."""


def smooth_polylines(moves: np.ndarray, cubes: np.ndarray, period: np.ndarray, locks: np.ndarray, lines: Polylines, reach: float) -> None:
    """Smooth the displacements in place.

    Parameters
    ----------
    moves
        Displacement of each node from its pixels' corner, (n, 2) [pixels].
    cubes, period, locks
        As in `shapelab.mesh.net.Net`.
    lines
        Polylines of the net.
    reach
        Length below which wiggles vanish, in steps along the polyline.
    """
    from scipy.sparse.linalg import splu

    matrix, target = _bending(cubes, period, lines, reach)
    for axis in range(2):
        free = (locks >> axis) & 1 == 0
        if free.any():
            part = matrix[free][:, free].tocsc()
            solved = splu(part, permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True}).solve(target[free, axis])
            moves[free, axis] = np.clip(solved, -_LIMIT, _LIMIT)


def _bending(cubes: np.ndarray, period: np.ndarray, lines: Polylines, reach: float) -> tuple[csr_array, np.ndarray]:
    """Return the matrix (n, n) and right-hand side (n, 2) whose solution are the smoothed displacements."""
    n = len(cubes)
    rows, columns, values, bends = [], [], [], []
    count = 0
    for order, stencil, weight in ((3, (-1.0, 3.0, -3.0, 1.0), reach**3), (2, (1.0, -2.0, 1.0), reach)):
        windows = _windows(lines, order)
        weights = weight * np.array(stencil)
        steps = (cubes[windows] - cubes[windows[:, :1]]).astype(float)
        steps -= period * np.round(steps / np.where(period > 0, period, 1)) * (period > 0)
        bends.append(-np.einsum("k,wkj->wj", weights, steps))
        rows.append(np.repeat(np.arange(len(windows)) + count, order + 1))
        columns.append(windows.ravel())
        values.append(np.tile(weights, len(windows)))
        count += len(windows)
    operator = csr_array((np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))), shape=(count, n))
    return csr_array(operator.T @ operator + eye_array(n, format="csr")), operator.T @ np.concatenate(bends)


def _windows(lines: Polylines, order: int) -> np.ndarray:
    """Runs of order + 1 nodes that follow each other: for order 3 of all polylines, for order 2 of those too short for 3."""
    windows = [np.zeros((0, order + 1), np.int64)]
    lengths = np.diff(lines.starts)
    loops = np.asarray(lines.loops)
    fits = lengths >= 4 if order == 3 else lengths == 3
    first = np.concatenate(
        [np.arange(s, s + n - order) for s, n in zip(lines.starts[:-1][fits], lengths[fits], strict=True)] or [np.zeros(0, int)]
    )
    windows.append(lines.nodes[first[:, None] + np.arange(order + 1)])
    if order == 3:
        for i in np.flatnonzero(loops & fits).tolist():
            ring = lines[i][:-1]
            if len(ring) > order:
                windows.append(np.stack([np.roll(ring, -k)[-order + 1 :] for k in range(order + 1)], axis=1))
    return np.concatenate(windows)

"""Nodes of a net onto the boundaries of cells that are given by polynomials: cell i is where g_i is largest."""

from __future__ import annotations

import numba
import numpy as np

from shapelab.mesh.net import Net
from shapelab.threads import over_ranges, ranges

__all__ = ["evaluate", "onto_boundaries"]

_ITERATIONS = 12
_LIMIT = 1.0
"""Largest displacement along each axis [voxels]."""
_MOST_CELLS = 4


def onto_boundaries(
    net: Net,
    steps: np.ndarray,
    coefficients: np.ndarray,
    exponents: np.ndarray,
    centres: np.ndarray,
    radii: np.ndarray,
) -> np.ndarray:
    """Move every node to where the polynomials of its cells are equal, in place; return which nodes got there.

    Takes minimum-norm Gauss-Newton steps for g_a = g_b = …. Several nodes may share one true corner, and a line may pass
    beside a node's cube: such nodes stop one voxel away, so that the mesh stays whole.

    Parameters
    ----------
    net
        Not smoothed.
    steps
        Voxel size along each axis [unit].
    coefficients, exponents, centres, radii
        g_i(y) = sum_k coefficients[i, k] t^exponents[k] with t = (y - centres[i])/radii[i], for the cells of `net` by number
        (row 0, the medium, is not used); y is measured from the corner of voxel 0.

    Returns
    -------
    reached
        (n,) bool.
    """
    reached = np.zeros(len(net.cubes), bool)
    middle = (net.offset + 0.5) * steps
    args = (net.cubes, middle, np.asarray(steps, float), net.period * steps, net.labels, net.locks)
    shape = (np.asarray(coefficients, float), np.asarray(exponents, np.int64), np.asarray(centres, float), np.asarray(radii, float))
    over_ranges(_project, ranges(len(net.cubes), 500), *args, *shape, net.moves, reached)
    return reached


@numba.njit(cache=True, nogil=True, error_model="numpy")
def evaluate(c, exponents, centre, radius, period, x, powers, gradient):  # type: ignore[no-untyped-def]
    """Return the value of a polynomial and fill its gradient."""
    ndim, order = len(x), powers.shape[1] - 1
    for j in range(ndim):
        d = x[j] - centre[j]
        if period[j] > 0:
            d -= period[j] * np.round(d / period[j])
        powers[j, 0] = 1.0
        for k in range(order):
            powers[j, k + 1] = powers[j, k] * d / radius
        gradient[j] = 0.0
    value = 0.0
    for k in range(len(exponents)):
        term = c[k]
        for j in range(ndim):
            term *= powers[j, exponents[k, j]]
        value += term
        for j in range(ndim):
            e = exponents[k, j]
            if e > 0:
                slope = c[k] * e * powers[j, e - 1] / radius
                for i in range(ndim):
                    if i != j:
                        slope *= powers[i, exponents[k, i]]
                gradient[j] += slope
    return value


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _project(  # type: ignore[no-untyped-def]
    part, first, last, cubes, middle, steps, period, labels, locks, coefficients, exponents, centres, radii, moves, reached
):
    ndim = cubes.shape[1]
    x, start = np.empty(ndim), np.empty(ndim)
    values, gradients = np.empty(_MOST_CELLS), np.empty((_MOST_CELLS, ndim))
    powers = np.empty((ndim, exponents.max() + 1))
    size = steps.min()
    for v in range(first, last):
        n = 0
        while n < min(labels.shape[1], _MOST_CELLS) and labels[v, n] >= 0:
            n += 1
        if n < 2 or labels[v, 0] == 0:
            continue
        for j in range(ndim):
            start[j] = cubes[v, j] * steps[j] + middle[j]
            x[j] = start[j]
        for _ in range(_ITERATIONS):
            for i in range(n):
                cell = labels[v, i]
                values[i] = evaluate(coefficients[cell], exponents, centres[cell], radii[cell], period, x, powers, gradients[i])
            rows = np.zeros((n - 1, ndim))
            right = np.empty(n - 1)
            for i in range(n - 1):
                right[i] = values[0] - values[i + 1]
                for j in range(ndim):
                    if not (locks[v] >> j) & 1:
                        rows[i, j] = gradients[i + 1, j] - gradients[0, j]
            square = rows @ rows.T
            trace = 0.0
            for i in range(n - 1):
                trace += square[i, i]
            if trace <= 0:
                break
            for i in range(n - 1):
                square[i, i] += 1e-10 * trace
            step = rows.T @ np.linalg.solve(square, right)
            length = np.sqrt((step**2).sum())
            x += step * min(1.0, size / max(length, 1e-300))
            if length < 1e-7 * size:
                reached[v] = True
                break
        for j in range(ndim):
            move = (x[j] - start[j]) / steps[j]
            reached[v] &= abs(move) <= _LIMIT
            moves[v, j] = min(_LIMIT, max(-_LIMIT, move))

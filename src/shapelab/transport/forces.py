"""Forces on cells from the pressure along their boundaries (compiled).

``Int_(L_i) grad c_i dV`` equals ``Int_(dL_i) (c_i - f_i) n dS``. Where a cell meets the medium, c_i = f_i and nothing pushes; along an
interface i|j both sides have the same ``c - f``, so that the two cells receive opposite forces. A sum of grad c over the pixels of
stiff cells, which grows towards the rim as r^(p-1), would depend on how the pixels lie under the rim: a free cell of p = 8 and four
pixels of radius would stick to them.

With phi_i the part of a pixel that is cell i's, the boundary is where phi_i changes from one pixel to the next:
``F_i = sum over faces of (phi_i before - phi_i after) (c - f) dS``. A constant pressure then gives no force whatever the shape.
"""

from __future__ import annotations

import numpy as np

from shapelab.threads import over_ranges, ranges
from shapelab.transport.assignment import Assignment, Pixels
from shapelab.transport.blocks import Grid
from shapelab.transport.compiled import Number, kernel
from shapelab.transport.cost_table import TABULATED
from shapelab.transport.point_cost import HUGE, KIND, ROW, Cells, cost_at, table_gradient
from shapelab.transport.problem import Problem

__all__ = ["boundary_forces"]

_LEAST = 8192
"""Pixels in the shortest part of a pass."""


@kernel
def _pressure(pixels: Pixels, p: int, n: int) -> Number:
    """Return c - f on the interface in pixel p: the mean of both sides, 0 against the medium (N)."""
    if pixels.label[p] >= n or pixels.second[p] >= n or pixels.next[p] >= HUGE:
        return 0.0
    return 0.5 * (pixels.best[p] + pixels.next[p])


@kernel
def _press_face(forces: np.ndarray, pixels: Pixels, p: int, q: int, axis: int, spacing: Number, n: int) -> None:
    """Let the face between pixels p and q push the cells that have different parts of the two."""
    labels, seconds, shares = pixels.label, pixels.second, pixels.share
    before, after = shares[p], shares[q]
    if before < 1 and after < 1:
        pressure = 0.5 * (_pressure(pixels, p, n) + _pressure(pixels, q, n))
    elif before < 1:
        pressure = _pressure(pixels, p, n)
    elif after < 1:
        pressure = _pressure(pixels, q, n)
    elif labels[p] >= n or labels[q] >= n:
        return
    else:
        pressure = 0.5 * (_pressure(pixels, p, n) + _pressure(pixels, q, n))
    push = pressure / spacing
    if labels[p] < n:
        forces[labels[p], axis] += before * push
    if before < 1 and seconds[p] < n:
        forces[seconds[p], axis] += (1.0 - before) * push
    if labels[q] < n:
        forces[labels[q], axis] -= after * push
    if after < 1 and seconds[q] < n:
        forces[seconds[q], axis] -= (1.0 - after) * push


@kernel
def _press_wall(forces: np.ndarray, cells: Cells, f: np.ndarray, grid: Grid, pixels: Pixels, p: int, axis: int, side: Number) -> None:
    """Let a wall push the cells in pixel p, from the face along `axis` on this side (+1 or -1)."""
    n, geometry, dims, share = f.shape[0], grid.geometry, grid.dims, pixels.share[p]
    step = 0.5 * side * geometry[axis]
    y0, y1, y2 = p // (dims[1] * dims[2]) + 0.5, p // dims[2] % dims[1] + 0.5, p % dims[2] + 0.5
    y0, y1, y2 = y0 * geometry[0] + step * (axis == 0), y1 * geometry[1] + step * (axis == 1), y2 * geometry[2] + step * (axis == 2)
    for turn in range(2 if share < 1 else 1):
        i, part = (pixels.second[p], 1.0 - share) if turn else (pixels.label[p], 1.0 * share)
        other = pixels.label[p] if turn else pixels.second[p]
        if i >= n:
            continue
        cost = cost_at(cells, i, y0, y1, y2, geometry, p)
        if cells.codes[i, KIND] == TABULATED:
            slopes = table_gradient(cells.table, cells.codes[i, ROW], p, dims, geometry)
            cost += step * (slopes[0] if axis == 0 else (slopes[1] if axis == 1 else slopes[2]))
        pressure = cost - f[i]
        if share < 1 and other >= n:
            pressure = min(pressure, 0.0)
        forces[i, axis] += side * part * pressure / geometry[axis]


@kernel
def _press(slot: int, first: int, last: int, cells: Cells, f: np.ndarray, grid: Grid, pixels: Pixels, flat: bool, sums: np.ndarray) -> None:
    """Add up the forces from the faces after the pixels first..last, and from the walls around them."""
    forces, n, (_, n1, n2), weights = sums[slot], f.shape[0], grid.dims, grid.weights
    labels, shares, walls = pixels.label, pixels.share, grid.weights.shape[0] > 1
    for p in range(first, last):
        here = labels[p]
        if here > n:
            continue
        empty = here == n and shares[p] == 1
        for axis in range(1 if flat else 0, 3):
            count = grid.dims[axis]
            stride = n1 * n2 if axis == 0 else (n2 if axis == 1 else 1)
            k, period = p // stride % count, grid.geometry[6 + axis] > 0
            q = p + stride if k < count - 1 else (p - stride * (count - 1) if period else -1)
            if q >= 0 and not (walls and weights[q] == 0):
                if labels[q] != here or shares[q] < 1 or shares[p] < 1:
                    _press_face(forces, pixels, p, q, axis, grid.geometry[axis], n)
            elif not empty:
                _press_wall(forces, cells, f, grid, pixels, p, axis, 1.0)
            if empty:
                continue
            q = p - stride if k > 0 else (p + stride * (count - 1) if period else -1)
            if q < 0 or (walls and weights[q] == 0):
                _press_wall(forces, cells, f, grid, pixels, p, axis, -1.0)


def boundary_forces(problem: Problem, assignment: Assignment, potentials: np.ndarray) -> np.ndarray:
    """Return ``Int_(L_i) grad c_i``, ``(N, 3)``, in the solver's cost unit per length unit times pixels.

    Parameters
    ----------
    assignment
        On the finest grid, under the (internal) `potentials`.
    """
    level, n = problem.fine, problem.n
    grid = level.blocks.grid
    parts = ranges(int(np.prod(grid.dims)), _LEAST)
    sums = np.zeros((len(parts), n, 3))
    over_ranges(_press, parts, level.cells, potentials.astype(float), grid, assignment.pixels, problem.ndim == 2, sums)
    return np.asarray(sums.sum(axis=0))

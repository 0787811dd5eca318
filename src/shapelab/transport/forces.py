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
from shapelab.transport.cost_table import REDUCED, TABULATED
from shapelab.transport.point_cost import HUGE, KIND, ROW, Cells, cost_at, table_gradient
from shapelab.transport.problem import Problem
from shapelab.transport.reduction import ReducedCells

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
        if cells.codes[i, KIND] == REDUCED:  # whose walls `_press_walls` adds
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
def _press(slot: int, first: int, last: int, cells: Cells, f: np.ndarray, grid: Grid, pixels: Pixels, sums: np.ndarray) -> None:
    """Add up the forces from the faces after the pixels of the rows first..last, and from the walls around them."""
    forces, n, (n0, n1, n2), weights, geometry = sums[slot], f.shape[0], grid.dims, grid.weights, grid.geometry
    labels, shares, walls, flat = pixels.label, pixels.share, grid.weights.shape[0] > 1, n0 == 1
    for row in range(first, last):
        k0, k1 = row // n1, row % n1
        ends = ((k0 == 0 or k0 == n0 - 1) and not flat) or k1 == 0 or k1 == n1 - 1
        above = 0 if flat else n1 * n2
        for k2 in range(n2):
            p = row * n2 + k2
            here = labels[p]
            if here > n:
                continue
            if not (ends or walls or k2 == 0 or k2 == n2 - 1):  # most pixels lie within a cell or the medium, far from all walls
                alone = shares[p] == 1 and shares[p + 1] == 1 and shares[p + n2] == 1 and shares[p + above] == 1
                if alone and labels[p + 1] == here and labels[p + n2] == here and labels[p + above] == here:
                    continue
            empty = here == n and shares[p] == 1
            for axis in range(1 if flat else 0, 3):
                k, count, stride = (k0, n0, n1 * n2) if axis == 0 else ((k1, n1, n2) if axis == 1 else (k2, n2, 1))
                period = geometry[6 + axis] > 0
                q = p + stride if k < count - 1 else (p - stride * (count - 1) if period else -1)
                if q >= 0 and not (walls and weights[q] == 0):
                    if labels[q] != here or shares[q] < 1 or shares[p] < 1:
                        _press_face(forces, pixels, p, q, axis, geometry[axis], n)
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
    parts = ranges(grid.dims[0] * grid.dims[1], max(1, _LEAST // grid.dims[2]))
    sums = np.zeros((len(parts), n, 3))
    over_ranges(_press, parts, level.cells, potentials.astype(float), grid, assignment.pixels, sums)
    forces = np.asarray(sums.sum(axis=0))
    if level.reduced is not None:
        _press_walls(forces, level.reduced, grid, assignment.pixels, potentials)
    return forces


def _press_walls(forces: np.ndarray, reduced: ReducedCells, grid: Grid, pixels: Pixels, f: np.ndarray) -> None:
    """Let walls push cells whose costs only a reduction knows, as `_press_wall` does."""
    n, dims, share = len(f), grid.dims, pixels.share
    wall = np.broadcast_to(grid.weights == 0, share.shape).reshape(dims)
    for axis in range(1 if dims[0] == 1 else 0, 3):
        for side in (1, -1):
            blocked = np.roll(wall, -side, axis)
            if grid.geometry[6 + axis] == 0:
                np.moveaxis(blocked, axis, 0)[-1 if side > 0 else 0] = True
            p = np.flatnonzero(blocked & ~wall)
            for owner, other, value, part in (
                (pixels.label[p], pixels.second[p], pixels.best[p], share[p].astype(float)),
                (pixels.second[p], pixels.label[p], pixels.next[p], 1 - share[p].astype(float)),
            ):
                k = np.flatnonzero((owner < n) & (part > 0))
                cells, where = owner[k], p[k]
                pressure = value[k] + 0.5 * side * grid.geometry[axis] * reduced.gradients(where, cells)[:, axis]
                pressure = np.where((share[where] < 1) & (other[k] >= n), np.minimum(pressure, 0), pressure)
                forces[:, axis] += np.bincount(cells, side * part[k] * pressure / grid.geometry[axis], n)

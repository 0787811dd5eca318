"""Sums over cells of what forces and shapes need, with pixel fractions across interfaces (compiled)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shapelab.short_repr import short_repr
from shapelab.threads import ranges
from shapelab.transport.assignment import LEAST, Assignment, Pixels
from shapelab.transport.blocks import Grid
from shapelab.transport.competition import (
    BEST,
    COLUMNS,
    COST,
    INSIDE,
    NEXT,
    OWNER,
    PIXELS,
    ROOM,
    RUNNER,
    WORK,
    block_corner,
    describe_candidates,
    locate_pixels,
    ramps,
)
from shapelab.transport.compiled import Number, kernel, quick
from shapelab.transport.cost_table import ELLIPSOID
from shapelab.transport.forces import boundary_forces
from shapelab.transport.pairs import PairTables, add_pair
from shapelab.transport.point_cost import SCALE, Cells, wrap
from shapelab.transport.problem import Problem

__all__ = ["CellMoments", "measure_blocks", "measure_cells"]

_SUMS = 10
"""Columns: volume, first moments (3), second moments (00, 11, 22, 01, 02, 12)."""


@short_repr
@dataclass(frozen=True, eq=False)
class CellMoments:
    """Geometry of all cells in physical units, counted with pixel fractions; N cells in d dimensions.

    Attributes
    ----------
    volumes
        ``(N,)``.
    offsets
        ``(N, d)``: centroid minus seed (nearest image).
    centroids
        ``(N, d)``: seed + offset; along periodic axes it may lie outside the box.
    covariances
        ``(N, d, d)``: of the positions of each cell about its centroid.
    cost_gradients
        ``(N, d)``: integral over the cell of grad c_i(y) in y; it equals minus the gradient in x_i for costs of y - x_i. A seed that
        follows it goes down the optimal cost: the incompressibility force is ``tau`` times this.
    pairs
        ``(E, 2)``: touching cells i < j; j = N is the medium.
    areas
        ``(E,)``: area (2-D: length) of each contact.
    weights
        ``(E,)``: integral over the contact of dS / |grad (c_i - c_j)|, that is -d|L_i|/df_j.
    """

    volumes: np.ndarray
    offsets: np.ndarray
    centroids: np.ndarray
    covariances: np.ndarray
    cost_gradients: np.ndarray
    pairs: np.ndarray
    areas: np.ndarray
    weights: np.ndarray


@kernel
def _tell_apart(buffer: np.ndarray, ids: np.ndarray, pixels: Pixels, k0: int, k1: int, k2: int, grid: Grid, n: int) -> tuple[int, bool]:
    """Read a block's pixels: OWNER and RUNNER are places in `ids`, INSIDE is the owner's share (0 outside and in walls).

    Return (number of cells, whether one of them has all of a whole block).
    """
    labels, seconds, shares = pixels.label, pixels.second, pixels.share
    (n0, n1, n2), (s0, s1, s2) = grid.dims, grid.block
    count: Number = np.int64(0)
    m: Number = np.int64(0)
    k, mixed = 0, False
    for a in range(k0, k0 + s0):
        for b in range(k1, k1 + s1):
            p = (a * n1 + b) * n2 + k2
            for r in range(s2):
                if a >= n0 or b >= n1 or k2 + r >= n2 or labels[p + r] > n:
                    buffer[OWNER + k], buffer[RUNNER + k], buffer[INSIDE + k] = -1, -1, 0
                    mixed = True
                else:
                    m, count = _place(ids, count, labels[p + r], m)
                    share = shares[p + r]
                    buffer[OWNER + k], buffer[RUNNER + k], buffer[INSIDE + k] = m, m, share
                    if share < 1:
                        mixed = True
                        q, count = _place(ids, count, seconds[p + r], m)
                        buffer[RUNNER + k] = q
                k += 1
    return count, count == 1 and not mixed


@kernel
def _place(ids: np.ndarray, count: int, i: int, guess: int) -> tuple[int, int]:
    """Return (place of i in ``ids[:count]``, the count), adding it where it is missing."""
    if guess < count and ids[guess] == i:
        return guess, count
    for m in range(count):
        if ids[m] == i:
            return m, count
    ids[count] = i
    return count, count + 1


@quick
def _powers(weights: np.ndarray, z: np.ndarray, row: np.ndarray, size: int) -> None:
    """Add up weight, weight z and weight z z over the pixels of a block."""
    w0 = w1 = w2 = w3 = q0 = q1 = q2 = q01 = q02 = q12 = 0.0
    for k in range(size):
        w, a, b, c = weights[k], z[0, k], z[1, k], z[2, k]
        w0, w1, w2, w3 = w0 + w, w1 + w * a, w2 + w * b, w3 + w * c
        q0, q1, q2 = q0 + w * a * a, q1 + w * b * b, q2 + w * c * c
        q01, q02, q12 = q01 + w * a * b, q02 + w * a * c, q12 + w * b * c
    row[0] += w0
    row[1] += w1
    row[2] += w2
    row[3] += w3
    row[4] += q0
    row[5] += q1
    row[6] += q2
    row[7] += q01
    row[8] += q02
    row[9] += q12


@kernel
def measure_blocks(
    slot: int,
    first: int,
    last: int,
    cells: Cells,
    f: np.ndarray,
    grid: Grid,
    pixels: Pixels,
    centres: np.ndarray,
    half: np.ndarray,
    sums: np.ndarray,
    keys: np.ndarray,
    values: np.ndarray,
) -> int:
    """Add up the moments of blocks first..last; return the number of pairs."""
    sums = sums[slot]
    n, pairs, room, size = f.shape[0], 0, keys.shape[0] // 2, grid.offsets.shape[1]
    buffer, where, ids = np.empty(ROOM), np.empty(PIXELS, np.int64), np.empty(2 * PIXELS, np.int64)
    z, shared = np.empty((3, PIXELS)), np.zeros((2, 2 * PIXELS, 2 * PIXELS))
    geometry, offsets, dims, table, codes = grid.geometry, grid.offsets, grid.dims, cells.table, cells.codes
    rows = np.empty((2 * PIXELS, COLUMNS))
    weights, pixels_best, pixels_next = buffer[WORK : WORK + PIXELS], pixels.best, pixels.next
    for b in range(first, last):
        k0, k1, k2 = block_corner(b, grid)
        locate_pixels(where, k0, k1, k2, grid)
        count, alone = _tell_apart(buffer, ids, pixels, k0, k1, k2, grid, n)
        if not alone:
            tabulated = describe_candidates(rows, cells, f, ids, count, centres[b], half[b], geometry)
            for k in range(size):
                buffer[BEST + k], buffer[NEXT + k] = pixels_best[where[k]], pixels_next[where[k]]
            ramps(buffer, rows, tabulated, table, codes, ids, where, offsets, geometry, dims)
            for k in range(size):
                if 0 < buffer[INSIDE + k] < 1:
                    m, q = int(buffer[OWNER + k]), int(buffer[RUNNER + k])
                    shared[0, min(m, q), max(m, q)] += 1.0 / buffer[COST + k]
                    shared[1, min(m, q), max(m, q)] += buffer[WORK + k] / buffer[COST + k]
        for m in range(count):
            for q in range(m + 1, count):
                if shared[0, m, q] > 0 and pairs < room:
                    pairs += add_pair(keys, values, ids[m], ids[q], n, shared[0, m, q], shared[1, m, q])
                shared[0, m, q] = shared[1, m, q] = 0.0
        for m in range(count):
            i = ids[m]
            if i == n:
                continue
            for k in range(size):
                share = buffer[INSIDE + k]
                weights[k] = share if buffer[OWNER + k] == m else (1.0 - share if buffer[RUNNER + k] == m else 0.0)
            for axis in range(3):
                d = centres[b, axis] - cells.values[i, axis]
                period, frequency = geometry[3 + axis], geometry[6 + axis]
                if frequency == 0:
                    for k in range(size):
                        z[axis, k] = d + offsets[axis, k]
                else:
                    for k in range(size):
                        z[axis, k] = wrap(d + offsets[axis, k], period, frequency)
            _powers(weights, z, sums[i], size)
    return pairs


def measure_cells(problem: Problem, assignment: Assignment, potentials: np.ndarray) -> CellMoments:
    """Return the geometry of the cells of an assignment; `potentials` are the internal ones it was made with."""
    d, f = problem.ndim, potentials.astype(float)
    sums, pairs, shared = _sums(problem, assignment, f)
    gradients = _linear_gradients(problem, sums)
    if (curved := _curved(problem)).any():
        forces = assignment.forces()
        gradients[curved] = (boundary_forces(problem, assignment, f) if forces is None else forces)[curved]
    return _physical(problem, sums, gradients, pairs, shared, d)


def _sums(problem: Problem, assignment: Assignment, f: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the sums over each cell ``(N, 10)``, the touching pairs, and what these share ``(E, 2)``."""
    level, n = problem.fine, problem.n
    if (made := assignment.sums(level.cells)) is not None:
        return made
    blocks, finest = level.blocks, level.blocks.levels[-1]
    parts = ranges(blocks.n_blocks, LEAST)
    sums = np.zeros((len(parts), n + 1, _SUMS))
    arguments = (level.cells, f, blocks.grid, assignment.pixels, finest.centres, finest.half)
    pairs, shared = PairTables(n, len(parts)).collect(measure_blocks, parts, sums, *arguments)
    return sums.sum(axis=0)[:n], pairs, shared


def _curved(problem: Problem) -> np.ndarray:
    """Return which cells have a cost whose gradient is not linear in the displacement (and is summed along its boundary)."""
    table = problem.table
    return np.asarray((table.kind > ELLIPSOID) | (table.exponent != 2) | np.isfinite(table.cap))


def _linear_gradients(problem: Problem, sums: np.ndarray) -> np.ndarray:
    """Return the integrals of grad c = 2 s A z as those of quadratic costs, from the first moments."""
    values = problem.fine.cells.values
    a = values[:, [3, 6, 7, 6, 4, 8, 7, 8, 5]].reshape(-1, 3, 3)
    return np.asarray(2 * values[:, SCALE, None] * np.einsum("nab,nb->na", a, sums[:, 1:4]))


def _physical(problem: Problem, sums: np.ndarray, gradients: np.ndarray, pairs: np.ndarray, shared: np.ndarray, d: int) -> CellMoments:
    length, pixel = problem.length_unit, problem.domain.pixel_volume
    volume = np.maximum(sums[:, 0], 1e-300)
    offsets = sums[:, 4 - d : 4] / volume[:, None] * length
    second = np.zeros((len(sums), 3, 3))
    for column, (a, b) in enumerate(((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))):
        second[:, a, b] = second[:, b, a] = sums[:, 4 + column] / volume * length**2
    # a pixel is a box, not a point: its own second moment is h^2 / 12
    extent = np.diag(np.asarray(problem.domain.spacing) ** 2 / 12)
    covariances = second[:, 3 - d :, 3 - d :] - offsets[:, :, None] * offsets[:, None, :] + extent
    covariances[sums[:, 0] <= 0] = 0
    gradients = gradients[:, 3 - d :] * (problem.cost_unit / length * pixel)
    areas, weights = shared[:, 1] / length * pixel, shared[:, 0] / problem.cost_unit * pixel
    return CellMoments(sums[:, 0] * pixel, offsets, problem.seeds + offsets, covariances, gradients, pairs.astype(np.int64), areas, weights)

"""Sums over cells of what forces and shapes need, with pixel fractions across interfaces (compiled)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shapelab.transport.assignment import Assignment, Pixels, block_corner, pair_width
from shapelab.transport.blocks import Blocks, Grid
from shapelab.transport.compiled import Number, inlined, kernel
from shapelab.transport.pairs import PairTables, add_pair
from shapelab.transport.point_cost import Cells, gradient_at, wrap
from shapelab.transport.problem import Problem
from shapelab.transport.threads import in_parallel, ranges

__all__ = ["CellMoments", "measure_cells"]

_SUMS = 13
"""Columns: volume, first moments (3), second moments (00, 11, 22, 01, 02, 12), integral of grad c (3)."""


@dataclass(frozen=True)
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


@inlined
def _add(
    sums: np.ndarray,
    cells: Cells,
    values: np.ndarray,
    codes: np.ndarray,
    f: np.ndarray,
    i: int,
    share: Number,
    value: Number,
    k0: int,
    k1: int,
    k2: int,
    dims: tuple,
    geometry: np.ndarray,
) -> None:
    z0 = wrap((k0 + 0.5) * geometry[0] - values[i, 0], geometry[3], geometry[6])
    z1 = wrap((k1 + 0.5) * geometry[1] - values[i, 1], geometry[4], geometry[7])
    z2 = wrap((k2 + 0.5) * geometry[2] - values[i, 2], geometry[5], geometry[8])
    g0, g1, g2 = gradient_at(cells, values, codes, i, value + f[i], k0, k1, k2, dims, geometry)
    row = sums[i]
    row[0] += share
    row[1] += share * z0
    row[2] += share * z1
    row[3] += share * z2
    row[4] += share * z0 * z0
    row[5] += share * z1 * z1
    row[6] += share * z2 * z2
    row[7] += share * z0 * z1
    row[8] += share * z0 * z2
    row[9] += share * z1 * z2
    row[10] += share * g0
    row[11] += share * g1
    row[12] += share * g2


@kernel
def _measure(
    slot: int,
    first: int,
    last: int,
    cells: Cells,
    f: np.ndarray,
    grid: Grid,
    pixels: Pixels,
    sums: np.ndarray,
    keys: np.ndarray,
    values: np.ndarray,
) -> int:
    """Add up the moments of blocks first..last; return the number of pairs."""
    sums, keys, values = sums[slot], keys[slot], values[slot]
    n, pairs, room = f.shape[0], 0, keys.shape[0] // 2
    cell_values, codes, geometry, dims = cells.values, cells.codes, grid.geometry, grid.dims
    labels, seconds, bests, nexts, shares = pixels.label, pixels.second, pixels.best, pixels.next, pixels.share
    (n0, n1, n2), (s0, s1, s2) = dims, grid.block
    for b in range(first, last):
        k0, k1, k2 = block_corner(b, grid)
        for a0 in range(k0, min(k0 + s0, n0)):
            for a1 in range(k1, min(k1 + s1, n1)):
                for a2 in range(k2, min(k2 + s2, n2)):
                    p = (a0 * n1 + a1) * n2 + a2
                    i, share = labels[p], shares[p]
                    if i > n:
                        continue
                    low = bests[p]
                    if share < 1:
                        j, up = seconds[p], nexts[p]
                        width, slope = pair_width(cells, cell_values, codes, f, i, j, low, up, a0, a1, a2, dims, geometry)
                        if pairs < room:
                            pairs += add_pair(keys, values, i, j, n, 1.0 / width, slope / width)
                        if j < n:
                            _add(sums, cells, cell_values, codes, f, j, 1 - share, up, a0, a1, a2, dims, geometry)
                    if i < n:
                        _add(sums, cells, cell_values, codes, f, i, share, low, a0, a1, a2, dims, geometry)
    return pairs


def measure_cells(problem: Problem, assignment: Assignment, potentials: np.ndarray) -> CellMoments:
    """Return the geometry of the cells of an assignment; `potentials` are the internal ones it was made with."""
    level, n, d = problem.fine, problem.n, problem.ndim
    blocks: Blocks = level.blocks
    f = potentials.astype(float)
    parts = len(ranges(blocks.n_blocks))
    tables = PairTables(n, parts)
    while True:
        tables.clear()
        sums = np.zeros((parts, n + 1, _SUMS))
        used = in_parallel(_measure, blocks.n_blocks, level.cells, f, blocks.grid, assignment.pixels, sums, tables.keys, tables.values)
        if max(used) < tables.room:
            break
        tables.grow()
    pairs, shared = tables.edges(used)
    return _physical(problem, sums.sum(axis=0)[:n], pairs, shared, d)


def _physical(problem: Problem, sums: np.ndarray, pairs: np.ndarray, shared: np.ndarray, d: int) -> CellMoments:
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
    gradients = sums[:, 13 - d :] * (problem.cost_unit / length * pixel)
    order = np.lexsort((pairs[:, 1], pairs[:, 0]))
    areas, weights = shared[order, 1] / length * pixel, shared[order, 0] / problem.cost_unit * pixel
    return CellMoments(
        sums[:, 0] * pixel, offsets, problem.seeds + offsets, covariances, gradients, pairs[order].astype(np.int64), areas, weights
    )

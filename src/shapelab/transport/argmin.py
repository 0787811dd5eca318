"""The label image of given potentials, and nothing else: the fastest exact argmin over cells and medium."""

from __future__ import annotations

import numpy as np

from shapelab.threads import over_ranges, ranges
from shapelab.transport.assignment import LEAST
from shapelab.transport.blocks import Blocks, Grid
from shapelab.transport.candidates import Lists
from shapelab.transport.competition import BEST, COST, OFFSETS, OWNER, PIXELS, ROOM, WORK, block_corner, locate_pixels
from shapelab.transport.compiled import Number, kernel
from shapelab.transport.cost_table import ISOTROPIC, TABULATED
from shapelab.transport.point_cost import CAP, EIGHTHS, HUGE, KIND, SCALE, Cells, block_cost, wrap

__all__ = ["write_labels"]


@kernel
def _win_quadratic(
    buffer: np.ndarray, size: int, d0: Number, d1: Number, d2: Number, scale: Number, cap: Number, shift: Number, place: Number
) -> None:
    for k in range(size):
        z0, z1, z2 = d0 + buffer[OFFSETS + k], d1 + buffer[OFFSETS + PIXELS + k], d2 + buffer[OFFSETS + 2 * PIXELS + k]
        v, old = min(cap, scale * (z0 * z0 + z1 * z1 + z2 * z2)) - shift, buffer[BEST + k]
        buffer[OWNER + k] = place if v < old else buffer[OWNER + k]
        buffer[BEST + k] = v if v < old else old


@kernel
def _win(buffer: np.ndarray, size: int, shift: Number, place: Number) -> None:
    for k in range(size):
        v, old = buffer[COST + k] - shift, buffer[BEST + k]
        buffer[OWNER + k] = place if v < old else buffer[OWNER + k]
        buffer[BEST + k] = v if v < old else old


@kernel
def _label(
    slot: int,
    first: int,
    last: int,
    cells: Cells,
    f: np.ndarray,
    grid: Grid,
    lists: Lists,
    centres: np.ndarray,
    half: np.ndarray,
    image: np.ndarray,
) -> None:
    """Write the labels of blocks first..last: 0 is the medium and walls, i + 1 is cell i."""
    values, codes, offsets, geometry, n = cells.values, cells.codes, grid.offsets, grid.geometry, f.shape[0]
    found, counts, weights, size = lists.cells, lists.counts, grid.weights, grid.offsets.shape[1]
    (n0, n1, n2), (s0, s1, s2), walls = grid.dims, grid.block, grid.weights.shape[0] > 1
    f0, f1, f2 = geometry[6], geometry[7], geometry[8]
    buffer, where, numbers = np.empty(ROOM), np.zeros(PIXELS, np.int64), np.empty(found.shape[1], image.dtype)
    cost, work = buffer[COST : COST + PIXELS], buffer[WORK : WORK + PIXELS]
    for axis in range(3):
        for k in range(size):
            buffer[OFFSETS + axis * PIXELS + k] = offsets[axis, k]
    for b in range(first, last):
        count, (k0, k1, k2) = counts[b], block_corner(b, grid)
        for m in range(count):
            numbers[m] = found[b, m] + 1 if found[b, m] < n else 0
        for k in range(size):
            buffer[BEST + k], buffer[OWNER + k] = 2.0 * HUGE, 0.0
        for m in range(count if count > 1 else 0):
            i: Number = np.int64(found[b, m])
            if i == n:
                cost[:] = 0.0
                _win(buffer, size, 0.0, float(m))
                continue
            c0, c1, c2, e0, e1, e2 = centres[b, 0], centres[b, 1], centres[b, 2], half[b, 0], half[b, 1], half[b, 2]
            if codes[i, KIND] == ISOTROPIC and codes[i, EIGHTHS] == 8:
                d0 = wrap(c0 - values[i, 0], geometry[3], f0)
                d1 = wrap(c1 - values[i, 1], geometry[4], f1)
                d2 = wrap(c2 - values[i, 2], geometry[5], f2)
                if (abs(d0) + e0) * f0 <= 0.5 and (abs(d1) + e1) * f1 <= 0.5 and (abs(d2) + e2) * f2 <= 0.5:
                    _win_quadratic(buffer, size, d0, d1, d2, values[i, SCALE], values[i, CAP], f[i], float(m))
                    continue
            if codes[i, KIND] == TABULATED:
                locate_pixels(where, k0, k1, k2, grid)
            block_cost(cost, work, cells, i, c0, c1, c2, e0, e1, e2, offsets, geometry, where, size)
            _win(buffer, size, f[i], float(m))
        for a0 in range(k0, min(k0 + s0, n0)):
            for a1 in range(k1, min(k1 + s1, n1)):
                k, p = ((a0 - k0) * s1 + a1 - k1) * s2, (a0 * n1 + a1) * n2 + k2
                for r in range(min(s2, n2 - k2)):
                    image[p + r] = numbers[np.uint64(buffer[OWNER + k + r])]
                    if walls and weights[p + r] == 0:
                        image[p + r] = 0


def write_labels(image: np.ndarray, blocks: Blocks, cells: Cells, f: np.ndarray, medium: bool) -> None:
    """Fill the flat label image of the potentials `f` (in the solver's unit)."""
    lists, finest = blocks.candidates(cells, f, medium), blocks.levels[-1]
    over_ranges(_label, ranges(blocks.n_blocks, LEAST), cells, f, blocks.grid, lists, finest.centres, finest.half, image)

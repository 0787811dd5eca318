"""The competition for the pixels of one block: the two best cells of each pixel, and where interfaces may be (compiled).

A block holds at most `PIXELS` pixels. What is known of them stands in one flat buffer, in parts of `PIXELS` numbers that begin at
BEST, NEXT…; cells are known by their place on the block's list of candidates. One buffer of one type, with distances between its parts
that the compiler knows, lets the loops run several pixels at a time.
"""

from __future__ import annotations

import numpy as np

from shapelab.transport.blocks import Grid
from shapelab.transport.compiled import Number, inlined, kernel
from shapelab.transport.cost_table import ELLIPSOID, ISOTROPIC, TABULATED
from shapelab.transport.point_cost import (
    AXIS,
    CAP,
    EIGHTHS,
    HALF_POWER,
    HIGH,
    HUGE,
    KIND,
    LENGTH,
    QUADRATIC,
    ROW,
    SCALE,
    TINY,
    Cells,
    block_cost,
    cost_bounds,
    gauge_slope,
    table_gradient,
    wrap,
)

__all__ = [
    "BEST", "COLUMNS", "COST", "INSIDE", "NEXT", "OWNER", "PIXELS", "ROOM", "RUNNER", "WORK",
    "block_corner", "compete", "describe_candidates", "locate_pixels", "mark_inside", "ramps",
]  # fmt: skip

PIXELS = 64
"""Pixels of a block at most."""

BEST, NEXT, OWNER, RUNNER, INSIDE, COST, WORK, OFFSETS, ROOM = 0, 64, 128, 192, 256, 320, 384, 448, 640

SHAPE, CORE, EXPONENT, LIMIT, POTENTIAL, GAUGE, REACH, COLUMNS = 3, 9, 10, 11, 12, 13, 14, 15
"""Columns of what is known of a candidate; the first three are the displacement of the block's centre from its seed."""


@inlined
def block_corner(b: int, grid: Grid) -> tuple[int, int, int]:
    """Return the first pixel of block b along the three axes."""
    b12 = b % (grid.counts[1] * grid.counts[2])
    k0 = (b // (grid.counts[1] * grid.counts[2])) * grid.block[0]
    return k0, (b12 // grid.counts[2]) * grid.block[1], (b12 % grid.counts[2]) * grid.block[2]


@kernel
def locate_pixels(pixels: np.ndarray, k0: int, k1: int, k2: int, grid: Grid) -> None:
    """Fill ``pixels`` with the flat index of every pixel of a block, clamped to the grid."""
    m = 0
    for a in range(grid.block[0]):
        p0 = min(k0 + a, grid.dims[0] - 1) * grid.dims[1]
        for b in range(grid.block[1]):
            p1 = (p0 + min(k1 + b, grid.dims[1] - 1)) * grid.dims[2]
            for c in range(grid.block[2]):
                pixels[m] = p1 + min(k2 + c, grid.dims[2] - 1)
                m += 1


@kernel
def mark_inside(buffer: np.ndarray, k0: int, k1: int, k2: int, where: np.ndarray, grid: Grid) -> bool:
    """Set INSIDE to 1 for the block's pixels in the grid that are not wall, else 0; return whether all are 1."""
    (n0, n1, n2), (s0, s1, s2), size = grid.dims, grid.block, grid.offsets.shape[1]
    for k in range(size):
        buffer[INSIDE + k] = 1.0
    walls = grid.weights.shape[0] > 1
    if k0 + s0 <= n0 and k1 + s1 <= n1 and k2 + s2 <= n2 and not walls:
        return True
    whole, k = True, 0
    for a in range(k0, k0 + s0):
        for b in range(k1, k1 + s1):
            for c in range(k2, k2 + s2):
                if a >= n0 or b >= n1 or c >= n2 or (walls and grid.weights[where[k]] == 0):
                    buffer[INSIDE + k] = 0.0
                    whole = False
                k += 1
    return whole


@kernel
def compete(
    buffer: np.ndarray,
    cells: Cells,
    f: np.ndarray,
    ids: np.ndarray,
    count: int,
    centre: np.ndarray,
    half: np.ndarray,
    grid: Grid,
    where: np.ndarray,
) -> None:
    """Leave in `buffer` the two smallest ``c_i - f_i`` of every pixel, and the places of these cells in ``ids[:count]``.

    Ties go to the first; without a second, NEXT is huge and RUNNER is `count`. The last of `ids` may be the medium, N.
    """
    values, codes, geometry, offsets, n = cells.values, cells.codes, grid.geometry, grid.offsets, f.shape[0]
    c0, c1, c2, e0, e1, e2 = centre[0], centre[1], centre[2], half[0], half[1], half[2]
    size = offsets.shape[1]
    cost, work = buffer[COST : COST + PIXELS], buffer[WORK : WORK + PIXELS]
    for axis in range(3):
        for k in range(size):
            buffer[OFFSETS + axis * PIXELS + k] = offsets[axis, k]
    for k in range(size):
        buffer[BEST + k], buffer[NEXT + k] = 2.0 * HUGE, 2.0 * HUGE
        buffer[OWNER + k], buffer[RUNNER + k] = count, count
    for m in range(count):
        i = ids[m]
        if i < n and codes[i, KIND] == ISOTROPIC and codes[i, EIGHTHS] == 8:
            d0, d1, d2 = c0 - values[i, 0], c1 - values[i, 1], c2 - values[i, 2]
            f0, f1, f2 = geometry[6], geometry[7], geometry[8]
            d0, d1, d2 = wrap(d0, geometry[3], f0), wrap(d1, geometry[4], f1), wrap(d2, geometry[5], f2)
            if (abs(d0) + e0) * f0 <= 0.5 and (abs(d1) + e1) * f1 <= 0.5 and (abs(d2) + e2) * f2 <= 0.5:
                _compete_quadratic(buffer, size, d0, d1, d2, values[i, SCALE], values[i, CAP], f[i], float(m))
                continue
        shift = 0.0
        if i == n:
            cost[:] = 0.0
        else:
            shift = f[i]
            block_cost(cost, work, cells, i, c0, c1, c2, e0, e1, e2, offsets, geometry, where, size)
        _take_part(buffer, size, shift, float(m))


@kernel
def _compete_quadratic(
    buffer: np.ndarray, size: int, d0: Number, d1: Number, d2: Number, scale: Number, cap: Number, shift: Number, place: Number
) -> None:
    """Let a cell with the cost ``min(scale |z|^2, cap)`` take part in the competition."""
    for k in range(size):
        z0, z1, z2 = d0 + buffer[OFFSETS + k], d1 + buffer[OFFSETS + PIXELS + k], d2 + buffer[OFFSETS + 2 * PIXELS + k]
        v, old, following = min(cap, scale * (z0 * z0 + z1 * z1 + z2 * z2)) - shift, buffer[BEST + k], buffer[NEXT + k]
        wins, places = v < old, v < following
        loser = buffer[OWNER + k] if wins else place
        buffer[RUNNER + k] = loser if places else buffer[RUNNER + k]
        buffer[NEXT + k] = (old if wins else v) if places else following
        buffer[OWNER + k] = place if wins else buffer[OWNER + k]
        buffer[BEST + k] = v if wins else old


@kernel
def _take_part(buffer: np.ndarray, size: int, shift: Number, place: Number) -> None:
    """Let a cell whose costs stand in COST take part in the competition."""
    for k in range(size):
        v, old, following = buffer[COST + k] - shift, buffer[BEST + k], buffer[NEXT + k]
        wins, places = v < old, v < following
        loser = buffer[OWNER + k] if wins else place
        buffer[RUNNER + k] = loser if places else buffer[RUNNER + k]
        buffer[NEXT + k] = (old if wins else v) if places else following
        buffer[OWNER + k] = place if wins else buffer[OWNER + k]
        buffer[BEST + k] = v if wins else old


@kernel
def describe_candidates(
    rows: np.ndarray, cells: Cells, f: np.ndarray, ids: np.ndarray, count: int, centre: np.ndarray, half: np.ndarray, geometry: np.ndarray
) -> bool:
    """Fill one row per candidate with what `ramp` needs; return whether a cost is tabulated. The medium has no slope."""
    values, codes, n, tabulated = cells.values, cells.codes, f.shape[0], False
    f0, f1, f2 = geometry[6], geometry[7], geometry[8]
    e0, e1, e2 = half[0], half[1], half[2]
    h = np.sqrt(geometry[0] * geometry[0] * (e0 > 0) + geometry[1] * geometry[1] + geometry[2] * geometry[2])
    for m in range(count):
        i = ids[m]
        if i == n:
            rows[m, :] = 0.0
            continue
        kind = codes[i, KIND]
        d0 = wrap(centre[0] - values[i, 0], geometry[3], f0)
        d1 = wrap(centre[1] - values[i, 1], geometry[4], f1)
        d2 = wrap(centre[2] - values[i, 2], geometry[5], f2)
        rows[m, 0], rows[m, 1], rows[m, 2] = d0, d1, d2
        first = QUADRATIC if kind <= ELLIPSOID else AXIS
        for column in range(3):
            rows[m, SHAPE + column], rows[m, SHAPE + 3 + column] = values[i, first + column], values[i, QUADRATIC + 3 + column]
        rows[m, CORE], rows[m, EXPONENT], rows[m, LIMIT] = values[i, LENGTH], 2.0 * values[i, HALF_POWER], values[i, CAP]
        rows[m, POTENTIAL], rows[m, GAUGE] = f[i], kind
        if kind == TABULATED:
            tabulated, rows[m, REACH] = True, HUGE
            continue
        straddles = (abs(d0) + e0) * f0 > 0.5 or (abs(d1) + e1) * f1 > 0.5 or (abs(d2) + e2) * f2 > 0.5
        low, high = cost_bounds(cells, i, d0, d1, d2, e0, e1, e2, straddles)
        rows[m, REACH] = 0.5005 * h * _steepest(values, i, low, high)
    return tabulated


@kernel
def _steepest(values: np.ndarray, i: int, low: Number, high: Number) -> Number:
    """Return a bound of |grad c_i| where c_i lies between `low` and `high`.

    |grad c| = p c |grad G| / G with |grad G| <= sqrt(HIGH); c/G = s^(1/p) c^(1-1/p) is largest at the far or near end.
    """
    half_power, scale = values[i, HALF_POWER], values[i, SCALE]
    c = min(high if half_power >= 0.5 else max(low, TINY), values[i, CAP])
    if half_power == 1.0:
        slope = 2.0 * np.sqrt(scale * c)
    else:
        inverse = 0.5 / half_power
        slope = 2.0 * half_power * scale**inverse * c ** (1.0 - inverse)
    return slope * np.sqrt(values[i, HIGH])


@kernel
def ramps(
    buffer: np.ndarray,
    rows: np.ndarray,
    tabulated: bool,
    table: np.ndarray,
    codes: np.ndarray,
    ids: np.ndarray,
    where: np.ndarray,
    offsets: np.ndarray,
    geometry: np.ndarray,
    dims: tuple,
) -> None:
    """Set COST to the width of the ramp in cost units and WORK to |grad (c_i - c_j)|, where the gap is small enough; elsewhere 0.

    i owns the pixel and j is second; the pixel is shared where the gap is less than half the width.
    """
    for k in range(offsets.shape[1]):
        place, sign, value = int(buffer[OWNER + k]), 1.0, buffer[BEST + k]
        g0, g1, g2, width, slope = 0.0, 0.0, 0.0, 0.0, 0.0
        near = rows[place, REACH] + rows[int(buffer[RUNNER + k]), REACH]
        if buffer[INSIDE + k] > 0 and buffer[NEXT + k] - value < near:
            for _ in range(2):
                if tabulated and rows[place, GAUGE] == TABULATED:
                    s0, s1, s2 = table_gradient(table, codes[ids[place], ROW], where[k], dims, geometry)
                    factor = sign
                else:
                    s0, s1, s2 = gauge_slope(
                        int(rows[place, GAUGE]),
                        wrap(rows[place, 0] + offsets[0, k], geometry[3], geometry[6]),
                        wrap(rows[place, 1] + offsets[1, k], geometry[4], geometry[7]),
                        wrap(rows[place, 2] + offsets[2, k], geometry[5], geometry[8]),
                        rows[place, SHAPE],
                        rows[place, SHAPE + 1],
                        rows[place, SHAPE + 2],
                        rows[place, SHAPE + 3],
                        rows[place, SHAPE + 4],
                        rows[place, SHAPE + 5],
                        rows[place, CORE],
                    )
                    cost = value + rows[place, POTENTIAL]  # grad (s G^p) = p c grad G / G saves the power
                    factor = 0.0 if cost >= rows[place, LIMIT] else sign * rows[place, EXPONENT] * max(cost, 0.0)
                g0, g1, g2 = g0 + factor * s0, g1 + factor * s1, g2 + factor * s2
                place, sign, value = int(buffer[RUNNER + k]), -1.0, buffer[NEXT + k]
            width = abs(g0) * geometry[0] + abs(g1) * geometry[1] + abs(g2) * geometry[2] + 1e-20
            slope = np.sqrt(g0 * g0 + g1 * g1 + g2 * g2)
        buffer[COST + k], buffer[WORK + k] = width, slope

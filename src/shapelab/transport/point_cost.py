"""The cost of one cell at a point and over a block of pixels (compiled).

Every cost is ``c(z) = min(s G(z)^p, cap)`` of the displacement z = y - x from the seed, where G is a gauge: the norm
``sqrt(z' A z)``, the gauge of a spherocylinder, or the distance to a core segment; or it is read from a table.
The parameters of a cell are one row of `Cells.values`; the constants below name its columns.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from shapelab.transport.compiled import Number, inlined, kernel
from shapelab.transport.cost_table import ELLIPSOID, ISOTROPIC, SEGMENT, TABULATED

SEED, QUADRATIC, SCALE, LOW, HIGH, HALF_POWER, AXIS, LENGTH, CAP, COLUMNS = 0, 3, 9, 10, 11, 12, 13, 16, 17, 18
KIND, EIGHTHS, ROW = 0, 1, 2

SPACING, PERIOD, FREQUENCY = 0, 3, 6
"""Where `Grid.geometry` holds the pixel size, the period and its inverse (0 along bounded axes), three numbers each."""

TINY, HUGE = 1e-30, 1e30


class Cells(NamedTuple):
    """Parameters of all cells, in the solver's units, for compiled code."""

    values: np.ndarray
    """``(N, COLUMNS)`` float: see the constants of this module."""
    codes: np.ndarray
    """``(N, 3)`` int32: kind of gauge, eighths in half the exponent (-1: any), row of the table."""
    table: np.ndarray
    """``(rows, pixels)`` float: costs of the tabulated cells."""


@inlined
def wrap(d: Number, period: Number, frequency: Number) -> Number:
    """Return the nearest image of a displacement; `frequency` is 0 along bounded axes."""
    return d - period * np.floor(d * frequency + 0.5)


@kernel
def power(q: Number, eighths: int, half_power: Number) -> Number:
    """Return q^half_power for one number."""
    if eighths == 8:
        return q
    if eighths == 2:
        return np.sqrt(np.sqrt(q))
    if eighths == 16:
        return q * q
    if eighths == 32:
        q = q * q
        return q * q
    return (q + TINY) ** half_power


@kernel
def power_block(q: np.ndarray, work: np.ndarray, n: int, eighths: int, half_power: Number) -> None:
    """Raise ``q[:n]`` to half_power; multiples of 1/8 take square roots and products only, which run eight at a time."""
    if eighths == 8:
        return
    if eighths < 0:
        for k in range(n):
            q[k] = (q[k] + TINY) ** half_power
        return
    if eighths == 2:
        for k in range(n):
            q[k] = np.sqrt(np.sqrt(q[k]))
        return
    for k in range(n):
        work[k] = 1.0
    whole = eighths >> 3
    if eighths & 7:
        for k in range(n):
            root = np.sqrt(q[k])
            quarter = np.sqrt(root)
            a = root if eighths & 4 else 1.0
            b = quarter if eighths & 2 else 1.0
            c = np.sqrt(quarter) if eighths & 1 else 1.0
            work[k] = a * b * c
    while whole > 0:
        if whole & 1:
            for k in range(n):
                work[k] *= q[k]
        whole >>= 1
        if whole:
            for k in range(n):
                q[k] *= q[k]
    for k in range(n):
        q[k] = work[k]


@inlined
def _rod(kind: int, length: Number, along: Number, squared: Number) -> Number:
    """Return the squared gauge of a rod from the part of z along its axis and |z|^2."""
    x = abs(along)
    y2 = max(0.0, squared - x * x)
    if kind == SEGMENT:
        beyond = max(0.0, x - length)
        return beyond * beyond + y2
    y = np.sqrt(y2)
    if x <= length * y:
        return y2
    gauge = squared / (x * length + np.sqrt(max(0.0, squared - length * length * y2)) + TINY)
    return gauge * gauge


@kernel
def gauge_squared(values: np.ndarray, kind: int, i: int, z0: Number, z1: Number, z2: Number) -> Number:
    """Return G(z)^2 of cell i."""
    squared = z0 * z0 + z1 * z1 + z2 * z2
    if kind == ISOTROPIC:
        return squared
    if kind == ELLIPSOID:
        q = values[i, 3] * z0 * z0 + values[i, 4] * z1 * z1 + values[i, 5] * z2 * z2
        q += 2.0 * (values[i, 6] * z0 * z1 + values[i, 7] * z0 * z2 + values[i, 8] * z1 * z2)
        return max(0.0, q)
    along = z0 * values[i, AXIS] + z1 * values[i, AXIS + 1] + z2 * values[i, AXIS + 2]
    return _rod(kind, values[i, LENGTH], along, squared)


@kernel
def block_cost(
    out: np.ndarray,
    work: np.ndarray,
    cells: Cells,
    i: int,
    c0: Number,
    c1: Number,
    c2: Number,
    e0: Number,
    e1: Number,
    e2: Number,
    offsets: np.ndarray,
    geometry: np.ndarray,
    pixels: np.ndarray,
    n: int,
) -> None:
    """Fill ``out[:n]`` with the cost of cell i at the pixels of the block with centre c and half sides e."""
    values, kind = cells.values, cells.codes[i, KIND]
    if kind == TABULATED:
        row = cells.codes[i, ROW]
        for k in range(n):
            out[k] = cells.table[row, pixels[k]]
        return
    d0 = wrap(c0 - values[i, 0], geometry[3], geometry[6])
    d1 = wrap(c1 - values[i, 1], geometry[4], geometry[7])
    d2 = wrap(c2 - values[i, 2], geometry[5], geometry[8])
    f0, f1, f2 = geometry[6], geometry[7], geometry[8]
    straddles = (abs(d0) + e0) * f0 > 0.5 or (abs(d1) + e1) * f1 > 0.5 or (abs(d2) + e2) * f2 > 0.5
    if straddles or kind > ELLIPSOID:
        for k in range(n):
            z0 = wrap(d0 + offsets[0, k], geometry[3], f0)
            z1 = wrap(d1 + offsets[1, k], geometry[4], f1)
            z2 = wrap(d2 + offsets[2, k], geometry[5], f2)
            out[k] = gauge_squared(values, kind, i, z0, z1, z2)
    else:
        a00, a11, a22 = values[i, 3], values[i, 4], values[i, 5]
        a01, a02, a12 = 2.0 * values[i, 6], 2.0 * values[i, 7], 2.0 * values[i, 8]
        for k in range(n):
            z0, z1, z2 = d0 + offsets[0, k], d1 + offsets[1, k], d2 + offsets[2, k]
            out[k] = max(0.0, z0 * (a00 * z0 + a01 * z1 + a02 * z2) + z1 * (a11 * z1 + a12 * z2) + a22 * z2 * z2)
    power_block(out, work, n, cells.codes[i, EIGHTHS], values[i, HALF_POWER])
    scale, cap = values[i, SCALE], values[i, CAP]
    for k in range(n):
        out[k] = min(cap, scale * out[k])


@kernel
def cost_bounds(
    cells: Cells, i: int, d0: Number, d1: Number, d2: Number, e0: Number, e1: Number, e2: Number, straddles: bool
) -> tuple[Number, Number]:
    """Return a lower and an upper bound of cost i over a block; d is the displacement of its centre, e its half sides."""
    values, kind = cells.values, cells.codes[i, KIND]
    a0, a1, a2 = abs(d0), abs(d1), abs(d2)
    n0, n1, n2 = max(0.0, a0 - e0), max(0.0, a1 - e1), max(0.0, a2 - e2)
    x0, x1, x2 = a0 + e0, a1 + e1, a2 + e2
    low = values[i, LOW] * (n0 * n0 + n1 * n1 + n2 * n2)
    high = values[i, HIGH] * (x0 * x0 + x1 * x1 + x2 * x2)
    if kind != ISOTROPIC and not straddles:
        reach = e0 * e0 + e1 * e1 + e2 * e2
        if kind == ELLIPSOID:
            reach = values[i, 3] * e0 * e0 + values[i, 4] * e1 * e1 + values[i, 5] * e2 * e2
            reach += 2.0 * (abs(values[i, 6]) * e0 * e1 + abs(values[i, 7]) * e0 * e2 + abs(values[i, 8]) * e1 * e2)
        centre = np.sqrt(gauge_squared(values, kind, i, d0, d1, d2))
        reach = np.sqrt(reach)
        inner = max(0.0, centre - reach)
        low = max(low, inner * inner)
        high = min(high, (centre + reach) * (centre + reach))
    eighths, half_power, cap = cells.codes[i, EIGHTHS], values[i, HALF_POWER], values[i, CAP]
    slack = 1e-5
    low = min(cap, values[i, SCALE] * power(low, eighths, half_power) * (1.0 - slack))
    high = min(cap, values[i, SCALE] * power(high, eighths, half_power) * (1.0 + slack))
    return low, high


@kernel
def cost_at(cells: Cells, i: int, y0: Number, y1: Number, y2: Number, geometry: np.ndarray, pixel: int) -> Number:
    """Return the cost of cell i at the point y (for tabulated costs: at the pixel)."""
    values, kind = cells.values, cells.codes[i, KIND]
    if kind == TABULATED:
        return cells.table[cells.codes[i, ROW], pixel]
    z0 = wrap(y0 - values[i, 0], geometry[3], geometry[6])
    z1 = wrap(y1 - values[i, 1], geometry[4], geometry[7])
    z2 = wrap(y2 - values[i, 2], geometry[5], geometry[8])
    q = gauge_squared(values, kind, i, z0, z1, z2)
    return min(values[i, CAP], values[i, SCALE] * power(q, cells.codes[i, EIGHTHS], values[i, HALF_POWER]))


@kernel
def table_gradient(table: np.ndarray, row: int, pixel: int, dims: tuple, geometry: np.ndarray) -> tuple[Number, Number, Number]:
    """Return the gradient of a tabulated cost by central differences (one-sided at bounded faces)."""
    k0, k1, k2 = pixel // (dims[1] * dims[2]), pixel // dims[2] % dims[1], pixel % dims[2]
    g = (0.0, 0.0, 0.0)
    n1, n2 = dims[1], dims[2]
    for axis in range(3):
        n = dims[axis]
        if n == 1:
            continue
        k = (k0, k1, k2)[axis]
        before, after, steps = k - 1, k + 1, 2.0
        if geometry[6 + axis] > 0:
            before, after = before % n, after % n
        else:
            if before < 0:
                before, steps = 0, 1.0
            if after >= n:
                after, steps = n - 1, 1.0
        if axis == 0:
            rise = table[row, (after * n1 + k1) * n2 + k2] - table[row, (before * n1 + k1) * n2 + k2]
            g = (rise / (steps * geometry[0]), g[1], g[2])
        elif axis == 1:
            rise = table[row, (k0 * n1 + after) * n2 + k2] - table[row, (k0 * n1 + before) * n2 + k2]
            g = (g[0], rise / (steps * geometry[1]), g[2])
        else:
            rise = table[row, (k0 * n1 + k1) * n2 + after] - table[row, (k0 * n1 + k1) * n2 + before]
            g = (g[0], g[1], rise / (steps * geometry[2]))
    return g


@inlined
def gauge_slope(
    kind: int, z0: Number, z1: Number, z2: Number, a0: Number, a1: Number, a2: Number, a3: Number, a4: Number, a5: Number, length: Number
) -> tuple[Number, Number, Number]:
    """Return grad(G) / G at z, so that grad(s G^p) is p c times this.

    a0..a5 are those of A (00, 11, 22, 01, 02, 12), or a0..a2 the axis of a rod.
    """
    if kind <= ELLIPSOID:
        g0, g1, g2 = a0 * z0 + a3 * z1 + a4 * z2, a3 * z0 + a1 * z1 + a5 * z2, a4 * z0 + a5 * z1 + a2 * z2
        factor = 1.0 / (max(0.0, g0 * z0 + g1 * z1 + g2 * z2) + 1e-12)
        g0, g1, g2 = factor * g0, factor * g1, factor * g2
    else:
        along = z0 * a0 + z1 * a1 + z2 * a2
        gauge = np.sqrt(_rod(kind, length, along, z0 * z0 + z1 * z1 + z2 * z2)) + 1e-12
        # both gauges solve (|along| - core)^2 + across^2 = G^2 beyond the core, with core = length, or length times G
        core, growth = (length, 0.0) if kind == SEGMENT else (length * gauge, length)
        beyond = max(0.0, abs(along) - core)
        factor = 1.0 / (gauge * (gauge + growth * beyond))
        side = (beyond if along >= 0 else -beyond) - along
        g0, g1, g2 = factor * (z0 + side * a0), factor * (z1 + side * a1), factor * (z2 + side * a2)
    return g0, g1, g2

"""The cost of one cell at a point, its slope, and its bounds over a block: `shapelab.transport.point_cost` for the card."""

# The types of compiled code are Warp's business.
# mypy: ignore-errors

from __future__ import annotations

from typing import Any

import warp as wp

__all__ = ["bounds", "cost_at", "slope_at", "table_slope", "wrap"]

_ISOTROPIC, _ELLIPSOID, _SEGMENT, _TABULATED = wp.constant(0), wp.constant(1), wp.constant(3), wp.constant(4)
_SCALE, _LOW, _HIGH, _HALF_POWER, _AXIS, _LENGTH, _CAP = (wp.constant(k) for k in (9, 10, 11, 12, 13, 16, 17))
_TINY = wp.constant(1e-30)


@wp.func
def wrap(d: Any, period: Any, frequency: Any):
    """Return the nearest image of a displacement; `frequency` is 0 along bounded axes."""
    return d - period * wp.floor(d * frequency + type(d)(0.5))


@wp.func
def power(q: Any, eighths: int, half_power: Any):
    """Return q^half_power."""
    if eighths == 8:
        return q
    if eighths == 2:
        return wp.sqrt(wp.sqrt(q))
    if eighths == 16:
        return q * q
    if eighths == 32:
        return q * q * q * q
    return wp.pow(q + type(q)(_TINY), half_power)


@wp.func
def rod(kind: int, length: Any, along: Any, squared: Any):
    """Return the squared gauge of a rod from the part of z along its axis and |z|^2."""
    zero = type(along)(0.0)
    x = wp.abs(along)
    y2 = wp.max(zero, squared - x * x)
    if kind == _SEGMENT:
        beyond = wp.max(zero, x - length)
        return beyond * beyond + y2
    if x <= length * wp.sqrt(y2):
        return y2
    gauge = squared / (x * length + wp.sqrt(wp.max(zero, squared - length * length * y2)) + type(along)(_TINY))
    return gauge * gauge


@wp.func
def gauge_squared(values: wp.array2d(dtype=Any), kind: int, i: int, z0: Any, z1: Any, z2: Any):
    """Return G(z)^2 of cell i."""
    squared = z0 * z0 + z1 * z1 + z2 * z2
    if kind == _ISOTROPIC:
        return squared
    if kind == _ELLIPSOID:
        two = type(z0)(2.0)
        q = z0 * (values[i, 3] * z0 + two * (values[i, 6] * z1 + values[i, 7] * z2))
        q += z1 * (values[i, 4] * z1 + two * values[i, 8] * z2) + values[i, 5] * z2 * z2
        return wp.max(type(z0)(0.0), q)
    along = z0 * values[i, _AXIS] + z1 * values[i, _AXIS + 1] + z2 * values[i, _AXIS + 2]
    return rod(kind, values[i, _LENGTH], along, squared)


@wp.func
def cost_at(
    values: wp.array2d(dtype=Any),
    codes: wp.array2d(dtype=wp.int32),
    table: wp.array2d(dtype=wp.float32),
    geometry: wp.array(dtype=Any),
    i: int,
    y0: Any,
    y1: Any,
    y2: Any,
    pixel: int,
):
    """Return the cost of cell i at the point y (tabulated: at the pixel)."""
    kind = codes[i, 0]
    if kind == _TABULATED:
        return type(y0)(table[codes[i, 2], pixel])
    z0 = wrap(y0 - values[i, 0], geometry[3], geometry[6])
    z1 = wrap(y1 - values[i, 1], geometry[4], geometry[7])
    z2 = wrap(y2 - values[i, 2], geometry[5], geometry[8])
    q = gauge_squared(values, kind, i, z0, z1, z2)
    return wp.min(values[i, _CAP], values[i, _SCALE] * power(q, codes[i, 1], values[i, _HALF_POWER]))


@wp.func
def table_rise(table: wp.array2d(dtype=wp.float32), row: int, pixel: int, k: int, n: int, stride: int, period: Any, spacing: Any):
    """Return the slope along one axis: central differences, one-sided at bounded faces."""
    if n == 1:
        return spacing * type(spacing)(0.0)
    before = wp.max(k - 1, 0)
    after = wp.min(k + 1, n - 1)
    steps = after - before
    if period > type(period)(0.0):
        before = (k + n - 1) % n
        after = (k + 1) % n
        steps = 2
    rise = table[row, pixel + (after - k) * stride] - table[row, pixel + (before - k) * stride]
    return type(spacing)(rise) / (type(spacing)(steps) * spacing)


@wp.func
def table_slope(table: wp.array2d(dtype=wp.float32), row: int, pixel: int, dims: wp.vec3i, geometry: wp.array(dtype=Any)):
    """Return the gradient of a tabulated cost."""
    k0 = pixel // (dims[1] * dims[2])
    k1 = pixel // dims[2] % dims[1]
    k2 = pixel % dims[2]
    g0 = table_rise(table, row, pixel, k0, dims[0], dims[1] * dims[2], geometry[6], geometry[0])
    g1 = table_rise(table, row, pixel, k1, dims[1], dims[2], geometry[7], geometry[1])
    g2 = table_rise(table, row, pixel, k2, dims[2], 1, geometry[8], geometry[2])
    return g0, g1, g2


@wp.func
def slope_at(
    values: wp.array2d(dtype=Any),
    codes: wp.array2d(dtype=wp.int32),
    table: wp.array2d(dtype=wp.float32),
    geometry: wp.array(dtype=Any),
    dims: wp.vec3i,
    i: int,
    y0: Any,
    y1: Any,
    y2: Any,
    pixel: int,
    cost: Any,
):
    """Return the gradient of the cost of cell i at y, where it is `cost`: grad(s G^p) = p c grad(G) / G."""
    kind = codes[i, 0]
    zero = type(y0)(0.0)
    if kind == _TABULATED:
        t0, t1, t2 = table_slope(table, codes[i, 2], pixel, dims, geometry)
        return t0, t1, t2
    z0 = wrap(y0 - values[i, 0], geometry[3], geometry[6])
    z1 = wrap(y1 - values[i, 1], geometry[4], geometry[7])
    z2 = wrap(y2 - values[i, 2], geometry[5], geometry[8])
    factor = type(y0)(2.0) * values[i, _HALF_POWER] * wp.max(cost, zero)
    if cost >= values[i, _CAP]:
        factor = zero
    if kind <= _ELLIPSOID:
        g0 = values[i, 3] * z0 + values[i, 6] * z1 + values[i, 7] * z2
        g1 = values[i, 6] * z0 + values[i, 4] * z1 + values[i, 8] * z2
        g2 = values[i, 7] * z0 + values[i, 8] * z1 + values[i, 5] * z2
        factor = factor / (wp.max(zero, g0 * z0 + g1 * z1 + g2 * z2) + type(y0)(1e-12))
        return factor * g0, factor * g1, factor * g2
    a0 = values[i, _AXIS]
    a1 = values[i, _AXIS + 1]
    a2 = values[i, _AXIS + 2]
    length = values[i, _LENGTH]
    along = z0 * a0 + z1 * a1 + z2 * a2
    gauge = wp.sqrt(rod(kind, length, along, z0 * z0 + z1 * z1 + z2 * z2)) + type(y0)(1e-12)
    core = length * gauge
    growth = length
    if kind == _SEGMENT:
        core = length
        growth = zero
    beyond = wp.max(zero, wp.abs(along) - core)
    factor = factor / (gauge * (gauge + growth * beyond))
    side = wp.where(along >= zero, beyond, -beyond) - along
    return factor * (z0 + side * a0), factor * (z1 + side * a1), factor * (z2 + side * a2)


@wp.func
def bounds(
    values: wp.array2d(dtype=Any),
    codes: wp.array2d(dtype=wp.int32),
    geometry: wp.array(dtype=Any),
    lows: wp.array2d(dtype=wp.float32),
    highs: wp.array2d(dtype=wp.float32),
    i: int,
    b: int,
    d0: Any,
    d1: Any,
    d2: Any,
    e0: Any,
    e1: Any,
    e2: Any,
):
    """Return a lower and an upper bound of cost i over block b; d is the displacement of its centre, e its half sides."""
    kind = codes[i, 0]
    zero = type(d0)(0.0)
    one = type(d0)(1.0)
    half = type(d0)(0.5)
    if kind == _TABULATED:
        row = codes[i, 2]
        return type(d0)(lows[row, b]), type(d0)(highs[row, b])
    n0 = wp.max(zero, wp.abs(d0) - e0)
    n1 = wp.max(zero, wp.abs(d1) - e1)
    n2 = wp.max(zero, wp.abs(d2) - e2)
    x0 = wp.abs(d0) + e0
    x1 = wp.abs(d1) + e1
    x2 = wp.abs(d2) + e2
    low = values[i, _LOW] * (n0 * n0 + n1 * n1 + n2 * n2)
    high = values[i, _HIGH] * (x0 * x0 + x1 * x1 + x2 * x2)
    straddles = x0 * geometry[6] > half or x1 * geometry[7] > half or x2 * geometry[8] > half
    if kind != _ISOTROPIC and not straddles:
        reach = e0 * e0 + e1 * e1 + e2 * e2
        if kind == _ELLIPSOID:
            reach = values[i, 3] * e0 * e0 + values[i, 4] * e1 * e1 + values[i, 5] * e2 * e2
            reach += type(d0)(2.0) * (wp.abs(values[i, 6]) * e0 * e1 + wp.abs(values[i, 7]) * e0 * e2 + wp.abs(values[i, 8]) * e1 * e2)
        centre = wp.sqrt(gauge_squared(values, kind, i, d0, d1, d2))
        reach = wp.sqrt(reach)
        inner = wp.max(zero, centre - reach)
        low = wp.max(low, inner * inner)
        high = wp.min(high, (centre + reach) * (centre + reach))
    slack = type(d0)(1e-5)
    if kind == _ISOTROPIC:
        slack = type(d0)(1e-9)
    low = wp.min(values[i, _CAP], values[i, _SCALE] * power(low, codes[i, 1], values[i, _HALF_POWER]) * (one - slack))
    high = wp.min(values[i, _CAP], values[i, _SCALE] * power(high, codes[i, 1], values[i, _HALF_POWER]) * (one + slack))
    return low, high

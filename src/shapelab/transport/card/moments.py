"""Moments of the cells and the forces on them: `shapelab.transport.moments` and `.forces` for the card."""

# The types of compiled code are Warp's business.
# mypy: ignore-errors

from __future__ import annotations

from typing import Any

import warp as wp

from shapelab.transport.card.costs import cost_at, table_slope, wrap
from shapelab.transport.card.fixed import MIDDLE, WIDE, add

__all__ = ["measure", "press"]

_MIDDLE, _WIDE = wp.constant(wp.float64(MIDDLE)), wp.constant(wp.float64(WIDE))
_HUGE, _TABULATED = wp.constant(1e30), wp.constant(4)

vec10d = wp.types.vector(length=10, dtype=wp.float64)


@wp.func
def powers(values: wp.array2d(dtype=Any), geometry: wp.array(dtype=Any), i: int, y0: Any, y1: Any, y2: Any, w: wp.float64):
    """Return weight, weight z and weight z z of a pixel, z from the seed."""
    a = wp.float64(wrap(y0 - values[i, 0], geometry[3], geometry[6]))
    b = wp.float64(wrap(y1 - values[i, 1], geometry[4], geometry[7]))
    c = wp.float64(wrap(y2 - values[i, 2], geometry[5], geometry[8]))
    return vec10d(w, w * a, w * b, w * c, w * a * a, w * b * b, w * c * c, w * a * b, w * a * c, w * b * c)


@wp.func
def flush(sums: wp.array(dtype=wp.int64), i: int, total: vec10d):
    """Add what has been summed up to a cell's sums."""
    for column in range(10):
        wp.atomic_add(sums, 10 * i + column, wp.int64(wp.rint(total[column] * _MIDDLE)))
    return 0


@wp.kernel(enable_backward=False)
def measure(
    values: wp.array2d(dtype=Any),
    geometry: wp.array(dtype=Any),
    dims: wp.vec3i,
    sides: wp.vec3i,
    blocks: wp.vec3i,
    n: int,
    labels: wp.array(dtype=wp.int32),
    seconds: wp.array(dtype=wp.int32),
    shares: wp.array(dtype=wp.float32),
    sums: wp.array(dtype=wp.int64),
):
    """Add up the moments over a block: runs of one cell in registers, then into its sums."""
    b = wp.tid()
    f0 = b // (blocks[1] * blocks[2]) * sides[0]
    f1 = b // blocks[2] % blocks[1] * sides[1]
    f2 = b % blocks[2] * sides[2]
    half = geometry.dtype(0.5)
    current = int(n)
    total = vec10d()
    for k0 in range(f0, wp.min(f0 + sides[0], dims[0])):
        y0 = (geometry.dtype(k0) + half) * geometry[0]
        for k1 in range(f1, wp.min(f1 + sides[1], dims[1])):
            y1 = (geometry.dtype(k1) + half) * geometry[1]
            for k2 in range(f2, wp.min(f2 + sides[2], dims[2])):
                y2 = (geometry.dtype(k2) + half) * geometry[2]
                p = (k0 * dims[1] + k1) * dims[2] + k2
                i = labels[p]
                share = wp.float64(shares[p])
                if i != current:
                    if current < n:
                        flush(sums, current, total)
                    current = i
                    total = vec10d()
                if i < n:
                    total += powers(values, geometry, i, y0, y1, y2, share)
                if share < wp.float64(1.0) and i <= n:
                    j = seconds[p]
                    if j < n:
                        flush(sums, j, powers(values, geometry, j, y0, y1, y2, wp.float64(1.0) - share))
    if current < n:
        flush(sums, current, total)


@wp.func
def pressure_in(
    labels: wp.array(dtype=wp.int32),
    seconds: wp.array(dtype=wp.int32),
    bests: wp.array(dtype=Any),
    nexts: wp.array(dtype=Any),
    lowered: wp.float64,
    p: int,
    n: int,
):
    """Return c - f on the interface in pixel p: the mean of both sides, 0 against the medium (N)."""
    if labels[p] >= n or seconds[p] >= n or nexts[p] >= nexts.dtype(_HUGE):
        return wp.float64(0.0)
    return wp.float64(0.5) * (wp.float64(bests[p]) + wp.float64(nexts[p])) - lowered


@wp.func
def push(forces: wp.array(dtype=wp.int64), i: int, n: int, axis: int, amount: wp.float64):
    """Add a force to a cell."""
    if i < n:
        add(forces, 3 * i + axis, amount, _WIDE)
    return 0


@wp.func
def press_wall(
    values: wp.array2d(dtype=Any),
    codes: wp.array2d(dtype=wp.int32),
    f: wp.array(dtype=Any),
    geometry: wp.array(dtype=Any),
    table: wp.array2d(dtype=wp.float32),
    dims: wp.vec3i,
    forces: wp.array(dtype=wp.int64),
    p: int,
    axis: int,
    side: Any,
    i: int,
    other: int,
    part: wp.float64,
    shared: bool,
):
    """Let a wall push cell i, which has this part of pixel p, from the face along `axis` on this side."""
    n = f.shape[0]
    if i < n:
        step = type(side)(0.5) * side * geometry[axis]
        y = wp.vec3d(
            wp.float64(geometry[0]) * (wp.float64(p // (dims[1] * dims[2])) + wp.float64(0.5)),
            wp.float64(geometry[1]) * (wp.float64(p // dims[2] % dims[1]) + wp.float64(0.5)),
            wp.float64(geometry[2]) * (wp.float64(p % dims[2]) + wp.float64(0.5)),
        )
        y[axis] += wp.float64(step)
        cost = cost_at(values, codes, table, geometry, i, f.dtype(y[0]), f.dtype(y[1]), f.dtype(y[2]), p)
        if codes[i, 0] == _TABULATED:
            t0, t1, t2 = table_slope(table, codes[i, 2], p, dims, geometry)
            cost += step * wp.where(axis == 0, t0, wp.where(axis == 1, t1, t2))
        pressure = wp.float64(cost - f[i])
        if shared and other >= n:
            pressure = wp.min(pressure, wp.float64(0.0))
        push(forces, i, n, axis, wp.float64(side) * part * pressure / wp.float64(geometry[axis]))
    return 0


@wp.kernel(enable_backward=False)
def press(
    values: wp.array2d(dtype=Any),
    codes: wp.array2d(dtype=wp.int32),
    f: wp.array(dtype=Any),
    geometry: wp.array(dtype=Any),
    table: wp.array2d(dtype=wp.float32),
    weights: wp.array(dtype=wp.float32),
    dims: wp.vec3i,
    labels: wp.array(dtype=wp.int32),
    seconds: wp.array(dtype=wp.int32),
    bests: wp.array(dtype=Any),
    nexts: wp.array(dtype=Any),
    shares: wp.array(dtype=wp.float32),
    lowered: wp.float64,
    forces: wp.array(dtype=wp.int64),
):
    """Add up the forces from the faces after a pixel, and from the walls around it (`shapelab.transport.forces`)."""
    p = wp.tid()
    n = f.shape[0]
    here = labels[p]
    if here > n:
        return
    own = wp.float64(shares[p])
    one = wp.float64(1.0)
    empty = here == n and own == one
    for axis in range(3):
        count = dims[axis]
        if axis == 0 and dims[0] == 1:
            continue
        stride = int(1)
        if axis == 0:
            stride = dims[1] * dims[2]
        elif axis == 1:
            stride = dims[2]
        k = p // stride % count
        period = geometry[6 + axis] > geometry.dtype(0.0)
        q = int(-1)
        if k < count - 1:
            q = p + stride
        elif period:
            q = p - stride * (count - 1)
        if q >= 0 and weights.shape[0] > 1:
            if weights[q] == 0.0:
                q = -1
        if q >= 0:
            there = wp.float64(shares[q])
            inner = own == one and there == one and labels[q] == here
            beside = own == one and there == one and (here >= n or labels[q] >= n)
            if not inner and not beside:
                pressure = pressure_in(labels, seconds, bests, nexts, lowered, p, n)
                beyond = pressure_in(labels, seconds, bests, nexts, lowered, q, n)
                if (own < one and there < one) or (own == one and there == one):
                    pressure = wp.float64(0.5) * (pressure + beyond)
                elif there < one:
                    pressure = beyond
                amount = pressure / wp.float64(geometry[axis])
                push(forces, here, n, axis, own * amount)
                if own < one:
                    push(forces, seconds[p], n, axis, (one - own) * amount)
                push(forces, labels[q], n, axis, -there * amount)
                if there < one:
                    push(forces, seconds[q], n, axis, -(one - there) * amount)
        elif not empty:
            side = geometry.dtype(1.0)
            press_wall(values, codes, f, geometry, table, dims, forces, p, axis, side, here, seconds[p], own, own < one)
            if own < one:
                press_wall(values, codes, f, geometry, table, dims, forces, p, axis, side, seconds[p], here, one - own, True)
        if empty:
            continue
        q = -1
        if k > 0:
            q = p - stride
        elif period:
            q = p + stride * (count - 1)
        if q >= 0 and weights.shape[0] > 1:
            if weights[q] == 0.0:
                q = -1
        if q < 0:
            side = geometry.dtype(-1.0)
            press_wall(values, codes, f, geometry, table, dims, forces, p, axis, side, here, seconds[p], own, own < one)
            if own < one:
                press_wall(values, codes, f, geometry, table, dims, forces, p, axis, side, seconds[p], here, one - own, True)

"""Which cells can win a pixel of a block, level by level: `shapelab.transport.candidates` for the card, with the same lists."""

# The types of compiled code are Warp's business.
# mypy: ignore-errors

from __future__ import annotations

from typing import Any

import warp as wp

from shapelab.transport.card.costs import bounds, power, wrap

__all__ = ["CHUNK", "best_of_chunks", "join_chunks", "mark_chunks", "refine"]

CHUNK = 64
"""Cells that one thread looks at on the top level, where there are few blocks and many cells."""
_CHUNK = wp.constant(CHUNK)


@wp.func
def bounds_in(
    values: wp.array2d(dtype=Any),
    codes: wp.array2d(dtype=wp.int32),
    f: wp.array(dtype=Any),
    geometry: wp.array(dtype=Any),
    lows: wp.array2d(dtype=wp.float32),
    highs: wp.array2d(dtype=wp.float32),
    centres: wp.array2d(dtype=Any),
    half: wp.array(dtype=Any),
    rounding: Any,
    i: int,
    b: int,
):
    """Return bounds of ``c_i - f_i`` over block b that rounding cannot break."""
    d0 = wrap(centres[b, 0] - values[i, 0], geometry[3], geometry[6])
    d1 = wrap(centres[b, 1] - values[i, 1], geometry[4], geometry[7])
    d2 = wrap(centres[b, 2] - values[i, 2], geometry[5], geometry[8])
    low, high = bounds(values, codes, geometry, lows, highs, i, b, d0, d1, d2, half[0], half[1], half[2])
    margin = rounding * (wp.abs(f[i]) + wp.abs(high))
    return low - f[i] - margin, high - f[i] + margin


@wp.func
def convex(
    values: wp.array2d(dtype=Any),
    codes: wp.array2d(dtype=wp.int32),
    f: wp.array(dtype=Any),
    geometry: wp.array(dtype=Any),
    centres: wp.array2d(dtype=Any),
    half: wp.array(dtype=Any),
    i: int,
    b: int,
):
    """Return whether the cost of cell i is convex and smooth over block b: quadratic, or a distance to a power above 2."""
    z0 = wp.abs(wrap(centres[b, 0] - values[i, 0], geometry[3], geometry[6])) + half[0]
    z1 = wp.abs(wrap(centres[b, 1] - values[i, 1], geometry[4], geometry[7])) + half[1]
    z2 = wp.abs(wrap(centres[b, 2] - values[i, 2], geometry[5], geometry[8])) + half[2]
    middle = f.dtype(0.5)
    straddles = z0 * geometry[6] > middle or z1 * geometry[7] > middle or z2 * geometry[8] > middle
    one = f.dtype(1.0)
    kind = codes[i, 0]
    fits = (values[i, 12] == one and kind <= 1) or (values[i, 12] > one and kind == 0)
    return fits and not straddles and values[i, 17] >= f.dtype(1e30)


@wp.func
def expansion(
    values: wp.array2d(dtype=Any),
    codes: wp.array2d(dtype=wp.int32),
    f: wp.array(dtype=Any),
    geometry: wp.array(dtype=Any),
    centres: wp.array2d(dtype=Any),
    half: wp.array(dtype=Any),
    i: int,
    b: int,
):
    """Return c - f and grad c at the block's centre, and a bound of how much the cost rises above its tangent per |z|^2."""
    z0 = wrap(centres[b, 0] - values[i, 0], geometry[3], geometry[6])
    z1 = wrap(centres[b, 1] - values[i, 1], geometry[4], geometry[7])
    z2 = wrap(centres[b, 2] - values[i, 2], geometry[5], geometry[8])
    two = f.dtype(2.0)
    scale = values[i, 9]
    if values[i, 12] > f.dtype(1.0):
        exponent = two * values[i, 12]
        x0 = wp.abs(z0) + half[0]
        x1 = wp.abs(z1) + half[1]
        x2 = wp.abs(z2) + half[2]
        farthest = x0 * x0 + x1 * x1 + x2 * x2
        bend = scale * f.dtype(0.5001) * exponent * (exponent - f.dtype(1.0)) * power(farthest, codes[i, 1], values[i, 12]) / farthest
        squared = z0 * z0 + z1 * z1 + z2 * z2
        factor = scale * power(squared, codes[i, 1], values[i, 12]) / (squared + f.dtype(1e-30))
        return factor * squared - f[i], exponent * factor * z0, exponent * factor * z1, exponent * factor * z2, bend
    g0 = values[i, 3] * z0 + values[i, 6] * z1 + values[i, 7] * z2
    g1 = values[i, 6] * z0 + values[i, 4] * z1 + values[i, 8] * z2
    g2 = values[i, 7] * z0 + values[i, 8] * z1 + values[i, 5] * z2
    value = scale * (g0 * z0 + g1 * z1 + g2 * z2) - f[i]
    return value, two * scale * g0, two * scale * g1, two * scale * g2, f.dtype(0.0)


@wp.func
def curvature(values: wp.array2d(dtype=Any), i: int, column: int):
    """Return an entry of scale A of a quadratic cost; 0 for others, which lie above their tangent."""
    if values[i, 12] > values.dtype(1.0):
        return values.dtype(0.0)
    return values[i, 9] * values[i, 3 + column]


@wp.func
def drop_beaten(
    values: wp.array2d(dtype=Any),
    codes: wp.array2d(dtype=wp.int32),
    f: wp.array(dtype=Any),
    geometry: wp.array(dtype=Any),
    centres: wp.array2d(dtype=Any),
    half: wp.array(dtype=Any),
    rounding: Any,
    lists: wp.array2d(dtype=wp.int32),
    count: int,
    b: int,
):
    """Drop the cells to which the best one at the block's centre is preferred all over the block; return how many are left."""
    champion = int(-1)
    lowest = f.dtype(4.0e30)
    for m in range(count):
        i = lists[b, m]
        if convex(values, codes, f, geometry, centres, half, i, b):
            value, _a, _b, _c, _d = expansion(values, codes, f, geometry, centres, half, i, b)
            if value < lowest:
                champion = i
                lowest = value
    if champion < 0:
        return count
    _c0, c1, c2, c3, bend = expansion(values, codes, f, geometry, centres, half, champion, b)
    e0 = half[0]
    e1 = half[1]
    e2 = half[2]
    zero = f.dtype(0.0)
    two = f.dtype(2.0)
    left = int(0)
    for m in range(count):
        i = lists[b, m]
        stays = bool(True)
        if i != champion and convex(values, codes, f, geometry, centres, half, i, b):
            v0, v1, v2, v3, _e = expansion(values, codes, f, geometry, centres, half, i, b)
            ahead = v0 - lowest - wp.abs(v1 - c1) * e0 - wp.abs(v2 - c2) * e1 - wp.abs(v3 - c3) * e2
            ahead += wp.min(zero, curvature(values, i, 0) - curvature(values, champion, 0)) * e0 * e0
            ahead += wp.min(zero, curvature(values, i, 1) - curvature(values, champion, 1)) * e1 * e1
            ahead += wp.min(zero, curvature(values, i, 2) - curvature(values, champion, 2)) * e2 * e2
            ahead -= two * wp.abs(curvature(values, i, 3) - curvature(values, champion, 3)) * e0 * e1
            ahead -= two * wp.abs(curvature(values, i, 4) - curvature(values, champion, 4)) * e0 * e2
            ahead -= two * wp.abs(curvature(values, i, 5) - curvature(values, champion, 5)) * e1 * e2
            ahead -= bend * (e0 * e0 + e1 * e1 + e2 * e2) + rounding * (wp.abs(v0) + wp.abs(lowest) + wp.abs(f[i]))
            stays = ahead <= zero
        if stays:
            lists[b, left] = i
            left += 1
    return left


@wp.kernel(enable_backward=False)
def best_of_chunks(
    values: wp.array2d(dtype=Any),
    codes: wp.array2d(dtype=wp.int32),
    f: wp.array(dtype=Any),
    geometry: wp.array(dtype=Any),
    lows: wp.array2d(dtype=wp.float32),
    highs: wp.array2d(dtype=wp.float32),
    centres: wp.array2d(dtype=Any),
    half: wp.array(dtype=Any),
    rounding: Any,
    best: wp.array(dtype=Any),
):
    """Lower ``best[b]`` to the smallest upper bound of a chunk of cells."""
    b, chunk = wp.tid()
    least = best[b]
    for i in range(chunk * _CHUNK, wp.min((chunk + 1) * _CHUNK, f.shape[0])):
        _, high = bounds_in(values, codes, f, geometry, lows, highs, centres, half, rounding, i, b)
        least = wp.min(least, high)
    wp.atomic_min(best, b, least)


@wp.kernel(enable_backward=False)
def mark_chunks(
    values: wp.array2d(dtype=Any),
    codes: wp.array2d(dtype=wp.int32),
    f: wp.array(dtype=Any),
    geometry: wp.array(dtype=Any),
    lows: wp.array2d(dtype=wp.float32),
    highs: wp.array2d(dtype=wp.float32),
    centres: wp.array2d(dtype=Any),
    half: wp.array(dtype=Any),
    rounding: Any,
    best: wp.array(dtype=Any),
    found: wp.array2d(dtype=wp.int32),
    counts: wp.array2d(dtype=wp.int32),
):
    """Write the cells of a chunk that can win into its part of a row of `found`."""
    b, chunk = wp.tid()
    m = int(0)
    for i in range(chunk * _CHUNK, wp.min((chunk + 1) * _CHUNK, f.shape[0])):
        low, _ = bounds_in(values, codes, f, geometry, lows, highs, centres, half, rounding, i, b)
        if low <= best[b]:
            found[b, chunk * _CHUNK + m] = i
            m += 1
    counts[b, chunk] = m


@wp.kernel(enable_backward=False)
def join_chunks(
    values: wp.array2d(dtype=Any),
    codes: wp.array2d(dtype=wp.int32),
    f: wp.array(dtype=Any),
    geometry: wp.array(dtype=Any),
    centres: wp.array2d(dtype=Any),
    half: wp.array(dtype=Any),
    rounding: Any,
    medium: int,
    best: wp.array(dtype=Any),
    found: wp.array2d(dtype=wp.int32),
    chunk_counts: wp.array2d(dtype=wp.int32),
    lists: wp.array2d(dtype=wp.int32),
    counts: wp.array(dtype=wp.int32),
    level: int,
    report: wp.array(dtype=wp.int64),
):
    """Write the chunks of a block one after the other, the medium last."""
    b = wp.tid()
    m = int(0)
    for chunk in range(chunk_counts.shape[1]):
        for k in range(chunk_counts[b, chunk]):
            if m < lists.shape[1]:
                lists[b, m] = found[b, chunk * _CHUNK + k]
            m += 1
    if m > 2 and m <= lists.shape[1]:
        m = drop_beaten(values, codes, f, geometry, centres, half, rounding, lists, m, b)
    if medium == 1 and best[b] >= best.dtype(0.0):
        if m < lists.shape[1]:
            lists[b, m] = f.shape[0]
        m += 1
    counts[b] = wp.min(m, lists.shape[1])
    wp.atomic_max(report, level, wp.int64(m))


@wp.kernel(enable_backward=False)
def refine(
    values: wp.array2d(dtype=Any),
    codes: wp.array2d(dtype=wp.int32),
    f: wp.array(dtype=Any),
    geometry: wp.array(dtype=Any),
    lows: wp.array2d(dtype=wp.float32),
    highs: wp.array2d(dtype=wp.float32),
    centres: wp.array2d(dtype=Any),
    half: wp.array(dtype=Any),
    rounding: Any,
    medium: int,
    parents: wp.array(dtype=wp.int32),
    above: wp.array2d(dtype=wp.int32),
    above_counts: wp.array(dtype=wp.int32),
    lists: wp.array2d(dtype=wp.int32),
    counts: wp.array(dtype=wp.int32),
    level: int,
    report: wp.array(dtype=wp.int64),
):
    """Fill the list of a block from that of the block above."""
    b = wp.tid()
    n = f.shape[0]
    parent = parents[b]
    best = f.dtype(2.0e30)
    if medium == 1:
        best = f.dtype(0.0)
    for k in range(above_counts[parent]):
        i = above[parent, k]
        if i < n:
            _, high = bounds_in(values, codes, f, geometry, lows, highs, centres, half, rounding, i, b)
            best = wp.min(best, high)
    m = int(0)
    around = bool(False)
    for k in range(above_counts[parent]):
        i = above[parent, k]
        if i == n:
            around = best >= f.dtype(0.0)  # the medium
        else:
            low, _ = bounds_in(values, codes, f, geometry, lows, highs, centres, half, rounding, i, b)
            if low <= best:
                if m < lists.shape[1]:
                    lists[b, m] = i
                m += 1
    if m > 2 and m <= lists.shape[1]:
        m = drop_beaten(values, codes, f, geometry, centres, half, rounding, lists, m, b)
    if around:
        if m < lists.shape[1]:
            lists[b, m] = n
        m += 1
    counts[b] = wp.min(m, lists.shape[1])
    wp.atomic_max(report, level, wp.int64(m))

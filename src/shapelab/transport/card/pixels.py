"""Who owns each pixel, and the sums over cells and pairs: `shapelab.transport.assignment` for the card, one thread per pixel."""

# The types of compiled code are Warp's business.
# mypy: ignore-errors

from __future__ import annotations

from typing import Any

import warp as wp

from shapelab.transport.card.costs import cost_at, slope_at
from shapelab.transport.card.fixed import FINE, WIDE, add

__all__ = ["HIGHEST", "SUMS", "USED", "assign", "begin", "collect_pairs", "label"]

USED, HIGHEST, COLLECTED, SUMS = 5, 6, 7, 8
"""A report: the longest list of each of the five levels, the number of pairs, the highest value, the pairs written, and from `SUMS`
on the whole pixels and the fractions of every cell, of the medium and of walls."""

_USED, _HIGHEST, _COLLECTED, _SUMS = wp.constant(USED), wp.constant(HIGHEST), wp.constant(COLLECTED), wp.constant(SUMS)
_LOWEST = wp.constant(wp.int64(-(2**62)))
_FINE, _WIDE = wp.constant(wp.float64(FINE)), wp.constant(wp.float64(WIDE))
_NONE = wp.constant(wp.int64(-1))


@wp.func
def block_of(k0: int, k1: int, k2: int, sides: wp.vec3i, blocks: wp.vec3i):
    """Return the block of a pixel."""
    return (k0 // sides[0] * blocks[1] + k1 // sides[1]) * blocks[2] + k2 // sides[2]


@wp.func
def add_pair(
    keys: wp.array(dtype=wp.int64), shared: wp.array(dtype=wp.int64), i: int, j: int, n: int, weight: wp.float64, area: wp.float64
):
    """Add what a pixel gives to the pair {i, j}; pairs for which there is no slot left are counted by the caller's `USED`."""
    key = wp.int64(wp.min(i, j)) * wp.int64(n + 1) + wp.int64(wp.max(i, j))
    slots = keys.shape[0]
    mask = wp.int64(slots - 1)
    slot = int(((key * wp.int64(0x9E3779B97F4A7C1)) >> wp.int64(20)) & mask)
    fresh = int(0)
    for _ in range(slots):
        old = wp.atomic_cas(keys, slot, _NONE, key)
        if old == _NONE:
            fresh = 1
        if old == _NONE or old == key:
            add(shared, 2 * slot, weight, _WIDE)
            add(shared, 2 * slot + 1, area, _WIDE)
            return fresh
        slot = (slot + 1) & int(mask)
    return 1


@wp.kernel(enable_backward=False)
def begin(
    medium: int,
    report: wp.array(dtype=wp.int64),
    best: wp.array(dtype=Any),
    keys: wp.array(dtype=wp.int64),
    shared: wp.array(dtype=wp.int64),
):
    """Empty what a pass fills."""
    k = wp.tid()
    if k < report.shape[0]:
        report[k] = wp.where(k == _HIGHEST, _LOWEST, wp.int64(0))
    if k < best.shape[0]:
        best[k] = wp.where(medium == 1, best.dtype(0.0), best.dtype(2.0e30))
    if k < keys.shape[0]:
        keys[k] = _NONE
        shared[2 * k] = wp.int64(0)
        shared[2 * k + 1] = wp.int64(0)


@wp.kernel(enable_backward=False)
def assign(
    values: wp.array2d(dtype=Any),
    codes: wp.array2d(dtype=wp.int32),
    f: wp.array(dtype=Any),
    geometry: wp.array(dtype=Any),
    table: wp.array2d(dtype=wp.float32),
    weights: wp.array(dtype=wp.float32),
    dims: wp.vec3i,
    sides: wp.vec3i,
    blocks: wp.vec3i,
    medium: int,
    lists: wp.array2d(dtype=wp.int32),
    counts: wp.array(dtype=wp.int32),
    labels: wp.array(dtype=wp.int32),
    seconds: wp.array(dtype=wp.int32),
    bests: wp.array(dtype=Any),
    nexts: wp.array(dtype=Any),
    shares: wp.array(dtype=wp.float32),
    keys: wp.array(dtype=wp.int64),
    shared: wp.array(dtype=wp.int64),
    report: wp.array(dtype=wp.int64),
):
    """Give a pixel to the best cell of its block's list, and share it with the second near their interface."""
    p = wp.tid()
    n = f.shape[0]
    huge = f.dtype(2.0e30)
    if weights.shape[0] > 1:
        if weights[p] == 0.0:
            labels[p] = n + 1
            seconds[p] = n + 1
            bests[p] = f.dtype(0.0)
            nexts[p] = huge
            shares[p] = 0.0
            return
    k0 = p // (dims[1] * dims[2])
    k1 = p // dims[2] % dims[1]
    k2 = p % dims[2]
    y0 = (f.dtype(k0) + f.dtype(0.5)) * geometry[0]
    y1 = (f.dtype(k1) + f.dtype(0.5)) * geometry[1]
    y2 = (f.dtype(k2) + f.dtype(0.5)) * geometry[2]
    b = block_of(k0, k1, k2, sides, blocks)
    v1 = huge
    v2 = huge
    i1 = int(n)
    i2 = int(n)
    for m in range(counts[b]):
        i = lists[b, m]
        v = f.dtype(0.0)
        if i < n:
            v = cost_at(values, codes, table, geometry, i, y0, y1, y2, p) - f[i]
        if v < v1:
            v2 = v1
            i2 = i1
            v1 = v
            i1 = i
        elif v < v2:
            v2 = v
            i2 = i
    share = wp.float32(1.0)
    if v2 < f.dtype(1.0e30):
        g0 = f.dtype(0.0)
        g1 = f.dtype(0.0)
        g2 = f.dtype(0.0)
        if i1 < n:
            s0, s1, s2 = slope_at(values, codes, table, geometry, dims, i1, y0, y1, y2, p, v1 + f[i1])
            g0 += s0
            g1 += s1
            g2 += s2
        if i2 < n:
            r0, r1, r2 = slope_at(values, codes, table, geometry, dims, i2, y0, y1, y2, p, v2 + f[i2])
            g0 -= r0
            g1 -= r1
            g2 -= r2
        width = wp.abs(g0) * geometry[0] + wp.abs(g1) * geometry[1] + wp.abs(g2) * geometry[2] + f.dtype(1e-20)
        gap = v2 - v1
        if gap < f.dtype(0.5) * width:
            share = wp.float32(f.dtype(0.5) + gap / width)
            inverse = wp.float64(1.0) / wp.float64(width)
            fresh = add_pair(keys, shared, i1, i2, n, inverse, wp.float64(wp.sqrt(g0 * g0 + g1 * g1 + g2 * g2)) * inverse)
            if fresh == 1:
                wp.atomic_add(report, _USED, wp.int64(1))
            rest = wp.float64(1.0) - wp.float64(share)
            add(report, _SUMS + 2 * i1 + 1, -rest, _FINE)
            add(report, _SUMS + 2 * i2 + 1, rest, _FINE)
    if i1 < n:  # the medium has what is left: one number that most threads add to would be slow
        wp.atomic_add(report, _SUMS + 2 * i1, wp.int64(1))
    if medium == 0:
        top = wp.int64(wp.rint(wp.float64(v1) * _FINE))
        if top > report[_HIGHEST]:
            wp.atomic_max(report, _HIGHEST, top)
    labels[p] = i1
    seconds[p] = i2
    bests[p] = v1
    nexts[p] = v2
    shares[p] = share


@wp.kernel(enable_backward=False)
def collect_pairs(
    keys: wp.array(dtype=wp.int64), shared: wp.array(dtype=wp.int64), report: wp.array(dtype=wp.int64), out: wp.array(dtype=wp.int64)
):
    """Write the pairs, in any order, as key, weight and area one after the other."""
    slot = wp.tid()
    if keys[slot] >= wp.int64(0):
        row = int(wp.atomic_add(report, _COLLECTED, wp.int64(1)))
        if 3 * row + 2 < out.shape[0]:
            out[3 * row] = keys[slot]
            out[3 * row + 1] = shared[2 * slot]
            out[3 * row + 2] = shared[2 * slot + 1]


@wp.kernel(enable_backward=False)
def label(
    values: wp.array2d(dtype=Any),
    codes: wp.array2d(dtype=wp.int32),
    f: wp.array(dtype=Any),
    geometry: wp.array(dtype=Any),
    table: wp.array2d(dtype=wp.float32),
    weights: wp.array(dtype=wp.float32),
    dims: wp.vec3i,
    sides: wp.vec3i,
    blocks: wp.vec3i,
    lists: wp.array2d(dtype=wp.int32),
    counts: wp.array(dtype=wp.int32),
    image: wp.array(dtype=wp.int32),
):
    """Write the label of a pixel and nothing else: 0 is medium or wall, i + 1 is cell i."""
    p = wp.tid()
    n = f.shape[0]
    if weights.shape[0] > 1:
        if weights[p] == 0.0:
            image[p] = 0
            return
    k0 = p // (dims[1] * dims[2])
    k1 = p // dims[2] % dims[1]
    k2 = p % dims[2]
    y0 = (f.dtype(k0) + f.dtype(0.5)) * geometry[0]
    y1 = (f.dtype(k1) + f.dtype(0.5)) * geometry[1]
    y2 = (f.dtype(k2) + f.dtype(0.5)) * geometry[2]
    b = block_of(k0, k1, k2, sides, blocks)
    best = f.dtype(2.0e30)
    owner = int(n)
    for m in range(counts[b]):
        i = lists[b, m]
        v = f.dtype(0.0)
        if i < n:
            v = cost_at(values, codes, table, geometry, i, y0, y1, y2, p) - f[i]
        if v < best:
            best = v
            owner = i
    image[p] = wp.where(owner < n, owner + 1, 0)

"""The smoothed assignment, pixel by pixel: shares, temperatures, and the potential at which an empty cell comes back (compiled)."""

from __future__ import annotations

import numpy as np

from shapelab.transport.blocks import Grid
from shapelab.transport.candidates import Lists
from shapelab.transport.competition import (
    BEST,
    COLUMNS,
    EXPONENT,
    INSIDE,
    NEXT,
    OWNER,
    PIXELS,
    ROOM,
    RUNNER,
    WORK,
    block_corner,
    compete,
    describe_candidates,
    locate_pixels,
    mark_inside,
    ramps,
)
from shapelab.transport.compiled import Number, kernel, quick
from shapelab.transport.pairs import add_pair
from shapelab.transport.point_cost import HUGE, Cells, block_cost

__all__ = ["REACH", "lift_empty", "set_temperatures", "share_pixels"]

HOTTEST = 100.0
"""Highest temperature of a pixel, relative to the lowest: hotter ones would let distant cells in."""

REACH = 7.0
"""Cells more than this many temperatures above the best are left out (exp(-7) = 0.1 %)."""

MINOR = 1e-3
"""Pairs that share less of a block, relative to how much either changes there, are left out of the Hessian."""

RATE, NORM, SHARE, WEIGHT = NEXT, OWNER, RUNNER, 448
"""Parts of a block's buffer: 1/eps, sum of the weights, its inverse, and the pixel's volume (see `shapelab.transport.competition`)."""


@quick
def _soften(buffer: np.ndarray, cost: np.ndarray, count: int, size: int) -> None:
    """Turn ``cost[m, k]``, that is c - f, into exp(-above/eps), its sum over m into NORM and its smallest into BEST."""
    for k in range(size):
        buffer[BEST + k], buffer[NORM + k] = cost[0, k], 0.0
    for m in range(1, count):
        for k in range(size):
            buffer[BEST + k] = min(buffer[BEST + k], cost[m, k])
    for m in range(count):
        for k in range(size):
            x = (cost[m, k] - buffer[BEST + k]) * buffer[RATE + k]
            # exp(-x) = exp(-x/64)^64, by a polynomial for the root: it runs several pixels at a time, to seven digits
            r = min(x, REACH) * (-1.0 / 64.0)
            e = 1.0 + r * (1.0 + r * (1.0 / 2.0 + r * (1.0 / 6.0 + r * (1.0 / 24.0 + r * (1.0 / 120.0)))))
            e *= e
            e *= e
            e *= e
            e *= e
            e *= e
            e *= e
            e = e if x < REACH else 0.0
            cost[m, k] = e
            buffer[NORM + k] += e


@quick
def _gather(buffer: np.ndarray, part: np.ndarray, size: int) -> tuple[Number, Number]:
    """Turn a cell's weights into its shares of the pixels; return its volume in the block and d volume / df."""
    volume = slope = 0.0
    for k in range(size):
        own = part[k] * buffer[SHARE + k]
        part[k] = own
        volume += buffer[WEIGHT + k] * own
        slope += buffer[WEIGHT + k] * own * (1.0 - own) * buffer[RATE + k]
    return volume, slope


@quick
def _overlap(part: np.ndarray, cost: np.ndarray, q: int, size: int) -> Number:
    """Return the sum of the products of two cells' shares."""
    together = 0.0
    for k in range(size):
        together += part[k] * cost[q, k]
    return together


@kernel
def share_pixels(
    slot: int,
    first: int,
    last: int,
    cells: Cells,
    f: np.ndarray,
    grid: Grid,
    lists: Lists,
    centres: np.ndarray,
    half: np.ndarray,
    eps: np.ndarray,
    unit: Number,
    crowded: bool,
    pixel_min: np.ndarray,
    dual: np.ndarray,
    sums: np.ndarray,
    keys: np.ndarray,
    values: np.ndarray,
) -> int:
    """Share the pixels of blocks first..last; the sums are volumes, and d|L_i|/df_i. Return the number of pairs.

    Where it is `crowded`, only pairs with the medium are made.
    """
    volume, slope = sums[slot, 0], sums[slot, 1]
    n, size, room = f.shape[0], grid.offsets.shape[1], keys.shape[0] // 2
    offsets, geometry, walls, all_weights = grid.offsets, grid.geometry, grid.weights.shape[0] > 1, grid.weights
    most, found = 1, lists.cells
    for b in range(first, last):
        most = max(most, lists.counts[b])
    cost, buffer, where = np.empty((most, PIXELS)), np.empty(ROOM), np.empty(PIXELS, np.int64)
    work = buffer[WORK : WORK + PIXELS]
    changes, total, pairs = np.empty(most), 0.0, 0
    for b in range(first, last):
        k0, k1, k2 = block_corner(b, grid)
        locate_pixels(where, k0, k1, k2, grid)
        mark_inside(buffer, k0, k1, k2, where, grid)
        count = lists.counts[b]
        c0, c1, c2, e0, e1, e2 = centres[b, 0], centres[b, 1], centres[b, 2], half[b, 0], half[b, 1], half[b, 2]
        for m in range(count):
            i: Number = np.int64(found[b, m])
            row = cost[m]
            if i == n:
                row[:] = 0.0
            else:
                block_cost(row, work, cells, i, c0, c1, c2, e0, e1, e2, offsets, geometry, where, size)
                shift = f[i]
                for k in range(size):
                    row[k] -= shift
        for k in range(size):
            p = where[k]
            buffer[RATE + k] = 1.0 / eps[p]
            buffer[WEIGHT + k] = unit * buffer[INSIDE + k] * (all_weights[p] if walls else 1.0)
        _soften(buffer, cost, count, size)
        for k in range(size):
            norm, p, weight = buffer[NORM + k], where[k], buffer[WEIGHT + k]
            buffer[SHARE + k] = 1.0 / norm
            value = buffer[BEST + k] - (eps[p] * np.log(norm) if norm > 1.0 else 0.0)
            total += weight * value
            if buffer[INSIDE + k] > 0:
                pixel_min[p] = value
        for m in range(count):
            own, change = _gather(buffer, cost[m], size)
            volume[found[b, m]] += own
            slope[found[b, m]] += change
            changes[m] = change
        for m in range(count):
            if changes[m] == 0:
                continue
            for k in range(size):
                work[k] = cost[m, k] * buffer[WEIGHT + k] * buffer[RATE + k]
            others = m + 1
            if crowded:
                others = max(others, count - 1 if found[b, count - 1] == n else count)
            for q in range(others, count):
                together = _overlap(work, cost, q, size) if changes[q] > 0 else 0.0
                if together > MINOR * min(changes[m], changes[q]) and pairs < room:
                    pairs += add_pair(keys, values, found[b, m], found[b, q], n, together, 0.0)
    dual[slot] = total
    return pairs


@kernel
def set_temperatures(
    slot: int,
    first: int,
    last: int,
    cells: Cells,
    f: np.ndarray,
    grid: Grid,
    lists: Lists,
    centres: np.ndarray,
    half: np.ndarray,
    factor: Number,
    least: Number,
    eps: np.ndarray,
) -> None:
    """Set eps of each pixel to factor |grad c| of its best cell, between `least` and `HOTTEST` times that."""
    n, size, found, geometry, offsets = f.shape[0], grid.offsets.shape[1], lists.cells, grid.geometry, grid.offsets
    most, table, codes, dims = found.shape[1] + 1, cells.table, cells.codes, grid.dims
    buffer, where, ids, rows = np.empty(ROOM), np.empty(PIXELS, np.int64), np.empty(most, np.int64), np.empty((most, COLUMNS))
    for b in range(first, last):
        k0, k1, k2 = block_corner(b, grid)
        locate_pixels(where, k0, k1, k2, grid)
        count: Number = np.int64(0)
        for m in range(lists.counts[b]):
            if found[b, m] < n:
                ids[count] = found[b, m]
                count += 1
        compete(buffer, cells, f, ids, count, centres[b], half[b], grid, where)
        tabulated = describe_candidates(rows, cells, f, ids, count, centres[b], half[b], geometry)
        rows[count, :] = 0.0  # the slope of the best cell alone: against something flat, everywhere
        for k in range(size):
            buffer[RUNNER + k], buffer[NEXT + k], buffer[INSIDE + k] = count, -HUGE, 1.0
        ramps(buffer, rows, tabulated, table, codes, ids, where, offsets, geometry, dims)
        for k in range(size - 1, -1, -1):  # pixels beyond the edge come before the one whose place they take
            hot = min(max(least, factor * buffer[WORK + k]), HOTTEST * least)
            concave = rows[int(buffer[OWNER + k]), EXPONENT] < 1.0  # then the slope is infinite at the seed, where no interface is
            eps[where[k]] = least if concave else hot


@kernel
def lift_empty(
    empty: np.ndarray,
    cells: Cells,
    f: np.ndarray,
    grid: Grid,
    centres: np.ndarray,
    half: np.ndarray,
    eps: np.ndarray,
    unit: Number,
    pixel_min: np.ndarray,
    target: np.ndarray,
) -> None:
    """Raise the potential of each listed cell to where it would take its volume if nothing else moved (a Sinkhorn update)."""
    size = grid.offsets.shape[1]
    cost, work, where = np.empty(size), np.empty(size), np.empty(size, np.int64)
    walls = grid.weights.shape[0] > 1
    for e in range(empty.shape[0]):
        i = empty[e]
        lowest, width, mass = 1e300, 1.0, 0.0
        for again in range(2):
            for b in range(centres.shape[0]):
                k0, k1, k2 = block_corner(b, grid)
                locate_pixels(where, k0, k1, k2, grid)
                e0, e1, e2 = half[b, 0], half[b, 1], half[b, 2]
                block_cost(
                    cost, work, cells, i, centres[b, 0], centres[b, 1], centres[b, 2], e0, e1, e2, grid.offsets, grid.geometry, where, size
                )
                for k in range(size):
                    if walls and grid.weights[where[k]] == 0:
                        continue
                    above = cost[k] - pixel_min[where[k]]
                    if again == 0:
                        if above < lowest:
                            lowest, width = above, eps[where[k]]
                    elif above < lowest + 20 * width:
                        mass += unit * np.exp((lowest - above) / width)
        f[i] = max(f[i], lowest + width * min(0.0, np.log(target[i] / max(mass, 1e-300))))

"""Which cells can win a pixel of a block (compiled).

Bounds of ``c_i - f_i`` over the block drop most cells; then those are dropped to which one and the same cell is preferred everywhere.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from shapelab.transport.compiled import Number, kernel
from shapelab.transport.cost_table import ELLIPSOID, ISOTROPIC, TABULATED
from shapelab.transport.point_cost import CAP, EIGHTHS, HALF_POWER, HUGE, KIND, ROW, SCALE, Cells, cost_bounds, wrap
from shapelab.transport.point_cost import power as power_of

__all__ = ["Lists", "refine"]

CURVATURE, USABLE, KEPT = 10, 11, 12
"""Columns of what `_drop_beaten` knows of a cell; before them c - f and grad c at the block's centre, and A (00, 11, 22, 01, 02, 12)."""


class Lists(NamedTuple):
    """Candidate cells of every block: ``cells[b, :counts[b]]``, ascending; the medium is N."""

    cells: np.ndarray
    counts: np.ndarray


@kernel
def refine(
    slot: int,
    first: int,
    last: int,
    cells: Cells,
    f: np.ndarray,
    medium: bool,
    slack: np.ndarray,
    centres: np.ndarray,
    half: np.ndarray,
    parents: np.ndarray,
    above: Lists,
    lists: Lists,
    geometry: np.ndarray,
    table_bounds: np.ndarray,
) -> int:
    """Fill the lists of blocks first..last from those of the blocks above; return the longest length asked for."""
    n_cells, room, longest = f.shape[0], lists.cells.shape[1], 0
    values, codes, longer, lengths, found, counts = cells.values, cells.codes, above.cells, above.counts, lists.cells, lists.counts
    lows, kept = np.empty(n_cells), np.empty((room, KEPT))
    f0, f1, f2 = geometry[6], geometry[7], geometry[8]
    for b in range(first, last):
        parent = parents[b]
        n = lengths[parent] if parent >= 0 else n_cells
        best = slack[b] if medium else 2.0 * HUGE
        e0, e1, e2 = half[b, 0], half[b, 1], half[b, 2]
        with_medium = medium and parent < 0
        for k in range(n):
            i = longer[parent, k] if parent >= 0 else k
            if i == n_cells:
                with_medium = True
                continue
            d0 = wrap(centres[b, 0] - values[i, 0], geometry[3], f0)
            d1 = wrap(centres[b, 1] - values[i, 1], geometry[4], f1)
            d2 = wrap(centres[b, 2] - values[i, 2], geometry[5], f2)
            kind = codes[i, KIND]
            if kind == ISOTROPIC:
                a0, a1, a2 = abs(d0), abs(d1), abs(d2)
                n0, n1, n2, x0, x1, x2 = max(0.0, a0 - e0), max(0.0, a1 - e1), max(0.0, a2 - e2), a0 + e0, a1 + e1, a2 + e2
                low, high = n0 * n0 + n1 * n1 + n2 * n2, x0 * x0 + x1 * x1 + x2 * x2
                if codes[i, EIGHTHS] != 8:
                    low = power_of(low, codes[i, EIGHTHS], values[i, HALF_POWER]) * (1.0 - 1e-9)
                    high = power_of(high, codes[i, EIGHTHS], values[i, HALF_POWER]) * (1.0 + 1e-9)
                low, high = min(values[i, CAP], values[i, SCALE] * low), min(values[i, CAP], values[i, SCALE] * high)
            elif kind == TABULATED:
                low, high = table_bounds[0, codes[i, ROW], b], table_bounds[1, codes[i, ROW], b]
            else:
                straddles = (abs(d0) + e0) * f0 > 0.5 or (abs(d1) + e1) * f1 > 0.5 or (abs(d2) + e2) * f2 > 0.5
                low, high = cost_bounds(cells, i, d0, d1, d2, e0, e1, e2, straddles)
            rounding = 2e-7 * (abs(f[i]) + abs(high))
            lows[k] = low - f[i] - slack[b] - rounding
            best = min(best, high - f[i] + slack[b] + rounding)
        m: Number = np.int64(0)
        for k in range(n):
            i = longer[parent, k] if parent >= 0 else k
            if i < n_cells and lows[k] <= best:
                if m < room:
                    found[b, m] = i
                m += 1
        if 2 < m <= room:
            m = _drop_beaten(found[b], m, kept, values, codes, f, centres[b], half[b], 2.0 * slack[b], geometry)
        if with_medium and best >= -slack[b]:
            if m < room:
                found[b, m] = n_cells
            m += 1
        counts[b] = m
        longest = max(longest, m)
    return longest


@kernel
def _drop_beaten(
    found: np.ndarray,
    count: int,
    kept: np.ndarray,
    values: np.ndarray,
    codes: np.ndarray,
    f: np.ndarray,
    centre: np.ndarray,
    half: np.ndarray,
    margin: Number,
    geometry: np.ndarray,
) -> int:
    """Drop the cells to which the best one at the block's centre is preferred all over the block; return how many are left.

    The difference of two quadratic costs is known exactly; in general a convex cost lies above its tangent, and the best one
    lies below a parabola.
    """
    e0, e1, e2 = half[0], half[1], half[2]
    f0, f1, f2 = geometry[6], geometry[7], geometry[8]
    champion, lowest = -1, 4.0 * HUGE
    for m in range(count):
        i = found[m]
        d0 = wrap(centre[0] - values[i, 0], geometry[3], f0)
        d1 = wrap(centre[1] - values[i, 1], geometry[4], f1)
        d2 = wrap(centre[2] - values[i, 2], geometry[5], f2)
        power, kind = 2.0 * values[i, HALF_POWER], codes[i, KIND]
        straddles = (abs(d0) + e0) * f0 > 0.5 or (abs(d1) + e1) * f1 > 0.5 or (abs(d2) + e2) * f2 > 0.5
        usable = not straddles and values[i, CAP] >= HUGE and ((power == 2.0 and kind <= ELLIPSOID) or (power > 2.0 and kind == ISOTROPIC))
        kept[m, USABLE] = 1.0 if usable else 0.0
        if not usable:
            continue
        scale, curvature = values[i, SCALE], 0.0
        if power > 2.0:
            squared = d0 * d0 + d1 * d1 + d2 * d2
            x0, x1, x2 = abs(d0) + e0, abs(d1) + e1, abs(d2) + e2
            farthest = x0 * x0 + x1 * x1 + x2 * x2
            eighths = codes[i, EIGHTHS]
            curvature = scale * 0.5001 * power * (power - 1.0) * power_of(farthest, eighths, values[i, HALF_POWER]) / farthest
            factor = scale * power_of(squared, eighths, values[i, HALF_POWER]) / (squared + 1e-300)
            kept[m, 0], factor = factor * squared - f[i], factor * power
            kept[m, 1], kept[m, 2], kept[m, 3] = factor * d0, factor * d1, factor * d2
            for column in range(6):
                kept[m, 4 + column] = 0.0
        else:
            a00, a11, a22, a01, a02, a12 = values[i, 3], values[i, 4], values[i, 5], values[i, 6], values[i, 7], values[i, 8]
            g0, g1, g2 = a00 * d0 + a01 * d1 + a02 * d2, a01 * d0 + a11 * d1 + a12 * d2, a02 * d0 + a12 * d1 + a22 * d2
            kept[m, 0] = scale * (g0 * d0 + g1 * d1 + g2 * d2) - f[i]
            kept[m, 1], kept[m, 2], kept[m, 3] = 2.0 * scale * g0, 2.0 * scale * g1, 2.0 * scale * g2
            kept[m, 4], kept[m, 5], kept[m, 6] = scale * a00, scale * a11, scale * a22
            kept[m, 7], kept[m, 8], kept[m, 9] = scale * a01, scale * a02, scale * a12
        kept[m, CURVATURE] = curvature
        if kept[m, 0] < lowest:
            champion, lowest = m, kept[m, 0]
    if champion < 0:
        return count
    left, reach = 0, e0 * e0 + e1 * e1 + e2 * e2
    for m in range(count):
        ahead = -1.0
        if m != champion and kept[m, USABLE] > 0:
            ahead = kept[m, 0] - lowest
            ahead -= abs(kept[m, 1] - kept[champion, 1]) * e0
            ahead -= abs(kept[m, 2] - kept[champion, 2]) * e1
            ahead -= abs(kept[m, 3] - kept[champion, 3]) * e2
            ahead += min(0.0, kept[m, 4] - kept[champion, 4]) * e0 * e0
            ahead += min(0.0, kept[m, 5] - kept[champion, 5]) * e1 * e1
            ahead += min(0.0, kept[m, 6] - kept[champion, 6]) * e2 * e2
            ahead -= 2.0 * abs(kept[m, 7] - kept[champion, 7]) * e0 * e1
            ahead -= 2.0 * abs(kept[m, 8] - kept[champion, 8]) * e0 * e2
            ahead -= 2.0 * abs(kept[m, 9] - kept[champion, 9]) * e1 * e2
            ahead -= kept[champion, CURVATURE] * reach + 2e-7 * (abs(kept[m, 0]) + abs(lowest) + abs(f[found[m]]))
        if ahead <= margin:
            found[left] = found[m]
            left += 1
    return left

"""Give one cell after another exactly its number of pixels: coordinate ascent of the dual, by selection (compiled).

With all other potentials fixed, cell i owns the pixels where ``g(y) = c_i(y) - min_(j != i) (c_j(y) - f_j)`` is below f_i.
It has k pixels when f_i lies between the k-th and the (k+1)-th smallest g.
"""

from __future__ import annotations

import numpy as np

from shapelab.transport.assignment import Pixels
from shapelab.transport.blocks import Grid
from shapelab.transport.compiled import Number, inlined, kernel
from shapelab.transport.cost_table import ELLIPSOID
from shapelab.transport.point_cost import CAP, EIGHTHS, HALF_POWER, HUGE, KIND, SCALE, Cells, cost_at, power, wrap

__all__ = ["exact_steps", "find_extents", "find_nearest_pixel"]


@kernel
def _select(a: np.ndarray, k: int) -> None:
    """Partially sort `a` so that a[k] is its k-th smallest (from 0)."""
    low, high = 0, a.shape[0] - 1
    while low < high:
        pivot, i, j = a[(low + high) >> 1], low, high
        while i <= j:
            while a[i] < pivot:
                i += 1
            while a[j] > pivot:
                j -= 1
            if i <= j:
                a[i], a[j] = a[j], a[i]
                i += 1
                j -= 1
        if k <= j:
            high = j
        elif k >= i:
            low = i
        else:
            break


@kernel
def _box(centre: int, radius: int, n: int, periodic: bool) -> tuple[int, int]:
    """Return the first pixel and the number of pixels of a box side; periodic sides may start below 0."""
    low, high = centre - radius, centre + radius + 1
    if periodic:
        if high - low >= n:
            return 0, n
        return low, high - low
    low, high = max(0, low), min(n, high)
    return low, max(0, high - low)


@inlined
def _open(low: int, count: int, n: int, periodic: bool) -> tuple[bool, bool]:
    """Return whether the lower and the upper face of a box side lie inside the domain."""
    if count >= n:
        return False, False
    return periodic or low > 0, periodic or low + count < n


@kernel
def _touches(g: np.ndarray, m0: int, m1: int, m2: int, level: Number, open0: tuple, open1: tuple, open2: tuple) -> bool:
    """Return whether the set g < level reaches a face of the box beyond which the domain goes on."""
    for a in range(m0):
        for b in range(m1):
            for c in range(m2):
                edge = (a == 0 and open0[0]) or (a == m0 - 1 and open0[1]) or (b == 0 and open1[0]) or (b == m1 - 1 and open1[1])
                edge = edge or (c == 0 and open2[0]) or (c == m2 - 1 and open2[1])
                if edge and g[(a * m1 + b) * m2 + c] < level:
                    return True
    return False


@kernel
def _gains(g: np.ndarray, i: int, l0: int, l1: int, l2: int, m0: int, m1: int, m2: int, cells: Cells, grid: Grid, pixels: Pixels) -> None:
    """Set `g` to what a pixel of the box costs cell i more than its best other cell; a wall costs more than anything."""
    n0, n1, n2 = grid.dims
    geometry, weights, values, codes = grid.geometry, grid.weights, cells.values, cells.codes
    labels, bests, nexts = pixels.label, pixels.best, pixels.next
    walls, plain = weights.shape[0] > 1, codes[i, KIND] <= ELLIPSOID
    a00, a11, a22, a01, a02, a12 = values[i, 3], values[i, 4], values[i, 5], 2 * values[i, 6], 2 * values[i, 7], 2 * values[i, 8]
    scale, cap, eighths, half_power = values[i, SCALE], values[i, CAP], codes[i, EIGHTHS], values[i, HALF_POWER]
    for a in range(m0):
        j0 = (l0 + a) % n0
        y0 = (j0 + 0.5) * geometry[0]
        for b in range(m1):
            j1 = (l1 + b) % n1
            y1 = (j1 + 0.5) * geometry[1]
            j2 = l2 % n2 - 1
            for c in range(m2):
                j2 = j2 + 1 if j2 + 1 < n2 else 0
                p = (j0 * n1 + j1) * n2 + j2
                y2 = (j2 + 0.5) * geometry[2]
                if walls and weights[p] == 0:
                    g[(a * m1 + b) * m2 + c] = 2.0 * HUGE
                    continue
                if plain:
                    z0 = wrap(y0 - values[i, 0], geometry[3], geometry[6])
                    z1 = wrap(y1 - values[i, 1], geometry[4], geometry[7])
                    z2 = wrap(y2 - values[i, 2], geometry[5], geometry[8])
                    q = z0 * (a00 * z0 + a01 * z1 + a02 * z2) + z1 * (a11 * z1 + a12 * z2) + a22 * z2 * z2
                    cost = min(cap, scale * power(max(0.0, q), eighths, half_power))
                else:
                    cost = cost_at(cells, i, y0, y1, y2, geometry, p)
                g[(a * m1 + b) * m2 + c] = cost - (nexts[p] if labels[p] == i else bests[p])


@kernel
def _level(g: np.ndarray, k: int) -> Number:
    """Return a value below which k entries of `g` lie: half-way to the next one, where both are finite."""
    ranked = g.copy()
    _select(ranked, k)
    above, below = ranked[k], -2.0 * HUGE
    for q in range(k):
        below = max(below, ranked[q])
    return 0.5 * (above + below) if below > -HUGE and above < HUGE else above


@kernel
def _hand_over(
    g: np.ndarray,
    i: int,
    level: Number,
    l0: int,
    l1: int,
    l2: int,
    m0: int,
    m1: int,
    m2: int,
    hard: np.ndarray,
    grid: Grid,
    pixels: Pixels,
) -> None:
    """Give cell i the pixels of the box where `g` is below `level`, and the others to their best other cell."""
    n, (n0, n1, n2) = hard.shape[0] - 1, grid.dims
    for a in range(m0):
        j0 = (l0 + a) % n0
        for b in range(m1):
            j1 = (l1 + b) % n1
            j2 = l2 % n2 - 1
            for c in range(m2):
                j2 = j2 + 1 if j2 + 1 < n2 else 0
                p = (j0 * n1 + j1) * n2 + j2
                owner, gap = pixels.label[p], g[(a * m1 + b) * m2 + c]
                if owner == n + 1:
                    continue
                if owner == i:
                    value = gap + pixels.next[p] - level
                    if gap < level:
                        pixels.best[p] = value
                    else:
                        hard[i] -= 1
                        hard[pixels.second[p]] += 1
                        pixels.label[p], pixels.best[p] = pixels.second[p], pixels.next[p]
                        pixels.second[p], pixels.next[p] = i, value
                else:
                    value = gap + pixels.best[p] - level
                    if gap < level:
                        hard[i] += 1
                        hard[owner] -= 1
                        pixels.second[p], pixels.next[p] = owner, pixels.best[p]
                        pixels.label[p], pixels.best[p] = i, value
                    elif value < pixels.next[p]:
                        pixels.second[p], pixels.next[p] = i, value


@kernel
def exact_steps(
    order: np.ndarray,
    targets: np.ndarray,
    cells: Cells,
    f: np.ndarray,
    hard: np.ndarray,
    grid: Grid,
    pixels: Pixels,
    centres: np.ndarray,
    radii: np.ndarray,
) -> None:
    """Solve for the listed cells one after the other, keeping labels, values and volumes up to date.

    `centres` (pixels) and the half sides `radii`, both ``(N, 3)``, say where each cell is looked for; a box that proves too small is
    enlarged.
    """
    n0, n1, n2 = grid.dims
    wraps0, wraps1, wraps2 = grid.geometry[6] > 0, grid.geometry[7] > 0, grid.geometry[8] > 0
    for position in range(order.shape[0]):
        i = order[position]
        k = targets[i]
        r0, r1, r2 = radii[i, 0], radii[i, 1], radii[i, 2]
        for attempt in range(7):
            if attempt >= 5:
                r0, r1, r2 = n0, n1, n2
            l0, m0 = _box(centres[i, 0], r0, n0, wraps0)
            l1, m1 = _box(centres[i, 1], r1, n1, wraps1)
            l2, m2 = _box(centres[i, 2], r2, n2, wraps2)
            count = m0 * m1 * m2
            whole = count >= n0 * n1 * n2
            if count <= k + 1:
                if whole:
                    break
                r0, r1, r2 = 2 * r0 + 2, 2 * r1 + 2, 2 * r2 + 2
                continue
            g = np.empty(count)
            _gains(g, i, l0, l1, l2, m0, m1, m2, cells, grid, pixels)
            level = _level(g, k)
            if not abs(level) < HUGE:
                if whole or level < 0:
                    break
                r0, r1, r2 = 2 * r0, 2 * r1, 2 * r2
                continue
            if not whole and _touches(
                g, m0, m1, m2, level, _open(l0, m0, n0, wraps0), _open(l1, m1, n1, wraps1), _open(l2, m2, n2, wraps2)
            ):
                r0, r1, r2 = 2 * r0, 2 * r1, 2 * r2
                continue
            f[i] = level
            _hand_over(g, i, level, l0, l1, l2, m0, m1, m2, hard, grid, pixels)
            break


@kernel
def find_nearest_pixel(
    slot: int, begin: int, end: int, empty: np.ndarray, cells: Cells, grid: Grid, pixels: Pixels, stride: int, centres: np.ndarray
) -> None:
    """Set the centre of each of the cells begin..end listed to the pixel, among every `stride`-th, that it would win first."""
    geometry, (n0, n1, n2) = grid.geometry, grid.dims
    walls = grid.weights.shape[0] > 1
    for e in range(begin, end):
        i, lowest = empty[e], 2.0 * HUGE
        for j0 in range(min(stride // 2, n0 - 1), n0, stride):
            for j1 in range(min(stride // 2, n1 - 1), n1, stride):
                for j2 in range(min(stride // 2, n2 - 1), n2, stride):
                    p = (j0 * n1 + j1) * n2 + j2
                    if walls and grid.weights[p] == 0:
                        continue
                    y0, y1, y2 = (
                        (j0 + 0.5) * geometry[0],
                        (j1 + 0.5) * geometry[1],
                        (j2 + 0.5) * geometry[2],
                    )
                    above = cost_at(cells, i, y0, y1, y2, geometry, p) - pixels.best[p]
                    if above < lowest:
                        lowest = above
                        centres[i, 0], centres[i, 1], centres[i, 2] = j0, j1, j2


@kernel
def find_extents(label: np.ndarray, grid: Grid, origins: np.ndarray, lows: np.ndarray, highs: np.ndarray) -> None:
    """Find how far the pixels of each cell reach from its origin, along each axis; across periodic faces the short way."""
    (n0, n1, n2), geometry, n = grid.dims, grid.geometry, lows.shape[0]
    for j0 in range(n0):
        for j1 in range(n1):
            row, first = (j0 * n1 + j1) * n2, 0
            while first < n2:
                i, last = label[row + first], first
                while last + 1 < n2 and label[row + last + 1] == i:
                    last += 1
                if i < n:
                    d0 = _short_way(j0 - origins[i, 0], n0, geometry[6] > 0)
                    d1 = _short_way(j1 - origins[i, 1], n1, geometry[7] > 0)
                    a2 = _short_way(first - origins[i, 2], n2, geometry[8] > 0)
                    b2 = _short_way(last - origins[i, 2], n2, geometry[8] > 0)
                    lows[i, 0], highs[i, 0] = min(lows[i, 0], d0), max(highs[i, 0], d0)
                    lows[i, 1], highs[i, 1] = min(lows[i, 1], d1), max(highs[i, 1], d1)
                    lows[i, 2], highs[i, 2] = min(lows[i, 2], a2, b2), max(highs[i, 2], a2, b2)
                first = last + 1


@inlined
def _short_way(distance: int, n: int, periodic: bool) -> int:
    return (distance + n // 2) % n - n // 2 if periodic else distance

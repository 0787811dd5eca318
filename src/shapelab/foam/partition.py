"""Who gets how much of each pixel near interfaces, for given prices (compiled).

Between two cells the fraction is a ramp in the difference of their costs, as if the sharp boundary were seen through a Hann window.
Where three or more meet, the window is sampled: the balance of the tensions at a junction is then that of the sharp partition.
"""

from __future__ import annotations

import numpy as np

from shapelab.foam.compiled import inlined, kernel
from shapelab.foam.spreading import MOST

__all__ = ["exclude", "share_pixels", "store_pixels"]

_LEAST_SLOPE = 0.3
"""Flatter differences than this part of the nominal one count as so steep: a third cell must not be smeared along an interface."""
_BARRIER = 0.5
_SHARPEST = 0.05


@inlined
def _ramp(t):  # type: ignore[no-untyped-def]
    if t <= -1:
        return 0.0
    if t >= 1:
        return 1.0
    return 0.5 * (1 + t + np.sin(np.pi * t) / np.pi)


@inlined
def _steepness(slopes, i, j, floor):  # type: ignore[no-untyped-def]
    x = slopes[j, 0] - slopes[i, 0]
    y = slopes[j, 1] - slopes[i, 1]
    z = slopes[j, 2] - slopes[i, 2]
    return max(np.sqrt(x * x + y * y + z * z), floor)


@kernel
def share_pixels(  # type: ignore[no-untyped-def]
    part,
    first,
    last,
    firsts,
    kept,
    who,
    level,
    slopes,
    types,
    table,
    prices,
    half,
    slope,
    least_slope,
    points,
    flat,
    shares,
    volumes,
    stiffness,
    one,
    other,
):
    """Write the `shares` of the candidates of the pixels `first` to `last` of the band, and add them to ``volumes[part]``.

    ``stiffness[b]`` is how fast pixel b goes over from cell ``one[b]`` to ``other[b]`` with the difference of their prices.

    Parameters
    ----------
    half
        Half the width of the ramp [pixels].
    slope, least_slope
        Slope of a smoothed cell at an interface, across the coarsest and the finest axis [1/pixel].
    points
        Samples of the window along each axis.
    flat
        Whether the grid is a plane.
    """
    most = 1
    for b in range(first, last):
        most = max(most, kept[b])
    w = np.empty(most)
    f = np.empty(most)
    chosen = np.empty(most, np.int64)
    at, hann = np.empty(points), np.empty(points)
    for k in range(points):
        at[k] = half * (2 * k + 1 - points) / points
        hann[k] = 0.5 * (1 + np.cos(np.pi * at[k] / half))
    for b in range(first, last):
        start, n = firsts[b], kept[b]
        stiffness[b], one[b], other[b] = 0, 0, 0
        top = start
        for i in range(start, start + n):
            shares[i] = 0
            if level[i] - prices[who[i]] < level[top] - prices[who[top]]:
                top = i
        m = 1
        chosen[0] = top
        w[0] = 1
        for i in range(start, start + n):
            if i == top:
                continue
            s = table[types[who[top]], types[who[i]]]
            steep = _steepness(slopes, top, i, _LEAST_SLOPE * least_slope * s) * half
            t = ((level[i] - prices[who[i]]) - (level[top] - prices[who[top]])) / steep
            if t < 1:
                chosen[m] = i
                w[m] = 1 - _ramp(t)
                w[0] = min(w[0], 1 - w[m])
                m += 1
        if m > 2:
            m = _meet(chosen, w, f, m, who, level, slopes, types, table, prices, half, least_slope)
            if m > 2:
                _sample(chosen, w, f, m, who, level, slopes, types, table, prices, at, hann, slope, half, points, flat)
                m = _remember(chosen, w, m)
        total = 0.0
        for k in range(m):
            total += w[k]
        for k in range(m):
            shares[chosen[k]] = w[k] / total
            volumes[part, who[chosen[k]]] += w[k] / total
        if m > 1:
            p, q = 0, 1
            if w[1] > w[0]:
                p, q = 1, 0
            for k in range(2, m):
                if w[k] > w[p]:
                    p, q = k, p
                elif w[k] > w[q]:
                    q = k
            i, j = chosen[p], chosen[q]
            s = table[types[who[i]], types[who[j]]]
            steep = _steepness(slopes, i, j, _LEAST_SLOPE * least_slope * s) * half
            t = ((level[j] - prices[who[j]]) - (level[i] - prices[who[i]])) / steep
            if abs(t) < 1:
                stiffness[b], one[b], other[b] = 0.5 * (1 + np.cos(np.pi * t)) / steep, who[i], who[j]


@inlined
def _meet(chosen, w, f, m, who, level, slopes, types, table, prices, half, least_slope):  # type: ignore[no-untyped-def]
    """Weigh three or more cells pair by pair; return how many are left."""
    for k in range(m):
        w[k] = 1
        f[k] = level[chosen[k]] - prices[who[chosen[k]]]
    for k in range(m):
        for j in range(k + 1, m):
            a, b = chosen[k], chosen[j]
            s = table[types[who[a]], types[who[b]]]
            t = _ramp((f[j] - f[k]) / (_steepness(slopes, a, b, _LEAST_SLOPE * least_slope * s) * half))
            w[k] = min(w[k], t)
            w[j] = min(w[j], 1 - t)
    left = 0
    for k in range(m):
        if w[k] > 0:
            chosen[left], w[left] = chosen[k], w[k]
            left += 1
    if left == 0:  # each loses against another, which noise can do: the best takes the pixel
        w[0], left = 1.0, 1
    return left


@inlined
def _sample(chosen, w, f, m, who, level, slopes, types, table, prices, at, hann, slope, half, points, flat):  # type: ignore[no-untyped-def]
    """Sample the window around a pixel where `m` cells meet: each sample goes to the cell of least cost, with a soft border."""
    strongest = 0.0
    barrier = np.inf
    for k in range(m):
        for j in range(k):
            s = table[types[who[chosen[k]]], types[who[chosen[j]]]]
            strongest = max(strongest, s)
            for i in range(m):
                if i != j and i != k:
                    a = table[types[who[chosen[k]]], types[who[chosen[i]]]] + table[types[who[chosen[j]]], types[who[chosen[i]]]]
                    barrier = min(barrier, 0.5 * (a - s))
    # wider than the barrier of a third cell, the soft border would let it leak between two
    soft = 2 * slope * strongest * half / points
    soft = max(min(soft, _BARRIER * barrier), _SHARPEST * soft)
    for k in range(m):
        w[k] = 0
    for z in range(1 if flat else points):
        for y in range(points):
            for x in range(points):
                weight = hann[y] * hann[x] * (1.0 if flat else hann[z])
                least = np.inf
                for k in range(m):
                    i = chosen[k]
                    f[k] = level[i] - prices[who[i]] + slopes[i, 1] * at[y] + slopes[i, 2] * at[x]
                    if not flat:
                        f[k] += slopes[i, 0] * at[z]
                    least = min(least, f[k])
                total = 0.0
                for k in range(m):
                    f[k] = max(0.0, 1 - (f[k] - least) / soft)
                    total += f[k]
                for k in range(m):
                    w[k] += weight * f[k] / total


@inlined
def _remember(chosen, w, m):  # type: ignore[no-untyped-def]
    """Drop the smallest shares beyond those that a pixel can keep, so that the volumes are those of what is stored."""
    while m > MOST:
        least = 0
        for k in range(m):
            if w[k] < w[least]:
                least = k
        m -= 1
        chosen[least], w[least] = chosen[m], w[m]
    return m


@kernel
def store_pixels(part, first, last, nx, owner, firsts, kept, who, shares, starts, count_only, pixels, cells, fractions, counted):  # type: ignore[no-untyped-def]
    """Write the rows `first` to `last` of the grid: whole pixels, and mixed ones from number ``starts[part]`` on.

    With `count_only`, only the number of mixed pixels is found, ``counted[part]``.
    """
    mixed = 0
    for q in range(first * nx, last * nx):
        if owner[q] >= 0:
            if not count_only:
                pixels[q] = owner[q]
            continue
        b = -owner[q] - 1
        start, n = firsts[b], kept[b]
        top = start
        for i in range(start, start + n):
            if shares[i] > shares[top]:
                top = i
        if shares[top] >= 1:
            if not count_only:
                pixels[q] = who[top]
            continue
        if not count_only:
            row = starts[part] + mixed
            pixels[q] = -1 - row
            total = np.float32(0)
            for k in range(MOST):
                best = -1
                for i in range(start, start + n):
                    if shares[i] > 0 and (best < 0 or shares[i] > shares[best]):
                        best = i
                if best < 0:
                    cells[row, k], fractions[row, k] = -1, 0
                    continue
                cells[row, k], fractions[row, k] = who[best], shares[best]
                total += shares[best]
                shares[best] = 0
            for k in range(MOST):
                fractions[row, k] /= total
        mixed += 1
    counted[part] = mixed


@kernel
def exclude(places, losers, heirs, owner, firsts, kept, who, level, slopes):  # type: ignore[no-untyped-def]
    """Take pixels from cells that have lost them: out of their candidates, or to the heirs where they are alone."""
    for k in range(len(places)):
        q = places[k]
        if owner[q] >= 0:
            owner[q] = heirs[k]
            continue
        b = -owner[q] - 1
        start, n = firsts[b], kept[b]
        if n == 1:
            who[start] = heirs[k]
            continue
        m = start
        for i in range(start, start + n):
            if who[i] != losers[k]:
                who[m], level[m] = who[i], level[i]
                slopes[m] = slopes[i]
                m += 1
        kept[b] = m - start

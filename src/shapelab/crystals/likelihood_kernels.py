"""Kernels of the logistic loss of a diagram: tile by tile, in float32, sums in float64."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from shapelab.crystals.tiles import ROW

__all__ = ["PULL", "add_loss", "labels_per_tile", "own_candidates"]

_QUICK: dict[str, Any] = {
    "cache": True,
    "nogil": True,
    "error_model": "numpy",
    "fastmath": {"reassoc", "contract", "nsz", "arcp"},
    "forceinline": True,  # so that sums do not depend on which copy of a kernel was loaded first
}
PULL = np.float32(0.01)
"""Part of the convex loss that stays in the bounded one: a small cell that has lost all its pixels is still drawn to them."""


@njit(cache=True, nogil=True, error_model="numpy")
def _tile_origin(t, tile, tiles):  # type: ignore[no-untyped-def]
    return t // (tiles[1] * tiles[2]) * tile[0], t // tiles[2] % tiles[1] * tile[1], t % tiles[2] * tile[2]


@njit(cache=True, nogil=True, error_model="numpy")
def labels_per_tile(labels, size, tile, tiles, n):  # type: ignore[no-untyped-def]
    """Return the largest number of different labels in one tile."""
    most = 0
    seen = np.empty(tile[0] * tile[1] * tile[2], np.int32)
    for t in range(n):
        z0, y0, x0 = _tile_origin(t, tile, tiles)
        found = 0
        for z in range(z0, min(z0 + tile[0], size[0])):
            for y in range(y0, min(y0 + tile[1], size[1])):
                for x in range(x0, min(x0 + tile[2], size[2])):
                    known = labels[z, y, x] < 0
                    for k in range(found):
                        known = known or seen[k] == labels[z, y, x]
                    if not known:
                        seen[found] = labels[z, y, x]
                        found += 1
        most = max(most, found)
    return most


@njit(cache=True, nogil=True, error_model="numpy")
def own_candidates(start, stop, labels, size, tile, tiles, count, index, own):  # type: ignore[no-untyped-def]
    """Set each pixel's place of its own label in the tile's list; a label that is missing there is added."""
    for t in range(start, stop):
        z0, y0, x0 = _tile_origin(t, tile, tiles)
        for z in range(z0, min(z0 + tile[0], size[0])):
            for y in range(y0, min(y0 + tile[1], size[1])):
                for x in range(x0, min(x0 + tile[2], size[2])):
                    label = labels[z, y, x]
                    if label < 0:
                        continue
                    k = 0
                    while k < count[t] and index[t, k] != label:
                        k += 1
                    if k == count[t]:
                        index[t, k] = label
                        count[t] += 1
                    own[t, ((z - z0) * tile[1] + y - y0) * ROW + x - x0] = k


@njit(**_QUICK)
def _exp_in_place(values, power, power_bits):  # type: ignore[no-untyped-def]
    """Replace non-positive float32 values by their exponential: 2^n from the bits of a float, 2^f from a polynomial."""
    for j in range(len(values)):
        t = max(values[j] * np.float32(1.44269504), np.float32(-126.0))
        n = np.floor(t)
        f = t - n
        power_bits[j] = np.int32((n + np.float32(127.0)) * np.float32(8388608.0))
        p = np.float32(1.89375406e-03) * f + np.float32(8.94959042e-03)
        p = p * f + np.float32(5.58603371e-02)
        p = p * f + np.float32(2.40141818e-01)
        p = p * f + np.float32(6.93154490e-01)
        values[j] = p * f + np.float32(9.99999898e-01)
    for j in range(len(values)):
        values[j] = values[j] * power[j]


@njit(**_QUICK)
def _tile_values(out, c, centre, inverse, exps, order, spacing, z0, y0, x0, tz, ty, section):  # type: ignore[no-untyped-def]
    """Set `out` to one polynomial over the pixels of a tile, row after row."""
    step = np.float32(spacing[2] * inverse)
    t0 = np.float32(((x0 + 0.5) * spacing[2] - centre[2]) * inverse)
    for z in range(tz):
        lz = np.float32(((z0 + z + 0.5) * spacing[0] - centre[0]) * inverse)
        for y in range(ty):
            ly = np.float32(((y0 + y + 0.5) * spacing[1] - centre[1]) * inverse)
            section[:] = np.float32(0.0)
            for k in range(len(exps)):
                term = c[k]
                for _ in range(exps[k, 0]):
                    term *= lz
                for _ in range(exps[k, 1]):
                    term *= ly
                section[exps[k, 2]] += term
            row = out[(z * ty + y) * ROW : (z * ty + y + 1) * ROW]
            for j in range(ROW):
                row[j] = section[order]
            for a in range(order - 1, -1, -1):
                s = section[a]
                for j in range(ROW):
                    row[j] = row[j] * (t0 + np.float32(j) * step) + s


@njit(**_QUICK)
def _add_moments(total, weights, centre, inverse, exps, order, spacing, z0, y0, x0, tz, ty, section, row):  # type: ignore[no-untyped-def]
    """Add to `total` the sums of weight times monomial over the pixels of a tile."""
    step = np.float32(spacing[2] * inverse)
    t0 = np.float32(((x0 + 0.5) * spacing[2] - centre[2]) * inverse)
    for z in range(tz):
        lz = np.float32(((z0 + z + 0.5) * spacing[0] - centre[0]) * inverse)
        for y in range(ty):
            ly = np.float32(((y0 + y + 0.5) * spacing[1] - centre[1]) * inverse)
            source = weights[(z * ty + y) * ROW : (z * ty + y + 1) * ROW]
            for j in range(ROW):
                row[j] = source[j]
            for a in range(order + 1):
                s = np.float32(0.0)
                for j in range(ROW):
                    s += row[j]
                    row[j] *= t0 + np.float32(j) * step
                section[a] = s
            for k in range(len(exps)):
                term = section[exps[k, 2]]
                for _ in range(exps[k, 0]):
                    term *= lz
                for _ in range(exps[k, 1]):
                    term *= ly
                total[k] += term


@njit(**_QUICK)
def add_loss(  # type: ignore[no-untyped-def]
    sums,
    scalars,
    masses,
    busy,
    count,
    index,
    own,
    spacing,
    tile,
    tiles,
    c,
    centre,
    inverse,
    exps,
    order,
    out_exps,
    out_order,
    second,
    tempered,
):  # type: ignore[no-untyped-def]
    """Sum loss, wrong pixels and moments of the residual (or of p(1-p) if `second`) over the busy tiles."""
    pixels = tile[0] * tile[1] * tile[2]
    values = np.empty((index.shape[1], pixels), np.float32)
    best = np.empty(pixels, np.float32)
    total = np.empty(pixels, np.float32)
    mine = np.empty(pixels, np.float32)
    weight = np.empty(pixels, np.float32)
    power = np.empty(pixels, np.float32)
    bits = power.view(np.int32)
    section = np.empty(out_order + 1, np.float32)
    row = np.empty(ROW, np.float32)
    for t in busy:
        n = count[t]
        z0, y0, x0 = _tile_origin(t, tile, tiles)
        best[:] = np.float32(-np.inf)
        for m in range(n):
            i = index[t, m]
            v = values[m]
            _tile_values(v, c[i], centre[i], inverse[i], exps, order, spacing, z0, y0, x0, tile[0], tile[1], section[: order + 1])
            for j in range(pixels):
                best[j] = max(best[j], v[j])
        for j in range(pixels):
            weight[j] = np.float32(own[t, j] >= 0)
            mine[j] = values[max(own[t, j], 0), j] - best[j]
            total[j] = np.float32(0.0)
        for m in range(n):
            v = values[m]
            for j in range(pixels):
                v[j] -= best[j]
            _exp_in_place(v, power, bits)
            for j in range(pixels):
                total[j] += v[j]
        for j in range(pixels):
            if own[t, j] >= 0:
                surprise = np.log(total[j]) - mine[j]
                scalars[1] += mine[j] < 0.0
                if tempered > 0.0:
                    share = np.exp(-tempered * surprise)
                    weight[j] = share + PULL
                    surprise = (np.float32(1.0) - share) / tempered + PULL * surprise
                scalars[0] += surprise
            total[j] = np.float32(1.0) / total[j]
        for m in range(n):
            v = values[m]
            largest = np.float32(0.0)
            mass = np.float32(0.0)
            for j in range(pixels):
                v[j] *= total[j]
                mass += v[j] * np.float32(own[t, j] >= 0)
            masses[index[t, m]] += mass
            if second:
                for j in range(pixels):
                    v[j] *= weight[j] * (np.float32(1.0) - v[j])
            else:
                for j in range(pixels):
                    v[j] = weight[j] * (v[j] - np.float32(own[t, j] == m))
            for j in range(pixels):
                largest = max(largest, abs(v[j]))
            if largest > 1e-6:
                i = index[t, m]
                _add_moments(
                    sums[i],
                    v,
                    centre[i],
                    inverse[i],
                    out_exps,
                    out_order,
                    spacing,
                    z0,
                    y0,
                    x0,
                    tile[0],
                    tile[1],
                    section,
                    row,
                )

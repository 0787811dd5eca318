"""How interfaces pull and cells push on a smooth bump: the integrals of the weak form of mechanical equilibrium.

For the bump phi(x) = (1 - |x - c|^2/r^2)^3 the interface between cells a and b pulls with the integral of
(1 - n n^T) grad phi over it, per unit of tension, and each cell pushes with the integral of phi n over its faces, per
unit of pressure. Only integrals: no curvature, and no normal at a line.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numba
import numpy as np

from shapelab.mesh.facets import Facets
from shapelab.threads import over_ranges, ranges

__all__ = ["Pulls", "pulls_on_bumps"]

_BATCH = 8192
_SLOTS = 48


@dataclass(frozen=True)
class Pulls:
    """Integrals of a batch of bumps as lists of (bump, interface or cell, vector)."""

    first: int
    """Number of the batch's first bump."""
    bump: np.ndarray
    interface: np.ndarray
    pull: np.ndarray
    """(k, 3), (z, y, x)."""
    push_bump: np.ndarray
    cell: np.ndarray
    push: np.ndarray
    """(l, 3)."""
    weight: np.ndarray
    """Integral of phi over all interfaces, for each bump of the batch."""


def pulls_on_bumps(centres: np.ndarray, radius: float, facets: Facets, period: np.ndarray) -> Iterator[Pulls]:
    """Yield the pulls on bumps, batch after batch.

    Parameters
    ----------
    centres
        Centres c, (t, 3) [unit].
    radius
        Radius r [unit].
    facets
        The mesh's faces as flat pieces.
    period
        Length of the axes that repeat, 0 for others, (3,) [unit]; each at least twice the radius.
    """
    grid = _sorted(facets, radius, period)
    for first in range(0, len(centres), _BATCH):
        part = np.ascontiguousarray(centres[first : first + _BATCH], float)
        slots = _SLOTS
        while True:
            n = len(part)
            counts = np.zeros((n, 2), np.int32)
            which = np.empty((2, n, slots), np.int32)
            vectors = np.zeros((2, n, slots, 3))
            weight = np.zeros(n)
            over_ranges(_integrate, ranges(n, 16), part, radius, *grid, facets.pairs, counts, which, vectors, weight)
            if counts.max(initial=0) <= slots:
                break
            slots = 2 * int(counts.max())
        used = np.arange(slots) < counts.T[..., None]
        bump, push_bump = (np.repeat(np.arange(n), counts[:, i]) for i in (0, 1))
        yield Pulls(first, bump, which[0][used[0]], vectors[0][used[0]], push_bump, which[1][used[1]], vectors[1][used[1]], weight)


def _sorted(facets: Facets, radius: float, period: np.ndarray) -> tuple[np.ndarray, ...]:
    """Sort the facets into a grid of boxes of half the radius; those of one interface follow each other in a box."""
    period = np.asarray(period, float)
    middles = np.asarray(facets.middles, float)
    low = np.where(period > 0, 0.0, middles.min(0, initial=0.0) if len(middles) else 0.0)
    extent = np.where(period > 0, period, (middles.max(0) if len(middles) else low) - low + 1e-9)
    shape = np.where(period > 0, np.maximum(1, np.floor(extent / (0.5 * radius))), np.ceil(extent / (0.5 * radius))).astype(np.int64)
    shape = np.maximum(shape, 1)
    side = np.where(period > 0, extent / shape, 0.5 * radius)
    box = np.floor((middles - low) / side).astype(np.int64)
    box = np.where(period > 0, box % shape, np.clip(box, 0, shape - 1))
    number = (box[:, 0] * shape[1] + box[:, 1]) * shape[2] + box[:, 2]
    order = np.lexsort([facets.interface, number])
    starts = np.searchsorted(number[order], np.arange(int(shape.prod()) + 1))
    arrays = (facets.middles[order], facets.normals[order], facets.areas[order], facets.interface[order])
    return low, side, shape, period, starts, *arrays


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _integrate(  # type: ignore[no-untyped-def]
    part,
    first,
    last,
    centres,
    r,
    low,
    side,
    shape,
    period,
    starts,
    middles,
    normals,
    areas,
    interface,
    pairs,
    counts,
    which,
    vectors,
    weight,
):
    reach = np.empty((3, 2), np.int64)
    for t in range(first, last):
        c0, c1, c2 = centres[t]
        for j in range(3):
            reach[j, 0] = int(np.floor((centres[t, j] - r - low[j]) / side[j]))
            reach[j, 1] = int(np.floor((centres[t, j] + r - low[j]) / side[j]))
            if period[j] > 0:
                reach[j, 1] = min(reach[j, 1], reach[j, 0] + shape[j] - 1)
            else:
                reach[j, 0] = max(reach[j, 0], 0)
                reach[j, 1] = min(reach[j, 1], shape[j] - 1)
        for z in range(reach[0, 0], reach[0, 1] + 1):
            for y in range(reach[1, 0], reach[1, 1] + 1):
                row = ((z % shape[0]) * shape[1] + y % shape[1]) * shape[2]
                for x in range(reach[2, 0], reach[2, 1] + 1):
                    box = row + x % shape[2]
                    q, end = starts[box], starts[box + 1]
                    while q < end:
                        i = interface[q]
                        g0, g1, g2, p0, p1, p2, w = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
                        while q < end and interface[q] == i:
                            v0, v1, v2 = middles[q, 0] - c0, middles[q, 1] - c1, middles[q, 2] - c2
                            if period[0] > 0:
                                v0 -= period[0] * np.round(v0 / period[0])
                            if period[1] > 0:
                                v1 -= period[1] * np.round(v1 / period[1])
                            if period[2] > 0:
                                v2 -= period[2] * np.round(v2 / period[2])
                            h = 1 - (v0 * v0 + v1 * v1 + v2 * v2) / (r * r)
                            if h > 0:
                                n0, n1, n2, area = normals[q, 0], normals[q, 1], normals[q, 2], areas[q]
                                slope = -6 * h * h / (r * r) * area
                                along = v0 * n0 + v1 * n1 + v2 * n2
                                g0 += slope * (v0 - along * n0)
                                g1 += slope * (v1 - along * n1)
                                g2 += slope * (v2 - along * n2)
                                h = h * h * h * area
                                w += h
                                p0 += h * n0
                                p1 += h * n1
                                p2 += h * n2
                            q += 1
                        if w > 0:
                            weight[t] += w
                            _add(counts, which, vectors, 0, t, i, g0, g1, g2)
                            _add(counts, which, vectors, 1, t, pairs[i, 0], -p0, -p1, -p2)
                            _add(counts, which, vectors, 1, t, pairs[i, 1], p0, p1, p2)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _add(counts, which, vectors, kind, t, i, v0, v1, v2):  # type: ignore[no-untyped-def]
    """Add a vector to the slot of interface or cell `i`; beyond the slots only count."""
    slots = which.shape[2]
    n = min(counts[t, kind], slots)
    k = 0
    while k < n and which[kind, t, k] != i:
        k += 1
    if k == n:
        counts[t, kind] += 1
        if k == slots:
            return
        which[kind, t, k] = i
    vectors[kind, t, k, 0] += v0
    vectors[kind, t, k, 1] += v1
    vectors[kind, t, k, 2] += v2

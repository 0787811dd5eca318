"""Tension along the faces between pixels of different cells (compiled)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

__all__ = ["face_forces", "merge_points", "triple_points"]

_OPTIONS: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy"}


@njit(**_OPTIONS)
def face_forces(rows, spacing, periodic, positions, scales, types, bending, stretching, forces):  # type: ignore[no-untyped-def]
    """Add up the forces on the cells, (N, 3), from all faces between pixels that belong to two cells, or a cell and the medium.

    A face between cells i and j, whose interface has the unit normal n from i to j and the mean curvature kappa, pulls with
    ``(bending[t_i, t_j] kappa + stretching[t_i, t_j] / |x_i - x_j|) dS`` along n: i against it, j with it. Faces seen along one
    axis count ``|n_k| dS``, so that all axes together give the area of a slanted interface (coarea formula).
    Interfaces are those of the costs ``scales_i |y - x_i|^2``: planes or spheres. The medium is row N, of the last type; N + 1 is wall.
    """
    n, shape = positions.shape[0], rows.shape
    medium = bending.shape[0] - 1
    volume = spacing[0] * spacing[1] * spacing[2]
    size = np.array([shape[0] * spacing[0], shape[1] * spacing[1], shape[2] * spacing[2]])
    q, a, b, normal = np.empty(3), np.empty(3), np.empty(3), np.empty(3)
    for k0 in range(shape[0]):
        for k1 in range(shape[1]):
            for k2 in range(shape[2]):
                first = rows[k0, k1, k2]
                for axis in range(3):
                    m0, m1, m2 = k0, k1, k2
                    if axis == 0:
                        m0 += 1
                    elif axis == 1:
                        m1 += 1
                    else:
                        m2 += 1
                    if m0 == shape[0] or m1 == shape[1] or m2 == shape[2]:
                        if not periodic or shape[axis] == 1:
                            continue
                        m0, m1, m2 = m0 % shape[0], m1 % shape[1], m2 % shape[2]
                    second = rows[m0, m1, m2]
                    i, j = min(first, second), max(first, second)
                    if i == j or j > n or i >= n:
                        continue
                    q[0], q[1], q[2] = (k0 + 0.5) * spacing[0], (k1 + 0.5) * spacing[1], (k2 + 0.5) * spacing[2]
                    q[axis] += 0.5 * spacing[axis]
                    far = 0.0
                    for c in range(3):
                        a[c] = q[c] - positions[i, c]
                        b[c] = q[c] - positions[j, c] if j < n else 0.0
                        if periodic:
                            a[c] -= size[c] * np.rint(a[c] / size[c])
                            b[c] -= size[c] * np.rint(b[c] / size[c])
                        far += (a[c] - b[c]) ** 2
                        normal[c] = scales[i] * a[c] - (scales[j] * b[c] if j < n else 0.0)
                    slope = np.sqrt(normal[0] ** 2 + normal[1] ** 2 + normal[2] ** 2)
                    if slope == 0 or far == 0:
                        continue
                    if j < n:
                        kappa = abs(scales[i] - scales[j]) / slope
                        pull = bending[types[i], types[j]] * kappa + stretching[types[i], types[j]] / np.sqrt(far)
                    else:
                        pull = bending[types[i], medium] / np.sqrt(far)
                    pull *= volume / spacing[axis] * abs(normal[axis]) / slope
                    for c in range(3):
                        forces[i, c] -= pull * normal[c] / slope
                        if j < n:
                            forces[j, c] += pull * normal[c] / slope


@njit(**_OPTIONS)
def triple_points(rows, n, triples, places):  # type: ignore[no-untyped-def]
    """Find the corners of pixels where exactly three of cells and medium meet; return how many were found.

    `triples` (m, 3) receives their rows in ascending order, `places` (m, 2) the corners in pixels, (1, 1) being the corner
    after pixel (0, 0). Walls (n + 1) take no part.
    """
    found = 0
    seen = np.empty(4, np.int64)
    for k0 in range(rows.shape[0] - 1):
        for k1 in range(rows.shape[1] - 1):
            count = 0
            for m in range(4):
                row = rows[k0 + (m >> 1), k1 + (m & 1)]
                new = row <= n
                for other in range(count):
                    new = new and seen[other] != row
                if new:
                    seen[count] = row
                    count += 1
            if count == 3 and found < triples.shape[0]:
                ordered = np.sort(seen[:3])
                for m in range(3):
                    triples[found, m] = ordered[m]
                places[found, 0], places[found, 1] = k0 + 1.0, k1 + 1.0
                found += 1
    return found


@njit(**_OPTIONS)
def merge_points(triples, places, merge):  # type: ignore[no-untyped-def]
    """Merge places (m, 2) of equal triples (sorted, so that equal ones follow one another) that are nearer than `merge`."""
    total = triples.shape[0]
    kept, sums, counts = np.empty((total, 3), np.int64), np.zeros((total, 2)), np.zeros(total)
    n, first = 0, 0  # groups so far, and the first one of this triple
    for m in range(total):
        if m > 0 and (triples[m] != triples[m - 1]).any():
            first = n
        chosen = n
        for group in range(first, n):
            y, x = sums[group, 0] / counts[group] - places[m, 0], sums[group, 1] / counts[group] - places[m, 1]
            if y * y + x * x < merge * merge:
                chosen = group
                break
        if chosen == n:
            kept[n] = triples[m]
            n += 1
        sums[chosen] += places[m]
        counts[chosen] += 1
    return kept[:n], sums[:n] / counts[:n].reshape(-1, 1)

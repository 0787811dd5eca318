"""Where cells end: the cell at a point is the one whose function is largest there. Polynomials of a diagram, or a smoothed label image.

A function of a label image is the share of the cell in a cubic B-spline about the point (1.5 voxels per knot), so that boundaries
are smooth, also where three or more cells meet.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from shapelab.mesh.analytic import evaluate

__all__ = ["Field", "image_field", "largest_many", "polynomial_field", "project", "value"]

_KNOT = 1.5
_MOST = 4
"""Cells whose boundary a node can be put on."""


class Field(NamedTuple):
    """What kernels take; coordinates are three, from the corner of voxel 0 [unit]."""

    smooth: bool
    """Whether the image itself is smoothed; else the polynomials count, and the image only says who is near."""
    image: np.ndarray
    """Cell numbers, (z, y, x) int32."""
    steps: np.ndarray
    """Voxel size, (3,)."""
    period: np.ndarray
    """Length of each axis that repeats, 0 for others, (3,)."""
    coefficients: np.ndarray
    exponents: np.ndarray
    centres: np.ndarray
    radii: np.ndarray


def image_field(image: np.ndarray, steps: np.ndarray, period: np.ndarray) -> Field:
    """Return the field of a label image of cell numbers."""
    none = np.zeros((1, 1)), np.zeros((1, 3), np.int64), np.zeros((1, 3)), np.ones(1)
    return Field(True, np.ascontiguousarray(image, np.int32), steps, period, *none)


def polynomial_field(
    image: np.ndarray,
    steps: np.ndarray,
    period: np.ndarray,
    coefficients: np.ndarray,
    exponents: np.ndarray,
    centres: np.ndarray,
    radii: np.ndarray,
) -> Field:
    """Return the field of polynomials as in `shapelab.mesh.analytic.onto_boundaries`, with their label image."""
    lift = 3 - exponents.shape[1]
    powers, middles = np.pad(exponents, ((0, 0), (lift, 0))).astype(np.int64), np.pad(centres, ((0, 0), (lift, 0)))
    arrays = np.asarray(coefficients, float), powers, np.asarray(middles, float), np.asarray(radii, float)
    return Field(False, np.ascontiguousarray(image, np.int32), steps, period, *arrays)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _spline(t):  # type: ignore[no-untyped-def]
    t = abs(t)
    if t < 1:
        return 2 / 3 - t * t + 0.5 * t * t * t
    return (2 - t) ** 3 / 6 if t < 2 else 0.0


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _spline_slope(t):  # type: ignore[no-untyped-def]
    sign, t = (1.0, t) if t >= 0 else (-1.0, -t)
    if t < 1:
        return sign * (1.5 * t * t - 2 * t)
    return -sign * 0.5 * (2 - t) ** 2 if t < 2 else 0.0


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _at(i, n, repeats):  # type: ignore[no-untyped-def]
    return i % n if repeats else min(max(i, 0), n - 1)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def value(field, cell, x, slope):  # type: ignore[no-untyped-def]
    """Return the function of a cell at a point, and fill its gradient."""
    if not field.smooth:
        powers = np.empty((3, field.exponents.max() + 1))
        return evaluate(field.coefficients[cell], field.exponents, field.centres[cell], field.radii[cell], field.period, x, powers, slope)
    image = field.image
    weights, slopes = np.zeros((3, 8)), np.zeros((3, 8))
    first, count = np.empty(3, np.int64), np.empty(3, np.int64)
    for j in range(3):
        if image.shape[j] == 1:
            first[j], count[j], weights[j, 0] = 0, 1, 1.0
            continue
        at = x[j] / field.steps[j] - 0.5
        first[j], count[j] = int(np.floor(at - 2 * _KNOT)) + 1, int(4 * _KNOT)
        for k in range(count[j]):
            t = (at - first[j] - k) / _KNOT
            weights[j, k] = _spline(t) / _KNOT
            slopes[j, k] = _spline_slope(t) / (_KNOT * _KNOT * field.steps[j])
    total, slope[0], slope[1], slope[2] = 0.0, 0.0, 0.0, 0.0
    for kz in range(count[0]):
        iz = _at(first[0] + kz, image.shape[0], field.period[0] > 0)
        for ky in range(count[1]):
            iy = _at(first[1] + ky, image.shape[1], field.period[1] > 0)
            for kx in range(count[2]):
                if image[iz, iy, _at(first[2] + kx, image.shape[2], field.period[2] > 0)] == cell:
                    total += weights[0, kz] * weights[1, ky] * weights[2, kx]
                    slope[0] += slopes[0, kz] * weights[1, ky] * weights[2, kx]
                    slope[1] += weights[0, kz] * slopes[1, ky] * weights[2, kx]
                    slope[2] += weights[0, kz] * weights[1, ky] * slopes[2, kx]
    return total


@numba.njit(cache=True, nogil=True, error_model="numpy")
def largest(field, x):  # type: ignore[no-untyped-def]
    """Return the cell at a point, among those of the voxels round it."""
    image, slope = field.image, np.empty(3)
    best, cell = -np.inf, -1
    seen = np.empty(27, np.int64)
    n = 0
    middle = np.empty(3, np.int64)
    for j in range(3):
        middle[j] = int(np.floor(x[j] / field.steps[j]))
    for k in range(27):
        offset = (k // 9 - 1, (k // 3) % 3 - 1, k % 3 - 1)
        iz = _at(middle[0] + offset[0], image.shape[0], field.period[0] > 0)
        iy = _at(middle[1] + offset[1], image.shape[1], field.period[1] > 0)
        c = image[iz, iy, _at(middle[2] + offset[2], image.shape[2], field.period[2] > 0)]
        known = False
        for i in range(n):
            known |= seen[i] == c
        if known:
            continue
        seen[n] = c
        n += 1
    if n == 1:
        return seen[0]
    for i in range(n):
        v = value(field, seen[i], x, slope)
        if v > best:
            best, cell = v, seen[i]
    return cell


@numba.njit(cache=True, nogil=True, error_model="numpy")
def largest_many(part, first, last, field, points, cells):  # type: ignore[no-untyped-def]
    """Fill the cell at each point."""
    for i in range(first, last):
        cells[i] = largest(field, points[i])


@numba.njit(cache=True, nogil=True, error_model="numpy")
def project(field, x, cells, n, lock, reach, steps):  # type: ignore[no-untyped-def]
    """Move a point in place to where the functions of `n` cells are equal; return the distance left, or infinity.

    Minimum-norm Gauss-Newton steps with rows of unit length; infinity if it would go farther than `reach`.
    """
    rows, right = np.zeros((_MOST - 1, 3)), np.zeros(_MOST - 1)
    own, other, start = np.empty(3), np.empty(3), x.copy()
    m = min(n, _MOST) - 1
    for _ in range(steps):
        v = value(field, cells[0], x, own)
        worst = 0.0
        for i in range(m):
            right[i] = v - value(field, cells[i + 1], x, other)
            size = 0.0
            for j in range(3):
                rows[i, j] = 0.0 if (lock >> j) & 1 else other[j] - own[j]
                size += rows[i, j] ** 2
            size = np.sqrt(size)
            if size < 1e-12:
                return np.inf
            for j in range(3):
                rows[i, j] /= size
            right[i] /= size
            worst = max(worst, abs(right[i]))
        if worst < 1e-7 * reach:
            return worst
        square = rows[:m] @ rows[:m].T
        for i in range(m):
            square[i, i] += 1e-6
        step = rows[:m].T @ np.linalg.solve(square, right[:m])
        length = np.sqrt((step**2).sum())
        x += step * min(1.0, 0.5 * reach / max(length, 1e-300))
        if ((x - start) ** 2).sum() > reach * reach:
            return np.inf
    return worst

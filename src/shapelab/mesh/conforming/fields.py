"""Where cells end: the cell at a point is the one whose function is largest there. Polynomials of a diagram, or a smoothed label image.

A function of a label image is the share of the cell in a cubic B-spline about the point (1.5 voxels per knot), so that boundaries
are smooth, also where three or more cells meet.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from shapelab.mesh.analytic import evaluate

__all__ = ["Field", "image_field", "largest", "largest_many", "polynomial_field", "project", "values"]

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
    quadratics: np.ndarray
    """Polynomials of degree 2 or lower in steps from their centre: 1, z, y, x, zz, zy, zx, yy, yx, xx; no rows for higher ones, (K, 10)."""


def image_field(image: np.ndarray, steps: np.ndarray, period: np.ndarray) -> Field:
    """Return the field of a label image of cell numbers."""
    none = np.zeros((1, 1)), np.zeros((1, 3), np.int64), np.zeros((1, 3)), np.ones(1), np.zeros((0, 10))
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
    return Field(False, np.ascontiguousarray(image, np.int32), steps, period, *arrays, _quadratics(*arrays))


def _quadratics(coefficients: np.ndarray, exponents: np.ndarray, centres: np.ndarray, radii: np.ndarray) -> np.ndarray:
    if exponents.sum(1).max() > 2:
        return np.zeros((0, 10))
    found = np.zeros((len(centres), 10))
    places = [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1), (2, 0, 0), (1, 1, 0), (1, 0, 1), (0, 2, 0), (0, 1, 1), (0, 0, 2)]
    for k, powers in enumerate(exponents.tolist()):
        found[:, places.index(tuple(powers))] = coefficients[:, k] / radii ** sum(powers)
    return found


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
def values(field, cells, n, x, found, slopes):  # type: ignore[no-untyped-def]
    """Fill the functions of `n` cells at a point, and their gradients."""
    if field.smooth:
        _smoothed(field, cells, n, x, found, slopes)
    elif len(field.quadratics):
        for i in range(n):
            found[i] = _quadratic(field.quadratics[cells[i]], field.centres[cells[i]], field.period, x, slopes[i])
    else:
        powers = np.empty((3, field.exponents.max() + 1))
        for i in range(n):
            c = cells[i]
            found[i] = evaluate(
                field.coefficients[c], field.exponents, field.centres[c], field.radii[c], field.period, x, powers, slopes[i]
            )


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _quadratic(q, centre, period, x, slope):  # type: ignore[no-untyped-def]
    a, b, c = x[0] - centre[0], x[1] - centre[1], x[2] - centre[2]
    if period[0] > 0:
        a -= period[0] * np.floor(a / period[0] + 0.5)
    if period[1] > 0:
        b -= period[1] * np.floor(b / period[1] + 0.5)
    if period[2] > 0:
        c -= period[2] * np.floor(c / period[2] + 0.5)
    slope[0] = q[1] + 2 * q[4] * a + q[5] * b + q[6] * c
    slope[1] = q[2] + q[5] * a + 2 * q[7] * b + q[8] * c
    slope[2] = q[3] + q[6] * a + q[8] * b + 2 * q[9] * c
    return q[0] + 0.5 * ((q[1] + slope[0]) * a + (q[2] + slope[1]) * b + (q[3] + slope[2]) * c)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _smoothed(field, cells, n, x, found, slopes):  # type: ignore[no-untyped-def]
    image = field.image
    first, count, weights = np.empty(3, np.int64), np.empty(3, np.int64), np.zeros((6, 8))
    for j in range(3):
        if image.shape[j] == 1:
            first[j], count[j], weights[j, 0] = 0, 1, 1.0
            continue
        at = x[j] / field.steps[j] - 0.5
        first[j], count[j] = int(np.floor(at - 2 * _KNOT)) + 1, int(4 * _KNOT)
        for k in range(count[j]):
            t = (at - first[j] - k) / _KNOT
            weights[j, k] = _spline(t) / _KNOT
            weights[3 + j, k] = _spline_slope(t) / (_KNOT * _KNOT * field.steps[j])
    for i in range(n):
        found[i] = slopes[i, 0] = slopes[i, 1] = slopes[i, 2] = 0.0
    for kz in range(count[0]):
        iz = _at(first[0] + kz, image.shape[0], field.period[0] > 0)
        for ky in range(count[1]):
            iy = _at(first[1] + ky, image.shape[1], field.period[1] > 0)
            both, up, along = weights[0, kz] * weights[1, ky], weights[3, kz] * weights[1, ky], weights[0, kz] * weights[4, ky]
            for kx in range(count[2]):
                c = image[iz, iy, _at(first[2] + kx, image.shape[2], field.period[2] > 0)]
                for i in range(n):
                    if cells[i] == c:
                        found[i] += both * weights[2, kx]
                        slopes[i, 0] += up * weights[2, kx]
                        slopes[i, 1] += along * weights[2, kx]
                        slopes[i, 2] += both * weights[5, kx]
                        break


@numba.njit(cache=True, nogil=True, error_model="numpy")
def largest(field, x):  # type: ignore[no-untyped-def]
    """Return the cell at a point, among those of the voxels round it."""
    image, seen, n = field.image, np.empty(27, np.int32), np.int64(0)
    iz, iy, ix = (int(np.floor(x[0] / field.steps[0])), int(np.floor(x[1] / field.steps[1])), int(np.floor(x[2] / field.steps[2])))
    for k in range(27):
        z = _at(iz + k // 9 - 1, image.shape[0], field.period[0] > 0)
        y = _at(iy + (k // 3) % 3 - 1, image.shape[1], field.period[1] > 0)
        c = image[z, y, _at(ix + k % 3 - 1, image.shape[2], field.period[2] > 0)]
        known = False
        for i in range(n):
            known |= seen[i] == c
        if not known:
            seen[n] = c
            n += 1
    if n == 1:
        return seen[0]
    found, slopes = np.empty(n), np.empty((n, 3))
    values(field, seen, n, x, found, slopes)
    return seen[np.argmax(found)]


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
    work = np.zeros((15, 4))
    found, slopes, rows, square, step = work[0], work[1:5], work[5:8], work[8:11], work[11]
    start_z, start_y, start_x = x[0], x[1], x[2]
    m = min(n, _MOST) - 1
    worst = np.inf
    for _ in range(steps):
        values(field, cells, m + 1, x, found, slopes)
        worst = 0.0
        for i in range(m):
            size = 0.0
            for j in range(3):
                rows[i, j] = 0.0 if (lock >> j) & 1 else slopes[i + 1, j] - slopes[0, j]
                size += rows[i, j] ** 2
            size = np.sqrt(size)
            if size < 1e-12:
                return np.inf
            for j in range(3):
                rows[i, j] /= size
            square[i, 3] = (found[0] - found[i + 1]) / size
            worst = max(worst, abs(square[i, 3]))
        if worst < 1e-7 * reach:
            return worst
        _solve(rows, square, m, step)
        length = np.sqrt(step[0] ** 2 + step[1] ** 2 + step[2] ** 2)
        share = min(1.0, 0.5 * reach / max(length, 1e-300))
        for j in range(3):
            x[j] += share * step[j]
        if (x[0] - start_z) ** 2 + (x[1] - start_y) ** 2 + (x[2] - start_x) ** 2 > reach * reach:
            return np.inf
    return worst


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _solve(rows, square, m, step):  # type: ignore[no-untyped-def]
    """Fill the shortest step with rows * step = the last column of `square`, which is lost."""
    for i in range(m):
        for k in range(m):
            square[i, k] = rows[i, 0] * rows[k, 0] + rows[i, 1] * rows[k, 1] + rows[i, 2] * rows[k, 2]
        square[i, i] += 1e-6
    for i in range(m):
        for k in range(i + 1, m):
            factor = square[k, i] / square[i, i]
            for c in range(i, m):
                square[k, c] -= factor * square[i, c]
            square[k, 3] -= factor * square[i, 3]
    step[:3] = 0.0
    for i in range(m - 1, -1, -1):
        for k in range(i + 1, m):
            square[i, 3] -= square[i, k] * square[k, 3]
        square[i, 3] /= square[i, i]
        for j in range(3):
            step[j] += square[i, 3] * rows[i, j]

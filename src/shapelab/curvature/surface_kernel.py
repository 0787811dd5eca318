"""Area and total curvatures of a field's surface in one pass, for every frame of a running simulation.

With g = grad u, n = g/|g|, P = 1 - n n^T, the shape operator of the level sets is S = -P Hess(u) P/|g|; its trace is
H = k1 + k2, and k1 k2 = (tr(S)^2 - |S|^2)/2 needs no eigenvalues. Area is |g| phi(u) dV, phi(u) = 15/16 (1 - u^2)^2,
by the coarea formula: the estimator of `shapelab.measure.curvature.shape_operator`, without its arrays.
"""

from __future__ import annotations

import numba
import numpy as np

from shapelab.curvature.slabs import slab_bounds
from shapelab.threads import over_ranges

__all__ = ["near", "surface_sums"]

NEAR = 0.95
"""Voxels with a larger |u| carry less than 1 part in 1000 of the area."""


def surface_sums(u: np.ndarray, *, periodic: bool, left_out: np.ndarray | None = None) -> tuple[float, float, float, float]:
    """Return the area, and over the surface that is not left out its area, Int H dA and Int K dA [powers of a voxel].

    Parameters
    ----------
    u
        Field, float32 (z, y, x), C-contiguous.
    periodic
        True if the box repeats, else it ends in walls.
    left_out
        Boolean (z, y, x): voxels whose curvature does not count, such as the edge of a film. None counts all.
    """
    sums = np.zeros((u.shape[0], 4))
    mask = np.zeros((1, 1, 1), np.bool_) if left_out is None else np.ascontiguousarray(left_out)
    over_ranges(lambda _, first, last: _planes(u, mask, periodic, first, last, sums), slab_bounds(u.shape[0]))
    area, counted, mean, gaussian = sums.sum(axis=0)
    return float(area), float(counted), float(mean), float(gaussian)


def near(clamped: np.ndarray) -> np.ndarray:
    """Return the voxels that cannot change, and those that are two or fewer steps from them."""
    from scipy.ndimage import binary_dilation

    return np.asarray(binary_dilation(clamped, iterations=2))


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _planes(u, left_out, periodic, first, last, sums):  # type: ignore[no-untyped-def]
    nz, ny, nx = u.shape
    masked = left_out.size > 1
    half, quarter, one, two, peak = np.float32(0.5), np.float32(0.25), np.float32(1), np.float32(2), np.float32(0.9375)
    near, flat = np.float32(NEAR), np.float32(1e-10)
    for z in range(first, last):
        below, above = _beside(z, nz, periodic)
        for y in range(ny):
            front, behind = _beside(y, ny, periodic)
            for x in range(nx):
                value = u[z, y, x]
                if abs(value) >= near:
                    continue
                left, right = _beside(x, nx, periodic)
                gz = half * (u[above, y, x] - u[below, y, x])
                gy = half * (u[z, behind, x] - u[z, front, x])
                gx = half * (u[z, y, right] - u[z, y, left])
                square = gz * gz + gy * gy + gx * gx
                if square < flat:
                    continue
                norm = np.sqrt(square)
                well = one - value * value
                weight = norm * peak * well * well
                sums[z, 0] += weight
                if masked and left_out[z, y, x]:
                    continue
                twice = value + value
                zz = u[above, y, x] - twice + u[below, y, x]
                yy = u[z, behind, x] - twice + u[z, front, x]
                xx = u[z, y, right] - twice + u[z, y, left]
                zy = quarter * (u[above, behind, x] + u[below, front, x] - u[above, front, x] - u[below, behind, x])
                zx = quarter * (u[above, y, right] + u[below, y, left] - u[above, y, left] - u[below, y, right])
                yx = quarter * (u[z, behind, right] + u[z, front, left] - u[z, behind, left] - u[z, front, right])
                hz, hy, hx = zz * gz + zy * gy + zx * gx, zy * gz + yy * gy + yx * gx, zx * gz + yx * gy + xx * gx
                inverse = one / square
                normal = (gz * hz + gy * hy + gx * hx) * inverse
                mean = (normal - zz - yy - xx) / norm
                hessian = zz * zz + yy * yy + xx * xx + two * (zy * zy + zx * zx + yx * yx)
                operator = (hessian - two * (hz * hz + hy * hy + hx * hx) * inverse + normal * normal) * inverse
                sums[z, 1] += weight
                sums[z, 2] += weight * mean
                sums[z, 3] += weight * half * (mean * mean - operator)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _beside(i, n, periodic):  # type: ignore[no-untyped-def]
    before, after = i - 1, i + 1
    if before < 0:
        before = n - 1 if periodic else 0
    if after == n:
        after = 0 if periodic else n - 1
    return before, after

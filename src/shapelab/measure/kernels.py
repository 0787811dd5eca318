"""Principal curvatures of a phase field at every voxel of its interface: the numba kernel.

With g = grad u, n = g/|g|, H = Hess u (central differences on cells that need not be cubes):

- shape operator: the eigenvalues of -P H P/|g|, P = 1 - n n^T, from t = -(tr H - n.Hn)/|g| and
  s2 = (|H|^2 - 2|Hn|^2 + (n.Hn)^2)/|g|^2; independent of the profile of u across the interface;
- diffuse: T = -eps tr H + W'/eps, N2 = eps^2 |H|^2 + (W'/eps)^2 - 2 W' n.Hn, and
  k = (T +- sqrt(2 N2 - T^2))/(2 eps |g|), with W' = u^3 - u (Song, J. Math. Imaging Vis. 64, 17 (2022)): the
  curvatures that the energy sees.
"""

from __future__ import annotations

import numba
import numpy as np

__all__ = ["curvatures_2d", "curvatures_3d"]


@numba.njit(cache=True, nogil=True, error_model="numpy")
def curvatures_3d(u, spacing, eps, periodic, diffuse, k1, k2, weights):  # type: ignore[no-untyped-def]
    """Fill `k1` >= `k2` where |u| < 1, and `weights` (area per voxel); zero elsewhere.

    The weights are |grad u| phi(u) dV with phi(u) = 15/16 (1 - u^2)^2, whose integral over (-1, 1) is 1: by the
    coarea formula they add up to the area whatever the profile.
    """
    nz, ny, nx = u.shape
    hz, hy, hx = spacing
    volume = hz * hy * hx
    for z in range(nz):
        zm, zp = _neighbours(z, nz, periodic)
        for y in range(ny):
            ym, yp = _neighbours(y, ny, periodic)
            for x in range(nx):
                value = np.float64(u[z, y, x])
                k1[z, y, x] = 0.0
                k2[z, y, x] = 0.0
                weights[z, y, x] = 0.0
                if abs(value) >= 0.999:
                    continue
                xm, xp = _neighbours(x, nx, periodic)
                gz = (u[zp, y, x] - u[zm, y, x]) / (2 * hz)
                gy = (u[z, yp, x] - u[z, ym, x]) / (2 * hy)
                gx = (u[z, y, xp] - u[z, y, xm]) / (2 * hx)
                norm = np.sqrt(gz * gz + gy * gy + gx * gx)
                if norm * hx < 1e-5:
                    continue
                zz = (u[zp, y, x] - 2 * value + u[zm, y, x]) / (hz * hz)
                yy = (u[z, yp, x] - 2 * value + u[z, ym, x]) / (hy * hy)
                xx = (u[z, y, xp] - 2 * value + u[z, y, xm]) / (hx * hx)
                zy = (u[zp, yp, x] + u[zm, ym, x] - u[zp, ym, x] - u[zm, yp, x]) / (4 * hz * hy)
                zx = (u[zp, y, xp] + u[zm, y, xm] - u[zp, y, xm] - u[zm, y, xp]) / (4 * hz * hx)
                yx = (u[z, yp, xp] + u[z, ym, xm] - u[z, yp, xm] - u[z, ym, xp]) / (4 * hy * hx)
                nz_, ny_, nx_ = gz / norm, gy / norm, gx / norm
                hnz = zz * nz_ + zy * ny_ + zx * nx_
                hny = zy * nz_ + yy * ny_ + yx * nx_
                hnx = zx * nz_ + yx * ny_ + xx * nx_
                nhn = nz_ * hnz + ny_ * hny + nx_ * hnx
                trace = zz + yy + xx
                square = zz * zz + yy * yy + xx * xx + 2 * (zy * zy + zx * zx + yx * yx)
                if diffuse:
                    well = value * value * value - value
                    t = (well / eps - eps * trace) / (eps * norm)
                    s2 = (eps * eps * square + (well / eps) ** 2 - 2 * well * nhn) / (eps * norm) ** 2
                else:
                    t = -(trace - nhn) / norm
                    s2 = (square - 2 * (hnz * hnz + hny * hny + hnx * hnx) + nhn * nhn) / (norm * norm)
                split = np.sqrt(max(2 * s2 - t * t, 0.0))
                k1[z, y, x] = 0.5 * (t + split)
                k2[z, y, x] = 0.5 * (t - split)
                weights[z, y, x] = norm * 0.9375 * (1 - value * value) ** 2 * volume


@numba.njit(cache=True, nogil=True, error_model="numpy")
def curvatures_2d(u, spacing, periodic, k, weights):  # type: ignore[no-untyped-def]
    """Fill `k` = -div(grad u/|grad u|) where |u| < 1, and `weights` (length per pixel); zero elsewhere."""
    ny, nx = u.shape
    hy, hx = spacing
    for y in range(ny):
        ym, yp = _neighbours(y, ny, periodic)
        for x in range(nx):
            value = np.float64(u[y, x])
            k[y, x] = 0.0
            weights[y, x] = 0.0
            if abs(value) >= 0.999:
                continue
            xm, xp = _neighbours(x, nx, periodic)
            gy = (u[yp, x] - u[ym, x]) / (2 * hy)
            gx = (u[y, xp] - u[y, xm]) / (2 * hx)
            norm2 = gy * gy + gx * gx
            if norm2 * hx * hx < 1e-10:
                continue
            yy = (u[yp, x] - 2 * value + u[ym, x]) / (hy * hy)
            xx = (u[y, xp] - 2 * value + u[y, xm]) / (hx * hx)
            yx = (u[yp, xp] + u[ym, xm] - u[yp, xm] - u[ym, xp]) / (4 * hy * hx)
            k[y, x] = -(yy * gx * gx - 2 * yx * gx * gy + xx * gy * gy) / norm2**1.5
            weights[y, x] = np.sqrt(norm2) * 0.9375 * (1 - value * value) ** 2 * hy * hx


@numba.njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _neighbours(i, n, periodic):  # type: ignore[no-untyped-def]
    if periodic:
        return (i - 1 if i > 0 else n - 1), (i + 1 if i < n - 1 else 0)
    return (i - 1 if i > 0 else 0), (i + 1 if i < n - 1 else n - 1)

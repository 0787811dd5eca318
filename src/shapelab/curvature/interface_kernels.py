"""Fused CPU kernel for the observables of the interface."""

# The types of compiled code are numba's business.
# mypy: ignore-errors

from __future__ import annotations

import numba
import numpy as np

from shapelab.curvature.staging import OPTIONS, ghost

__all__ = ["interface_sums_slab"]


@numba.njit(**OPTIONS)
def interface_sums_slab(u, h, eps, wrap, z0, z1, sums):
    """Per plane: sums of |grad u|^2, of W(u) and of |eps/2 |grad u|^2 - W/eps|."""
    nz, ny, nx = u.shape
    hx = np.float32(0.5) / h
    half, quarter, one = np.float32(0.5), np.float32(0.25), np.float32(1)
    for z in range(z0, z1):
        below, above = u[ghost(z - 1, nz, wrap)], u[ghost(z + 1, nz, wrap)]
        g_sum, w_sum, d_sum = 0.0, 0.0, 0.0
        for y in range(ny):
            row, front, back = u[z, y], u[z, ghost(y - 1, ny, wrap)], u[z, ghost(y + 1, ny, wrap)]
            low, high = below[y], above[y]
            gs, ws, ds = np.float32(0), np.float32(0), np.float32(0)
            for x in range(nx):
                left = row[x - 1] if x > 0 else row[ghost(-1, nx, wrap)]
                right = row[x + 1] if x < nx - 1 else row[ghost(nx, nx, wrap)]
                dz, dy, dx = (high[x] - low[x]) * hx, (back[x] - front[x]) * hx, (right - left) * hx
                g2 = dz * dz + dy * dy + dx * dx
                w = one - row[x] * row[x]
                w = quarter * w * w
                gs += g2
                ws += w
                ds += abs(half * eps * g2 - w / eps)
            g_sum += gs
            w_sum += ws
            d_sum += ds
        sums[z, 0] = g_sum
        sums[z, 1] = w_sum
        sums[z, 2] = d_sum

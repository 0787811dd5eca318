"""Rows of fixed stride that the fused kernels work on, and how voxels with their ghosts get there."""

# The types of compiled code are numba's business.
# mypy: ignore-errors

from __future__ import annotations

import numba
import numpy as np

__all__ = ["OPTIONS", "ROW", "copy_row", "ghost", "stage_coefficients", "stage_plane"]

ROW = np.uint64(136)
"""Distance between rows of a work buffer."""
OPTIONS = {
    "cache": True,
    "nogil": True,
    "error_model": "numpy",
    "fastmath": {"reassoc", "contract", "arcp", "nsz", "afn"},
    "forceinline": True,  # else a kernel calls whichever copy of another was loaded first, and copies add up in orders of their own
}
"""How the kernels of this family are compiled: NaN is kept, so that a failed run is noticed."""


@numba.njit(**OPTIONS)
def copy_row(a, o, out, p, n):
    """Copy `n` entries from offset `o` of one buffer to offset `p` of another."""
    for i in range(n):
        out[p + i] = a[o + i]


@numba.njit(**OPTIONS)
def ghost(i, n, wrap):
    """Index of the voxel that stands at `i` beyond the border."""
    if wrap:
        return i % n
    return min(max(i, 0), n - 1)


@numba.njit(**OPTIONS)
def stage_plane(u, z, slot, rows, x0, n, wrap):
    """Copy plane z, columns x0-2…x0+n+1 with ghosts, to slot `slot` of the interleaved rows."""
    ny, nx = u.shape[1], u.shape[2]
    for y in range(-1, ny + 1):
        source = u[z, ghost(y, ny, wrap)]
        o = (y + 1) * 3 * np.int64(ROW) + slot * np.int64(ROW)
        first, last = max(0, x0 - 2), min(nx, x0 + n + 2)
        for x in range(x0 - 2, first):
            rows[o + x - x0 + 2] = source[ghost(x, nx, wrap)]
        a = np.uint64(o + first - x0 + 2)
        f = np.uint64(first)
        for i in range(np.uint64(last - first)):
            rows[a + i] = source[f + i]
        for x in range(last, x0 + n + 2):
            rows[o + x - x0 + 2] = source[ghost(x, nx, wrap)]


@numba.njit(**OPTIONS)
def stage_coefficients(fields, z, y, nx, x0, n, wrap, c):
    """Copy the coefficients of the voxels x0-1…x0+n of one row; an axis of length 1 stands for a constant."""
    count, fz, fy, fx = fields.shape
    for k in range(count):
        source = fields[k, z if fz > 1 else 0, y if fy > 1 else 0]
        o = k * np.int64(ROW)
        for j in range(n + 2):
            c[o + j] = source[ghost(x0 - 1 + j, nx, wrap)] if fx > 1 else source[0]

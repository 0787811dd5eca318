"""Fused CPU kernels of a flow step: the metric's filters, the products that the step rule needs, and the move."""

# The types of compiled code are numba's business.
# mypy: ignore-errors

from __future__ import annotations

import numba
import numpy as np

from shapelab.curvature.filters import RADIUS, TAPS
from shapelab.curvature.staging import OPTIONS, copy_row

__all__ = ["CHUNK", "ROW", "blur_across", "blur_planes", "metric_products_slab", "move_slab"]

CHUNK = 128
"""Largest number of voxels along x that are filtered at once."""
ROW = np.uint64(136 + 2 * RADIUS)
"""Distance between rows of a work buffer: a chunk with its ghosts, and no power of two."""

# Constants for the compiler: the filter is unrolled. (After a change of `TAPS`, numba's disk cache must be emptied.)
_T = tuple(np.float32(t) for t in TAPS)
_P = tuple(np.uint64(k) for k in range(2 * RADIUS + 1))
_0 = np.uint64(0)


@numba.njit(**OPTIONS)
def _filter_columns(a, o, out, p, n):
    """Filter across rows of fixed distance: `o` is the offset of the row `RADIUS` rows before the one wanted."""
    for i in range(n):
        out[p + i] = (
            _T[0] * a[o + _P[12] * ROW + i]
            + _T[1] * (a[o + _P[11] * ROW + i] + a[o + _P[13] * ROW + i])
            + _T[2] * (a[o + _P[10] * ROW + i] + a[o + _P[14] * ROW + i])
            + _T[3] * (a[o + _P[9] * ROW + i] + a[o + _P[15] * ROW + i])
            + _T[4] * (a[o + _P[8] * ROW + i] + a[o + _P[16] * ROW + i])
            + _T[5] * (a[o + _P[7] * ROW + i] + a[o + _P[17] * ROW + i])
            + _T[6] * (a[o + _P[6] * ROW + i] + a[o + _P[18] * ROW + i])
            + _T[7] * (a[o + _P[5] * ROW + i] + a[o + _P[19] * ROW + i])
            + _T[8] * (a[o + _P[4] * ROW + i] + a[o + _P[20] * ROW + i])
            + _T[9] * (a[o + _P[3] * ROW + i] + a[o + _P[21] * ROW + i])
            + _T[10] * (a[o + _P[2] * ROW + i] + a[o + _P[22] * ROW + i])
            + _T[11] * (a[o + _P[1] * ROW + i] + a[o + _P[23] * ROW + i])
            + _T[12] * (a[o + _P[0] * ROW + i] + a[o + _P[24] * ROW + i])
        )


@numba.njit(**OPTIONS)
def _filter_row(a, o, out, p, n):
    """Filter along a row: `o` is the offset of the voxel `RADIUS` voxels before the first one wanted."""
    for i in range(n):
        out[p + i] = (
            _T[0] * a[o + _P[12] + i]
            + _T[1] * (a[o + _P[11] + i] + a[o + _P[13] + i])
            + _T[2] * (a[o + _P[10] + i] + a[o + _P[14] + i])
            + _T[3] * (a[o + _P[9] + i] + a[o + _P[15] + i])
            + _T[4] * (a[o + _P[8] + i] + a[o + _P[16] + i])
            + _T[5] * (a[o + _P[7] + i] + a[o + _P[17] + i])
            + _T[6] * (a[o + _P[6] + i] + a[o + _P[18] + i])
            + _T[7] * (a[o + _P[5] + i] + a[o + _P[19] + i])
            + _T[8] * (a[o + _P[4] + i] + a[o + _P[20] + i])
            + _T[9] * (a[o + _P[3] + i] + a[o + _P[21] + i])
            + _T[10] * (a[o + _P[2] + i] + a[o + _P[22] + i])
            + _T[11] * (a[o + _P[1] + i] + a[o + _P[23] + i])
            + _T[12] * (a[o + _P[0] + i] + a[o + _P[24] + i])
        )


@numba.njit(**OPTIONS)
def blur_planes(a, out, shape, iy, ix, z0, z1, columns, row):
    """Apply B B along y and x to the planes z0…z1-1.

    Parameters
    ----------
    a, out
        Input and output, flat views of (z, y, x) float32.
    iy, ix
        `ghost_index` of the axes with reach `RADIUS`.
    columns, row
        Buffers of (longest axis + 2 RADIUS) rows and of two rows.
    """
    _, ny, nx = shape
    chunks = -(-nx // CHUNK)
    for z in range(z0, z1):
        for c in range(chunks):
            x0 = c * nx // chunks
            n = (c + 1) * nx // chunks - x0
            lanes = np.uint64((n + 7) // 8 * 8)
            for y in range(ny):
                o = (z * ny + y) * nx
                first, last = max(0, x0 - RADIUS), min(nx, x0 + n + RADIUS)
                for x in range(x0, first + RADIUS):
                    row[x - x0] = a[o + ix[x]]
                copy_row(a, np.uint64(o + first), row, np.uint64(first + RADIUS - x0), np.uint64(last - first))
                for x in range(last + RADIUS, x0 + n + 2 * RADIUS):
                    row[x - x0] = a[o + ix[x]]
                _filter_row(row, _0, columns, np.uint64(y + RADIUS) * ROW, lanes)
            for k in range(RADIUS):
                copy_row(columns, np.uint64(iy[k] + RADIUS) * ROW, columns, np.uint64(k) * ROW, lanes)
                end = ny + RADIUS + k
                copy_row(columns, np.uint64(iy[end] + RADIUS) * ROW, columns, np.uint64(end) * ROW, lanes)
            for y in range(ny):
                _filter_columns(columns, np.uint64(y) * ROW, row, _0, lanes)
                copy_row(row, _0, out, np.uint64((z * ny + y) * nx + x0), np.uint64(n))


@numba.njit(**OPTIONS)
def blur_across(a, shape, iz, y0, y1, columns, row):
    """Apply B B along z, in place, to the rows y0…y1-1 of every plane."""
    nz, ny, nx = shape
    chunks = -(-nx // CHUNK)
    for y in range(y0, y1):
        for c in range(chunks):
            x0 = c * nx // chunks
            n = (c + 1) * nx // chunks - x0
            lanes = np.uint64((n + 7) // 8 * 8)
            for k in range(nz + 2 * RADIUS):
                copy_row(a, np.uint64((iz[k] * ny + y) * nx + x0), columns, np.uint64(k) * ROW, np.uint64(n))
            for z in range(nz):
                _filter_columns(columns, np.uint64(z) * ROW, row, _0, lanes)
                copy_row(row, _0, a, np.uint64((z * ny + y) * nx + x0), np.uint64(n))


@numba.njit(**OPTIONS)
def _laplacian_row(b, row, iz, iy, ix, z, y, q):
    """Central-difference Laplacian (times -4 h^2) of one row; the index tables have reach 2."""
    nx = len(row)
    za, zb, ya, yb = b[iz[z], y], b[iz[z + 4], y], b[z, iy[y]], b[z, iy[y + 4]]
    six = np.float32(6)
    for x in range(nx):
        q[x] = six * row[x] - (za[x] + zb[x]) - (ya[x] + yb[x])
    for x in range(2, nx - 2):
        q[x] -= row[x - 2] + row[x + 2]
    for x in (0, 1, nx - 2, nx - 1):
        q[x] -= row[ix[x]] + row[ix[x + 4]]


@numba.njit(**OPTIONS)
def metric_products_slab(b, g, old_g, old_q, s, free, use_free, laplacian, shift, iz, iy, ix, z0, z1, q, sums):
    """Finish q = P g, replace the old gradient by the new one, and sum the products that the step rule needs.

    Parameters
    ----------
    b
        Blurred gradient.
    g, old_g, old_q, s
        Gradient, gradient and P gradient of the previous evaluation (overwritten), last step.
    free, use_free
        1 where u may move, 0 where it is clamped; not read unless `use_free`.
    laplacian
        Whether P contains C.
    shift
        Mean over the free voxels, subtracted from q there.
    q
        Buffer of one row.
    sums
        (nz, 7) float64 per plane: <g,q>, <dg,dq>, <s,g>, <s,s>, <s,q>, <q,q>, sum of q.
    """
    _, ny, nx = b.shape
    for z in range(z0, z1):
        sums[z] = 0.0
        for y in range(ny):
            row = b[z, y]
            if laplacian:
                _laplacian_row(b, row, iz, iy, ix, z, y, q)
            else:
                for x in range(nx):
                    q[x] = row[x]
            if use_free:
                mask = free[z, y]
                for x in range(nx):
                    q[x] = (q[x] - shift) * mask[x]
            gg, og, oq, ss = g[z, y], old_g[z, y], old_q[z, y], s[z, y]
            t0, t1, t2, t3 = np.float32(0), np.float32(0), np.float32(0), np.float32(0)
            t4, t5, t6 = np.float32(0), np.float32(0), np.float32(0)
            for x in range(nx):
                gi, qi, si = gg[x], q[x], ss[x]
                t0 += gi * qi
                t1 += (gi - og[x]) * (qi - oq[x])
                t2 += si * gi
                t3 += si * si
                t4 += si * qi
                t5 += qi * qi
                t6 += qi
            for x in range(nx):
                og[x] = gg[x]
                oq[x] = q[x]
            sums[z, 0] += t0
            sums[z, 1] += t1
            sums[z, 2] += t2
            sums[z, 3] += t3
            sums[z, 4] += t4
            sums[z, 5] += t5
            sums[z, 6] += t6


@numba.njit(cache=True, nogil=True, error_model="numpy", fastmath=True, forceinline=True)
def move_slab(u, s, q, free, use_free, keep, rate, shift, z0, z1, peaks):
    """Set s <- keep s - rate (q - shift), u <- u + s; per plane the largest |s| and |u|, and the sum of u."""
    _, ny, nx = u.shape
    for z in range(z0, z1):
        top_s, top_u = np.float32(0), np.float32(0)
        total = 0.0
        for y in range(ny):
            uu, ss, qq = u[z, y], s[z, y], q[z, y]
            if use_free:
                mask = free[z, y]
                for x in range(nx):
                    ss[x] = (keep * ss[x] - rate * (qq[x] - shift)) * mask[x]
            else:
                for x in range(nx):
                    ss[x] = keep * ss[x] - rate * (qq[x] - shift)
            row = np.float32(0)
            for x in range(nx):
                uu[x] += ss[x]
                top_s = max(top_s, abs(ss[x]))
                top_u = max(top_u, abs(uu[x]))
                row += uu[x]
            total += row
        peaks[z, 0] = top_s
        peaks[z, 1] = top_u
        peaks[z, 2] = total

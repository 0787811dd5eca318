"""Fused CPU kernels of a flow step: the metric's filters, the products that the step rule needs, and the move."""

# The types of compiled code are numba's business.
# mypy: ignore-errors

from __future__ import annotations

import numba
import numpy as np

from shapelab.curvature.filters import RADIUS

__all__ = ["blur_slab", "metric_products_slab", "move_slab"]

_OPTIONS = {"cache": True, "nogil": True, "error_model": "numpy", "fastmath": {"reassoc", "contract", "arcp", "nsz", "afn"}}


@numba.njit(**_OPTIONS)
def _add_pairs(out, o, a, l1, r1, l2, r2, l3, r3, t1, t2, t3, n):
    """Add three symmetric pairs of rows to a row."""
    for i in range(n):
        out[o + i] += t1 * (a[l1 + i] + a[r1 + i]) + t2 * (a[l2 + i] + a[r2 + i]) + t3 * (a[l3 + i] + a[r3 + i])


@numba.njit(**_OPTIONS)
def _filter_rows(a, centre, stride, index, position, taps, out, o, n):
    """Filter across rows: `index[position + k]` is the row that stands k rows further, rows are `stride` apart."""
    t0 = taps[0]
    for i in range(n):
        out[o + i] = t0 * a[centre + i]
    for k in range(1, len(taps), 3):
        l1, r1 = np.uint64(index[position - k] * stride), np.uint64(index[position + k] * stride)
        l2, r2 = np.uint64(index[position - k - 1] * stride), np.uint64(index[position + k + 1] * stride)
        l3, r3 = np.uint64(index[position - k - 2] * stride), np.uint64(index[position + k + 2] * stride)
        _add_pairs(out, o, a, l1, r1, l2, r2, l3, r3, taps[k], taps[k + 1], taps[k + 2], n)


@numba.njit(**_OPTIONS)
def _filter_row(padded, taps, out, o, n):
    """Filter along one row that has `RADIUS` ghosts on either side."""
    t0 = taps[0]
    radius = np.uint64(RADIUS)
    for i in range(n):
        out[o + i] = t0 * padded[radius + i]
    for k in range(1, len(taps), 3):
        a = np.uint64(k)
        l1, r1, l2, r2, l3, r3 = radius - a, radius + a, radius - a - 1, radius + a + 1, radius - a - 2, radius + a + 2
        _add_pairs(out, o, padded, l1, r1, l2, r2, l3, r3, taps[k], taps[k + 1], taps[k + 2], n)


@numba.njit(**_OPTIONS)
def blur_slab(a, out, shape, iz, iy, ix, taps, z0, z1, plane, padded):
    """Apply B B to the planes z0…z1-1.

    Parameters
    ----------
    a, out
        Input and output, flat views of (z, y, x) float32.
    iz, iy, ix
        `ghost_index` of each axis with reach `RADIUS`.
    plane, padded
        Buffers of one plane and of one row with its ghosts.
    """
    _, ny, nx = shape
    n = np.uint64(nx)
    for z in range(z0, z1):
        # One long row per plane: the z filter does not care where rows end.
        size = ny * nx
        for first in range(0, size, 512):
            length = np.uint64(min(512, size - first))
            shifted = a[first:]
            _filter_rows(shifted, np.uint64(z * size), size, iz, z + RADIUS, taps, plane, np.uint64(first), length)
        for y in range(ny):
            o = np.uint64((z * ny + y) * nx)
            _filter_rows(plane, np.uint64(y * nx), nx, iy, y + RADIUS, taps, out, o, n)
        for y in range(ny):
            o = (z * ny + y) * nx
            for i in range(RADIUS):
                padded[i] = out[o + ix[i]]
                padded[RADIUS + nx + i] = out[o + ix[RADIUS + nx + i]]
            for i in range(nx):
                padded[RADIUS + i] = out[o + i]
            _filter_row(padded, taps, out, np.uint64(o), n)


@numba.njit(**_OPTIONS)
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


@numba.njit(**_OPTIONS)
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


@numba.njit(cache=True, nogil=True, error_model="numpy", fastmath=True)
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

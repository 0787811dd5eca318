"""Fused CPU kernels: curvature energy and its exact gradient in one sweep, with rows of fixed stride.

The volume is swept plane by plane in blocks of at most `BLOCK` voxels along x. For every voxel the pointwise terms
leave ten numbers (`MZZ`…`LOCAL`): the derivatives of the energy density by u and by each finite difference. The
adjoint stencils gather them from one plane into three planes of the gradient. Rows lie at a fixed distance in one
buffer, so that the compiler knows that they do not overlap and vectorises the loops, whatever the shape.

A block and a slab recompute the halo they need, and planes are added in the same order always: neither the number of
threads nor the cutting into blocks along z changes one bit of the result.
"""

# The types of compiled code are numba's business.
# mypy: ignore-errors

from __future__ import annotations

import numba
import numpy as np

from shapelab.curvature.staging import OPTIONS, ROW, copy_row, ghost, stage_coefficients, stage_plane

__all__ = ["BLOCK", "COEFFICIENT_ROWS", "SMOOTHING", "WORK_ROWS", "energy_gradient_slab"]

BLOCK = 120
"""Largest number of voxels along x that are treated at once (with halo and filling it must fit into `ROW`)."""
WORK_ROWS = np.uint64(10)
COEFFICIENT_ROWS = np.uint64(11)
SMOOTHING = np.float32(1.69e-6)
"""Floor under the square root S^2: softplus(0) for the width 1e-6 of the published energy."""


# Rows of the work buffer: derivatives of the density by the second differences (times their stencil weight)…
MZZ, MYY, MXX = np.uint64(0), ROW, np.uint64(2) * ROW
MZY, MZX, MYX = np.uint64(3) * ROW, np.uint64(4) * ROW, np.uint64(5) * ROW
# … by the first differences, and by u itself.
PZ, PY, PX = np.uint64(6) * ROW, np.uint64(7) * ROW, np.uint64(8) * ROW
LOCAL = np.uint64(9) * ROW

# Rows of the coefficient buffer.
N2_, TS, TT, GT, GS, GG, MU, DZ, DY, DX, WEIGHT = (np.uint64(k) * ROW for k in range(11))

_1, _2, _3, _6 = np.uint64(1), np.uint64(2), np.uint64(3), np.uint64(6)
_PLANES = np.uint64(3) * ROW
_RECORD = WORK_ROWS * ROW


@numba.njit(**OPTIONS)
def _density(rows, below, here, above, start, work, out, c, n, h, eps, tension):
    """Derivatives and pointwise terms of one row of `n` voxels.

    rows: three planes of u, interleaved row by row; `below`, `here`, `above` are their offsets for z-1, z, z+1;
    `start` the offset of row y-1. Writes the ten work rows at `out`, returns the weighted sum of the density.
    """
    one, two, three, half = np.float32(1), np.float32(2), np.float32(3), np.float32(0.5)
    zero, quarter = np.float32(0), np.float32(0.25)
    hx = half / h
    hxx = one / (h * h)
    q4 = hxx * quarter
    ie = one / eps
    e2 = eps * eps
    ie2 = ie * ie
    te = tension * ie
    xi2 = np.float32(1e-12)
    za = start + below
    zb = start + here
    zc = start + above
    total = np.float32(0)
    for j in range(n):
        u = rows[zb + _PLANES + j + _1]
        a = rows[zc + _PLANES + j + _1]
        b = rows[za + _PLANES + j + _1]
        dz = (a - b) * hx
        hzz = (a + b - two * u) * hxx
        a = rows[zb + _2 * _PLANES + j + _1]
        b = rows[zb + j + _1]
        dy = (a - b) * hx
        hyy = (a + b - two * u) * hxx
        a = rows[zb + _PLANES + j + _2]
        b = rows[zb + _PLANES + j]
        dx = (a - b) * hx
        hxx_ = (a + b - two * u) * hxx
        hzy = (rows[zc + _2 * _PLANES + j + _1] + rows[za + j + _1] - rows[za + _2 * _PLANES + j + _1] - rows[zc + j + _1]) * q4
        hzx = (rows[zc + _PLANES + j + _2] + rows[za + _PLANES + j] - rows[za + _PLANES + j + _2] - rows[zc + _PLANES + j]) * q4
        hyx = (rows[zb + _2 * _PLANES + j + _2] + rows[zb + j] - rows[zb + j + _2] - rows[zb + _2 * _PLANES + j]) * q4

        g2 = dz * dz + dy * dy + dx * dx
        g = np.sqrt(g2 + xi2)
        ig = one / g
        iq = ig * ig
        w = u * u - one
        w1 = w * u
        vz = hzz * dz + hzy * dy + hzx * dx
        vy = hzy * dz + hyy * dy + hyx * dx
        vx = hzx * dz + hyx * dy + hxx_ * dx
        nhn = (vz * dz + vy * dy + vx * dx) * iq
        t = w1 * ie - eps * (hzz + hyy + hxx_)
        n2 = e2 * (hzz * hzz + hyy * hyy + hxx_ * hxx_ + two * (hzy * hzy + hzx * hzx + hyx * hyx)) + w1 * w1 * ie2 - two * w1 * nhn
        x = two * n2 - t * t
        step = one if x > zero else zero
        s = np.sqrt(x * step + SMOOTHING)

        al = c[N2_ + j]
        be = c[TS + j]
        ga = c[TT + j]
        sg = c[GT + j]
        de = c[GS + j]
        ce = c[GG + j]
        thz = c[DZ + j]
        thy = c[DY + j]
        thx = c[DX + j]
        along = dz * thz + dy * thy + dx * thx
        mu = c[MU + j] * along
        e = al * n2 + be * t * s + ga * t * t + sg * g * t + de * g * s + ce * g2 + mu * along + te * quarter * w * w
        total += e * c[WEIGHT + j]

        ep = (be * t + de * g) / (two * s) * step
        en = al + two * ep
        et = be * s + two * ga * t + sg * g - two * t * ep
        k = -two * w1 * en * iq
        k2 = two * k
        m = two * e2 * en
        m2 = two * m
        tr = -eps * et
        o = out + j + _1
        work[o + MZZ] = (m * hzz + tr + k * dz * dz) * hxx
        work[o + MYY] = (m * hyy + tr + k * dy * dy) * hxx
        work[o + MXX] = (m * hxx_ + tr + k * dx * dx) * hxx
        work[o + MZY] = (m2 * hzy + k2 * dz * dy) * q4
        work[o + MZX] = (m2 * hzx + k2 * dz * dx) * q4
        work[o + MYX] = (m2 * hyx + k2 * dy * dx) * q4
        p = (sg * t + de * s) * ig + two * ce - k2 * nhn
        mu2 = two * mu
        work[o + PZ] = (k2 * vz + p * dz + mu2 * thz) * hx
        work[o + PY] = (k2 * vy + p * dy + mu2 * thy) * hx
        work[o + PX] = (k2 * vx + p * dx + mu2 * thx) * hx
        work[o + LOCAL] = (en * two * (w1 * ie2 - nhn) + et * ie) * (three * w + two) + te * w1
    return total


@numba.njit(**OPTIONS)
def _gather(b, start, out, lower, middle, upper, n):
    """Add the adjoint stencils of one row of work records to three rows of the gradient.

    b: work buffer; `start` the offset of the record of row y-1; `lower`, `middle`, `upper` the offsets in `out` of the
    rows (z-1, y), (z, y), (z+1, y).
    """
    two = np.float32(2)
    p = start
    q = start + _RECORD
    r = start + _2 * _RECORD
    for i in range(n):
        even = b[q + MZZ + i + _2]
        odd = (b[r + MZY + i + _2] - b[p + MZY + i + _2]) + (b[q + MZX + i + _3] - b[q + MZX + i + _1]) - b[q + PZ + i + _2]
        flat = (
            b[q + LOCAL + i + _2]
            + (b[p + PY + i + _2] - b[r + PY + i + _2])
            + (b[q + PX + i + _1] - b[q + PX + i + _3])
            + (b[p + MYY + i + _2] + b[r + MYY + i + _2])
            + (b[q + MXX + i + _1] + b[q + MXX + i + _3])
            - two * (even + b[q + MYY + i + _2] + b[q + MXX + i + _2])
            + (b[r + MYX + i + _3] + b[p + MYX + i + _1] - b[r + MYX + i + _1] - b[p + MYX + i + _3])
        )
        out[lower + i] += even + odd
        out[middle + i] += flat
        out[upper + i] += even - odd


@numba.njit(**OPTIONS)
def _zero_ghost_columns(work, o, n, at_start, at_end):
    """Voxels beyond the box carry no energy (replicate border)."""
    for k in range(np.int64(WORK_ROWS)):
        q = o + np.uint64(k) * ROW
        if at_start:
            work[q + _1] = np.float32(0)
        if at_end:
            work[q + np.uint64(n + 2)] = np.float32(0)
            work[q + np.uint64(n + 3)] = np.float32(0)


@numba.njit(**OPTIONS)
def _gather_plane(work, out, flat, dummy, lower, middle, upper, x0, n, wrap):
    """Gather one plane of work records into the planes `lower`, `middle`, `upper` of the gradient (-1: not wanted)."""
    ny, nx = out.shape[1], out.shape[2]
    first, last = (0, ny) if wrap else (-1, ny + 1)
    at_start, at_end = not wrap and x0 == 0, not wrap and x0 + n == nx
    size = np.uint64(n)
    dummy_a, dummy_b, dummy_c = np.uint64(dummy), np.uint64(dummy + BLOCK), np.uint64(dummy + 2 * BLOCK)
    for y in range(first, last):
        t = ghost(y, ny, False)
        start = np.uint64(y + 1) * _RECORD
        a = np.uint64((lower * ny + t) * nx + x0) if lower >= 0 else dummy_a
        b = np.uint64((middle * ny + t) * nx + x0) if middle >= 0 else dummy_b
        c = np.uint64((upper * ny + t) * nx + x0) if upper >= 0 else dummy_c
        _gather(work, start, flat, a, b, c, size)
        if at_start:
            _gather(work, start - _1, flat, a, b, c, _1)
        if at_end:
            k = size - _1
            _gather(work, start + size, flat, a + k, b + k, c + k, _1)


@numba.njit(**OPTIONS)
def energy_gradient_slab(u, out, flat, dummy, fields, h, eps, tension, wrap, z0, z1, block, energy, rows, work, c):
    """Energy per plane and gradient density dE/du / h^3 of the planes z0…z1-1.

    Parameters
    ----------
    u, out
        Field and gradient, (z, y, x) float32, C-contiguous.
    flat, dummy
        The buffer that `out` is the beginning of, as one row, and the offset of `3 BLOCK` entries of it that are spare.
    fields
        (10, 1 or nz, 1 or ny, 1 or nx): factors of N2, T S, T^2, G T, G S, |grad u|^2 and (grad u . theta)^2, and the
        components z, y, x of theta.
    h, eps, tension
        Voxel size, interface width, coefficient of W(u)/eps.
    wrap
        True for a periodic box, False for a replicated border.
    block
        Voxels along x treated at once, at most `BLOCK`.
    energy
        (nz,) float64: sum of the density over each plane.
    rows, work, c
        Buffers of this slab: 3 (ny+2), 10 (ny+4) and 11 rows.
    """
    nz, ny, nx = u.shape
    constant = fields.size == fields.shape[0]
    anywhere = np.int64(0)
    for z in range(z0, z1):
        energy[z] = 0.0
        out[z] = np.float32(0)
    blocks = -(-nx // block)
    for ib in range(blocks):
        x0 = ib * nx // blocks
        n = (ib + 1) * nx // blocks - x0
        lanes = np.uint64((n + 9) // 8 * 8)
        rows[:] = np.float32(0)
        work[:] = np.float32(0)
        c[:] = np.float32(0)
        for j in range(1, n + 1):
            c[np.int64(WEIGHT) + j] = np.float32(1)
        if constant:
            stage_coefficients(fields, anywhere, anywhere, nx, x0, n, wrap, c)
        at_start, at_end = not wrap and x0 == 0, not wrap and x0 + n == nx
        first, last = (z0 - 1, z1 + 1) if wrap else (max(z0 - 1, 0), min(z1 + 1, nz))
        stage_plane(u, ghost(first - 1, nz, wrap), (first + 2) % 3, rows, x0, n, wrap)
        stage_plane(u, ghost(first, nz, wrap), (first + 3) % 3, rows, x0, n, wrap)
        for zz in range(first, last):
            z = ghost(zz, nz, wrap)
            stage_plane(u, ghost(zz + 1, nz, wrap), (zz + 4) % 3, rows, x0, n, wrap)
            below, here, above = np.uint64((zz + 2) % 3) * ROW, np.uint64((zz + 3) % 3) * ROW, np.uint64((zz + 4) % 3) * ROW
            inside = z0 <= zz < z1
            for y in range(ny):
                if not constant:
                    stage_coefficients(fields, z, y, nx, x0, n, wrap, c)
                o = np.uint64(y + 2) * _RECORD
                e = _density(rows, below, here, above, np.uint64(y) * _PLANES, work, o, c, lanes, h, eps, tension)
                if inside:
                    energy[z] += e
                if at_start or at_end:
                    _zero_ghost_columns(work, o, n, at_start, at_end)
            if wrap:
                end = np.uint64(ny) * _RECORD
                copy_row(work, _RECORD + end, work, _RECORD, _RECORD)
                copy_row(work, _2 * _RECORD, work, _2 * _RECORD + end, _RECORD)
            lower = zz - 1 if z0 <= zz - 1 < z1 else -1
            middle = zz if inside else -1
            upper = zz + 1 if z0 <= zz + 1 < z1 else -1
            if not wrap and zz == 0 and z0 == 0:
                lower = 0
            if not wrap and zz == nz - 1 and z1 == nz:
                upper = nz - 1
            _gather_plane(work, out, flat, dummy, lower, middle, upper, x0, n, wrap)

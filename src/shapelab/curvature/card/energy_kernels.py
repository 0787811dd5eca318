"""Energy and exact gradient on a card: pointwise terms of every voxel, then the adjoint stencils that gather them.

The formulas and the ten numbers per voxel are those of `shapelab.curvature.kernels`. Grids are flat arrays in the order
(z, y, x); a thread walks over voxels in steps of the number of threads, so that neighbours read neighbours.
"""

# The types of compiled code are Warp's business.
# mypy: ignore-errors

from __future__ import annotations

from typing import Any

import warp as wp

from shapelab.gpu.sums import block_sum

__all__ = ["DENSITY", "FIDELITY", "GRADIENT", "ONES", "SQUARES", "WELLS", "gather", "pointwise"]

wp.set_module_options({"default_grid_stride": False})  # a kernel walks over the grid itself

DENSITY, SQUARES, WELLS, FIDELITY, GRADIENT, ONES = range(6)
"""Rows of partial sums: the density, |grad u|^2, W(u), (u - target)^2, the gradient on free voxels, and its product with the
image of ones (`CardMetric`)."""

# Rows of the work array: derivatives of the density by the second differences, by the first ones, and by u itself.
MZZ, MYY, MXX, MZY, MZX, MYX, PZ, PY, PX, LOCAL = (wp.constant(k) for k in range(10))
# Rows of the factors (`shapelab.curvature.terms.pointwise_factors`).
N2, TS, TT, GT, GS, GG, MU, DZ, DY, DX = (wp.constant(k) for k in range(10))
# Places in the array of numbers.
STEP, WIDTH, TENSION, SMOOTHING = (wp.constant(k) for k in range(4))


@wp.func
def beside(i: int, n: int, wrap: int):
    """Index of the voxel that stands at `i`, which may be one beyond the border."""
    j = i
    if wrap == 1:
        if i < 0:
            j = i + n
        elif i >= n:
            j = i - n
    else:
        j = wp.clamp(i, 0, n - 1)
    return j


@wp.kernel(enable_backward=False)
def pointwise(
    u: wp.array(dtype=Any), size: wp.vec3i, wrap: int, numbers: wp.array(dtype=Any),
    factors: wp.array2d(dtype=Any), strides: wp.vec3i, threads: int, work: wp.array2d(dtype=Any), partial: wp.array2d(dtype=wp.float64),
):  # fmt: skip
    """Write the ten numbers of every voxel; sum the density, |grad u|^2 and W(u)."""
    place = wp.tid()
    ny, nx = size[1], size[2]
    plane = ny * nx
    count = size[0] * plane
    one, two, three = u.dtype(1.0), u.dtype(2.0), u.dtype(3.0)
    zero, half, quarter = u.dtype(0.0), u.dtype(0.5), u.dtype(0.25)
    h, eps = numbers[STEP], numbers[WIDTH]
    hx = half / h
    hxx = one / (h * h)
    q4 = hxx * quarter
    ie = one / eps
    e2 = eps * eps
    ie2 = ie * ie
    te = numbers[TENSION] * ie
    density, squares, wells = wp.float64(0.0), wp.float64(0.0), wp.float64(0.0)
    v = place
    while v < count:
        z = v // plane
        y = (v - z * plane) // nx
        x = v - z * plane - y * nx
        za, zb = beside(z - 1, size[0], wrap) * plane, beside(z + 1, size[0], wrap) * plane
        ya, yb = beside(y - 1, ny, wrap) * nx, beside(y + 1, ny, wrap) * nx
        xa, xb = beside(x - 1, nx, wrap), beside(x + 1, nx, wrap)
        zz, yy = z * plane, y * nx
        c = u[v]
        a = u[zb + yy + x]
        b = u[za + yy + x]
        dz = (a - b) * hx
        hzz = (a + b - two * c) * hxx
        a = u[zz + yb + x]
        b = u[zz + ya + x]
        dy = (a - b) * hx
        hyy = (a + b - two * c) * hxx
        a = u[zz + yy + xb]
        b = u[zz + yy + xa]
        dx = (a - b) * hx
        hxx_ = (a + b - two * c) * hxx
        hzy = (u[zb + yb + x] + u[za + ya + x] - u[za + yb + x] - u[zb + ya + x]) * q4
        hzx = (u[zb + yy + xb] + u[za + yy + xa] - u[za + yy + xb] - u[zb + yy + xa]) * q4
        hyx = (u[zz + yb + xb] + u[zz + ya + xa] - u[zz + ya + xb] - u[zz + yb + xa]) * q4

        g2 = dz * dz + dy * dy + dx * dx
        g = wp.sqrt(g2 + u.dtype(1.0e-12))
        ig = one / g
        iq = ig * ig
        w = c * c - one
        w1 = w * c
        vz = hzz * dz + hzy * dy + hzx * dx
        vy = hzy * dz + hyy * dy + hyx * dx
        vx = hzx * dz + hyx * dy + hxx_ * dx
        nhn = (vz * dz + vy * dy + vx * dx) * iq
        t = w1 * ie - eps * (hzz + hyy + hxx_)
        n2 = e2 * (hzz * hzz + hyy * hyy + hxx_ * hxx_ + two * (hzy * hzy + hzx * hzx + hyx * hyx)) + w1 * w1 * ie2 - two * w1 * nhn
        positive = two * n2 - t * t
        step = zero
        if positive > zero:
            step = one
        s = wp.sqrt(positive * step + numbers[SMOOTHING])

        f = z * strides[0] + y * strides[1] + x * strides[2]
        be, ga, sg, de, ce = factors[TS, f], factors[TT, f], factors[GT, f], factors[GS, f], factors[GG, f]
        al = factors[N2, f]
        thz, thy, thx = factors[DZ, f], factors[DY, f], factors[DX, f]
        along = dz * thz + dy * thy + dx * thx
        mu = factors[MU, f] * along
        e = al * n2 + be * t * s + ga * t * t + sg * g * t + de * g * s + ce * g2 + mu * along + te * quarter * w * w
        density += wp.float64(e)
        squares += wp.float64(g2)
        wells += wp.float64(quarter * w * w)

        ep = (be * t + de * g) / (two * s) * step
        en = al + two * ep
        et = be * s + two * ga * t + sg * g - two * t * ep
        k = -two * w1 * en * iq
        k2 = two * k
        m = two * e2 * en
        m2 = two * m
        tr = -eps * et
        work[MZZ, v] = (m * hzz + tr + k * dz * dz) * hxx
        work[MYY, v] = (m * hyy + tr + k * dy * dy) * hxx
        work[MXX, v] = (m * hxx_ + tr + k * dx * dx) * hxx
        work[MZY, v] = (m2 * hzy + k2 * dz * dy) * q4
        work[MZX, v] = (m2 * hzx + k2 * dz * dx) * q4
        work[MYX, v] = (m2 * hyx + k2 * dy * dx) * q4
        p = (sg * t + de * s) * ig + two * ce - k2 * nhn
        mu2 = two * mu
        work[PZ, v] = (k2 * vz + p * dz + mu2 * thz) * hx
        work[PY, v] = (k2 * vy + p * dy + mu2 * thy) * hx
        work[PX, v] = (k2 * vx + p * dx + mu2 * thx) * hx
        work[LOCAL, v] = (en * two * (w1 * ie2 - nhn) + et * ie) * (three * w + two) + te * w1
        v += threads
    block_sum(density, place, DENSITY, partial)
    block_sum(squares, place, SQUARES, partial)
    block_sum(wells, place, WELLS, partial)


@wp.func
def held(work: wp.array2d(dtype=Any), row: int, index: int, inside: bool):
    """A number of the voxel at `index`; voxels beyond the box carry no energy."""
    value = work.dtype(0.0)
    if inside:
        value = work[row, index]
    return value


@wp.func
def gathered(work: wp.array2d(dtype=Any), z: int, y: int, x: int, size: wp.vec3i, wrap: int):
    """All adjoint stencils at a place, which may be one beyond a border that does not wrap."""
    nz, ny, nx = size[0], size[1], size[2]
    za, zb, ya, yb, xa, xb = z - 1, z + 1, y - 1, y + 1, x - 1, x + 1
    if wrap == 1:
        za, zb = beside(za, nz, 1), beside(zb, nz, 1)
        ya, yb = beside(ya, ny, 1), beside(yb, ny, 1)
        xa, xb = beside(xa, nx, 1), beside(xb, nx, 1)
    iza, iz, izb = za >= 0 and za < nz, z >= 0 and z < nz, zb >= 0 and zb < nz
    iya, iy, iyb = ya >= 0 and ya < ny, y >= 0 and y < ny, yb >= 0 and yb < ny
    ixa, ix, ixb = xa >= 0 and xa < nx, x >= 0 and x < nx, xb >= 0 and xb < nx
    ra, r, rb = (z * ny + ya) * nx, (z * ny + y) * nx, (z * ny + yb) * nx
    la, ua = (za * ny + y) * nx, (zb * ny + y) * nx
    here = r + x
    iyx = iy and ix
    izx = iz and ix
    izy = iz and iy
    total = held(work, LOCAL, here, izy and ix)
    total += held(work, MZZ, la + x, iza and iyx) + held(work, MZZ, ua + x, izb and iyx)
    total += held(work, MYY, ra + x, iya and izx) + held(work, MYY, rb + x, iyb and izx)
    total += held(work, MXX, r + xa, izy and ixa) + held(work, MXX, r + xb, izy and ixb)
    middle = held(work, MZZ, here, izy and ix) + held(work, MYY, here, izy and ix) + held(work, MXX, here, izy and ix)
    total -= work.dtype(2.0) * middle
    total += held(work, PZ, la + x, iza and iyx) - held(work, PZ, ua + x, izb and iyx)
    total += held(work, PY, ra + x, iya and izx) - held(work, PY, rb + x, iyb and izx)
    total += held(work, PX, r + xa, izy and ixa) - held(work, PX, r + xb, izy and ixb)
    total += held(work, MZY, (za * ny + ya) * nx + x, iza and iya and ix) + held(work, MZY, (zb * ny + yb) * nx + x, izb and iyb and ix)
    total -= held(work, MZY, (za * ny + yb) * nx + x, iza and iyb and ix) + held(work, MZY, (zb * ny + ya) * nx + x, izb and iya and ix)
    total += held(work, MZX, la + xa, iza and iy and ixa) + held(work, MZX, ua + xb, izb and iy and ixb)
    total -= held(work, MZX, la + xb, iza and iy and ixb) + held(work, MZX, ua + xa, izb and iy and ixa)
    total += held(work, MYX, ra + xa, iz and iya and ixa) + held(work, MYX, rb + xb, iz and iyb and ixb)
    total -= held(work, MYX, ra + xb, iz and iya and ixb) + held(work, MYX, rb + xa, iz and iyb and ixa)
    return total


@wp.func
def slope(u: wp.array(dtype=Any), at: int, n: int, first: int, stride: int, wrap: int):
    """Value of u after minus value before the voxel `at` of a line that begins at `first`; 0 beyond a border that does not wrap."""
    value = u.dtype(0.0)
    i = at
    if wrap == 1:
        i = beside(at, n, 1)
    if i >= 0 and i < n:
        value = u[first + beside(i + 1, n, wrap) * stride] - u[first + beside(i - 1, n, wrap) * stride]
    return value


@wp.func
def squared_slopes(u: wp.array(dtype=Any), at: int, n: int, first: int, stride: int, wrap: int):
    """Half the derivative, by u at the voxel `at` of a line, of the sum of the squared slopes along it."""
    total = slope(u, at - 1, n, first, stride, wrap) - slope(u, at + 1, n, first, stride, wrap)
    if wrap == 0:
        if at == 0:
            total -= slope(u, 0, n, first, stride, wrap)
        if at == n - 1:
            total += slope(u, n - 1, n, first, stride, wrap)
    return total


@wp.kernel(enable_backward=False)
def gather(
    u: wp.array(dtype=Any), work: wp.array2d(dtype=Any), size: wp.vec3i, wrap: int, numbers: wp.array(dtype=Any),
    stiffness: wp.float64, area: wp.float64, per_area: wp.float64, sums: wp.array(dtype=wp.float64),
    fidelity: Any, target: wp.array(dtype=Any), free: wp.array(dtype=wp.uint8), ones: wp.array(dtype=Any),
    threads: int, gradient: wp.array(dtype=Any), partial: wp.array2d(dtype=wp.float64),
):  # fmt: skip
    """Write the gradient density, 0 where u is clamped, with the pull towards an area and towards a target.

    stiffness, area, per_area
        Of the area constraint: stiffness 0 for none; the diffuse area is `per_area` times its density.
    sums
        The sums of |grad u|^2 and W(u), read if there is a constraint.
    target, free, ones
        Of length 1 where there is no fidelity, nothing is clamped, or the image of ones is not wanted.
    """
    place = wp.tid()
    ny, nx = size[1], size[2]
    plane = ny * nx
    count = size[0] * plane
    h, eps = numbers[STEP], numbers[WIDTH]
    hx = u.dtype(0.5) / h
    pull = u.dtype(0.0)
    if stiffness != wp.float64(0.0):
        excess = per_area * (wp.float64(0.5) * wp.float64(eps) * sums[SQUARES] + sums[WELLS] / wp.float64(eps)) - area
        pull = u.dtype(wp.float64(2.0) * stiffness * excess)
    apart, moved, imaged = wp.float64(0.0), wp.float64(0.0), wp.float64(0.0)
    v = place
    while v < count:
        z = v // plane
        y = (v - z * plane) // nx
        x = v - z * plane - y * nx
        z0, z1, y0, y1, x0, x1 = z, z + 1, y, y + 1, x, x + 1
        if wrap == 0:  # what the stencils leave beyond the border belongs to the voxel at it
            z0, z1 = wp.where(z == 0, -1, z0), wp.where(z == size[0] - 1, z + 2, z1)
            y0, y1 = wp.where(y == 0, -1, y0), wp.where(y == ny - 1, y + 2, y1)
            x0, x1 = wp.where(x == 0, -1, x0), wp.where(x == nx - 1, x + 2, x1)
        total = u.dtype(0.0)
        for tz in range(z0, z1):
            for ty in range(y0, y1):
                for tx in range(x0, x1):
                    total += gathered(work, tz, ty, tx, size, wrap)
        c = u[v]
        if stiffness != wp.float64(0.0):
            slopes = squared_slopes(u, z, size[0], y * nx + x, plane, wrap)
            slopes += squared_slopes(u, y, ny, z * plane + x, nx, wrap)
            slopes += squared_slopes(u, x, nx, z * plane + y * nx, 1, wrap)
            total += pull * (eps * hx * hx * slopes + (c * c - u.dtype(1.0)) * c / eps)
        if target.shape[0] > 1:
            difference = c - target[v]
            total += fidelity * difference
            apart += wp.float64(difference) * wp.float64(difference)
        if free.shape[0] > 1:
            if free[v] == wp.uint8(0):
                total = u.dtype(0.0)
        if ones.shape[0] > 1:
            imaged += wp.float64(ones[v]) * wp.float64(total)
        moved += wp.float64(total)
        gradient[v] = total
        v += threads
    block_sum(apart, place, FIDELITY, partial)
    block_sum(moved, place, GRADIENT, partial)
    block_sum(imaged, place, ONES, partial)

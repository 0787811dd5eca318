"""What a frame says of a texture, and which voxels changed side, without copying the field from the card.

The estimators are those of `shapelab.curvature.surface_kernel` and `shapelab.curvature.interface_kernels`.
"""

# The types of compiled code are Warp's business.
# mypy: ignore-errors

from __future__ import annotations

from typing import Any

import warp as wp

from shapelab.curvature.card.energy_kernels import STEP, WIDTH, beside
from shapelab.gpu.sums import block_sum

__all__ = ["ROWS", "observe", "sides"]

wp.set_module_options({"default_grid_stride": False})  # a kernel walks over the grid itself

ROWS = 9
"""Rows of partial sums of `observe`."""
NEAR = wp.constant(0.95)
"""That of `surface_kernel`."""


@wp.kernel(enable_backward=False)
def observe(
    u: wp.array(dtype=Any), size: wp.vec3i, wrap: int, numbers: wp.array(dtype=Any), left_out: wp.array(dtype=wp.uint8),
    threads: int, partial: wp.array2d(dtype=wp.float64),
):  # fmt: skip
    """Sum u, voxels inside, |grad u|^2, W, |eps/2 |grad u|^2 - W/eps|; area, area that counts, and over it H and K."""
    place = wp.tid()
    ny, nx = size[1], size[2]
    plane = ny * nx
    count = size[0] * plane
    one, two, half, quarter = u.dtype(1.0), u.dtype(2.0), u.dtype(0.5), u.dtype(0.25)
    ih = one / numbers[STEP]
    eps = numbers[WIDTH]
    total, inside = wp.float64(0.0), wp.float64(0.0)
    squares, wells, differences = wp.float64(0.0), wp.float64(0.0), wp.float64(0.0)
    area, counted, mean_sum, gaussian_sum = wp.float64(0.0), wp.float64(0.0), wp.float64(0.0), wp.float64(0.0)
    v = place
    while v < count:
        z = v // plane
        y = v // nx % ny
        x = v % nx
        za, zb = beside(z - 1, size[0], wrap) * plane, beside(z + 1, size[0], wrap) * plane
        ya, yb = beside(y - 1, ny, wrap) * nx, beside(y + 1, ny, wrap) * nx
        xa, xb = beside(x - 1, nx, wrap), beside(x + 1, nx, wrap)
        zz, yy = z * plane, y * nx
        c = u[v]
        total += wp.float64(c)
        if c > u.dtype(0.0):
            inside += wp.float64(1.0)
        gz = half * (u[zb + yy + x] - u[za + yy + x])
        gy = half * (u[zz + yb + x] - u[zz + ya + x])
        gx = half * (u[zz + yy + xb] - u[zz + yy + xa])
        square = gz * gz + gy * gy + gx * gx
        gap = one - c * c
        well = quarter * gap * gap
        slope = square * ih * ih
        squares += wp.float64(slope)
        wells += wp.float64(well)
        differences += wp.float64(wp.abs(half * eps * slope - well / eps))
        if wp.abs(c) < u.dtype(NEAR) and square >= u.dtype(1.0e-10):
            norm = wp.sqrt(square)
            weight = wp.float64(norm * u.dtype(0.9375) * gap * gap)
            area += weight
            counts = True
            if left_out.shape[0] > 1:
                counts = left_out[v] == wp.uint8(0)
            if counts:
                twice = c + c
                czz = u[zb + yy + x] - twice + u[za + yy + x]
                cyy = u[zz + yb + x] - twice + u[zz + ya + x]
                cxx = u[zz + yy + xb] - twice + u[zz + yy + xa]
                czy = quarter * (u[zb + yb + x] + u[za + ya + x] - u[zb + ya + x] - u[za + yb + x])
                czx = quarter * (u[zb + yy + xb] + u[za + yy + xa] - u[zb + yy + xa] - u[za + yy + xb])
                cyx = quarter * (u[zz + yb + xb] + u[zz + ya + xa] - u[zz + yb + xa] - u[zz + ya + xb])
                hz, hy, hx = czz * gz + czy * gy + czx * gx, czy * gz + cyy * gy + cyx * gx, czx * gz + cyx * gy + cxx * gx
                inverse = one / square
                normal = (gz * hz + gy * hy + gx * hx) * inverse
                mean = (normal - czz - cyy - cxx) / norm
                hessian = czz * czz + cyy * cyy + cxx * cxx + two * (czy * czy + czx * czx + cyx * cyx)
                operator = (hessian - two * (hz * hz + hy * hy + hx * hx) * inverse + normal * normal) * inverse
                counted += weight
                mean_sum += weight * wp.float64(mean)
                gaussian_sum += weight * wp.float64(half * (mean * mean - operator))
        v += threads
    block_sum(total, place, 0, partial)
    block_sum(inside, place, 1, partial)
    block_sum(squares, place, 2, partial)
    block_sum(wells, place, 3, partial)
    block_sum(differences, place, 4, partial)
    block_sum(area, place, 5, partial)
    block_sum(counted, place, 6, partial)
    block_sum(mean_sum, place, 7, partial)
    block_sum(gaussian_sum, place, 8, partial)


@wp.kernel(enable_backward=False)
def sides(u: wp.array(dtype=Any), threads: int, bits: wp.array(dtype=wp.uint8), partial: wp.array2d(dtype=wp.float64)):
    """Pack u > 0 into bits as `numpy.packbits` does; sum the voxels inside, and those whose bit changed."""
    place = wp.tid()
    inside, changed = wp.float64(0.0), wp.float64(0.0)
    i = place
    while i < bits.shape[0]:
        byte = int(0)
        count = int(0)
        flips = int(0)
        before = int(bits[i])
        for k in range(8):
            v = 8 * i + k
            bit = int(0)
            if v < u.shape[0]:
                if u[v] > u.dtype(0.0):
                    bit = 1
            byte = 2 * byte + bit
            count += bit
            if (before >> (7 - k)) % 2 != bit:
                flips += 1
        bits[i] = wp.uint8(byte)
        inside += wp.float64(count)
        changed += wp.float64(flips)
        i += threads
    block_sum(inside, place, 0, partial)
    block_sum(changed, place, 1, partial)

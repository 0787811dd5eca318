"""A flow step on a card: the metric's filters, the products that the step rule needs, and the move.

The numbers are those of `shapelab.curvature.metric_kernels`; grids are flat, in the order (z, y, x).
"""

# The types of compiled code are Warp's business.
# mypy: ignore-errors

from __future__ import annotations

from typing import Any

import warp as wp

from shapelab.gpu.sums import block_max, block_sum

__all__ = ["BESIDE_SUMS", "blur", "blur_projected", "move", "products", "shorten"]

wp.set_module_options({"default_grid_stride": False})  # a kernel walks over the grid itself

_0, _1 = wp.constant(0), wp.constant(1)


@wp.func
def mirrored(i: int, n: int, wrap: int):
    """Index of the voxel that stands at `i`, any distance beyond the border."""
    j = i
    if i < 0 or i >= n:
        if wrap == 1:
            j = i % n
            if j < 0:
                j += n
        else:
            j = i % (2 * n)
            if j < 0:
                j += 2 * n
            j = wp.min(j, 2 * n - 1 - j)
    return j


@wp.func
def coordinate(v: int, size: wp.vec3i, axis: int):
    """Coordinate of the voxel `v` along an axis."""
    c = v
    if axis == 0:
        c = v // (size[1] * size[2])
    elif axis == 1:
        c = v // size[2] % size[1]
    else:
        c = v % size[2]
    return c


@wp.kernel(enable_backward=False)
def blur(
    a: wp.array(dtype=Any), size: wp.vec3i, axis: int, stride: int, wrap: int, taps: wp.array(dtype=Any), add: int,
    threads: int, out: wp.array(dtype=Any),
):  # fmt: skip
    """Filter along one axis with the central and right half of a symmetric filter; set, or add to, `out`."""
    v = wp.tid()
    n = size[axis]
    reach = taps.shape[0] - 1
    count = size[0] * size[1] * size[2]
    while v < count:
        c = coordinate(v, size, axis)
        first = v - c * stride
        total = taps[0] * a[v]
        if c >= reach and c < n - reach:
            for k in range(1, reach + 1):
                total += taps[k] * (a[v - k * stride] + a[v + k * stride])
        else:
            for k in range(1, reach + 1):
                total += taps[k] * (a[first + mirrored(c - k, n, wrap) * stride] + a[first + mirrored(c + k, n, wrap) * stride])
        if add == 1:
            out[v] = out[v] + total
        else:
            out[v] = total
        v += threads


@wp.func
def free_mean(sums: wp.array(dtype=wp.float64), free_count: wp.float64):
    """Mean of the gradient over the free voxels; `sums` has length 1 where no mean is taken away."""
    mean = wp.float64(0.0)
    if sums.shape[0] > 1:
        mean = sums[_0] / free_count
    return mean


@wp.func
def projected(g: wp.array(dtype=Any), v: int, mean: Any, free: wp.array(dtype=wp.uint8)):
    """The gradient less its mean where u is free, 0 where it is clamped (there g is 0 already)."""
    value = g[v] - mean
    if free.shape[0] > 1:
        if free[v] == wp.uint8(0):
            value = g.dtype(0.0)
    return value


@wp.kernel(enable_backward=False)
def blur_projected(
    g: wp.array(dtype=Any), size: wp.vec3i, wrap: int, taps: wp.array(dtype=Any), sums: wp.array(dtype=wp.float64),
    free_count: wp.float64, free: wp.array(dtype=wp.uint8), threads: int, out: wp.array(dtype=Any),
):  # fmt: skip
    """Filter the gradient along x, less its mean over the free voxels."""
    v = wp.tid()
    n = size[2]
    reach = taps.shape[0] - 1
    count = size[0] * size[1] * n
    mean = g.dtype(free_mean(sums, free_count))
    while v < count:
        c = v % n
        first = v - c
        total = taps[0] * projected(g, v, mean, free)
        for k in range(1, reach + 1):
            before, after = first + mirrored(c - k, n, wrap), first + mirrored(c + k, n, wrap)
            total += taps[k] * (projected(g, before, mean, free) + projected(g, after, mean, free))
        out[v] = total
        v += threads


BESIDE_SUMS = 6
"""First row of the products in the partial sums; the rows before are the energy's."""


@wp.kernel(enable_backward=False)
def products(
    b: wp.array(dtype=Any), g: wp.array(dtype=Any), s: wp.array(dtype=Any), size: wp.vec3i, wrap: int, laplacian: int,
    sums: wp.array(dtype=wp.float64), free_count: wp.float64, ones_sum: wp.float64, free: wp.array(dtype=wp.uint8),
    threads: int, old_g: wp.array(dtype=Any), old_q: wp.array(dtype=Any), partial: wp.array2d(dtype=wp.float64),
):  # fmt: skip
    """Finish q = P g, put g and q in the place of those before, and sum <g,q>, <dg,dq>, <s,g>, <s,s>, <s,q>, <q,q>, q.

    sums, ones_sum
        Sums of the gradient and of its product with the image of ones, and the sum of that image over the free voxels.
    """
    place = wp.tid()
    ny, nx = size[1], size[2]
    plane = ny * nx
    count = size[0] * plane
    exact = free_mean(sums, free_count)
    mean = g.dtype(exact)
    shift = g.dtype(0.0)
    if sums.shape[0] > 1 and free.shape[0] > 1:  # the mean that P leaves on the free voxels
        shift = g.dtype((sums[_1] - exact * ones_sum) / free_count)
    t0, t1, t2, t3 = wp.float64(0.0), wp.float64(0.0), wp.float64(0.0), wp.float64(0.0)
    t4, t5, t6 = wp.float64(0.0), wp.float64(0.0), wp.float64(0.0)
    v = place
    while v < count:
        q = b[v]
        if laplacian == 1:
            z = v // plane
            y = v // nx % ny
            x = v % nx
            q = g.dtype(6.0) * q
            q -= b[v + (mirrored(z - 2, size[0], wrap) - z) * plane] + b[v + (mirrored(z + 2, size[0], wrap) - z) * plane]
            q -= b[v + (mirrored(y - 2, ny, wrap) - y) * nx] + b[v + (mirrored(y + 2, ny, wrap) - y) * nx]
            q -= b[v + mirrored(x - 2, nx, wrap) - x] + b[v + mirrored(x + 2, nx, wrap) - x]
        q -= shift
        if free.shape[0] > 1:
            if free[v] == wp.uint8(0):
                q = g.dtype(0.0)
        gi = projected(g, v, mean, free)
        si = s[v]
        t0 += wp.float64(gi * q)
        t1 += wp.float64((gi - old_g[v]) * (q - old_q[v]))
        t2 += wp.float64(si * gi)
        t3 += wp.float64(si * si)
        t4 += wp.float64(si * q)
        t5 += wp.float64(q * q)
        t6 += wp.float64(q)
        old_g[v] = gi
        old_q[v] = q
        v += threads
    block_sum(t0, place, BESIDE_SUMS, partial)
    block_sum(t1, place, BESIDE_SUMS + 1, partial)
    block_sum(t2, place, BESIDE_SUMS + 2, partial)
    block_sum(t3, place, BESIDE_SUMS + 3, partial)
    block_sum(t4, place, BESIDE_SUMS + 4, partial)
    block_sum(t5, place, BESIDE_SUMS + 5, partial)
    block_sum(t6, place, BESIDE_SUMS + 6, partial)


@wp.kernel(enable_backward=False)
def move(
    keep: Any, rate: Any, shift: Any, q: wp.array(dtype=Any), free: wp.array(dtype=wp.uint8), count: int, threads: int,
    u: wp.array(dtype=Any), s: wp.array(dtype=Any), partial: wp.array2d(dtype=wp.float64),
):  # fmt: skip
    """Set s <- keep s - rate (q - shift), u <- u + s; sum u, and find the largest |s| and |u|."""
    place = wp.tid()
    total, top_s, top_u = wp.float64(0.0), wp.float64(0.0), wp.float64(0.0)
    v = place
    while v < count:
        step = keep * s[v] - rate * (q[v] - shift)
        if free.shape[0] > 1:
            if free[v] == wp.uint8(0):
                step = u.dtype(0.0)
        value = u[v] + step
        s[v] = step
        u[v] = value
        total += wp.float64(value)
        top_s = wp.max(top_s, wp.float64(wp.abs(step)))
        top_u = wp.max(top_u, wp.float64(wp.abs(value)))
        v += threads
    block_sum(total, place, 0, partial)
    block_max(top_s, place, 1, partial)
    block_max(top_u, place, 2, partial)


@wp.kernel(enable_backward=False)
def shorten(less: Any, count: int, threads: int, u: wp.array(dtype=Any), s: wp.array(dtype=Any)):
    """Make the step that was just taken `less` times as long."""
    v = wp.tid()
    while v < count:
        u[v] = u[v] - (u.dtype(1.0) - less) * s[v]
        s[v] = less * s[v]
        v += threads

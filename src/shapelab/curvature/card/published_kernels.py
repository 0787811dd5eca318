"""Adam on the vector potential of the published flow, on a card: between the two blurs of a step.

The formulas are those of `shapelab.curvature.published_flow`; its box is periodic. Grids are flat, in the order (z, y, x).
"""

# The types of compiled code are Warp's business.
# mypy: ignore-errors

from __future__ import annotations

from typing import Any

import warp as wp

from shapelab.curvature.card.energy_kernels import beside

__all__ = ["adam", "divergence"]

wp.set_module_options({"default_grid_stride": False})  # a kernel walks over the grid itself


@wp.func
def difference(a: wp.array2d(dtype=Any), row: int, v: int, size: wp.vec3i, axis: int):
    """Value after minus value before the voxel `v` along an axis."""
    ny, nx = size[1], size[2]
    plane = ny * nx
    z = v // plane
    y = v // nx % ny
    x = v % nx
    before, after = v, v
    if axis == 0:
        before, after = v + (beside(z - 1, size[0], 1) - z) * plane, v + (beside(z + 1, size[0], 1) - z) * plane
    elif axis == 1:
        before, after = v + (beside(y - 1, ny, 1) - y) * nx, v + (beside(y + 1, ny, 1) - y) * nx
    else:
        before, after = v + beside(x - 1, nx, 1) - x, v + beside(x + 1, nx, 1) - x
    return a[row, after] - a[row, before]


@wp.kernel(enable_backward=False)
def adam(
    rate: Any, decay: Any, pulled: wp.array2d(dtype=Any), size: wp.vec3i, per_voxel: Any, betas: wp.array(dtype=Any), threads: int,
    first: wp.array2d(dtype=Any), second: wp.array2d(dtype=Any), moved: wp.array2d(dtype=Any), steps: wp.array2d(dtype=Any),
):  # fmt: skip
    """Update the moments and the potential of the three components; write their steps.

    rate, decay
        -learning rate / (1 - beta1^n), and 1 - beta2^n.
    per_voxel
        -h^3 / 2h, which makes the gradient of the energy by the potential out of differences of the blurred density.
    betas
        beta1, 1 - beta1, beta2, 1 - beta2, and the constant under the root.
    """
    v = wp.tid()
    count = size[0] * size[1] * size[2]
    while v < count:
        for axis in range(3):
            g = per_voxel * difference(pulled, 0, v, size, axis)
            m1 = betas[0] * first[axis, v] + betas[1] * g
            m2 = betas[2] * second[axis, v] + betas[3] * g * g
            step = rate * m1 / (wp.sqrt(m2 / decay) + betas[4])
            first[axis, v] = m1
            second[axis, v] = m2
            moved[axis, v] = moved[axis, v] + step
            steps[axis, v] = step
        v += threads


@wp.kernel(enable_backward=False)
def divergence(steps: wp.array2d(dtype=Any), size: wp.vec3i, per_voxel: Any, threads: int, out: wp.array(dtype=Any)):
    """Write the divergence of three components by central differences; `per_voxel` is 1 / 2h."""
    v = wp.tid()
    count = size[0] * size[1] * size[2]
    while v < count:
        total = difference(steps, 0, v, size, 0)
        total += difference(steps, 1, v, size, 1)
        total += difference(steps, 2, v, size, 2)
        out[v] = per_voxel * total
        v += threads

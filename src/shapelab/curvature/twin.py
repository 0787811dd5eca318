"""Device-agnostic twin of the fused kernels in torch: the same energy and the same exact gradient, on any device and dtype."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from shapelab.curvature.filters import ghost_index
from shapelab.curvature.kernels import SMOOTHING

__all__ = ["energy_gradient", "interface_sums"]

Tensor = torch.Tensor


def energy_gradient(u: Tensor, factors: Tensor, h: float, eps: float, tension: float, periodic: bool) -> tuple[Tensor, Tensor]:
    """Return the sum of the energy density and its gradient by u.

    Parameters
    ----------
    u
        Field (z, y, x).
    factors
        See `shapelab.curvature.terms.pointwise_factors`, on the device and in the dtype of `u`.
    h, eps, tension
        Voxel size, interface width, coefficient of W(u)/eps.
    periodic
        Whether the box wraps; otherwise its border is replicated.

    Returns
    -------
    (0-dimensional float64 tensor, tensor (z, y, x))
        sum of the density (times h^3 it is the energy), and the gradient density dE/du / h^3.
    """
    al, be, ga, sg, de, ce, mu, *theta = factors
    p = _padded(u, periodic)
    d = [(_at(p, i, 1) - _at(p, i, -1)) / (2 * h) for i in range(3)]
    hess = _hessian(p, u, h)
    square = d[0] ** 2 + d[1] ** 2 + d[2] ** 2
    g = torch.sqrt(square + 1e-12)
    iq = 1 / g**2
    w = u * u - 1
    w1 = w * u
    v = [sum(hess[min(i, j), max(i, j)] * d[j] for j in range(3)) for i in range(3)]
    nhn = sum(v[i] * d[i] for i in range(3)) * iq
    t = w1 / eps - eps * (hess[0, 0] + hess[1, 1] + hess[2, 2])
    norm = sum((1 if i == j else 2) * value**2 for (i, j), value in hess.items())
    n2 = eps**2 * norm + (w1 / eps) ** 2 - 2 * w1 * nhn
    x = 2 * n2 - t * t
    step = (x > 0).to(u.dtype)
    s = torch.sqrt(x * step + float(SMOOTHING))
    along = sum(d[i] * theta[i] for i in range(3))
    density = al * n2 + be * t * s + ga * t * t + sg * g * t + de * g * s + ce * square + mu * along**2 + tension / (4 * eps) * w * w

    ep = (be * t + de * g) / (2 * s) * step
    en = al + 2 * ep
    et = be * s + 2 * ga * t + sg * g - 2 * t * ep
    k = -2 * w1 * en * iq
    by_hessian = {(i, j): 2 * eps**2 * en * value + k * d[i] * d[j] for (i, j), value in hess.items()}
    for i in range(3):
        by_hessian[i, i] -= eps * et
    radial = (sg * t + de * s) / g + 2 * ce - 2 * k * nhn
    by_slope = [2 * k * v[i] + radial * d[i] + 2 * mu * along * theta[i] for i in range(3)]
    local = (2 * en * (w1 / eps**2 - nhn) + et / eps) * (3 * w + 2) + tension / eps * w1
    return density.double().sum(), _adjoint(by_hessian, by_slope, local, h, periodic)


def interface_sums(u: Tensor, h: float, eps: float, periodic: bool) -> tuple[float, float, float]:
    """Return the sums of |grad u|^2, of W(u) and of |eps/2 |grad u|^2 - W/eps|."""
    p = _padded(u, periodic)
    d = [(_at(p, i, 1) - _at(p, i, -1)) / (2 * h) for i in range(3)]
    square = d[0] ** 2 + d[1] ** 2 + d[2] ** 2
    well = (1 - u * u) ** 2 / 4
    difference = (eps / 2 * square - well / eps).abs()
    return float(square.double().sum()), float(well.double().sum()), float(difference.double().sum())


def _hessian(p: Tensor, u: Tensor, h: float) -> dict[tuple[int, int], Tensor]:
    hess: dict[tuple[int, int], Tensor] = {}
    for i in range(3):
        hess[i, i] = (_at(p, i, 1) - 2 * u + _at(p, i, -1)) / h**2
        for j in range(i + 1, 3):
            hess[i, j] = (_at(p, i, 1, j, 1) + _at(p, i, -1, j, -1) - _at(p, i, 1, j, -1) - _at(p, i, -1, j, 1)) / (4 * h**2)
    return hess


def _adjoint(by_hessian: dict[tuple[int, int], Tensor], by_slope: list[Tensor], local: Tensor, h: float, periodic: bool) -> Tensor:
    """Transpose of all finite differences at once: scatter to a padded array, then fold its ghosts back."""
    total = torch.zeros([n + 2 for n in local.shape], dtype=local.dtype, device=local.device)
    _at(total).add_(local)
    for i in range(3):
        second, slope = by_hessian[i, i] / h**2, by_slope[i] / (2 * h)
        _at(total).sub_(2 * second)
        _at(total, i, 1).add_(second + slope)
        _at(total, i, -1).add_(second - slope)
        for j in range(i + 1, 3):
            # The pair (i, j) stands for (j, i) too.
            mixed = by_hessian[i, j] / (2 * h**2)
            _at(total, i, 1, j, 1).add_(mixed)
            _at(total, i, -1, j, -1).add_(mixed)
            _at(total, i, 1, j, -1).sub_(mixed)
            _at(total, i, -1, j, 1).sub_(mixed)
    return _folded(total, periodic)


def _padded(u: Tensor, periodic: bool) -> Tensor:
    for axis in range(3):
        index: Any = torch.as_tensor(ghost_index(u.shape[axis], 1, periodic).astype(np.int64), device=u.device)
        u = u.index_select(axis, index)
    return u


def _folded(total: Tensor, periodic: bool) -> Tensor:
    for axis in range(3):
        n = total.shape[axis] - 2
        core = total.narrow(axis, 1, n).clone()
        first, last = total.narrow(axis, 0, 1), total.narrow(axis, n + 1, 1)
        core.narrow(axis, 0, 1).add_(last if periodic else first)
        core.narrow(axis, n - 1, 1).add_(first if periodic else last)
        total = core
    return total


def _at(p: Tensor, axis: int = 0, shift: int = 0, other: int | None = None, other_shift: int = 0) -> Tensor:
    """View of a padded array, shifted along one or two axes."""
    start = [1, 1, 1]
    start[axis] += shift
    if other is not None:
        start[other] += other_shift
    return p[tuple(slice(a, a + n - 2) for a, n in zip(start, p.shape, strict=True))]

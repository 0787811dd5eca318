"""Conjugate gradients whose sums come out the same on any number of cores."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from shapelab.threads import dot

__all__ = ["conjugate_gradients"]

_MOST_STEPS = 5000


class System(Protocol):
    """A symmetric matrix, or what multiplies like one."""

    def __matmul__(self, x: np.ndarray, /) -> np.ndarray: ...


def conjugate_gradients(system: System, right: np.ndarray, start: np.ndarray, tolerance: float) -> np.ndarray:
    """Solve a positive definite system with unit diagonal, to a residual of `tolerance` relative to the right-hand side.

    SciPy's takes its scalar products from BLAS, which divides them among as many cores as there are.
    """
    x = start.copy()
    left = right - system @ x
    along = left.copy()
    square, enough = dot(left, left), tolerance**2 * dot(right, right)
    for _ in range(_MOST_STEPS):
        if square <= enough:
            break
        ahead = system @ along
        step = square / dot(along, ahead)
        x += step * along
        left -= step * ahead
        previous, square = square, dot(left, left)
        along = left + square / previous * along
    return x

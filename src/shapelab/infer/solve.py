"""Tensions and pressures that balance the forces best, and how well each is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array, diags_array

from shapelab.infer.blocks import diagonal_of_inverse
from shapelab.infer.system import Balance

__all__ = ["Solution", "solve"]

_DENSE = 1500
"""Most unknowns that are solved and inverted directly."""
_OVERLAP = 2.2
"""Rows overlap, so that the spread is larger than that of independent ones: measured by moving all nodes at random."""
_OUTLIER = 2.5
"""Residuals beyond this many medians lose weight."""
_TINY = 1e-300


@dataclass(frozen=True)
class Solution:
    """Unknowns that no bump touches are nan."""

    tensions: np.ndarray
    pressures: np.ndarray
    tension_errors: np.ndarray
    """Standard errors."""
    pressure_errors: np.ndarray
    residuals: np.ndarray
    """Force that is left at each bump, relative to the pulls on it, (t,)."""


def solve(balance: Balance, *, medium: bool, prior: float, robust: int) -> Solution:
    """Solve the weighted least squares with the tensions' weighted mean fixed to 1.

    Parameters
    ----------
    balance
        Equations.
    medium
        Whether cell 0 exists: its pressure is 0.
    prior
        Expected spread of the tensions about 1.
    robust
        Rounds of lowering the weight of what does not fit.
    """
    matrix, interfaces, ndim = balance.matrix, balance.interfaces, balance.ndim
    size = np.sqrt(np.asarray(matrix.multiply(matrix).sum(0)).ravel())
    known = size > 0
    if medium:
        known[interfaces] = False
    columns = np.flatnonzero(known)
    part = csr_array(matrix[:, columns])
    is_tension = columns < interfaces
    mean = np.where(is_tension, size[columns], 0)  # a tiny interface must not carry the mean alone
    mean /= mean.sum()
    trust = np.ones(len(balance.weights))
    variance, penalty = 0.0, np.zeros(len(columns))
    for turn in range(robust + 2):
        rows = np.repeat(balance.weights * trust, ndim)
        weighted = csr_array(diags_array(rows) @ part)
        normal = csr_array(weighted.T @ weighted)
        penalty = np.where(is_tension, _OVERLAP**2 * variance / prior**2, 0.0)
        values, inverse = _constrained(normal, penalty, mean)
        force = (part @ values).reshape(-1, ndim)
        left = np.linalg.norm(force, axis=1) * balance.weights
        variance = float(np.mean((left * trust) ** 2)) / ndim
        if turn < robust:
            trust = 1 / np.sqrt(1 + (left / max(_OUTLIER * float(np.median(left)), _TINY)) ** 2)
    spread = _OVERLAP * np.sqrt(np.maximum(inverse, 0) * variance)
    whole, errors = np.full(matrix.shape[1], np.nan), np.full(matrix.shape[1], np.nan)
    whole[columns], errors[columns] = values, spread
    if medium:
        whole[interfaces] = errors[interfaces] = 0.0
    return Solution(whole[:interfaces], whole[interfaces:], errors[:interfaces], errors[interfaces:], left)


def _constrained(normal: csr_array, penalty: np.ndarray, mean: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Minimise x^T normal x + sum penalty (x - 1)^2 with mean . x = 1; also return the diagonal of the covariance."""
    scale = 1 / np.sqrt(np.maximum(normal.diagonal() + penalty, _TINY))
    right = np.stack([penalty * scale, mean * scale], axis=1)
    if len(scale) <= _DENSE:
        dense = (normal.toarray() + np.diag(penalty)) * scale[:, None] * scale + 1e-12 * np.eye(len(scale))
        inverse = np.linalg.inv(dense)
        free, bound = (inverse @ right).T
        diagonal = np.diag(inverse) - bound**2 / max(float(right[:, 1] @ bound), _TINY)
    else:
        system = csr_array(diags_array(scale) @ (normal + diags_array(penalty + 1e-12 / scale**2)) @ diags_array(scale))
        free, bound = _conjugate_gradients(system, right[:, 0]), _conjugate_gradients(system, right[:, 1])
        diagonal = diagonal_of_inverse(system)
    free, bound = scale * free, scale * bound
    values = free + (1 - mean @ free) / max(float(mean @ bound), _TINY) * bound
    return values, diagonal * scale**2


def _conjugate_gradients(system: csr_array, right: np.ndarray) -> np.ndarray:
    from scipy.sparse.linalg import cg

    if not right.any():
        return np.zeros_like(right)
    result: np.ndarray = cg(system, right, rtol=1e-6, maxiter=5000)[0]
    return result

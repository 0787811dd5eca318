"""What the errors of pixels make of tensions and pressures.

A node of the mesh is off by up to half a pixel, and that alone: the variance is known, and goes through the equations to the
result. What the equations leave over does not tell it, since their coefficients come from the same nodes and bend towards them.
It only tells where forces are further from balance than pixels explain.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Weighted", "propagated"]


@dataclass(frozen=True, eq=False)
class Weighted:
    """Equations and what solves them by weighted least squares; lengths of rows r, unknowns u."""

    rows: np.ndarray
    """(r, u)."""
    weighted: np.ndarray
    """Inverse of the covariance that was assumed, times the rows, (r, u)."""
    inverse: np.ndarray
    """Of the normal matrix, with the constraint, (u, u)."""
    penalty: np.ndarray
    """What was added to the diagonal of the normal matrix: how strongly each unknown is drawn to what was expected of it, (u,)."""
    values: np.ndarray
    """(u,)"""
    variance: float
    """Mean square of what is left over, in units of the covariance that was assumed."""


def propagated(fit: Weighted, covariance: np.ndarray, prior: float) -> np.ndarray:
    """Return the standard error of each unknown, (u,): what pixels cause, and what the equations leave to the prior.

    Parameters
    ----------
    fit
        Any weighted least squares.
    covariance
        Covariance of the rows that pixels cause, (r, r).
    prior
        Spread of the unknowns about what was expected of them.
    """
    gain = fit.inverse @ fit.weighted.T
    passed = gain @ covariance
    result = passed @ gain.T
    left = (fit.rows @ fit.values) ** 2
    expected = np.diag(covariance) - 2 * (fit.rows * passed.T).sum(1) + ((fit.rows @ result) * fit.rows).sum(1)
    beyond = float(left.sum()) / max(float(expected.sum()), 1e-300)
    drawn = ((fit.inverse * (prior * fit.penalty)) ** 2).sum(1)
    least = fit.variance * np.diag(fit.inverse)  # without end for what no equation tells, where errors of pixels do not matter
    return np.asarray(np.sqrt(np.maximum(np.diag(result) * max(1.0, beyond) + drawn, least)))

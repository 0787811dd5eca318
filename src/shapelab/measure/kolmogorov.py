"""The Kolmogorov-Smirnov test of two samples of measured numbers."""

from __future__ import annotations

import numpy as np

__all__ = ["ks_test"]

_DIGITS = 9
"""Numbers that agree to so many digits of the largest are the same: they differ by rounding."""


def ks_test(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Return the distance of two samples and its asymptotic p-value.

    A movie and the same movie, moved, have the same speeds but for rounding. Left apart, each such pair would count as a step
    between the two distributions, and identical samples would be far from each other.

    Parameters
    ----------
    x, y
        Finite numbers, shape (n,) and (m,); not empty.
    """
    from scipy.stats import ks_2samp

    top = max(float(np.abs(x).max()), float(np.abs(y).max())) or 1.0
    a, b = (np.round(np.asarray(values, float) / top, _DIGITS) for values in (x, y))
    test = ks_2samp(a, b, method="asymp" if min(len(x), len(y)) > 1 else "exact")
    return float(test.statistic), float(test.pvalue)

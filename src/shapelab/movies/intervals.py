"""The time between two frames of a movie."""

from __future__ import annotations

import numpy as np

__all__ = ["mean_interval", "median_interval"]


def mean_interval(times: np.ndarray) -> float:
    """Return the mean time between two frames at `times` (T,); 1 of a single frame."""
    return float(np.diff(times).mean()) if len(times) > 1 else 1.0


def median_interval(times: np.ndarray) -> float:
    """Return the median time between two frames at `times` (T,); 1 of a single frame."""
    return float(np.median(np.diff(times))) if len(times) > 1 else 1.0

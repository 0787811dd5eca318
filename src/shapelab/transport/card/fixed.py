"""Sums in whole numbers: any order of additions gives the same, so that atomic ones leave the same bytes behind in every run."""

# The types of compiled code are Warp's business.
# mypy: ignore-errors

from __future__ import annotations

import numpy as np
import warp as wp

__all__ = ["FINE", "MIDDLE", "WIDE", "add", "decoded"]

FINE, MIDDLE, WIDE = 2.0**40, 2.0**36, 2.0**32
"""Parts of 1 that are counted: of shares of pixels; of moments of up to 2^27 pixels; of what may be large (weights of contacts, forces)."""

_LARGEST = wp.constant(wp.float64(2.0**20))
"""Larger numbers are taken as it: they come from interfaces where two costs have the same slope."""


@wp.func
def add(sums: wp.array(dtype=wp.int64), place: int, value: wp.float64, scale: wp.float64):
    """Add a number to a sum."""
    wp.atomic_add(sums, place, wp.int64(wp.rint(wp.clamp(value, -_LARGEST, _LARGEST) * scale)))


def decoded(sums: np.ndarray, scale: float) -> np.ndarray:
    """Return sums as numbers."""
    return np.asarray(sums / scale)

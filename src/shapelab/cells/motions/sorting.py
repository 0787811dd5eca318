"""Tensions between two populations and the medium, as symmetric tables."""

from __future__ import annotations

import numpy as np

__all__ = ["assign_types", "tension_table"]


def tension_table(first: float, second: float, between: float, first_medium: float, second_medium: float) -> np.ndarray:
    """Return the table (3, 3) of tensions; rows and columns are the two populations and the medium."""
    return np.array([[first, between, first_medium], [between, second, second_medium], [first_medium, second_medium, 0.0]])


def assign_types(n: int, part: float, rng: np.random.Generator) -> np.ndarray:
    """Return types 0 and 1 in random order, of which `part` are 0."""
    return rng.permutation((np.arange(n) >= round(part * n)).astype(np.int64))

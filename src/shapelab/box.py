"""Two ways to count positions, and the one shift between them.

A user sees positions in a *layer*: the centre of pixel (0, 0) lies at the origin, as napari draws it and tables,
mixtures and centroids report it. Solvers count in their *box*, from its corner, half a pixel before that centre.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["to_box", "to_layer"]


def to_layer(positions: np.ndarray, spacing: float | Sequence[float]) -> np.ndarray:
    """Return positions (N, d) [unit] of a box, counted from its corner, as those of the layer on its pixels."""
    return np.asarray(positions, float) - 0.5 * np.asarray(spacing)


def to_box(positions: np.ndarray, spacing: float | Sequence[float]) -> np.ndarray:
    """Return positions (N, d) [unit] in a layer as those of the box of its pixels, counted from the box's corner."""
    return np.asarray(positions, float) + 0.5 * np.asarray(spacing)

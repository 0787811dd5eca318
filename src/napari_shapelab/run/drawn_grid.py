"""From the pixels that cells are drawn on to those they are solved on, where the drawing is finer."""

from __future__ import annotations

import numpy as np

from shapelab.simulation import Frame

__all__ = ["fineness_of", "suggested_fineness", "to_drawn", "to_solved", "to_solved_mask"]

_LONGEST = 800
"""Pixels along the longest side of a drawing that is proposed: as many as a canvas shows."""


def suggested_fineness(shape: tuple[int, ...], finest: int = 4) -> int:
    """Return how much finer than this grid cells should be drawn: in the plane, as fine as the canvas; in space, not finer.

    Parameters
    ----------
    shape
        The grid that is solved on.
    finest
        How fine the cells are drawn in little time.
    """
    return max(1, min(finest, _LONGEST // max(shape))) if len(shape) == 2 else 1


def fineness_of(frame: Frame) -> int:
    """Return the number of drawn pixels per solved pixel along each axis."""
    return round(float(frame.layer("seeds").meta["scale"][-1] / frame.layer("cells").meta["scale"][-1]))


def to_solved(pixels: np.ndarray, fineness: int) -> np.ndarray:
    """Return where places in drawn pixels are in solved pixels; pixel 0 of either has its centre at 0."""
    return np.asarray((np.asarray(pixels) + 0.5) / fineness - 0.5)


def to_drawn(pixels: np.ndarray, fineness: int) -> np.ndarray:
    """Return where places in solved pixels are in drawn pixels."""
    return np.asarray((np.asarray(pixels) + 0.5) * fineness - 0.5)


def to_solved_mask(mask: np.ndarray, fineness: int) -> np.ndarray:
    """Return the solved pixels of which at least half is marked in a mask of drawn pixels."""
    pairs = [part for n in mask.shape for part in (n // fineness, fineness)]
    return np.asarray(mask.reshape(pairs).mean(axis=tuple(range(1, 2 * mask.ndim, 2))) >= 0.5)

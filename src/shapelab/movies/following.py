"""Whether labels follow the cells of a movie, or jump from cell to cell."""

from __future__ import annotations

import numpy as np

__all__ = ["jump_at_random", "short_way", "swaps"]

_FEWEST = 5
"""Cells below which a jump from one to another is not told from a fast one."""
_AT_RANDOM = 0.3
"""Part of the mean squared distance between cells, from which on displacements are those of labels given at random."""
_RADII, _MEDIANS = 2.0, 4.0
"""A label that moves farther than so many radii, and so many times farther than is usual, while another takes its place, was swapped."""
_MOST_SWAPS = 0.2


def short_way(steps: np.ndarray, box: np.ndarray) -> np.ndarray:
    """Return displacements (..., d), through periodic sides where that is shorter; `box` is 0 along axes that are not."""
    return np.asarray(steps - np.where(box > 0, np.round(np.nan_to_num(steps) / np.where(box > 0, box, 1.0)) * box, 0.0))


def swaps(places: np.ndarray, radius: float, box: np.ndarray) -> np.ndarray:
    """Return whether a label jumps away and leaves its place to another cell, (N, T - 1).

    Parameters
    ----------
    places
        Centroids (N, T, d), NaN where a cell is not there.
    radius
        Of a cell.
    box
        Length of the box along periodic axes, 0 along others, (d,).
    """
    lengths = np.linalg.norm(short_way(np.diff(places, axis=1), box), axis=2)
    found = np.zeros(lengths.shape, bool)
    if not np.isfinite(lengths).any():
        return found
    usual = float(np.nanmedian(lengths))
    far, near = max(_RADII * radius, _MEDIANS * usual), max(radius, _MEDIANS / 2 * usual)
    for cell, frame in np.argwhere(np.nan_to_num(lengths) > far):
        away = np.linalg.norm(short_way(places[:, frame + 1] - places[cell, frame], box), axis=1)
        found[cell, frame] = bool((away < near).any())
    return found


def jump_at_random(places: np.ndarray, radius: float, box: np.ndarray) -> float | None:
    """Return how far labels jump if they follow no cell, as where they are given anew in each frame; None if they follow cells.

    Parameters are those of `swaps`.
    """
    steps = short_way(np.diff(places, axis=1), box)
    known = np.isfinite(steps[:, :, 0])
    if len(places) < _FEWEST or not known.any():
        return None
    mean = np.nansum(steps, axis=0) / np.maximum(known.sum(0), 1)[:, None]
    square = float(np.nanmean(((steps - mean) ** 2).sum(2)))
    between = (short_way(places[:, :-1] - np.roll(places[:, 1:], 1, axis=0), box) ** 2).sum(2)
    random = np.isfinite(between).any() and square > _AT_RANDOM * float(np.nanmean(between))
    jump = float(np.sqrt(square))
    swapped = swaps(places, radius, box).sum() > _MOST_SWAPS * known.sum()
    return jump if (random and jump > _RADII * radius) or swapped else None

"""Whether labels follow the cells of a movie, and which displacements are those of a whole cell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shapelab.errors import InputError
from shapelab.estimate.tracked import Tracked
from shapelab.estimate.walk import products
from shapelab.units import percent

__all__ = ["Displacements", "displacements_of", "leaps", "require_tracks", "swaps"]

_LEAP = 1.6
"""Factor by which the size of a cell may change between two frames: in a division it halves."""
_FEWEST = 5
"""Cells below which a jump from one to another is not told from a fast one."""
_AT_RANDOM = 0.3
"""Part of the mean squared distance between cells, from which on displacements are those of labels given at random."""
_RADII, _MEDIANS = 2.0, 4.0
"""A label that moves farther than so many radii, and so many times farther than is usual, while another takes its place, was swapped."""
_MOST_SWAPS = 0.2


@dataclass(frozen=True, eq=False)
class Displacements:
    """How far cells move from frame to frame."""

    steps: np.ndarray
    """(N, T - 1, d), NaN where they are unknown."""
    notes: tuple[str, ...]
    """What was left out, in sentences."""


def displacements_of(cells: Tracked) -> Displacements:
    """Return the displacements of whole cells.

    The centroid of a cell that the border cuts is that of the part inside; that of one that divides or merges leaps to the middle of
    what is left; and a label that changes places with another one follows no cell.
    """
    steps, notes = np.diff(cells.places, axis=1), []
    known = np.isfinite(steps[:, :, 0])
    cut = known & (cells.at_border[:, 1:] | cells.at_border[:, :-1])
    inside = np.where(cut[..., None], np.nan, steps)
    if cut.any() and np.isfinite(products(inside, 2)).any(1).sum() >= 2:
        notes.append(f"{percent(cut.sum() / known.sum())} of the displacements, of cells that the border cuts, were left out.")
        steps = inside
    elif cut.any():
        notes.append("Cells reach the border of the image: their centres are those of the parts inside.")
    for wrong, why in (
        (leaps(cells), "the size of a cell changed by more than 60 %, as in a division"),
        (swaps(cells), "labels changed places"),
    ):
        wrong &= np.isfinite(steps[:, :, 0])
        if wrong.any():
            steps[wrong] = np.nan
            notes.append(f"{percent(wrong.sum() / known.sum())} of the displacements were left out: {why}.")
    return Displacements(steps, tuple(notes))


def leaps(cells: Tracked) -> np.ndarray:
    """Return whether the size of a cell changes from frame to frame as that of a whole one does not, (N, T - 1)."""
    with np.errstate(invalid="ignore"):
        return np.asarray(np.abs(np.diff(np.log(cells.sizes), axis=1)) > np.log(_LEAP))


def swaps(cells: Tracked) -> np.ndarray:
    """Return whether a label jumps away and leaves its place to another cell, (N, T - 1)."""
    lengths = np.linalg.norm(np.diff(cells.places, axis=1), axis=2)
    found = np.zeros(lengths.shape, bool)
    if not np.isfinite(lengths).any():
        return found
    usual = float(np.nanmedian(lengths))
    far, near = max(_RADII * cells.radius, _MEDIANS * usual), max(cells.radius, _MEDIANS / 2 * usual)
    for cell, frame in np.argwhere(np.nan_to_num(lengths) > far):
        away = np.linalg.norm(_short_way(cells.places[:, frame + 1] - cells.places[cell, frame], cells.box), axis=1)
        found[cell, frame] = bool((away < near).any())
    return found


def require_tracks(cells: Tracked) -> None:
    """Raise an error if labels jump from cell to cell, as where they are given anew in each frame.

    Raises
    ------
    InputError
        With how far they jump, and what to do.
    """
    steps = np.diff(cells.places, axis=1)
    known = np.isfinite(steps[:, :, 0])
    if not known.any() or len(steps) < _FEWEST:
        return
    mean = np.nansum(steps, axis=0) / np.maximum(known.sum(0), 1)[:, None]
    square = float(np.nanmean(((steps - mean) ** 2).sum(2)))
    others = _short_way(cells.places[:, :-1] - np.roll(cells.places[:, 1:], 1, axis=0), cells.box)
    between = (others**2).sum(2)
    random = np.isfinite(between).any() and square > _AT_RANDOM * float(np.nanmean(between))
    jumps = float(np.sqrt(square))
    if (random and jumps > _RADII * cells.radius) or swaps(cells).sum() > _MOST_SWAPS * known.sum():
        raise InputError(
            f"Labels do not follow the cells: from frame to frame they jump by {jumps:.3g}, from one cell to another; the radius of a "
            f"cell is {cells.radius:.3g}. Link the cells first (shapelab.movies.link_cells, --link)."
        )


def _short_way(steps: np.ndarray, box: np.ndarray) -> np.ndarray:
    """Return displacements through periodic sides, where that is shorter."""
    return np.asarray(steps - np.where(box > 0, np.round(np.nan_to_num(steps) / np.where(box > 0, box, 1.0)) * box, 0.0))

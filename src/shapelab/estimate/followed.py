"""Whether labels follow the cells of a movie, and which displacements are those of a whole cell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shapelab.errors import InputError
from shapelab.estimate.tracked import Tracked
from shapelab.estimate.walk import products
from shapelab.movies.following import jump_at_random, swaps
from shapelab.units import percent

__all__ = ["Displacements", "displacements_of", "leaps", "require_tracks"]

_LEAP = 1.6
"""Factor by which the size of a cell may change between two frames: in a division it halves."""


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
        (swaps(cells.places, cells.radius, cells.box), "labels changed places"),
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


def require_tracks(cells: Tracked) -> None:
    """Raise an error if labels jump from cell to cell, as where they are given anew in each frame.

    Raises
    ------
    InputError
        With how far they jump, and what to do.
    """
    jump = jump_at_random(cells.places, cells.radius, cells.box)
    if jump is not None:
        raise InputError(
            f"Labels do not follow the cells: from frame to frame they jump by {jump:.3g}, from one cell to another; the radius of a "
            f"cell is {cells.radius:.3g}. Link the cells first (shapelab.movies.link_cells, --link)."
        )

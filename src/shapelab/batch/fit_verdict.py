"""What a fit is worth: the same parameters from other noise, how far halves of the mask are from each other, and a sentence."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from shapelab.batch.distances import diagram_places
from shapelab.batch.fit_target import Trial
from shapelab.batch.fit_view import mask_places, with_room
from shapelab.convert.spacing import Spacing, as_spacing
from shapelab.errors import ShapelabError, Stopped
from shapelab.measure import curvature_diagram
from shapelab.units import percent, shown_unit

__all__ = ["Spread", "distance_of_halves", "verdict_of"]


@dataclass(frozen=True)
class Spread:
    """Distances of one choice of parameters, grown from several noises [1/unit]."""

    distances: tuple[float, ...] = ()
    """Of those that left a surface."""
    tried: int = 0
    """Number of noises."""

    @classmethod
    def of(cls, trials: Sequence[Trial], tried: int) -> Spread:
        """Return that of textures that were grown from so many noises."""
        return cls(tuple(trial.distance for trial in trials), tried)

    @property
    def mean(self) -> float:
        """Of the distances, NaN if there are none."""
        return float(np.mean(self.distances)) if self.distances else math.nan

    @property
    def sd(self) -> float:
        """Standard deviation between seeds, NaN for less than two."""
        return float(np.std(self.distances, ddof=1)) if len(self.distances) > 1 else math.nan


def distance_of_halves(mask: np.ndarray, spacing: Spacing) -> float:
    """Return how far the two halves of a shape are from each other, the mean over the axes along which it is halved [1/unit].

    A texture that is nearer than that is as near as a piece of the shape itself. NaN if no half has a surface of its own.

    Parameters
    ----------
    mask
        Mask or field (z, y, x).
    spacing
        Voxel size [unit].
    """
    steps, found = as_spacing(spacing, 3), []
    is_mask = mask.dtype.kind != "f"
    for axis in range(3):
        rows = np.flatnonzero((mask > 0).any(axis=tuple(a for a in range(3) if a != axis)))
        parts = np.split(mask, [int(rows[0] + rows[-1] + 1) // 2], axis)
        try:
            places = [
                mask_places(with_room(part > 0, steps), steps) if is_mask else diagram_places(curvature_diagram(part, steps))
                for part in parts
            ]
        except Stopped:
            raise
        except (ShapelabError, IndexError):  # nothing of it, or nothing else, in one of the halves
            continue
        found.append(float(np.linalg.norm(places[0] - places[1])))
    return float(np.mean(found)) if found else math.nan


def verdict_of(before: Spread, after: Spread, halves: float, target: np.ndarray, best: np.ndarray, unit: str) -> str:
    """Return in a sentence whether a fit came nearer than chance, and if it could not, why.

    Parameters
    ----------
    before, after
        Distances of the nearest of the atlas and of the fitted texture from other noise.
    halves
        See `distance_of_halves`.
    target, best
        Places of the diagrams of the mask and of the fitted texture.
    unit
        Unit of length.
    """
    if not after.distances:
        return "Nothing was grown from other noise, so a real gain cannot be told from chance: that takes at least 10 runs."
    scale = math.sqrt(2) * float(np.linalg.norm(target))
    of_halves = f"halves of the mask are to each other ({percent(halves / scale)})" if not math.isnan(halves) else ""
    near = after.mean <= halves
    if not before.distances:
        return (
            f"The nearest texture of the atlas vanishes when grown from other noise; the fitted texture "
            f"is {_percent(after, scale)} of the mean curvature off{f', as near as {of_halves}' if near else ''}."
        )
    change = f"{_percent(before, scale)} → {_percent(after, scale)} of the mean curvature"
    known = [one.sd for one in (before, after) if not math.isnan(one.sd)]
    if not known:
        return f"Too few random seeds left a texture to tell a real gain from chance ({change})."
    spread = max(known)
    fell = before.mean - after.mean > spread
    why = _why(target, best, unit)
    if fell:
        said = f"From other random seeds too, it came closer by more than seeds differ ({change})"
        if near:
            return f"{said}, and is as near as {of_halves}."
        return f"{said}; it gets no closer because {why}."
    said = f"It did not come closer by more than seeds differ ({change})"
    if near:
        return f"{said}: already the nearest of the atlas is about as near as {of_halves}."
    return f"{said}; nothing that was tried looks more like this mask: {why}."


def _percent(spread: Spread, scale: float) -> str:
    around = "" if math.isnan(spread.sd) else f" ± {100 * spread.sd / scale:.1f}"
    gone = spread.tried - len(spread.distances)
    return f"{100 * spread.mean / scale:.1f}{around} %" + (f" ({gone} of {spread.tried} vanish)" if gone > 0 else "")


def _why(target: np.ndarray, best: np.ndarray, unit: str) -> str:
    """Return in which mean or spread of k1 and k2 the two differ most."""
    numbers = [_moments(target), _moments(best)]
    name = max(numbers[0], key=lambda one: abs(numbers[1][one] - numbers[0][one]))
    symbol = f" 1/{shown_unit(unit) or 'pixel'}"
    return f"the {name} is {numbers[0][name]:.2g} in the mask and {numbers[1][name]:.2g}{symbol} in the texture"


def _moments(places: np.ndarray) -> dict[str, float]:
    """Return means and spreads of k1 and k2: the quantiles along the first direction, and along the one across it."""
    lines = places.reshape(32, -1) * math.sqrt(places.size)
    return {
        f"{what} of {name}": float(number(lines[row]))
        for name, row in (("k1", 0), ("k2", 16))
        for what, number in (("mean", np.mean), ("spread", np.std))
    }

"""Two movies side by side: in one unit of length and of time, and which frame of the one belongs to which of the other."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from shapelab.convert.place import Place
from shapelab.errors import InputError
from shapelab.movies import Movie
from shapelab.movies.intervals import median_interval
from shapelab.units import conversion, is_length, seconds, short_unit, shown_time

__all__ = ["Alignment", "FramePairs", "in_same_units", "pair_frames"]

Alignment = Literal["auto", "time", "frame"]


@dataclass(frozen=True, eq=False)
class FramePairs:
    """Frames that are compared with each other."""

    a: np.ndarray
    """Number of the frame of the first movie, ascending."""
    b: np.ndarray
    times: np.ndarray
    """Time of each pair: that of the frame of the first movie."""
    by_time: bool
    note: str
    """How they were found, in a sentence."""


def in_same_units(a: Movie, b: Movie) -> tuple[Movie, Movie, list[str]]:
    """Return both movies in the units of `a`, and what was converted; a unit that only one of them states holds for both.

    Raises
    ------
    InputError
        If they have another number of axes, or units of length that cannot be converted.
    """
    if a.ndim != b.ndim:
        raise InputError(f"One movie is {a.ndim}-D and the other {b.ndim}-D: compare movies of the same number of axes.")
    notes = []
    first, second = short_unit(a.unit), short_unit(b.unit)
    if first and second and first != second:
        if not (is_length(first) and is_length(second)):
            raise InputError(f"One movie is in {a.unit} and the other in {b.unit}: give both in the same unit.")
        b = replace(b, place=_scaled(b.place, conversion(second, first)), unit=a.unit)
        notes.append(f"B is in {second}: it was converted to {first}.")
    if bool(first) != bool(second):
        notes.append(f"{'B' if first else 'A'} states no unit of length: it was assumed to be in {a.unit or b.unit}.")
    unit = a.unit or b.unit
    a, b = replace(a, unit=unit), replace(b, unit=unit)
    one, other = seconds(a.time_unit), seconds(b.time_unit)
    if one is not None and other is not None:
        if one != other:
            notes.append(f"B counts time in {b.time_unit}: it was converted to {a.time_unit}.")
        b = replace(b, times=b.times * (other / one), time_unit=a.time_unit)
    elif a.time_unit != b.time_unit and min(len(a), len(b)) > 1:
        times = [_counted_in(movie.time_unit) for movie in (a, b)]
        notes.append(f"A counts time in {times[0]} and B in {times[1]}: speeds, rates and displacements of the two cannot be compared.")
    return a, b, notes


def _counted_in(time_unit: str) -> str:
    return "frames" if time_unit == "frame" else time_unit or "a unit that is not stated"


def _scaled(place: Place, factor: float) -> Place:
    matrix = place.matrix.copy()
    matrix[:-1] *= factor
    return Place(matrix)


def pair_frames(a: Movie, b: Movie, align: Alignment = "auto") -> FramePairs:
    """Return the frames that belong together: by time where both movies know it, else by number.

    Raises
    ------
    InputError
        If they are to be paired by time and do not know it, or have no time in common.
    """
    known = a.time_unit == b.time_unit != "frame"
    if align == "time" and not known:
        which = "A" if a.time_unit == "frame" else "B"
        raise InputError(
            f"The frames cannot be paired by time: {which} does not state it (interval, or the scale and unit of its first axis)."
        )
    if align != "frame" and known:
        pairs = _by_time(a, b)
        if len(pairs.a) > 1 or align == "time":
            if not len(pairs.a):
                raise InputError("The two movies have no time in common: pair their frames by number (align='frame').")
            return pairs
    n = min(len(a), len(b))
    why = "as requested" if align == "frame" else "as their times hardly overlap" if known else "as they do not both state their times"
    counts = f"the first {n} of A's {len(a)} and B's {len(b)}" if len(a) != len(b) else f"all {n}"
    frames = np.arange(n)
    return FramePairs(frames, frames, a.times[:n], False, f"Frames are paired by number, {why}: {counts}.")


def _by_time(a: Movie, b: Movie) -> FramePairs:
    """Give each frame of the movie that has fewer in the common time the nearest one of the other, no further than half an interval."""
    reach = 0.5 * max(median_interval(a.times), median_interval(b.times)) * (1 + 1e-9)
    low, high = max(a.times[0], b.times[0]) - reach, min(a.times[-1], b.times[-1]) + reach
    inside = [np.flatnonzero((movie.times >= low) & (movie.times <= high)) for movie in (a, b)]
    swapped = len(inside[1]) < len(inside[0])
    coarse, fine = (b, a) if swapped else (a, b)
    frames = inside[1] if swapped else inside[0]
    nearest = np.abs(fine.times[None] - coarse.times[frames][:, None]).argmin(1) if len(frames) else frames
    apart = np.abs(fine.times[nearest] - coarse.times[frames])
    fitting = apart <= reach
    frames, nearest, apart = frames[fitting], nearest[fitting], apart[fitting]
    _, once = np.unique(nearest, return_index=True)
    frames, nearest, apart = frames[once], nearest[once], apart[once]
    first, second = (nearest, frames) if swapped else (frames, nearest)
    most = float(apart.max(initial=0.0))
    most = 0.0 if most < 1e-6 * reach else most
    unit = f" {shown_time(a.time_unit)}" if a.time_unit else ""
    distance = f"at most {most:.3g}{unit} apart" if most else "at the same times"
    note = f"Frames are paired by time: {len(first)} pairs of A's {len(a)} and B's {len(b)}, {distance}."
    return FramePairs(first, second, a.times[first], True, note)

"""Axes that a file names, and coordinates that it has along them, as xarray and netCDF write them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from shapelab.axis_names import axis_meanings
from shapelab.convert.coordinates import even_step

__all__ = ["letters_of_names", "on_coordinates"]

_SPACE = {"depth": "z", "plane": "z", "slice": "z", "height": "y", "row": "y", "width": "x", "col": "x", "column": "x"}


def letters_of_names(names: Sequence[object], ndim: int) -> str:
    """Return a letter of "tczyx" for each axis by its name, "" if one is not known, comes twice, or is missing."""
    meanings = {"time": "t", "channel": "c"}
    low = [str(name).strip().lower() for name in names]
    own = [_SPACE.get(name.removesuffix("s"), name) for name in low]
    letters = [meanings.get(meaning, letter) for meaning, letter in zip(axis_meanings(low), own, strict=True)]
    known = len(letters) == ndim == len(set(letters)) and all(letter in tuple("tczyx") for letter in letters)
    return "".join(letters) if known else ""


def on_coordinates(coordinates: Mapping[str, tuple[np.ndarray, str]]) -> tuple[dict[str, float], dict[str, str], dict[str, float]]:
    """Return step, unit and first place along each axis from the places of its entries.

    Raises
    ------
    InputError
        If they are no numbers, or not evenly spaced.
    """
    steps: dict[str, float] = {}
    units: dict[str, str] = {}
    starts: dict[str, float] = {}
    for axis, (values, unit) in coordinates.items():
        if axis == "c" or len(values) < 2:
            continue
        steps[axis] = float(f"{even_step(axis, values):.12g}")
        starts[axis], units[axis] = float(values[0]), unit
    given = {axis: unit for axis, unit in units.items() if unit and axis != "t"}
    if given:  # an axis without a unit has that of the others
        units |= {axis: next(iter(given.values())) for axis in units if axis != "t" and not units[axis]}
    return steps, units, starts

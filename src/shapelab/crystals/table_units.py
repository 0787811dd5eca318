"""Columns of a grain table that are in different units, brought to one."""

from __future__ import annotations

import re

import numpy as np

from shapelab.crystals.table_columns import Columns
from shapelab.errors import InputError
from shapelab.units import conversion, is_length, short_unit, shown_unit

__all__ = ["in_degrees", "in_one_unit"]

_LENGTHS = ("x", "y", "a", "b")
_EULER = ("phi1", "phi", "phi2")


def in_one_unit(name: str, table: Columns) -> tuple[dict[str, np.ndarray], list[str]]:
    """Return the columns with all lengths and areas in the unit of the first of them, and sentences on what was converted.

    A column that states no unit, or something that is none, is left as it is.

    Raises
    ------
    InputError
        If some are in pixels and some in a unit of length.
    """
    values, notes = dict(table.values), []
    stated = {key: unit for key in (*_LENGTHS, "area") if key in values and (unit := _length_of(table.units.get(key, ""))) is not None}
    if not stated:
        return values, []
    first, wanted = next(iter(stated.items()))
    for key, unit in stated.items():
        if bool(unit) != bool(wanted):
            shown = " and ".join(f"{one} in {shown_unit(of) or 'pixels'}" for one, of in ((first, wanted), (key, unit)))
            raise InputError(f"{name} has {shown}, which cannot be converted into each other: give all lengths in one unit.")
        if (factor := conversion(unit, wanted)) != 1:
            values[key] = values[key] * (factor**2 if key == "area" else factor)
            power = "²" if key == "area" else ""
            notes.append(
                f"The column {key} was converted from {shown_unit(unit)}{power} to {shown_unit(wanted)}{power}, the unit of {first}."
            )
    return values, notes


def _length_of(unit: str) -> str | None:
    """Return the short name of a unit of length or area, "" for pixels, None if it is neither."""
    if not unit:
        return None
    bare = re.sub(r"(\^|\*\*)?[2²]$", "", re.sub(r"^(sq\.?|square)\s+", "", unit.strip())).strip()
    return short_unit(bare) if is_length(bare) or (bare and not short_unit(bare)) else None


def in_degrees(columns: dict[str, np.ndarray], units: dict[str, str]) -> tuple[np.ndarray, bool]:
    """Return Euler angles (n, 3), and whether they are in degrees: as their columns say, or by their size where none does."""
    angles = np.stack([columns[key] for key in _EULER], 1)
    degrees = [units[key].startswith(("deg", "°")) for key in _EULER]
    radians = [units[key].startswith("rad") for key in _EULER]
    if any(degrees) and any(radians):
        return np.where(radians, np.rad2deg(angles), angles), True
    return angles, any(degrees) or (not any(radians) and bool(np.nanmax(np.abs(angles), initial=0) > 2 * np.pi + 0.01))

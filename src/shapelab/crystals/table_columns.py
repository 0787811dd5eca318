"""The columns of a text table of grains: which separator, which line names them, decimal points or commas, units in the names."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from shapelab.errors import InputError

__all__ = ["COLUMNS", "Columns", "read_columns"]

COLUMNS = {
    "x": ("x_1", "x", "cx", "centroid_x", "x_centroid"),
    "y": ("x_2", "y", "cy", "centroid_y", "y_centroid"),
    "a": ("a", "semi_major", "major", "long_axis"),
    "b": ("b", "semi_minor", "minor", "short_axis"),
    "theta": ("theta", "angle", "omega", "orientation"),
    "area": ("area", "areas", "grain_area"),
    "red": ("r", "red", "grain_color_map_1"),
    "green": ("g", "green", "grain_color_map_2"),
    "blue": ("blue", "grain_color_map_3"),
    "id": ("id", "grain_id", "grain", "label", "index"),
    "phase": ("phase", "phase_id"),
    "phi1": ("phi1",),
    "phi": ("phi",),
    "phi2": ("phi2",),
}
"""What a column may be called, in lower case."""
_NEEDED = ("x", "y", "a", "b", "theta")
_SEPARATORS = (";", "\t", ",", None)
_HEADER_WITHIN = 200
"""Lines among which the names of the columns stand."""


@dataclass(frozen=True, eq=False)
class Columns:
    """Columns of numbers, by the keys of `COLUMNS`."""

    values: dict[str, np.ndarray]
    units: dict[str, str]
    """Unit in the column's name, in lower case, "" where there is none."""


def read_columns(name: str, text: str) -> Columns:
    """Return the columns of a table.

    Parameters
    ----------
    name
        Name of the file, for messages.
    text
        Its text: lines of comments (#), a line of names, and one row per grain. Values stand between semicolons, tabs, commas or
        blanks; where it is not commas, a comma is a decimal one.

    Raises
    ------
    InputError
        If there is no line of names or no row, a needed column is missing, or a row has more or fewer values than there are names.
    """
    lines = [(i, line.strip()) for i, line in enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), 1)]
    lines = [(i, line) for i, line in lines if line.strip("#;,\t ")]
    if not lines:
        raise InputError(f"{name} needs a line of column names and one row per grain.")
    at, separator, names = _header(lines[:_HEADER_WITHIN])
    found = {key: next((known for known in of_key if known in names), None) for key, of_key in COLUMNS.items()}
    rows = [line for _, line in lines[at + 1 :] if not line.startswith("#")]
    missing = [key for key in _NEEDED if found[key] is None]
    if missing and len(lines) > 1:
        _refuse_solid(name, names)
        wanted = "; ".join(f"{key} ({' or '.join(COLUMNS[key])})" for key in missing)
        raise InputError(f"{name} lacks the columns {wanted}; it has {', '.join(names)[:300]}.")
    if not rows:
        raise InputError(f"{name} needs a line of column names and one row per grain.")
    _refuse_solid(name, names)
    cells = _cells(name, rows, separator, len(names))
    where = {key: list(names).index(known) for key, known in found.items() if known is not None}
    values = {key: np.array([_number(row[column]) for row in cells]) for key, column in where.items()}
    return Columns(values, {key: list(names.values())[column] for key, column in where.items()})


def _header(lines: Sequence[tuple[int, str]]) -> tuple[int, str | None, dict[str, str]]:
    """Return which line names the columns, its separator, and the names with their units: the one with the most that are known."""
    best: tuple[int, int, str | None, dict[str, str]] = (-1, 0, None, {})
    for i, (_, line) in enumerate(lines):
        for separator in _SEPARATORS:
            names = _names(_split(line.lstrip("# \t\ufeff"), separator))
            known = sum(any(name in names for name in COLUMNS[key]) for key in _NEEDED)
            if known > best[0]:
                best = (known, i, separator, names)
        if best[0] == len(_NEEDED):
            break
    return best[1:]


def _names(fields: Sequence[str]) -> dict[str, str]:
    """Return names in lower case without their units, and the units; a name that comes again gets a number."""
    names: dict[str, str] = {}
    for field in fields:
        match = re.fullmatch(r"(.*?)\s*(?:[(\[]([^)\]]*)[)\]])?", field.strip().strip("'\"").strip().lower())
        name, unit = (match[1], match[2] or "") if match else (field.lower(), "")
        while name in names:
            name += "'"
        names[name] = unit
    return names


def _split(line: str, separator: str | None) -> list[str]:
    try:
        if separator is None:
            return next(csv.reader([re.sub(r"[ \t]+", " ", line)], delimiter=" "), [])
        return next(csv.reader([line], delimiter=separator, skipinitialspace=True), [])
    except csv.Error:  # a quotation mark without its fellow, and a very long line
        return line.split(separator)


def _cells(name: str, rows: Sequence[str], separator: str | None, n: int) -> list[list[str]]:
    """Return the fields of each row; rows may be parted in another way than the names."""
    tried = [separator, *(other for other in _SEPARATORS if other != separator)]
    chosen = next((other for other in tried if len(_split(rows[0], other)) == n), separator)
    cells = [_split(row, chosen) for row in rows]
    if all(len(row) == n + 1 and not row[-1].strip() for row in cells):  # a separator at every line's end
        cells = [row[:-1] for row in cells]
    uneven = next((i for i, row in enumerate(cells) if len(row) != n), None)
    if uneven is not None:
        raise InputError(f"{name}: row {uneven + 1} has {len(cells[uneven])} values and the header names {n} columns.")
    return cells


def _number(text: str) -> float:
    try:
        return float(text.strip().strip("'\"").replace(",", ".").replace("\u2212", "-"))
    except ValueError:
        return float("nan")


def _refuse_solid(name: str, names: dict[str, str]) -> None:
    if "z" in names and "c" in names:
        raise InputError(f"{name} lists grains in 3-D (columns z and c): a table to read is of a plane section (x, y, a, b, theta).")

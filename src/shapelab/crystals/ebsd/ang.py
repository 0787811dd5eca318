"""EDAX's text files (.ang), which EMsoft, ASTAR and orix write too."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from shapelab.crystals.ebsd.points import Header, Points, Position, whole_phases
from shapelab.crystals.ebsd.scan import CrystalPhase
from shapelab.crystals.ebsd.text import lines_of, number, numbers, whole
from shapelab.crystals.laue import laue_symmetry
from shapelab.errors import InputError

__all__ = ["counted_from_one", "read_ang"]

_COLUMNS = ("phi1", "phi", "phi2", "x", "y", "iq", "ci", "phase")
_OTHER_NAMES = {"phase index": "phase", "phase id": "phase", "phase_id": "phase", "confidence index": "ci", "image quality": "iq"}


def read_ang(path: Path) -> Points:
    """Return the points of an .ang file: rows of phi1 PHI phi2 [rad] x y [µm] IQ CI phase."""
    lines = lines_of(path)
    head = [line[1:].strip() for line in lines if line.startswith("#")]
    rows = [(i, line) for i, line in enumerate(lines, 1) if line.strip() and not line.startswith("#")]
    fields = _fields(head)
    names = _column_names(fields.get("column_headers", ""))
    if not rows or (len(rows[0][1].split()) < 8 and rows[0][1].count(",") < 7):
        raise InputError(f"{path.name} has no rows of phi1 PHI phi2 x y IQ CI phase: it is not an .ang map.")
    table = numbers(path.name, [line for _, line in rows], rows[0][0], [names.index(name) for name in _COLUMNS])
    phases, unknown = _phases(head)
    phase = whole_phases(path.name, table[:, 7])
    confidence = table[:, 6]
    header = Header(
        whole(fields.get("nrows")),
        whole(fields.get("ncols_odd")),
        whole(fields.get("ncols_even")),
        number(fields.get("ystep")),
        number(fields.get("xstep")),
        "hex" in fields.get("grid", "").lower(),
    )
    points = Points(path.name, table[:, :3], phase, "radians", header, [Position(table[:, 3], table[:, 4])], phases, unknown)
    counted_from_one(points, confidence)
    return points


def counted_from_one(points: Points, confidence: np.ndarray | None) -> None:
    """Give EDAX's phases their numbers from 1; a confidence index of -1 marks points without a solution.

    A single phase is 0 in the file. Of several, 0 marks what was not indexed, unless the others stop one short of the list.
    """
    indexed = np.ones(len(points.phase), bool) if confidence is None else ~(confidence < 0)
    with np.errstate(invalid="ignore"):  # angles of damaged files may be infinite
        indexed &= ~(np.abs(np.asarray(points.euler, float) - 4 * np.pi) < 0.01).all(1)
    used = points.phase[indexed]
    if used.size and used.max() <= 0:
        points.phase = np.where(points.phase == 0, 1, points.phase)
    elif used.size and len(points.phases) > 1 and used.min() == 0 and used.max() == max(points.phases) - 1 and confidence is not None:
        points.phase = points.phase + 1
        points.notes.append("The file counts its phases from 0: they were numbered from 1.")
    points.phase = np.where(indexed, np.maximum(points.phase, 0), 0)


def _fields(head: Sequence[str]) -> dict[str, str]:
    """Return the header's values by their names in lower case; the first of each name counts."""
    found: dict[str, str] = {}
    for line in head:
        key, _, value = re.sub(r"[:\t]", " ", line, count=1).strip().partition(" ")
        found.setdefault(key.lower().rstrip(":"), value.strip())
    return found


def _column_names(stated: str) -> list[str]:
    names = [name.strip().lower() for name in stated.split(",")]
    names = [_OTHER_NAMES.get(name, name) for name in names]
    return names if set(_COLUMNS) <= set(names) else list(_COLUMNS)


def _phases(head: Sequence[str]) -> tuple[dict[int, CrystalPhase], dict[int, str]]:
    """Return the phases that a header lists, and symmetries that are not understood."""
    found: dict[int, CrystalPhase] = {}
    unknown: dict[int, str] = {}
    current, name = 0, ""
    for line in head:
        key, _, value = re.sub(r"[:\t]", " ", line, count=1).strip().partition(" ")
        key, value = key.lower(), value.strip()
        if key == "phase" and whole(value) is not None:
            current, name = int(whole(value) or 0) or len(found) + 1, ""
            found[current] = CrystalPhase("", "")
        elif key == "materialname":
            name = value
            if current:
                found[current] = CrystalPhase(name, found[current].symmetry)
        elif key == "symmetry" and value:
            current = current or 1
            symmetry = laue_symmetry(value)
            found[current] = CrystalPhase(name, symmetry or "")
            if symmetry is None:
                unknown[current] = value
    return found, unknown

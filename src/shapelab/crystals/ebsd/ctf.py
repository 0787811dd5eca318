"""Oxford's text files (.ctf), which Bruker and others write too."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from shapelab.crystals.ebsd.points import Header, Points, Position, whole_phases
from shapelab.crystals.ebsd.scan import CrystalPhase
from shapelab.crystals.ebsd.text import lines_of, number, numbers, whole
from shapelab.crystals.laue import laue_symmetry, of_space_group
from shapelab.errors import InputError

__all__ = ["oxford_phase", "read_ctf", "without_solution"]


def read_ctf(path: Path) -> Points:
    """Return the points of a .ctf file: named columns with Euler angles [degrees] and places [µm]."""
    lines = lines_of(path)
    start = next((i for i, line in enumerate(lines) if line.lower().split()[:2] == ["phase", "x"]), None)
    if start is None:
        raise InputError(f"{path.name} has no line of column names that begins with 'Phase X Y': it is not a .ctf map.")
    names = lines[start].lower().split()
    needed = [name for name in ("phase", "x", "y", "euler1", "euler2", "euler3") if name not in names]
    if needed:
        raise InputError(f"{path.name} lacks the columns {', '.join(needed)}; it has {', '.join(names)}.")
    rows = [line for line in lines[start + 1 :] if line.strip()]
    if not rows:
        raise InputError(f"{path.name} has a header and no points: the file is incomplete.")
    used = [name for name in ("phase", "x", "y", "euler1", "euler2", "euler3", "bands", "mad") if name in names]
    table = dict(zip(used, numbers(path.name, rows, start + 2, [names.index(name) for name in used]).T, strict=True))
    fields = _fields(lines[:start])
    header = Header(
        whole(fields.get("ycells")), whole(fields.get("xcells")), None, number(fields.get("ystep")), number(fields.get("xstep")),
        "hex" in fields.get("jobmode", "").lower() or "hex" in fields.get("gridtype", "").lower(),
    )  # fmt: skip
    euler = np.stack([table[f"euler{i}"] for i in (1, 2, 3)], 1)
    phase = np.maximum(whole_phases(path.name, table["phase"]), 0)
    phase = np.where(without_solution(euler, table.get("bands"), table.get("mad")), 0, phase)
    phases, unknown = _phases(lines[:start])
    points = Points(path.name, euler, phase, "degrees", header, [Position(table["x"], table["y"])], phases, unknown)
    if any(_turned(line) for line in lines[:start]):
        points.notes.append("The orientation of the specimen that it states (AcqE1 to AcqE3) was not applied.")
    return points


def _turned(line: str) -> bool:
    """Return whether a line of the header has an angle of the specimen that is not 0: they stand in one line or in three."""
    return any(float(angle.replace(",", ".")) != 0 for angle in re.findall(r"AcqE[123]\s+(-?\d+(?:[.,]\d+)?)", line))


def without_solution(euler: np.ndarray, bands: np.ndarray | None, mad: np.ndarray | None) -> np.ndarray:
    """Return where Oxford's files have no solution although they name a phase: no bands and no angular deviation.

    Programs that fill neither column leave 0 everywhere, which then says nothing.
    """
    signs = [np.asarray(values) == 0 for values in (bands, mad) if values is not None and np.any(np.asarray(values) != 0)]
    nothing = np.zeros(len(euler), bool)
    if not signs:
        return nothing
    zero = (np.asarray(euler) == 0).all(1)
    return np.asarray(np.logical_and.reduce(signs) | (np.logical_or.reduce(signs) & zero))


def oxford_phase(name: str, laue: object, space_group: object) -> tuple[CrystalPhase, str]:
    """Return a phase of Oxford's files, and its symmetry as stated if that is not understood."""
    stated = "" if laue is None else str(laue).strip()
    symmetry = laue_symmetry(stated, oxford=True) if stated else None
    group = number(str(space_group)) if space_group is not None else None
    if symmetry is None and group:
        symmetry = of_space_group(int(group))
    if symmetry is None and space_group is not None and not group:
        symmetry = laue_symmetry(space_group)
    return CrystalPhase(name, symmetry or "", "a*"), "" if symmetry else stated


def _fields(head: Sequence[str]) -> dict[str, str]:
    """Return the header's values by their names in lower case; a name and its value are parted by a tab or blanks."""
    parts = (re.split(r"\s*\t\s*|\s+", line.strip(), maxsplit=1) for line in head if line.strip())
    return {part[0].lower().rstrip(":"): part[1] for part in parts if len(part) == 2}


def _phases(head: Sequence[str]) -> tuple[dict[int, CrystalPhase], dict[int, str]]:
    """Return the phases that a header lists: lengths, angles, name, Laue group, space group between tabs."""
    found: dict[int, CrystalPhase] = {}
    unknown: dict[int, str] = {}
    first = next((i for i, line in enumerate(head) if re.match(r"phases\b", line.strip().lower())), None)
    if first is None:
        return found, unknown
    count = min(whole(head[first].strip()[6:]) or 0, len(head))
    for number_, line in enumerate(head[first + 1 : first + 1 + count], 1):
        fields = [field.strip() for field in line.split("\t")]
        if len(fields) < 4:
            fields = re.split(r"\s+", line.strip(), maxsplit=2)  # a name has blanks too: the numbers behind it are the groups
            match = re.match(r"(.*?)\s+(\d+)(?:\s+(\d+).*)?$", fields[2]) if len(fields) > 2 else None
            fields = [*fields[:2], *(match.groups() if match else fields[2:])]
        if len(fields) < 3:
            continue
        laue = fields[3] if len(fields) > 3 else None
        found[number_], odd = oxford_phase(fields[2] or "", laue, fields[4] if len(fields) > 4 else None)
        if odd:
            unknown[number_] = odd
    return found, unknown

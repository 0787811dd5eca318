"""What a file holds before it is a map: points with angles, phase and place, and what the header states."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from shapelab.crystals.ebsd.scan import CrystalPhase
from shapelab.crystals.laue import SYMMETRIES
from shapelab.errors import InputError, ParameterError

__all__ = ["Header", "Points", "Position", "all_phases", "indexed_radians", "whole_phases"]

_TURN = 2 * np.pi
_SLACK = 0.02
_MOST_PHASES = 1000


@dataclass(frozen=True)
class Header:
    """What a file states of its grid; None where it states nothing."""

    rows: int | None = None
    columns: int | None = None
    """Of the first, third… row."""
    even_columns: int | None = None
    """Of the second, fourth… row, where it differs."""
    y_step: float | None = None
    x_step: float | None = None
    hexagonal: bool = False


@dataclass(frozen=True, eq=False)
class Position:
    """Coordinates of the points."""

    x: np.ndarray
    y: np.ndarray
    micrometres: bool = True
    """False for numbers of pixels: then only the header knows the step."""


@dataclass(eq=False)
class Points:
    """Points of measurement in the order of the file."""

    name: str
    euler: np.ndarray
    """Bunge angles as the file has them, shape (N, 3)."""
    phase: np.ndarray
    """Phase of each point, 0 where none was indexed, shape (N,)."""
    unit: str
    """Of the angles: "radians", "degrees" or "" if the format leaves it open."""
    header: Header
    positions: list[Position] = field(default_factory=list)
    """Coordinates that the file has, the best first."""
    phases: dict[int, CrystalPhase] = field(default_factory=dict)
    """Phases that the header lists; an empty symmetry where it states none."""
    unknown: dict[int, str] = field(default_factory=dict)
    """Symmetries that are stated and not understood, by phase."""
    notes: list[str] = field(default_factory=list)

    def only(self, kept: np.ndarray) -> Points:
        """Return the points that are kept, a mask of shape (N,)."""
        if kept.all():
            return self
        positions = [replace(position, x=position.x[kept], y=position.y[kept]) for position in self.positions]
        return replace(self, euler=self.euler[kept], phase=self.phase[kept], positions=positions)


def whole_phases(name: str, values: np.ndarray) -> np.ndarray:
    """Return the phase column as whole numbers; what is below 0 was not indexed."""
    numbers = np.asarray(values, float)
    odd = ~(np.isfinite(numbers) & (numbers == np.round(numbers)) & (np.abs(numbers) <= _MOST_PHASES))
    if odd.any():
        at = int(np.argmax(odd))
        raise InputError(f"{name}: the phase of point {at + 1} is {numbers[at]:g}; it must be a whole number up to {_MOST_PHASES}.")
    return np.asarray(np.maximum(numbers, -1), np.int32)


def indexed_radians(points: Points) -> np.ndarray:
    """Return the angles [rad]; points without a solution lose their phase.

    Not indexed are angles that are not numbers, and EDAX's mark: all three 4 pi (720 degrees). Angles of an open unit are
    degrees if more than one in a hundred points lies outside of radians.
    """
    euler = np.asarray(points.euler, float)
    marked = ~np.isfinite(euler).all(1)
    for sentinel in (2 * _TURN, 720.0):
        marked |= (np.abs(euler - sentinel) < 1e-3 * sentinel).all(1)
    points.phase = np.where(marked, 0, points.phase)
    euler = np.where(marked[:, None], 0.0, euler)
    used = points.phase > 0
    outside = used & (np.abs(euler) > _TURN + _SLACK).any(1)
    share = outside.sum() / max(1, used.sum())
    degrees = points.unit == "degrees" or share > (0.01 if not points.unit else 0.5)
    if degrees:
        if points.unit != "degrees":
            points.notes.append("The angles were read as degrees.")
        euler = np.deg2rad(euler)
        outside = used & (np.abs(euler) > _TURN + _SLACK).any(1)
    if outside.any():
        at = int(np.argmax(outside))
        values = ", ".join(f"{value:g}" for value in points.euler[at])
        raise InputError(f"{points.name}: the Euler angles of point {at + 1} are {values}, more than a full turn: the file is damaged.")
    return euler


def all_phases(points: Points, assumed: str | None) -> dict[int, CrystalPhase]:
    """Return every phase that occurs or is listed, with a symmetry; what was assumed is noted.

    Parameters
    ----------
    points
        The points.
    assumed
        Symmetry for phases whose symmetry the file does not state in words that are understood.
    """
    if assumed is not None and assumed not in SYMMETRIES:
        raise ParameterError(f"symmetry = {assumed!r} is not allowed: choose one of {', '.join(SYMMETRIES)}.")
    found = dict(points.phases)
    for number in np.unique(points.phase[points.phase > 0]).tolist():
        found.setdefault(number, CrystalPhase("", ""))
    nothing = all(not phase.symmetry for phase in found.values()) and not points.unknown
    for number, phase in found.items():
        occurs = bool((points.phase == number).any())
        if phase.symmetry:
            continue
        symmetry = assumed or ("cubic" if nothing else "triclinic")
        found[number] = replace(phase, symmetry=symmetry)
        if assumed or not occurs:
            continue
        if number in points.unknown:
            points.notes.append(
                f"The symmetry {points.unknown[number]!r} of phase {number} is not known: none (triclinic) was assumed; "
                "set symmetry= if it has one."
            )
        elif not nothing:
            points.notes.append(f"The file does not describe phase {number}: no symmetry (triclinic) was assumed for it.")
    if nothing and not assumed:
        points.notes.append("The file states no crystal symmetry: cubic was assumed.")
    return {number: replace(phase, name=phase.name or f"phase {number}") for number, phase in sorted(found.items())}

"""Serial sections: EBSD maps one above the other as one volume, registered by the positions that they state."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from shapelab.crystals.ebsd.scan import CrystalPhase, EbsdMap
from shapelab.device import require_memory
from shapelab.errors import InputError

__all__ = ["stack_ebsd"]

_ALIKE = 1e-3
"""Relative difference up to which steps count as equal."""


def stack_ebsd(sections: Sequence[EbsdMap], positions: Sequence[float] | float) -> EbsdMap:
    """Return the volume (z, y, x) of maps that were measured one above the other.

    A section lies where its origin says, moved to the nearest pixel of the common grid; what no section covers was not measured.
    Phases are the same where name and symmetry are.

    Parameters
    ----------
    sections
        Maps in a plane, with equal steps.
    positions
        Height of each section [µm], evenly spaced; or the distance from one to the next.

    Raises
    ------
    InputError
        If there are fewer than two, their steps differ, or their heights are not evenly spaced.
    OutOfMemoryError
        If the volume is larger than the memory.
    """
    if len(sections) < 2 or any(section.phase.ndim != 2 for section in sections):
        raise InputError("A stack needs at least two maps, each of one section.")
    first = np.array(sections[0].spacing)
    for number, section in enumerate(sections):
        if np.abs(np.array(section.spacing) - first).max() > _ALIKE * first.max():
            steps = " × ".join(f"{step:g}" for step in section.spacing)
            raise InputError(f"Section {number} has steps of {steps} µm and section 0 others: measure or resample all with the same.")
    origins = np.array([section.origin for section in sections])
    shifts = (origins - origins.min(0)) / first
    places = np.rint(shifts).astype(int)
    shape = (len(sections), *(places + [section.phase.shape for section in sections]).max(0).tolist())
    require_memory(80 * int(np.prod(shape, dtype=float)))
    kinds: list[CrystalPhase] = []
    orientations = np.zeros((*shape, 4))
    orientations[..., 3] = 1.0
    phase, measured = np.zeros(shape, np.int32), np.zeros(shape, bool)
    for number, (section, (row, column)) in enumerate(zip(sections, places.tolist(), strict=True)):
        here = (number, slice(row, row + section.phase.shape[0]), slice(column, column + section.phase.shape[1]))
        orientations[here], phase[here] = section.orientations, _renumbered(section, kinds)
        measured[here] = True if section.measured is None else section.measured
    step, height = _heights(positions, len(sections))
    notes = dict.fromkeys(note for section in sections for note in section.notes)
    moved = float(np.abs(shifts - places).max())
    if moved > 0.05:
        notes[f"Sections were moved by up to {moved:.2g} of a pixel, to the nearest pixel of a common grid."] = None
    return EbsdMap(
        orientations,
        phase,
        (step, *sections[0].spacing),
        kinds[0].symmetry if kinds else sections[0].symmetry,
        tuple(notes),
        dict(enumerate(kinds, 1)),
        None if measured.all() else measured,
        (height, *origins.min(0).tolist()),
    )


def _renumbered(section: EbsdMap, kinds: list[CrystalPhase]) -> np.ndarray:
    """Return the phases of a section by their numbers in `kinds`, from 1, to which new ones are added."""
    numbers = np.zeros_like(section.phase)
    for number in section.numbers:
        kind = section.phase_of(number)
        same = [i for i, known in enumerate(kinds) if known == kind]
        if not same:
            kinds.append(kind)
        numbers[section.phase == number] = same[0] + 1 if same else len(kinds)
    return numbers


def _heights(positions: Sequence[float] | float, n: int) -> tuple[float, float]:
    """Return distance and lowest height of the sections."""
    heights = float(positions) * np.arange(n) if isinstance(positions, int | float) else np.asarray(positions, float)
    if len(heights) != n or not np.isfinite(heights).all():
        raise InputError(f"There are {n} sections and {len(heights)} positions: give one height (µm) for each, or their distance.")
    steps = np.diff(heights)
    if steps.min() <= 0 or np.abs(steps - steps.mean()).max() > 0.01 * steps.mean():
        raise InputError(f"Sections must be evenly spaced, from the lowest up; their distances are {steps.min():g} to {steps.max():g} µm.")
    return float(steps.mean()), float(heights[0])

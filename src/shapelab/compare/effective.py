"""Effective properties of two masks side by side: sizes of struts and pores, chords, tortuosity, and how far the patterns reach."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from shapelab.compare.inputs import Shape
from shapelab.measure import effective_properties

__all__ = ["effective_of_both"]


def effective_of_both(
    a: Shape, b: Shape, names: Sequence[str] | None, progress: Callable[[int, int], None] | None
) -> tuple[dict[str, float], list[str]]:
    """Return the effective properties of either side and their differences, and in sentences what they are of.

    Each side is measured on its own grid and in its own box: on a common one, what lies beyond the smaller box would count as pores.

    Parameters
    ----------
    a, b
        Masks, fields or labels, whose foreground counts, in the same unit.
    names
        Which of the properties or groups of them; None for all.
    progress
        Called with the parts done, on both sides, and the number of all.
    """
    notes, both = ["Effective properties of each image are measured in its own voxels and box."], []
    for number, (side, shape) in enumerate((("A", a), ("B", b))):
        data, steps = shape.own_grid
        inside = data > 0 if shape.kind == "field" else data != 0
        if inside.all() or not inside.any():
            whole = "full" if inside.any() else "empty"
            return {}, [f"Effective properties are left out: {side} is {whole} and has none."]
        found = effective_properties(inside, steps, names=names, progress=_half(progress, number))
        if missing := [name.replace("_", " ") for name, value in found.items() if math.isnan(value)]:
            notes.append(
                f"{side} has no {', '.join(missing)}: no chord ends in the image, there is no path through, or the pattern is too coarse."
            )
        both.append(found)
    first, second = both
    sides: dict[str, Any] = {f"{name}_{side}": found[name] for name in first for side, found in (("a", first), ("b", second))}
    return sides | {f"{name}_difference": second[name] - first[name] for name in first}, notes


def _half(progress: Callable[[int, int], None] | None, number: int) -> Callable[[int, int], None] | None:
    """Return what tells how far the first or the second of two equal parts has come."""
    if progress is None:
        return None
    return lambda done, total: progress(number * total + done, 2 * total)

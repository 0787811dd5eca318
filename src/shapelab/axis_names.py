"""What the names of an array's axes say: which are time, channels or space. One table for layers, files and coordinates."""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["axis_meanings", "space_letters"]

_TIME = frozenset({"t", "time", "times", "frame", "frames", "timepoint", "timepoints", "step", "steps"})
_CHANNEL = frozenset({"c", "ch", "channel", "channels", "s", "sample", "samples", "rgb", "band", "bands", "lambda", "wavelength", "λ"})
_SPACE = frozenset({"z", "y", "x", "depth", "height", "width", "plane", "planes", "slice", "slices", "row", "rows", "col", "cols"})
_NOTHING = frozenset({"i", "q", "dim", "axis"})
"""Names that programs give where they know none."""


def axis_meanings(names: Sequence[object]) -> tuple[str, ...]:
    """Return "time", "channel", "space" or "other" for each axis.

    A name that is not known is taken for space, as most are nameless; but beside a y and an x that are named, it is another
    thing ("position", "angle"). What follows the first word of a name is its unit or its number: "time (s)", "x_um", "t0".
    """
    low = [_first_word(str(name)) for name in names]
    named = {"y", "x"} <= set(low)
    return tuple(_meaning(name, named=named) for name in low)


def _first_word(name: str) -> str:
    """Return the letters that a name begins with, in lower case; a name that begins with something else as it is."""
    low = name.strip().lower()
    found = re.match(r"[^\W\d_]+", low)
    return found.group() if found else low


def _meaning(name: str, *, named: bool) -> str:
    if name in _TIME:
        return "time"
    if name in _CHANNEL:
        return "channel"
    other = named and name.isalpha() and name not in _SPACE and name not in _NOTHING
    return "other" if other else "space"


def space_letters(names: Sequence[object], ndim: int) -> str:
    """Return the letters of the axes of an array in space: its own ("xyz", "zx") if they are told apart by them, else "zyx" or "yx"."""
    own = "".join(_first_word(str(name)) for name in names)
    return own if len(own) == len(names) == ndim == len(set(own)) and set(own) <= set("zyx") else "zyx"[-ndim:]

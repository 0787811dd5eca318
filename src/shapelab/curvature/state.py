"""What a texture's run carries from step to step."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from shapelab.curvature.parameters import CurvatubesParameters
from shapelab.short_repr import short_repr
from shapelab.state import State

__all__ = ["CurvatubesState", "field_array"]


@short_repr
@dataclass
class CurvatubesState(State):
    """What evolves, and what the run was given."""

    parameters: CurvatubesParameters
    flow: dict[str, Any] = field(default_factory=dict)
    """State of the flow; ``flow["u"]`` is the field (z, y, x)."""
    fields: dict[str, np.ndarray] = field(default_factory=dict)
    """Parameters that vary in space, "target" (z, y, x) and "clamped" (boolean)."""
    mass: float = 0.0
    """Mean of the field that the flow keeps."""
    volume: float = 0.0
    """Part of the box inside the surface when the mass was set: what the area of a vesicle is reckoned from."""
    energy: float | None = None
    """Energy at the last evaluation, None before the first."""
    sides: Any = field(default_factory=lambda: np.zeros(0, np.uint8))
    """Packed bits of u > 0 at the last check, where the field is: an array, or resident on a card."""
    flips: float = 1.0
    """Voxels that changed side between the last two checks, relative to the rarer side."""
    levels: np.ndarray = field(default_factory=lambda: np.zeros(0))
    """Energy at the last checks, each the mean of some evaluations."""
    since: int = 0
    """Step at which something was last changed by hand."""
    ending: str | None = None
    """Why the run is over."""


def field_array(state: CurvatubesState) -> np.ndarray:
    """Return the field of `state` as a NumPy array (not a copy where it is one)."""
    return np.asarray(state.flow["u"])

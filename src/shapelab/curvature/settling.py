"""When a run is over: settled, vanished, or out of steps."""

from __future__ import annotations

from typing import Any

import numpy as np

from shapelab.curvature.state import CurvatubesState, field_array
from shapelab.units import percent

__all__ = ["Settling", "counted_sides", "fall"]

EVERY = 50
"""Evaluations between two checks."""
EARLIEST = 250
"""No run settles before so many evaluations since its start or the last change by hand; the energy's fall is told over as many."""
_LEVELS = EARLIEST // EVERY + 1


class Settling:
    """Tells when a texture has settled: few voxels change side, and the energy no longer falls.

    The count is relative to the rarer side (matter or void), so that thin textures are not called settled too soon. An
    energy that still falls means defects that heal slowly although hardly a voxel moves: tight layers, pearls and
    metatubes were called settled at twice their lowest energy by the count alone.
    """

    def restart(self, state: CurvatubesState) -> None:
        """Begin to watch, at the start or after a change by hand."""
        state.sides, _, _ = counted_sides(state.flow["u"])
        state.flips, state.since, state.ending = 1.0, state.step, None
        state.levels = np.zeros(0)

    def watch(self, state: CurvatubesState) -> None:
        """Check every 50 steps; sets `state.flips` and `state.ending`."""
        elapsed = state.step - state.since
        if elapsed == 0 or elapsed % EVERY:
            return
        state.sides, inside, changed = counted_sides(state.flow["u"], state.sides)
        rarer = min(inside, int(np.prod(state.parameters.shape)) - inside)
        if rarer == 0:
            state.ending = _vanished(state)
            return
        state.flips = changed / rarer
        energies = state.flow.get("energies") or [state.energy or 0.0]
        state.levels = np.append(state.levels, np.mean(energies))[-_LEVELS:]
        limit = state.parameters.settle
        if elapsed >= EARLIEST and state.flips < limit and fall(state) < limit:
            state.ending = (
                f"Settled after {state.step} steps: {percent(state.flips)} of the shape changed in the last {EVERY}, "
                f"and {percent(fall(state))} of the energy in {EARLIEST}."
            )

    def verdict(self, state: CurvatubesState) -> str | None:
        """Return why the run is over, or None."""
        if state.ending is None and state.step - state.since >= state.parameters.max_steps:
            known = len(state.levels) == _LEVELS
            energy = f", and {percent(fall(state))} of the energy in {EARLIEST}" if known else ""
            return f"Still changing after {state.step} steps: {percent(state.flips)} of the shape in the last {EVERY}{energy}."
        return state.ending


def fall(state: CurvatubesState) -> float:
    """Return by what part the energy fell over the last 250 steps; 1 before so many, 0 where it rose."""
    if len(state.levels) < _LEVELS:
        return 1.0
    first, last = float(state.levels[0]), float(state.levels[-1])
    return max(first - last, 0.0) / max(abs(first), abs(last), 1e-300)


def counted_sides(u: Any, before: Any = None) -> tuple[Any, int, int]:
    """Return the packed bits of u > 0, the number of voxels inside, and of those whose bit is another one than `before`."""
    if not isinstance(u, np.ndarray):
        from shapelab.curvature.card.sides import counted_sides as on_card

        return on_card(u, before)
    sides = np.packbits(u > 0)
    changed = 0 if before is None else int(np.bitwise_count(sides ^ np.asarray(before)).sum())
    return sides, int(np.bitwise_count(sides).sum()), changed


def _vanished(state: CurvatubesState) -> str | None:
    """Return the sentence for a field without a surface, None while it may still form one."""
    u = field_array(state)
    low, high = float(u.min()), float(u.max())
    if high - low > 0.05 and state.step - state.since < 500:
        return None
    return (
        f"The texture vanished: after {state.step} steps the field lies between {low:.2g} and {high:.2g}, so there is no surface left. "
        "Try another mass, stronger linear coefficients, or another start."
    )

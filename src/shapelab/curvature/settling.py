"""When a run is over: settled, vanished, or out of steps."""

from __future__ import annotations

import numpy as np

from shapelab.curvature.state import CurvatubesState, field_array

__all__ = ["Settling"]

EVERY = 50
"""Evaluations between two checks."""
EARLIEST = 250
"""No run settles before so many evaluations since its start or the last change by hand."""


class Settling:
    """Counts the voxels that change side: a texture has settled when few do.

    The count is relative to the rarer side (matter or void), so that thin textures are not called settled too soon.
    """

    def restart(self, state: CurvatubesState) -> None:
        """Begin to watch anew, at the start or after a change by hand."""
        state.sides, state.flips, state.since, state.ending = _sides(state), 1.0, state.step, None

    def watch(self, state: CurvatubesState) -> None:
        """Check every 50 steps; sets `state.flips` and `state.ending`."""
        elapsed = state.step - state.since
        if elapsed == 0 or elapsed % EVERY:
            return
        sides = _sides(state)
        inside = int(np.bitwise_count(sides).sum())
        rarer = min(inside, int(np.prod(state.parameters.shape)) - inside)
        changed = int(np.bitwise_count(sides ^ state.sides).sum())
        state.sides = sides
        if rarer == 0:
            state.ending = _vanished(state)
            return
        state.flips = changed / rarer
        if elapsed >= EARLIEST and state.flips < state.parameters.settle:
            state.ending = (
                f"Settled after {state.step} steps: {100 * state.flips:.3g} % of the smaller phase changed side in the last {EVERY}."
            )

    def verdict(self, state: CurvatubesState) -> str | None:
        """Return why the run is over, or None."""
        if state.ending is None and state.step - state.since >= state.parameters.max_steps:
            return (
                f"Still evolving after {state.step} steps ({100 * state.flips:.3g} % of the smaller phase still changes side in {EVERY})."
            )
        return state.ending


def _sides(state: CurvatubesState) -> np.ndarray:
    return np.packbits(field_array(state) > 0)


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

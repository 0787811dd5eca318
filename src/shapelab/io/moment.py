"""What a run folder keeps of one step, taken while the simulation may go on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from shapelab.errors import InputError
from shapelab.frame import Frame
from shapelab.simulation import Simulation

__all__ = ["Moment"]

_Packed = tuple[dict[str, Any], dict[str, np.ndarray]]
"""A state, as `State.pack` returns it."""


@dataclass(frozen=True)
class Moment:
    """All that a run folder keeps of one step."""

    frame: Frame
    parameters: dict[str, Any]
    checkpoint: _Packed | None
    drawing: _Packed | None
    """What the cells are drawn from on any grid."""
    done: bool
    failed: bool
    reason: str | None

    @classmethod
    def of(cls, simulation: Simulation, frame: Frame, *, checkpoint: bool, copy: bool) -> Self:
        """Return what is kept of a frame.

        Parameters
        ----------
        simulation
            At the step of the frame.
        frame
            The frame.
        checkpoint
            Whether the run can be resumed from here.
        copy
            Whether it is written later, while the simulation goes on.
        """
        state, drawing = None, None
        if checkpoint:
            if simulation.step_number != frame.step:
                raise InputError(
                    f"The simulation is at step {simulation.step_number}, the frame at {frame.step}: write frames as they come."
                )
            state = simulation.checkpoint()
        if simulation.step_number == frame.step:
            drawing = simulation.drawable()
        if copy:
            state, drawing = _copied(state), _copied(drawing)
        return cls(frame, simulation.parameters.to_json(), state, drawing, simulation.done, simulation.failed, simulation.reason)


def _copied(packed: _Packed | None) -> _Packed | None:
    return None if packed is None else (packed[0], {name: array.copy() for name, array in packed[1].items()})

"""What a run tells: a frame to show, a state to resume from, how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from shapelab.simulation import Change, Frame, Simulation

__all__ = ["STOPPED", "Checkpoint", "Ended", "Snapshot"]

STOPPED = "Stopped."


@dataclass(frozen=True)
class Checkpoint:
    """A state in main memory, and what was done by hand until then: a run resumes from it as if it had never ended."""

    plain: dict[str, Any]
    arrays: dict[str, np.ndarray]
    history: list[Change] | None
    origin: tuple[str, int] | None = None

    @classmethod
    def of(cls, simulation: Simulation) -> Checkpoint:
        """Take the state of `simulation`."""
        return cls(*simulation.checkpoint(), simulation.history, simulation.origin)

    def give(self, simulation: Simulation) -> None:
        """Let `simulation`, made with the same first parameters, resume from here."""
        simulation.restore_checkpoint(self.plain, self.arrays)
        simulation.history = None if self.history is None else list(self.history)
        simulation.origin = self.origin


@dataclass(frozen=True)
class Snapshot:
    """A frame with what the window says about it."""

    frame: Frame
    provenance: Mapping[str, Any]
    step_rate: float
    """Steps per second of working time."""
    elapsed: float
    """Working time so far, without pauses [s]."""


@dataclass(frozen=True)
class Ended:
    """How a run ended."""

    reason: str
    """One sentence for the user."""
    failed: bool = False
    stopped: bool = False
    """The user has ended it."""
    checkpoint: Checkpoint | None = field(default=None, repr=False)
    """State from which the run can be resumed, in main memory; None if there is none."""

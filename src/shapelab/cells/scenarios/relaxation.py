"""Cells that move to their own centres: the simplest motion, for a user's labels or a random tissue."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from shapelab.catalog import Scenario
from shapelab.cells.cell_diagram import CellDiagram
from shapelab.cells.model import CellModel
from shapelab.cells.parameters import CellParameters, PlaneParameters
from shapelab.cells.state import CellState
from shapelab.simulation import parameter


class RelaxingParameters(CellParameters):
    """What relaxing cells share in plane and space."""

    rate: float = parameter(2.0, "How fast cells move to their centres.", unit="1/s", main=True, live=True, ge=0, le=100, step=0.5)
    memory: float = parameter(
        1.0,
        "How much of their initial elongation cells keep: 1 keeps it all, 0 lets them round up.",
        main=True,
        live=True,
        ge=0,
        le=1,
        step=0.05,
    )


class RelaxationParameters(PlaneParameters, RelaxingParameters):
    """Parameters of `Relaxation`."""


class Relaxation(CellModel):
    """``dx/dt = rate (b - x)`` with b the centre of the cell, and ``c = (z' A z)^(p/2)`` with A from the shape that a cell had at first.

    From labels, the first frame is the anisotropic power diagram that has their centres, volumes and elongations. Then every
    cell moves to its own centre (Lloyd's algorithm), which evens out the tissue. A. Alpers et al., Philos. Mag. 95, 1016 (2015).
    """

    parameters_type: ClassVar[type[CellParameters]] = RelaxationParameters
    corrected = False
    lloyd = 0

    def equip(self, state: CellState) -> None:
        state.traits.setdefault("covariance", np.broadcast_to(np.eye(state.ndim), (len(state), state.ndim, state.ndim)).copy())

    def cost(self, state: CellState) -> Any:
        from shapelab.transport.costs import Ellipsoidal

        p, d = self.of(state), state.ndim
        covariances = state.traits["covariance"]
        flat = np.trace(covariances, axis1=1, axis2=2) <= 0  # a cell that the user has added has no shape of its own
        values, axes = np.linalg.eigh(np.where(flat[:, None, None], np.eye(d), covariances))
        # axes to the power `memory`, at most 4 times longer than wide, det A = 1
        spread = np.maximum(values, values[:, -1:] / 16) ** (-p.memory)
        spread /= np.prod(spread, axis=1, keepdims=True) ** (1 / d)
        return Ellipsoidal((axes * spread[:, None, :]) @ np.swapaxes(axes, 1, 2), p.p, p.stiffness, "volume")

    def update(self, state: CellState, parameters: CellParameters) -> CellState:
        state = super().update(state, parameters)
        self.solve(state)  # `memory` changes the cost
        return state

    def velocity(self, state: CellState, diagram: CellDiagram) -> np.ndarray:
        return self.of(state).rate * diagram.offsets

    def time_step(self, state: CellState) -> float:
        return float(self.of(state).dt or min(0.5 / max(self.of(state).rate, 1e-3), 0.25))

    def finished(self, state: CellState) -> str | None:
        away = np.linalg.norm(state.diagram["offsets"], axis=1)
        if state.step > 5 and len(state) and away.mean() < 0.01 * state.radius:
            return "Every cell is at rest at its own centre."
        return super().finished(state)

    def observe(self, state: CellState, diagram: CellDiagram) -> dict[str, float]:
        return {
            "off_centre": float(np.linalg.norm(diagram.offsets, axis=1).mean() / state.radius),
            "elongation": float(diagram.elongations.mean()),
            "neighbours": float(diagram.contacts.neighbours().mean()),
        }


EXPECT = {"off_centre": (0.0, 0.15), "elongation": (1.0, 1.8)}
SCENARIO = Scenario(
    name="relaxation",
    title="Relaxation",
    description="Every cell centre moves to the middle of its cell, which evens out a tissue, your own or a random one.",
    parameters={"n_cells": 80, "shape": (256, 256), "filling": 0.95, "tolerance": 0.005},
    expect=EXPECT,
    quick={"shape": (80, 80), "n_cells": 20},
    shows_after=3.0,
    group="Your own cells",
    model=f"{__name__}:Relaxation",
)

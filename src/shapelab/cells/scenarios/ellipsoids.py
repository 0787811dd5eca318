"""Ellipsoidal cells that swim in a box, in 3-D."""

from __future__ import annotations

from typing import Any

import numpy as np

from shapelab.catalog import Scenario
from shapelab.cells.cell_diagram import CellDiagram
from shapelab.cells.model import CellModel
from shapelab.cells.motions.propulsion import align
from shapelab.cells.parameters import SpaceParameters
from shapelab.cells.state import CellState
from shapelab.cells.walls import Room
from shapelab.measure.order import nematic_order, polar_order
from shapelab.simulation import parameter

LONGEST = 4.0
"""Largest ratio of long to short axis that a cell's cost takes over from its shape."""


class EllipsoidParameters(SpaceParameters):
    """Parameters of `Ellipsoids`."""

    speed: float = parameter(0.3, "Speed of a free cell.", unit="box/s", main=True, live=True, ge=0, le=10, step=0.05)


class Ellipsoids(CellModel):
    """``dx = v0 n dt + F_inc dt`` with ``c = (z' A z)^(p/2)``; the axis n and the elongation in A follow the shape of the cell.

    The benchmark of A. Diez and J. Feydy, arXiv:2402.17086 (2024): volumes between 1 and 5, stiffness between 3 and 4.
    """

    parameters_type = EllipsoidParameters
    arrows = "axis"

    def populate(self, state: CellState, room: Room) -> None:
        super().populate(state, room)
        share = state.rng.uniform(0.2, 1, len(state))
        state.volumes = share * (state.volumes.sum() / max(share.sum(), 1e-300))

    def equip(self, state: CellState) -> None:
        state.traits["stiffness"] = np.linspace(0.86, 1.14, len(state))
        state.traits["aspect_ratio"] = np.ones(len(state))

    def stiffnesses(self, state: CellState) -> Any:
        return self.of(state).stiffness * state.traits["stiffness"]

    def cost(self, state: CellState) -> Any:
        from shapelab.transport.costs import Ellipsoidal

        ratio = np.clip(state.traits["aspect_ratio"], 1, LONGEST)
        return Ellipsoidal.from_axes(state.axes, ratio, self.of(state).p, self.stiffnesses(state), "volume")

    def velocity(self, state: CellState, diagram: CellDiagram) -> np.ndarray:
        return super().velocity(state, diagram) + self.of(state).speed * state.axes

    def change(self, state: CellState, diagram: CellDiagram, dt: float) -> None:
        state.axes = align(state.axes, diagram.long_axes)
        values = np.sqrt(np.maximum(np.linalg.eigvalsh(diagram.covariances), 1e-300))
        state.traits["aspect_ratio"] = np.clip(values[:, 2] / np.sqrt(values[:, 0] * values[:, 1]), 1, LONGEST)

    def observe(self, state: CellState, diagram: CellDiagram) -> dict[str, float]:
        return {
            "elongation": float(diagram.elongations.mean()),
            "aspect_ratio": float(state.traits["aspect_ratio"].mean()),
            "polar_order": polar_order(state.axes),
            "nematic_order": nematic_order(state.axes),
        }


SCENARIO = Scenario(
    name="ellipsoids",
    title="Swimming ellipsoids (3-D)",
    description="Cells swim along their long axes and become elongated as they push through the others.",
    parameters={"n_cells": 40, "shape": (64, 64, 64), "filling": 0.8, "stiffness": 3.5, "correction": 0.3},
    citation=CellModel.citation,
    expect={"elongation": (1.5, 4.0), "volume_error": (0.0, 0.02)},
    variants={"paper": {"n_cells": 101, "shape": (128, 128, 128), "max_time": 10.0}},
    quick={"shape": (32, 32, 32), "n_cells": 15},
    shows_after=0.5,
    group="Active matter",
    model=f"{__name__}:Ellipsoids",
)

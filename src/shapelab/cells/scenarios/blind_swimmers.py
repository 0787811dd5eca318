"""Rods that swim without seeing one another, and come to swim together."""

from __future__ import annotations

from typing import Any

import numpy as np

from shapelab.catalog import Scenario
from shapelab.cells.cell_diagram import CellDiagram
from shapelab.cells.model import CellModel
from shapelab.cells.motions.propulsion import align
from shapelab.cells.parameters import PlaneParameters
from shapelab.cells.state import CellState
from shapelab.measure.order import nematic_order, polar_order
from shapelab.simulation import parameter


class BlindSwimmersParameters(PlaneParameters):
    """Parameters of `BlindSwimmers`."""

    speed: float = parameter(0.3, "Speed of a free swimmer.", unit="box/s", main=True, live=True, ge=0, le=10, step=0.05)
    aspect_ratio: float = parameter(3.0, "Length over width of a free swimmer.", main=True, live=True, ge=1, le=6, step=0.1)


class BlindSwimmers(CellModel):
    """``dx = v0 n dt + F_inc dt`` in a periodic box, with the cost of a rod along n; n becomes the long axis of the cell.

    Steric contact alone lets order emerge. A. Diez and J. Feydy, arXiv:2402.17086 (2024).
    """

    parameters_type = BlindSwimmersParameters
    periodic = True
    lloyd = 20
    arrows = "axis"
    colour_by = "heading"

    def cost(self, state: CellState) -> Any:
        from shapelab.transport.costs import Spherocylinder

        p = self.of(state)
        return Spherocylinder(state.axes, p.aspect_ratio, p.p, p.stiffness, "volume")

    def velocity(self, state: CellState, diagram: CellDiagram) -> np.ndarray:
        return super().velocity(state, diagram) + self.of(state).speed * state.axes

    def change(self, state: CellState, diagram: CellDiagram, dt: float) -> None:
        state.axes = align(state.axes, diagram.long_axes)

    def observe(self, state: CellState, diagram: CellDiagram) -> dict[str, float]:
        return {
            "polar_order": polar_order(state.axes),
            "nematic_order": nematic_order(state.axes),
            "elongation": float(diagram.elongations.mean()),
        }


SCENARIO = Scenario(
    name="blind_swimmers",
    title="Blind swimmers",
    description="Rod-shaped cells swim straight ahead, push one another, and end up swimming together.",
    parameters={"n_cells": 40, "shape": (256, 256), "filling": 0.65, "p": 3.5, "stiffness": 1.0, "correction": 0.14},
    citation=CellModel.citation,
    expect={"elongation": (2.4, 3.2)},
    warning="Order fluctuates for a long time: a run may lose it and regain it.",
    variants={"paper": {"n_cells": 300, "shape": (512, 512), "dt": 0.002, "max_time": 30.0}},
    quick={"shape": (80, 80), "n_cells": 20},
    shows_after=0.5,
    steps=3000,
    group="Active matter",
    model=f"{__name__}:BlindSwimmers",
)

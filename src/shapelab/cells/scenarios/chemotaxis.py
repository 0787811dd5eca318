"""Cells that stretch up the gradient of an attractant, and so climb it."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from shapelab.catalog import Scenario
from shapelab.cells.cell_diagram import CellDiagram
from shapelab.cells.model import CellModel
from shapelab.cells.parameters import PlaneParameters
from shapelab.cells.scenery import SOURCE, Lines, box_lines, circle_lines
from shapelab.cells.state import CellState
from shapelab.cells.walls import coordinates
from shapelab.frame import LayerData, frozen
from shapelab.simulation import parameter


class ChemotaxisParameters(PlaneParameters):
    """Parameters of `Chemotaxis`."""

    response: Literal["pointed", "fan"] = parameter(
        "pointed", "Whether cells form a point or a fan towards higher concentration.", live=True, main=True
    )
    sensitivity: float = parameter(0.02, "How strongly cells respond to the gradient.", main=True, live=True, ge=0, le=0.2, step=0.005)
    spread: float = parameter(
        0.2, "Standard deviation of the attractant around the middle of the box.", unit="box", live=True, gt=0, le=2, step=0.05
    )


class Chemotaxis(CellModel):
    """``c = |y - x|^2 exp(-b s+^2)``, s = (u(y) - u(x))/|y - x| the gradient towards y; seeds move to the centres of their cells.

    The attractant u is a normalised Gaussian in the middle of the box. Cells stretch to where it grows, so that their centres
    move up. A. Diez and J. Feydy, arXiv:2402.17086 (2024).
    """

    parameters_type = ChemotaxisParameters
    corrected = False
    finest = 2

    def time_step(self, state: CellState) -> float:
        return float(self.of(state).dt or min(0.3 * state.radius / max(self.of(state).correction, 1e-3), 0.05))

    def hill(self, state: CellState) -> Any:
        """Return the attractant."""
        from shapelab.cells.motions.attraction import Hill

        return Hill(self.room(state).size / 2, self.of(state).spread)

    def cost(self, state: CellState) -> Any:
        from shapelab.cells.motions.attraction import UphillCost

        p = self.of(state)
        return UphillCost(super().cost(state), self.hill(state), state.positions, p.sensitivity, p.response == "fan")

    def scenery(self, state: CellState) -> list[Lines]:
        hill = self.hill(state)
        rings = [circle_lines(hill.middle, hill.spread * np.sqrt(-2 * np.log(part)), SOURCE) for part in (0.95, 0.8, 0.6, 0.4)]
        return [box_lines(self.room(state).size), *rings]

    def background(self, state: CellState) -> LayerData | None:
        from shapelab.cells.frames import place

        y, x = coordinates(self.of(state))
        height = self.hill(state).at(np.stack([y, x], axis=-1))
        look = {"colormap": "magma", "blending": "translucent_no_depth", "opacity": 0.6, "contrast_limits": (0.0, float(height.max()))}
        return LayerData("attractant", frozen(height.astype(np.float32)), "image", {**place(self.of(state)), **look})

    def velocity(self, state: CellState, diagram: CellDiagram) -> np.ndarray:
        return self.of(state).correction / state.radius * diagram.offsets

    def observe(self, state: CellState, diagram: CellDiagram) -> dict[str, float]:
        away = np.linalg.norm(state.positions - self.room(state).size / 2, axis=1)
        return {"distance_to_source": float(away.mean()), "elongation": float(diagram.elongations.mean())}


SCENARIO = Scenario(
    name="chemotaxis",
    title="Chemotaxis",
    description="A few cells stretch towards an attractant in the middle and move up its gradient.",
    parameters={"n_cells": 10, "shape": (192, 192), "filling": 0.1, "sensitivity": 0.08, "spread": 0.3},
    citation=CellModel.citation,
    expect={"distance_to_source": (0.05, 0.24), "elongation": (1.02, 2.0)},
    variants={"paper": {"shape": (512, 512), "dt": 0.01, "sensitivity": 0.02, "spread": 0.2, "max_time": 10.0}},
    quick={"shape": (64, 64), "n_cells": 5},
    shows_after=1.0,
    steps=250,
    group="Active matter",
    model=f"{__name__}:Chemotaxis",
)

"""One cell sucked into a narrow tube."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from shapelab.catalog import Scenario
from shapelab.cells.cell_diagram import CellDiagram
from shapelab.cells.model import CellModel
from shapelab.cells.parameters import PlaneParameters
from shapelab.cells.state import CellState
from shapelab.cells.walls import Room, coordinates
from shapelab.simulation import parameter


class MicropipetteParameters(PlaneParameters):
    """Parameters of `Micropipette`."""

    speed: float = parameter(0.5, "Speed of aspiration.", unit="box/s", main=True, live=True, ge=0, le=10, step=0.05)
    radius_of_cell: float = parameter(0.08, "Radius of the free cell.", unit="box", ge=0.04, le=0.12, step=0.01)
    tube_width: float = parameter(0.5, "Width of the tube, in cell radii.", main=True, ge=0.25, le=3, step=0.05)


class Micropipette(CellModel):
    """``dx = v0 e dt + F_inc dt`` of one cell at the mouth of a tube that could just hold it.

    Soft cells (p below 1) flow in, hard ones stay at the mouth. A. Diez and J. Feydy, arXiv:2402.17086 (2024).
    """

    parameters_type = MicropipetteParameters
    lloyd = 0

    def mouth(self, p: Any) -> float:
        """Return x of the mouth; the tube ends at the right side of the box."""
        return max(1 - self.tube_length(p), 2.1 * p.radius_of_cell)

    def tube_length(self, p: Any) -> float:
        """Return the length of a tube that holds the whole cell."""
        return math.pi * p.radius_of_cell / p.tube_width

    def walls(self, p: Any) -> np.ndarray | None:
        y, x = coordinates(p)
        away, mouth = np.abs(y - y.mean()), self.mouth(p)
        chamber = (x <= mouth) & (x > mouth - 2.1 * p.radius_of_cell) & (away < 3 * p.radius_of_cell)
        return chamber | ((x > mouth) & (away < 0.5 * p.tube_width * p.radius_of_cell))

    def populate(self, state: CellState, room: Room) -> None:
        p = self.of(state)
        where = [room.size[0] / 2, self.mouth(p) - 1.05 * p.radius_of_cell]
        state.add(np.array([where] * min(p.n_cells, 1)).reshape(-1, 2), np.full(min(p.n_cells, 1), math.pi * p.radius_of_cell**2))

    def tau(self, state: CellState) -> Any:
        return self.of(state).correction / (state.radius or 1)

    def velocity(self, state: CellState, diagram: CellDiagram) -> np.ndarray:
        return super().velocity(state, diagram) + np.array([0.0, self.of(state).speed])

    def observe(self, state: CellState, diagram: CellDiagram) -> dict[str, float]:
        p = self.of(state)
        columns = np.flatnonzero((diagram.labels > 0).any(axis=0))
        tip = (columns.max() + 1) * diagram.spacing[1] if len(columns) else 0.0
        return {
            "aspirated_length": float(np.clip((tip - self.mouth(p)) / self.tube_length(p), 0, None)),
            "elongation": float(diagram.elongations.mean()),
        }


SCENARIO = Scenario(
    name="micropipette",
    title="Micropipette",
    description="One cell is sucked into a narrow tube: a soft cell flows in, a hard one stops at the mouth.",
    parameters={"n_cells": 1, "shape": (160, 320), "filling": 0.1, "p": 0.75, "correction": 0.3, "max_time": 2.0},
    citation=CellModel.citation,
    expect={"aspirated_length": (0.4, 1.05)},
    variants={"paper": {"shape": (400, 800), "dt": 0.005}},
    quick={"shape": (64, 128), "n_cells": 20},
    shows_after=0.8,
    group="Falling and squeezing",
    model=f"{__name__}:Micropipette",
)

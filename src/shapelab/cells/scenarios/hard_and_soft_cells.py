"""Hard and soft cells that run and tumble through one another in a cube."""

from __future__ import annotations

from typing import Any

import numpy as np

from shapelab.catalog import Scenario
from shapelab.cells.model import CellModel
from shapelab.cells.parameters import SpaceParameters
from shapelab.cells.scenarios.run_and_tumble import TumbleDisk, TumblingParameters
from shapelab.cells.state import CellState
from shapelab.cells.walls import Room


class TumbleCubeParameters(SpaceParameters, TumblingParameters):
    """Parameters of `TumbleCube`."""


class TumbleCube(TumbleDisk):
    """As `TumbleDisk` in a cube, with cells of volumes between 1 and 2."""

    parameters_type = TumbleCubeParameters

    def walls(self, p: Any) -> np.ndarray | None:
        return None

    def populate(self, state: CellState, room: Room) -> None:
        super().populate(state, room)
        share = state.rng.uniform(0.5, 1, len(state))
        if len(state):
            state.volumes = share * (state.volumes.sum() / share.sum())


SCENARIO = Scenario(
    name="hard_and_soft_cells",
    title="Hard and soft cells (3-D)",
    description="Hard and soft cells run and tumble through one another in a cube.",
    parameters={"n_cells": 50, "shape": (64, 64, 64), "filling": 0.8, "correction": 0.2, "softest": 0.5},
    citation=CellModel.citation,
    expect={"hard_cells_are_round": (0.4, 1.0), "volume_error": (0.0, 0.02)},
    variants={"paper": {"n_cells": 126, "shape": (128, 128, 128), "dt": 0.0025, "max_time": 10.0}},
    quick={"shape": (32, 32, 32), "n_cells": 20},
    shows_after=0.4,
    group="Active matter",
    model=f"{__name__}:TumbleCube",
)

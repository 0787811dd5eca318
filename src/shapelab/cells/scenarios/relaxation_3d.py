"""Cells in space that move to their own centres."""

from __future__ import annotations

from shapelab.catalog import Scenario
from shapelab.cells.model import CellModel
from shapelab.cells.parameters import SpaceParameters
from shapelab.cells.scenarios.relaxation import EXPECT, Relaxation, RelaxingParameters


class Relaxation3DParameters(SpaceParameters, RelaxingParameters):
    """Parameters of `Relaxation3D`."""


class Relaxation3D(Relaxation):
    """As `Relaxation`, in space."""

    parameters_type = Relaxation3DParameters


SCENARIO = Scenario(
    name="relaxation_3d",
    title="Relaxation (3-D)",
    description="Every cell centre moves to the middle of its cell, which evens out a tissue, your own or a random one.",
    parameters={"n_cells": 50, "shape": (64, 64, 64), "filling": 0.95, "tolerance": 0.005},
    citation=CellModel.citation,
    expect=EXPECT,
    quick={"shape": (24, 24, 24), "n_cells": 12},
    shows_after=3.0,
    group="Your own cells",
    model=f"{__name__}:Relaxation3D",
)

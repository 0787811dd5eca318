"""Cells that run through the neck of an hourglass onto a ball, in 3-D."""

from __future__ import annotations

from shapelab.catalog import Scenario
from shapelab.cells.model import CellModel
from shapelab.cells.parameters import SpaceParameters
from shapelab.cells.scenarios.hourglass_2d import EXPECT, Hourglass2D, NeckParameters


class HourglassParameters(SpaceParameters, NeckParameters):
    """Parameters of `Hourglass`."""


class Hourglass(Hourglass2D):
    """As `Hourglass2D`, in space: the neck is a hole, and a ball lies under it."""

    parameters_type = HourglassParameters


SCENARIO = Scenario(
    name="hourglass",
    title="Hourglass (3-D)",
    description="Cells run through a neck onto a ball, and pile up below.",
    parameters={"n_cells": 20, "shape": (80, 80, 80), "filling": 0.035, "p": 2.0, "stiffness": 0.1, "correction": 1.5, "max_time": 6.0},
    citation=CellModel.citation,
    expect=EXPECT,
    variants={"paper": {"n_cells": 50, "shape": (512, 512, 512), "filling": 0.0125, "p": 10.0, "neck": 0.03}},
    quick={"shape": (40, 40, 40), "n_cells": 8},
    shows_after=3.0,
    steps=700,
    group="Falling and squeezing",
    model=f"{__name__}:Hourglass",
)

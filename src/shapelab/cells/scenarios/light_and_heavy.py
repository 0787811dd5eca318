"""Light cells that rise through heavy ones while all fall."""

from __future__ import annotations

from shapelab.catalog import Scenario
from shapelab.cells.model import CellModel
from shapelab.cells.scenarios.falling_cells import COMMON, PAPER, FallingCells

SCENARIO = Scenario(
    name="light_and_heavy",
    title="Light and heavy cells",
    description="Two types of cells fall together, and the lighter ones rise through the heavier.",
    parameters={**COMMON, "n_cells": 42, "filling": 0.5, "p": 1.0, "correction": 3.0, "second_part": 0.5, "speed": 0.4},
    citation=CellModel.citation,
    expect={"second_above_first": (0.03, 0.4)},
    variants={"paper": PAPER},
    quick={"shape": (80, 80), "n_cells": 20},
    shows_after=2.5,
    steps=600,
    group="Falling and squeezing",
    model=f"{FallingCells.__module__}:FallingCells",
)

"""Water: a dam that breaks."""

from __future__ import annotations

from shapelab.catalog import Scenario
from shapelab.cells.fluids import FluidModel

SCENARIO = Scenario(
    name="dam_break",
    title="Dam break",
    description="A column of water is released: it collapses, runs along the floor and splashes up the far wall.",
    parameters={"n_cells": 50, "shape": (256, 256), "tolerance": 0.01},
    citation=FluidModel.citation,
    expect={"front": (0.7, 1.0), "energy": (0.3, 1.05), "volume_error": (0.0, 0.02)},
    variants={"large": {"n_cells": 400, "shape": (384, 384)}},
    quick={"shape": (112, 112), "n_cells": 25},
    shows_after=0.9,
    steps=250,
    group="Fluids and solids",
    model="shapelab.cells.fluids:FluidModel",
)

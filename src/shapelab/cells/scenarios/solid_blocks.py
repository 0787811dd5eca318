"""Elastic and plastic blocks that are dropped."""

from __future__ import annotations

from shapelab.catalog import Scenario
from shapelab.cells.solids import SolidBlock

_COMMON = {
    "n_cells": 64,
    "shape": (256, 256),
    "spring": 0.05,
    "dt": 0.005,
    "tolerance": 0.01,
    "width": 0.3,
    "height": 0.3,
    "left": 0.35,
    "drop": 0.3,
}

ELASTIC = Scenario(
    name="elastic_block",
    title="Elastic block",
    description="A block of rubber falls, is squashed, bounces and springs back to its shape.",
    parameters={**_COMMON, "damping": 0.0},
    citation=SolidBlock.citation,
    expect={"shape_error": (0.0, 0.05), "volume_error": (0.0, 0.02)},
    variants={"large": {"n_cells": 400, "shape": (560, 560), "dt": 0.002}},
    quick={"shape": (160, 160), "n_cells": 36},
    shows_after=1.0,
    steps=500,
    group="Fluids and solids",
    model="shapelab.cells.solids:SolidBlock",
)
PLASTIC = Scenario(
    name="plastic_block",
    title="Plastic block",
    description="A block of clay falls and stays flat.",
    parameters={**_COMMON, "yield_strain": 0.05},
    citation=SolidBlock.citation,
    expect={"width_over_height": (1.4, 2.6), "volume_error": (0.0, 0.02)},
    variants={"large": {"n_cells": 400, "shape": (560, 560), "dt": 0.002}},
    quick={"shape": (160, 160), "n_cells": 36},
    shows_after=1.3,
    steps=350,
    group="Fluids and solids",
    model="shapelab.cells.solids:SolidBlock",
)

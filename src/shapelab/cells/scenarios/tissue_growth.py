"""A tissue that grows from one cell, in 2-D and 3-D."""

from __future__ import annotations

from shapelab.catalog import Scenario
from shapelab.cells.model import CellModel

_EXPECT = {"gyration_ratio": (1.0, 1.3), "volume_error": (0.0, 0.02)}
PLANE = Scenario(
    name="tissue_growth",
    title="Tissue growth",
    description="One cell grows, divides, and becomes a round tissue.",
    parameters={"n_cells": 1, "shape": (256, 256), "filling": 0.75, "stiffness": 0.1, "correction": 1.0},
    citation=CellModel.citation,
    expect=_EXPECT,
    variants={"paper": {"capacity": 400, "shape": (800, 800), "dt": 0.01, "max_time": 30.0}},
    quick={"shape": (80, 80), "n_cells": 20},
    shows_after=3.0,
    steps=450,
    group="Tissues",
    model="shapelab.cells.growth:TissueGrowth",
)
SPACE = Scenario(
    name="tissue_growth_3d",
    title="Tissue growth (3-D)",
    description="One cell grows, divides, and becomes a ball of cells.",
    parameters={
        "n_cells": 1,
        "shape": (64, 64, 64),
        "filling": 0.4,
        "stiffness": 0.1,
        "correction": 1.0,
        "capacity": 60,
        "division_rate": 3.0,
    },
    citation=CellModel.citation,
    expect={**_EXPECT, "gyration_ratio": (1.0, 1.6)},
    variants={"paper": {"capacity": 50_000, "shape": (400, 400, 400), "dt": 0.002}},
    quick={"shape": (32, 32, 32), "n_cells": 3, "capacity": 20},
    shows_after=2.0,
    group="Tissues",
    model="shapelab.cells.growth:TissueGrowth3D",
)

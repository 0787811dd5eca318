"""Two types of cells that prefer each other."""

from __future__ import annotations

from shapelab.cells.scenarios.cell_sorting import sorting_scenario
from shapelab.cells.scenarios.cell_sorting_3d import sorting_scenario_3d

PLANE = sorting_scenario(
    "checkerboard",
    "Checkerboard",
    "Two types of cells that prefer each other mix like a checkerboard.",
    (7, 7, 1, 30, 30),
    {"heterotypic_contact": (0.5, 0.9)},
    0.25,
    {"shape": (112, 112), "n_cells": 40},
)
SPACE = sorting_scenario_3d(
    "checkerboard_3d",
    "Checkerboard",
    "Two types of cells that prefer each other mix.",
    {"contrast": 0.3, "first_tension": 1.0, "first_repulsion": 1.0},
    {"heterotypic_contact": (0.6, 0.95)},
    0.12,
)

"""Two types of cells that avoid each other."""

from __future__ import annotations

from shapelab.cells.scenarios.cell_sorting import sorting_scenario
from shapelab.cells.scenarios.cell_sorting_3d import sorting_scenario_3d

PLANE = sorting_scenario(
    "separation",
    "Separation",
    "Two types of cells that avoid each other detach and separate.",
    (1, 1, 12, 5, 5),
    {"heterotypic_contact": (0.0, 0.2)},
    0.6,
)
SPACE = sorting_scenario_3d(
    "separation_3d",
    "Separation",
    "Two types of cells that avoid each other separate.",
    {"contrast": 3.0, "first_tension": 1.0, "first_repulsion": 1.0},
    {"heterotypic_contact": (0.0, 0.4)},
    0.15,
)

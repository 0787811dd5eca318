"""Cells of one type that hide inside those of another."""

from __future__ import annotations

from shapelab.cells.scenarios.cell_sorting import sorting_scenario
from shapelab.cells.scenarios.cell_sorting_3d import sorting_scenario_3d

PLANE = sorting_scenario(
    "internalisation",
    "Internalisation",
    "Cells of the first type avoid the medium and hide inside the others.",
    (1, 1, 5, 30, 7),
    {"exposed_type_0": (0.0, 0.3)},
    0.25,
)
SPACE = sorting_scenario_3d(
    "internalisation_3d",
    "Internalisation",
    "Cells of the first type leave the surface to the others and gather inside.",
    {"contrast": 0.3, "first_repulsion": 0.4},
    {"exposed_type_0": (0.0, 0.3)},
    0.15,
)

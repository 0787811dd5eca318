"""Bubbles that rise, meet, fuse and burst."""

from __future__ import annotations

from typing import ClassVar

from shapelab.catalog import Scenario
from shapelab.cells.parameters import CellParameters, SpaceParameters
from shapelab.cells.scenarios.bubbles_2d import Bubbles2D, Bubbles2DParameters


class BubblesParameters(SpaceParameters, Bubbles2DParameters):  # type: ignore[misc] # the shape is that of space
    """Parameters of `Bubbles`."""


class Bubbles(Bubbles2D):
    """`Bubbles2D` in space."""

    parameters_type: ClassVar[type[CellParameters]] = BubblesParameters


SCENARIO = Scenario(
    name="bubbles",
    title="Bubbles (3-D)",
    description="Bubbles rise from below, gather at the surface in the middle, fuse, and burst.",
    parameters={"n_cells": 30, "shape": (64, 64, 64), "filling": 0.02},
    expect={"total_volume": (0.02, 0.26), "mean_height": (0.2, 0.65)},
    variants={"paper": {"n_cells": 42, "shape": (256, 256, 256), "bubble_radius": 0.021, "rate": 120.0, "max_time": 120.0}},
    quick={"shape": (32, 32, 32), "n_cells": 6, "bubble_radius": 0.1},
    shows_after=0.8,
    group="Falling and squeezing",
    model=f"{__name__}:Bubbles",
)

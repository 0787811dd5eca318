"""A small cluster of cells is swallowed by a large one."""

from __future__ import annotations

from typing import Any

import numpy as np

from shapelab.catalog import Scenario
from shapelab.cells.scenarios.cell_sorting import CellSorting
from shapelab.cells.state import CellState
from shapelab.cells.walls import Room, coordinates


class Engulfment(CellSorting):
    """The forces of `CellSorting`, from two clusters that touch."""

    def disks(self, p: Any) -> list[np.ndarray]:
        """Return the masks of the two clusters: the first is pressed half-way into the left side of the second."""
        y, x = coordinates(p)
        radii = [np.sqrt(1.05 * part * p.filling * p.box_volume / np.pi) for part in (p.first_part, 1 - p.first_part)]
        first = np.hypot(y - y.mean(), x - x.mean() + radii[1]) < radii[0]
        return [first, (np.hypot(y - y.mean(), x - x.mean()) < radii[1]) & ~first]

    def start(self, p: Any) -> np.ndarray | None:
        first, second = self.disks(p)
        return first | second

    def populate(self, state: CellState, room: Room) -> None:
        super().populate(state, room)
        disks, first = self.disks(self.of(state)), round(self.of(state).first_part * len(state))
        for rows, disk in zip((slice(0, first), slice(first, None)), disks, strict=True):
            state.positions[rows] = room.random_positions(len(state.positions[rows]), state.rng, disk)

    def equip(self, state: CellState) -> None:
        if "covariance" in state.traits:  # a user's own cells: the leftmost are the first type
            state.types = (np.argsort(np.argsort(state.positions[:, 1])) >= round(self.of(state).first_part * len(state))).astype(np.int64)
        else:
            state.types = (np.arange(len(state)) >= round(self.of(state).first_part * len(state))).astype(np.int64)


SCENARIO = Scenario(
    name="engulfment",
    title="Engulfment",
    description="A small cluster that avoids the medium is swallowed by a large one.",
    parameters={
        "n_cells": 84, "shape": (256, 256), "filling": 0.34, "correction": 0.5, "first_part": 1 / 12,
        "first": 1.0, "second": 1.0, "between": 5.0, "first_medium": 30.0, "second_medium": 7.0,
    },
    citation=CellSorting.citation,
    expect={"exposed_type_0": (0.0, 0.1)},
    variants={"paper": {"n_cells": 168, "shape": (512, 512), "dt": 0.0002, "max_time": 10.0}},
    quick={"shape": (80, 80), "n_cells": 20},
    shows_after=0.25,
    group="Tissues",
    model=f"{__name__}:Engulfment",
)  # fmt: skip

"""Cells that run, stop and turn, crowded in a disk."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from shapelab.catalog import Scenario
from shapelab.cells.cell_diagram import CellDiagram
from shapelab.cells.model import CellModel
from shapelab.cells.motions.propulsion import tumble
from shapelab.cells.observables import correlation
from shapelab.cells.parameters import CellParameters, PlaneParameters
from shapelab.cells.state import CellState
from shapelab.cells.walls import coordinates
from shapelab.simulation import parameter


class TumblingParameters(CellParameters):
    """What all cells that run and tumble share."""

    speed: float = parameter(0.4, "Speed of a run.", unit="box/s", main=True, live=True, ge=0, le=10, step=0.05)
    tumble_rate: float = parameter(1.0, "How often a cell picks a new direction.", unit="1/s", main=True, live=True, ge=0, le=100, step=0.1)
    softest: float = parameter(0.4, "Stiffness of the softest cell.", gt=0, le=100, step=0.1)
    hardest: float = parameter(3.5, "Stiffness of the hardest cell.", gt=0, le=100, step=0.1)


class TumbleDiskParameters(PlaneParameters, TumblingParameters):
    """Parameters of `TumbleDisk`."""


class TumbleDisk(CellModel):
    """``dx = v0 n dt + F_inc dt`` with fresh random n at a constant rate, in a disk; stiffness differs from cell to cell.

    A. Diez and J. Feydy, arXiv:2402.17086 (2024).
    """

    parameters_type: ClassVar[type[CellParameters]] = TumbleDiskParameters
    lloyd = 8
    colour_by = "stiffness"

    def walls(self, p: Any) -> np.ndarray | None:
        y, x = coordinates(p)
        return np.hypot(y - y.mean(), x - x.mean()) < 0.5 * min(n * h for n, h in zip(p.shape, p.spacing, strict=True))

    def equip(self, state: CellState) -> None:
        p = self.of(state)
        state.traits["stiffness"] = state.rng.permutation(np.linspace(p.softest, p.hardest, len(state)))

    def stiffnesses(self, state: CellState) -> Any:
        return self.of(state).stiffness * state.traits["stiffness"]

    def velocity(self, state: CellState, diagram: CellDiagram) -> np.ndarray:
        return super().velocity(state, diagram) + self.of(state).speed * state.axes

    def change(self, state: CellState, diagram: CellDiagram, dt: float) -> None:
        state.axes = tumble(state.axes, self.of(state).tumble_rate, dt, state.rng)

    def observe(self, state: CellState, diagram: CellDiagram) -> dict[str, float]:
        hardness = state.traits["stiffness"]
        return {
            "hard_cells_are_round": correlation(hardness, diagram.roundness),
            "roundness": float(np.nanmean(diagram.roundness)),
        }


SCENARIO = Scenario(
    name="run_and_tumble",
    title="Run and tumble",
    description="Cells run straight and tumble to new directions, crowded in a disk; soft ones deform and hard ones stay round.",
    parameters={"n_cells": 60, "shape": (256, 256), "filling": 0.875, "correction": 0.2},
    citation=CellModel.citation,
    expect={"hard_cells_are_round": (0.3, 1.0), "roundness": (0.8, 1.0), "volume_error": (0.0, 0.02)},
    variants={"paper": {"n_cells": 126, "shape": (512, 512), "dt": 0.0025, "max_time": 10.0}},
    quick={"shape": (80, 80), "n_cells": 20},
    shows_after=1.0,
    group="Active matter",
    model=f"{__name__}:TumbleDisk",
)

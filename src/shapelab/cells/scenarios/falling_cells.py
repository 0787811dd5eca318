"""Cells that fall and pile up: columns, polygons or disks, and light cells that rise through heavy ones."""

from __future__ import annotations

from typing import Any

import numpy as np

from shapelab.catalog import Scenario
from shapelab.cells.cell_diagram import CellDiagram
from shapelab.cells.model import CellModel
from shapelab.cells.observables import mean_height
from shapelab.cells.parameters import PlaneParameters
from shapelab.cells.state import CellState
from shapelab.simulation import parameter


class FallingParameters(PlaneParameters):
    """Parameters of `FallingCells`."""

    speed: float = parameter(0.4, "Speed of free fall (y points down).", unit="box/s", main=True, live=True, ge=0, le=10, step=0.05)
    second_part: float = parameter(0.0, "Fraction of the cells that are of the second type.", ge=0, le=1, step=0.05)
    second_p: float = parameter(1.0, "Exponent p of the second type.", live=True, ge=0.25, le=16, step=0.25)
    second_correction: float = parameter(
        8.0,
        "Mobility of the second type: if larger than that of the first, they behave as if they were lighter.",
        main=True,
        live=True,
        ge=0,
        le=100,
        step=0.5,
    )


class FallingCells(CellModel):
    """``dx = v0 e dt + F_inc dt``, e pointing down, ``c = |y - x|^p`` with volume scaling.

    p decides the packing: columns below 1, polygons at 2, disks from 8 on. tau acts as an inverse mass. A. Diez and J. Feydy,
    arXiv:2402.17086 (2024).
    """

    parameters_type = FallingParameters
    floor = True

    def equip(self, state: CellState) -> None:
        second = round(self.of(state).second_part * len(state))
        state.types = state.rng.permutation(np.arange(len(state)) >= len(state) - second).astype(np.int64)

    def exponents(self, state: CellState) -> Any:
        return np.where(state.types == 0, self.of(state).p, self.of(state).second_p)

    def tau(self, state: CellState) -> Any:
        p = self.of(state)
        return np.where(state.types == 0, p.correction, p.second_correction) / (state.radius or 1)

    def velocity(self, state: CellState, diagram: CellDiagram) -> np.ndarray:
        return super().velocity(state, diagram) + np.array([self.of(state).speed, 0.0])

    def observe(self, state: CellState, diagram: CellDiagram) -> dict[str, float]:
        box, spread = self.room(state).size, np.sqrt(np.diagonal(diagram.covariances, axis1=1, axis2=2))
        scalars = {
            "mean_height": mean_height(state, box),
            "upright": float(np.mean(spread[:, 0] / spread[:, 1])),
            "roundness": float(diagram.roundness.mean()),
        }
        if (state.types == 1).any() and (state.types == 0).any():
            scalars["second_above_first"] = mean_height(state, box, 1) - mean_height(state, box, 0)
        return scalars


COMMON = {"n_cells": 30, "shape": (256, 256), "filling": 0.3, "stiffness": 0.125, "correction": 1.5, "max_time": 10.0}
PAPER = {"shape": (512, 512), "dt": 0.001, "max_time": 10.0}

SOFT = Scenario(
    name="falling_columns",
    title="Falling soft cells",
    description="Very soft cells fall and stack into upright columns.",
    parameters={**COMMON, "p": 0.75},
    citation=CellModel.citation,
    expect={"upright": (1.25, 2.5), "roundness": (0.5, 0.9)},
    variants={"paper": PAPER},
    quick={"shape": (80, 80), "n_cells": 20},
    shows_after=2.5,
    group="Falling and squeezing",
    model=f"{__name__}:FallingCells",
)
POLYGONS = Scenario(
    name="falling_cells",
    title="Falling cells",
    description="Cells fall and pack into polygons; raise p to 10 for disks or lower it below 1 for columns.",
    parameters={**COMMON, "p": 2.0},
    citation=CellModel.citation,
    expect={"upright": (0.85, 1.15), "mean_height": (0.1, 0.25)},
    variants={"paper": PAPER},
    quick={"shape": (80, 80), "n_cells": 20},
    shows_after=2.5,
    group="Falling and squeezing",
    model=f"{__name__}:FallingCells",
)

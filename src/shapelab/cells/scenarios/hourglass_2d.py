"""Cells that run through the neck of an hourglass, past an obstacle."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from shapelab.catalog import Scenario
from shapelab.cells.cell_diagram import CellDiagram
from shapelab.cells.model import CellModel
from shapelab.cells.observables import mean_height
from shapelab.cells.parameters import CellParameters, PlaneParameters
from shapelab.cells.state import CellState
from shapelab.cells.walls import coordinates
from shapelab.simulation import parameter


class NeckParameters(CellParameters):
    """What the hourglasses share in plane and space."""

    speed: float = parameter(0.3, "Speed of free fall (y points down).", unit="box/s", main=True, live=True, ge=0, le=10, step=0.05)
    neck: float = parameter(0.09, "Half-width of the neck.", unit="box", main=True, ge=0.01, le=0.4, step=0.01)
    obstacle: float = parameter(0.1, "Radius of the ball under the neck; 0 for none.", unit="box", main=True, ge=0, le=0.3, step=0.01)


class Hourglass2DParameters(PlaneParameters, NeckParameters):
    """Parameters of `Hourglass2D`."""


class Hourglass2D(CellModel):
    """``dx = v0 e dt + F_inc dt``, e pointing down, in a cone over an open box with a ball in it.

    A. Diez and J. Feydy, arXiv:2402.17086 (2024).
    """

    parameters_type: ClassVar[type[CellParameters]] = Hourglass2DParameters

    def height_and_distance(self, p: Any) -> tuple[np.ndarray, np.ndarray]:
        """Return the height over the floor and the distance from the vertical axis of every pixel."""
        axes = coordinates(p)
        away = [x - x.mean() for k, x in enumerate(axes) if k != p.ndim - 2]
        return p.shape[-2] * p.spacing[-2] - axes[-2], np.sqrt(sum(x**2 for x in away))

    def walls(self, p: Any) -> np.ndarray | None:
        height, r = self.height_and_distance(p)
        above = height - 0.5
        return (
            ((r < above) | (above < p.neck))
            & (np.hypot(r, height - 0.37 + p.neck) >= p.obstacle)
            & ((r < p.neck) | (np.abs(above - p.neck / 2) > p.neck / 2))
        )

    def start(self, p: Any) -> np.ndarray | None:
        height, _ = self.height_and_distance(p)
        walls = self.walls(p)
        return (height - 0.5 > p.neck) & walls

    def velocity(self, state: CellState, diagram: CellDiagram) -> np.ndarray:
        fall = np.zeros(state.ndim)
        fall[-2] = self.of(state).speed
        return super().velocity(state, diagram) + fall

    def observe(self, state: CellState, diagram: CellDiagram) -> dict[str, float]:
        box = self.room(state).size
        return {
            "mean_height": mean_height(state, box),
            "through": float(np.mean(box[-2] - state.positions[:, -2] < 0.5)),
            "roundness": float(diagram.roundness.mean()),
        }


EXPECT = {"through": (0.2, 1.0), "mean_height": (0.0, 0.65)}
SCENARIO = Scenario(
    name="hourglass_2d",
    title="Hourglass",
    description="Cells run through the neck of an hourglass and around a disk.",
    parameters={
        "n_cells": 40,
        "shape": (256, 256),
        "filling": 0.25,
        "p": 2.0,
        "stiffness": 0.4,
        "correction": 3.0,
        "speed": 0.5,
        "neck": 0.05,
        "max_time": 6.0,
    },
    citation=CellModel.citation,
    expect=EXPECT,
    variants={"paper": {"n_cells": 50, "shape": (512, 512), "dt": 0.002, "neck": 0.04}},
    quick={"shape": (80, 80), "n_cells": 20},
    shows_after=2.5,
    group="Falling and squeezing",
    model=f"{__name__}:Hourglass2D",
)

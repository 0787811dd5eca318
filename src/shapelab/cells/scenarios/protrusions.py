"""Cells that crawl by lobes which they push out and pull back at random."""

from __future__ import annotations

from typing import Any

import numpy as np

from shapelab.catalog import Scenario
from shapelab.cells.cell_diagram import CellDiagram
from shapelab.cells.model import CellModel
from shapelab.cells.motions.protrusions import LOBE_HEIGHT, refresh_lobes, traction
from shapelab.cells.observables import mean_square_displacement
from shapelab.cells.parameters import PlaneParameters
from shapelab.cells.state import CellState
from shapelab.simulation import parameter


class ProtrusionsParameters(PlaneParameters):
    """Parameters of `Protrusions`."""

    lobes: int = parameter(6, "Number of lobes around a cell.", unit="lobes", ge=2, le=12)
    drive: float = parameter(8.0, "How fast lobes grow or shrink at random.", unit="1/s", main=True, live=True, ge=0, le=100, step=0.5)
    decay: float = parameter(1.2, "How fast lobes are pulled back.", unit="1/s", main=True, live=True, ge=0, le=100, step=0.1)
    grip: float = parameter(1.6, "How strongly a lobe pulls its cell.", main=True, live=True, ge=0, le=20, step=0.1)


class Protrusions(CellModel):
    """``c = |y - x|^2 exp(-sum_k G(angle - angle_k) a_k)``, ``dx = (F_inc + grip F_pro) dt`` with random amplitudes a_k.

    F_pro = K times the mean of ``unit(y - x) sqrt(|y - x|^2 - R^2)`` over what a cell has beyond its own radius. A lobe that comes
    near a wall is pulled back. A. Diez and J. Feydy, arXiv:2402.17086 (2024).
    """

    parameters_type = ProtrusionsParameters
    longest_step = 0.01
    finest = 2

    def equip(self, state: CellState) -> None:
        state.traits["lobes"] = np.zeros((len(state), self.of(state).lobes))

    def cost(self, state: CellState) -> Any:
        from shapelab.cells.motions.protrusions import LobedCost

        return LobedCost(super().cost(state), state.traits["lobes"])

    def velocity(self, state: CellState, diagram: CellDiagram) -> np.ndarray:
        p = self.of(state)
        pull = traction(diagram.rows, state.positions, state.radii, diagram.spacing)
        return super().velocity(state, diagram) + p.grip * p.lobes * pull

    def change(self, state: CellState, diagram: CellDiagram, dt: float) -> None:
        p, room = self.of(state), self.room(state)
        strongest = 5 * state.radius
        lobes = refresh_lobes(state.traits["lobes"], p.drive, p.decay, strongest, dt, state.rng)
        angles = 2 * np.pi * np.arange(p.lobes) / p.lobes
        reach = (state.radius * np.exp(LOBE_HEIGHT * lobes / 2))[:, :, None]
        tips = state.positions[:, None] + reach * np.stack([np.sin(angles), np.cos(angles)], axis=-1)
        at_wall = ((tips < 0.01) | (tips > room.size - 0.01)).any(axis=-1)
        state.traits["lobes"] = np.where(at_wall, 0, lobes)

    def observe(self, state: CellState, diagram: CellDiagram) -> dict[str, float]:
        return {
            "roundness": float(diagram.roundness.mean()),
            "lobe_strength": float(state.traits["lobes"].mean()),
            "mean_square_displacement": mean_square_displacement(state),
        }


SCENARIO = Scenario(
    name="protrusions",
    title="Protrusions",
    description="Cells extend lobes at random, grip the ground with them and crawl.",
    parameters={"n_cells": 18, "shape": (160, 160), "filling": 0.28, "correction": 0.6},
    citation=CellModel.citation,
    expect={"roundness": (0.5, 0.92), "volume_error": (0.0, 0.02)},
    variants={"paper": {"shape": (300, 300), "dt": 0.01, "max_time": 10.0}},
    quick={"shape": (64, 64), "n_cells": 8},
    shows_after=0.5,
    steps=400,
    group="Active matter",
    model=f"{__name__}:Protrusions",
)

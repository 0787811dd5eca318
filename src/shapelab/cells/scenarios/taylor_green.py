"""An ideal fluid without gravity: the Taylor-Green vortex in a box."""

from __future__ import annotations

from typing import Any

import numpy as np

from shapelab.catalog import Scenario
from shapelab.cells.cell_diagram import CellDiagram
from shapelab.cells.fluids import FluidModel, FluidParameters
from shapelab.cells.state import CellState
from shapelab.cells.walls import Room
from shapelab.simulation import parameter


class TaylorGreenParameters(FluidParameters):
    """Parameters of `TaylorGreen`."""

    vortices: int = parameter(1, "Number of vortices along each side of the box.", unit="vortices", main=True, ge=1, le=8)
    gravity: float = parameter(0.0, "Acceleration of gravity (y points down).", unit="box/s²", live=True, ge=0, le=100, step=0.1)


class TaylorGreen(FluidModel):
    """Incompressible Euler flow in a full box, from ``u_x = sin(k pi x) cos(k pi y)``, ``u_y = -cos(k pi x) sin(k pi y)``.

    A stationary solution of the Euler equations: the energy stays, and the fluid turns round. Scheme of `FluidModel`.
    """

    parameters_type = TaylorGreenParameters
    floor = False
    colour_by = ""

    def start(self, p: Any) -> np.ndarray | None:
        return None

    def populate(self, state: CellState, room: Room) -> None:
        super().populate(state, room)
        state.volumes = np.full(len(state), self.of(state).box_volume / max(len(state), 1))

    def equip(self, state: CellState) -> None:
        state.types = (state.positions[:, 1] > self.room(state).size[1] / 2).astype(np.int64)  # two halves that the flow winds up

    def init(self, parameters: Any, initial: Any = None) -> CellState:
        """Return the state with the vortex in it."""
        state = super().init(parameters, initial)
        state.velocities = self.vortex(state)
        state.counts["energy_scale"] = self.energies(state, CellDiagram.of(state, self.periodic))["kinetic_energy"] or 1.0
        state.counts["start_energy"] += state.counts["energy_scale"]
        return state

    def vortex(self, state: CellState) -> np.ndarray:
        """Return the velocity of the exact flow at the seeds."""
        y, x = (np.pi * self.of(state).vortices * state.positions / self.room(state).size).T
        return np.stack([-np.cos(x) * np.sin(y), np.sin(x) * np.cos(y)], axis=1)

    def observe(self, state: CellState, diagram: CellDiagram) -> dict[str, float]:
        exact = self.vortex(state)
        parts = super().observe(state, diagram)
        off = np.sum((state.velocities - exact) ** 2) / np.sum(exact**2)
        return {"energy": parts["energy"], "kinetic_energy": parts["kinetic_energy"], "velocity_error": float(np.sqrt(off))}


SCENARIO = Scenario(
    name="taylor_green",
    title="Taylor-Green vortex",
    description="An ideal fluid rotates in a box and winds up its two halves; its energy should stay constant.",
    parameters={"n_cells": 250, "shape": (256, 256), "spring": 0.06, "tolerance": 0.01},
    citation=FluidModel.citation,
    expect={"energy": (0.8, 1.1)},
    variants={"large": {"n_cells": 2500, "shape": (512, 512), "spring": 0.03}},
    quick={"shape": (96, 96), "n_cells": 60},
    shows_after=0.3,
    steps=250,
    group="Fluids and solids",
    model=f"{__name__}:TaylorGreen",
)

"""Bubbles in the plane that rise, meet, fuse and burst."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from shapelab.catalog import Scenario
from shapelab.cells.cell_diagram import CellDiagram
from shapelab.cells.model import CellModel
from shapelab.cells.motions.life import fuse, insert, remove
from shapelab.cells.motions.tension import interface_forces
from shapelab.cells.observables import mean_height
from shapelab.cells.parameters import CellParameters, PlaneParameters
from shapelab.cells.scenery import Lines, box_lines, water_lines
from shapelab.cells.state import CellState
from shapelab.cells.walls import Room
from shapelab.simulation import parameter
from shapelab.transport.costs import Power


class Bubbles2DParameters(PlaneParameters):
    """Parameters of `Bubbles2D`."""

    bubble_radius: float = parameter(0.06, "Radius of a new bubble.", unit="box", main=True, ge=0.01, le=0.3, step=0.01)
    rate: float = parameter(20.0, "Bubbles that appear per unit of time.", unit="1/s", main=True, live=True, ge=0, le=10_000, step=1.0)
    most: float = parameter(0.25, "No new bubbles appear once they fill this fraction of the box.", live=True, ge=0, le=0.9, step=0.05)
    buoyancy: float = parameter(0.5, "Speed of rise in the lower half.", unit="box/s", main=True, live=True, ge=0, le=10, step=0.05)
    gravity: float = parameter(0.15, "Sinking speed in the upper half.", unit="box/s", live=True, ge=0, le=10, step=0.05)
    bursting: float = parameter(
        85.0, "How often a bubble near the surface bursts, per unit of time and volume.", live=True, ge=0, le=1e4, step=5.0
    )
    fusion: float = parameter(0.5, "How often two bubbles that touch fuse.", unit="1/s", main=True, live=True, ge=0, le=1000, step=0.1)
    tension: float = parameter(0.7, "Surface tension.", live=True, ge=0, le=100, step=0.1)


class Bubbles2D(CellModel):
    """Bubbles rise to the surface in the middle of the box, push one another, fuse, and burst; new ones appear below (y points down).

    Tension pushes a bubble away from its contacts; ``c = |z|^2 / R_i``. After A. Diez and J. Feydy, arXiv:2402.17086 (2024).
    """

    parameters_type: ClassVar[type[CellParameters]] = Bubbles2DParameters
    sources, corrected, longest_step, colour_by = True, False, 0.02, "volume"

    def populate(self, state: CellState, room: Room) -> None:
        state.add(self._places(state, room, n := self.of(state).n_cells), np.full(n, self._volume(state)))

    def cost(self, state: CellState) -> Any:
        return Power(2.0, 1 / state.radii)

    def speed(self, state: CellState) -> float:
        return max((p := self.of(state)).buoyancy, p.gravity) + 2 * p.tension * state.radius ** (state.ndim - 2)

    def scenery(self, state: CellState) -> list[Lines]:
        return [box_lines(size := self.room(state).size), water_lines(size)]

    def velocity(self, state: CellState, diagram: CellDiagram) -> np.ndarray:
        p, above = self.of(state), self.room(state).size[-2] / 2 - state.positions[:, -2]  # over the surface in the middle
        ramp = np.clip(0.5 - above / np.maximum(4 * state.radii, 1e-12), 0, 1)
        table, kinds = np.full((2, 2), p.tension), np.zeros(len(state), np.int64)
        forces = interface_forces(diagram, state.positions, kinds, table, table, 1 / np.maximum(state.radii, 1e-12))
        forces[:, -2] -= ramp * (p.buoyancy + p.gravity) - p.gravity
        return forces + p.correction * diagram.offsets

    def change(self, state: CellState, diagram: CellDiagram, dt: float) -> None:
        p, rng, room = self.of(state), state.rng, self.room(state)
        pairs, _ = diagram.contacts.of_cells()
        fuse(state, pairs[rng.random(len(pairs)) < -np.expm1(-p.fusion * dt)])
        remove(
            state, (state.positions[:, -2] < 0.55 * room.size[-2]) & (rng.random(len(state)) < -np.expm1(-p.bursting * state.volumes * dt))
        )
        room_left = int(max(0.0, p.most * p.box_volume - state.volumes.sum()) / self._volume(state))
        if new := min(rng.poisson(p.rate * dt), room_left):
            insert(state, self._places(state, room, new), np.full(new, self._volume(state)))

    def observe(self, state: CellState, diagram: CellDiagram) -> dict[str, float]:
        volumes, height = state.volumes, mean_height(state, self.room(state).size)
        return {"mean_height": height, "total_volume": float(volumes.sum()), "largest_over_mean": float(volumes.max() / volumes.mean())}

    def _volume(self, state: CellState) -> float:
        return (np.pi, 4 / 3 * np.pi)[state.ndim - 2] * float(self.of(state).bubble_radius) ** state.ndim

    def _places(self, state: CellState, room: Room, n: int) -> np.ndarray:
        return state.rng.uniform([*[0.02] * (state.ndim - 2), 0.72, 0.02], 0.98, (n, state.ndim)) * room.size


SCENARIO = Scenario(
    name="bubbles_2d",
    title="Bubbles",
    description="Bubbles rise from below, gather at the surface in the middle, fuse, and burst.",
    parameters={"n_cells": 30, "shape": (160, 160), "filling": 0.15, "bubble_radius": 0.04, "tension": 0.05, "bursting": 60.0},
    expect={"total_volume": (0.05, 0.3), "mean_height": (0.2, 0.65)},
    quick={"shape": (64, 64), "n_cells": 12, "bubble_radius": 0.06},
    shows_after=0.8,
    group="Falling and squeezing",
    model=f"{__name__}:Bubbles2D",
)

"""Evacuation of a room through one door: hard cells block it, soft ones squeeze through."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from shapelab.catalog import Scenario
from shapelab.cells.cell_diagram import CellDiagram
from shapelab.cells.model import CellModel
from shapelab.cells.motions.life import remove
from shapelab.cells.motions.propulsion import steer, unit
from shapelab.cells.parameters import PlaneParameters
from shapelab.cells.scenery import Lines, box_lines, door_lines
from shapelab.cells.state import CellState
from shapelab.cells.walls import coordinates
from shapelab.simulation import parameter


class FireAlarmParameters(PlaneParameters):
    """Parameters of `FireAlarm`."""

    speed: float = parameter(0.4, "Speed of a free cell.", unit="box/s", main=True, live=True, ge=0, le=10, step=0.05)
    noise: float = parameter(0.2, "Rotational diffusion of the headings.", unit="1/s", live=True, ge=0, le=100, step=0.1)
    door: float = parameter(1.05, "Half-width of the door, in cell radii.", main=True, ge=0.2, le=20, step=0.05)


class FireAlarm(CellModel):
    """``dx = v0 n dt + F_inc dt``, ``dn = P (e dt + sqrt(2 D) dW)`` with e the direction of the door, in the middle of the right wall.

    A cell in the door, its seed within a radius of the end of the box, is out. A. Diez and J. Feydy, arXiv:2402.17086 (2024);
    arches as in B. Maury et al., Netw. Heterog. Media 6, 485 (2011), doi:10.3934/nhm.2011.6.485.
    """

    parameters_type, lloyd = FireAlarmParameters, 4

    def walls(self, p: Any) -> np.ndarray | None:
        y, x = coordinates(p)
        return (np.abs(y - y.mean()) < p.door * p.radius()) | (x < self.inside(p))

    def inside(self, p: Any) -> float:
        """Return x of the inner face of the right wall, which is a 64th of the box thick."""
        return float((p.shape[1] - max(2, p.shape[1] // 64)) * p.spacing[1])

    def equip(self, state: CellState) -> None:
        state.counts |= {"evacuated": 0.0, "started": float(len(state)), "radius": state.radius, "last_exit": 0.0}

    def velocity(self, state: CellState, diagram: CellDiagram) -> np.ndarray:
        return super().velocity(state, diagram) + self.of(state).speed * state.axes

    def change(self, state: CellState, diagram: CellDiagram, dt: float) -> None:
        p, radius, box = self.of(state), state.counts["radius"], self.room(state).size
        door = box * [0.5, 1.0]
        state.axes = steer(state.axes, unit(door - state.positions), p.noise, dt, state.rng)
        at_wall = state.positions[:, 1] > box[1] - 1.02 * radius
        out = remove(state, at_wall & (np.abs(state.positions[:, 0] - door[0]) < p.door * radius))
        state.counts["evacuated"] += out
        state.counts["last_exit"] = state.time if out else state.counts["last_exit"]
        state.ending = state.ending if len(state) else "All cells have left."

    def scenery(self, state: CellState) -> list[Lines]:
        p, size = self.of(state), self.room(state).size
        return [box_lines(size), door_lines(size, self.inside(p), p.door * p.radius())]

    def observe(self, state: CellState, diagram: CellDiagram) -> dict[str, float]:
        return {
            "evacuated": state.counts["evacuated"],
            "evacuated_part": state.counts["evacuated"] / max(state.counts["started"], 1),
            "waiting_since": state.time - state.counts["last_exit"],
            "roundness": float(diagram.roundness.mean()),
        }


_COMMON = {"n_cells": 60, "shape": (256, 256), "filling": 0.42, "stiffness": 0.1, "correction": 3.0, "max_time": 15.0}
HARD = Scenario(
    name="fire_alarm",
    title="Fire alarm, hard cells",
    description="Hard cells rush to the door in the right wall and jam: arches block it, and cells leave in bursts when they break.",
    parameters={**_COMMON, "p": 8.0},
    expect={"evacuated_part": (0.0, 0.4), "roundness": (0.97, 1.05)},
    warning="How many get out in a given time is random: try several seeds.",
    variants={"paper": {"n_cells": 111, "shape": (512, 512), "dt": 0.001, "max_time": 15.0}},
    quick={"shape": (80, 80), "n_cells": 20},
    shows_after=0.4,
    steps=6000,
    group="Active matter",
    model=f"{__name__}:FireAlarm",
)
SOFT = replace(
    HARD,
    name="fire_alarm_soft",
    title="Fire alarm, soft cells",
    description="Soft cells rush to the door in the right wall and squeeze out one after the other.",
    parameters={**_COMMON, "p": 0.5},
    expect={"evacuated_part": (0.05, 0.8), "roundness": (0.7, 0.96)},
    shows_after=3.0,
)

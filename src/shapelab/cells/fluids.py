"""The model of fluids and solids made of cells: velocities, gravity, and a spring to the centre of each cell."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from shapelab.cells.cell_diagram import CellDiagram
from shapelab.cells.model import CellModel
from shapelab.cells.motions.fluid import euler_step, fluid_energy
from shapelab.cells.parameters import CellParameters, PlaneParameters
from shapelab.cells.state import CellState
from shapelab.cells.walls import Room, coordinates
from shapelab.errors import ParameterError
from shapelab.simulation import parameter

__all__ = ["BlockParameters", "FluidModel", "FluidParameters"]


class FluidParameters(PlaneParameters):
    """Parameters of every `FluidModel`."""

    gravity: float = parameter(1.0, "Acceleration of gravity (y points down).", unit="box/s²", main=True, live=True, ge=0, le=100, step=0.1)
    spring: float = parameter(
        0.07,
        "Time (eps) over which a cell is pulled back to its centre; in this time it should fall freely by at least 10 pixels.",
        unit="s",
        gt=0,
        le=1,
        step=0.01,
    )
    damping: float = parameter(0.0, "Rate at which motion dies out.", unit="1/s", main=True, live=True, ge=0, le=100, step=0.1)


class BlockParameters(FluidParameters):
    """Parameters of a fluid or solid that starts as a block."""

    width: float = parameter(0.3, "Width of the block.", unit="box", main=True, gt=0.02, le=1, step=0.05)
    height: float = parameter(0.6, "Height of the block.", unit="box", main=True, gt=0.02, le=1, step=0.05)
    left: float = parameter(0.0, "Position of the left side of the block.", unit="box", ge=0, le=0.98, step=0.05)
    drop: float = parameter(0.0, "Height of the block above the floor.", unit="box", ge=0, le=0.98, step=0.05)


class FluidModel(CellModel):
    """``u' = g - (x - b)/eps^2``, ``x' = u``: incompressible Euler flow, with b the centre of gravity of a cell and density 1.

    T. O. Gallouët and Q. Mérigot, Found. Comput. Math. 18, 835 (2018), doi:10.1007/s10208-017-9355-y; partial transport for the
    free surface: B. Lévy, J. Comput. Phys. 451, 110838 (2022), doi:10.1016/j.jcp.2021.110838.
    """

    parameters_type: ClassVar[type[CellParameters]] = BlockParameters
    corrected = False
    citation = "T. O. Gallouët and Q. Mérigot, Found. Comput. Math. 18, 835 (2018), doi:10.1007/s10208-017-9355-y"
    lloyd = 8
    floor = True
    colour_by = "speed"

    def start(self, p: Any) -> np.ndarray | None:
        y, x = coordinates(p)
        floor = p.shape[0] * p.spacing[0] - p.drop
        block = (x > p.left) & (x < p.left + p.width) & (y < floor) & (y > floor - p.height)
        if not block.any():
            raise ParameterError("The block lies outside the box: lower drop or left.")
        return block

    def populate(self, state: CellState, room: Room) -> None:
        super().populate(state, room)
        if room.mask is not None:
            state.volumes = np.full(len(state), float(room.mask.mean()) * self.of(state).box_volume / max(len(state), 1))

    def init(self, parameters: CellParameters, initial: Any = None) -> CellState:
        """Return the state at rest, with its energy noted."""
        state = super().init(parameters, initial)
        parts = self.energies(state, CellDiagram.of(state, self.periodic))
        state.counts |= {
            "start_energy": sum(parts.values()),
            "energy_scale": max(parts["kinetic_energy"] + parts["potential_energy"], 1e-12),
        }
        return state

    def accelerations(self, state: CellState, diagram: CellDiagram) -> np.ndarray:
        """Return gravity and whatever else acts on the cells, per mass."""
        del diagram
        return np.broadcast_to([self.of(state).gravity, 0.0], state.positions.shape)

    def move(self, state: CellState, diagram: CellDiagram, dt: float) -> None:
        p = self.of(state)
        positions, velocities = euler_step(
            state.positions, state.velocities, diagram.offsets, self.accelerations(state, diagram), p.spring, p.damping, dt
        )
        if not self.periodic:
            low, high = 0.5 * np.array(p.spacing), self.room(state).size - 0.5 * np.array(p.spacing)
            velocities = np.where((positions < low) | (positions > high), 0, velocities)
        state.positions, state.velocities = positions, velocities

    def time_step(self, state: CellState) -> float:
        p = self.of(state)
        fastest = float(np.linalg.norm(state.velocities, axis=1).max(initial=0))
        if p.dt is not None:
            if p.dt > p.spring or p.dt * fastest > state.radius > 0:
                raise ParameterError(
                    f"dt = {p.dt:g} is unstable here: use at most {self.stable(p, state, fastest):.2g}, or leave dt empty."
                )
            return float(p.dt)
        return self.stable(p, state, fastest)

    def stable(self, p: Any, state: CellState, fastest: float) -> float:
        """Return a time step that follows the springs and the flow."""
        return min(p.spring / 7, 0.5 * state.radius / fastest if fastest > 0 else p.spring)

    def energies(self, state: CellState, diagram: CellDiagram) -> dict[str, float]:
        """Return the parts of the energy."""
        p = self.of(state)
        heights = self.room(state).size[0] - state.positions[:, 0]
        return fluid_energy(state.velocities, heights, state.volumes, diagram.covariances, diagram.offsets, p.gravity, p.spring)

    def observe(self, state: CellState, diagram: CellDiagram) -> dict[str, float]:
        parts, counts = self.energies(state, diagram), state.counts
        rows = np.flatnonzero((diagram.labels > 0).any(axis=1))
        columns = np.flatnonzero((diagram.labels > 0).any(axis=0))
        wet_low, wet_high = (columns.min(), columns.max() + 1) if len(columns) else (0, 0)
        return {
            "energy": 1 + (sum(parts.values()) - counts["start_energy"]) / counts["energy_scale"],
            "kinetic_energy": parts["kinetic_energy"] / counts["energy_scale"],
            "front": wet_high * diagram.spacing[1],
            "top": (diagram.labels.shape[0] - rows.min()) * diagram.spacing[0] if len(rows) else 0.0,
            "width_over_height": float((wet_high - wet_low) / max(rows.max() + 1 - rows.min(), 1)) if len(rows) else 1.0,
            "mean_height": float(self.room(state).size[0] - state.positions[:, 0].mean()),
        }

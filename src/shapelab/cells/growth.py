"""The model of cells that grow and divide."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from shapelab.cells.cell_diagram import CellDiagram
from shapelab.cells.model import CellModel
from shapelab.cells.motions.life import divide, grow
from shapelab.cells.observables import gyration_ratio
from shapelab.cells.parameters import CellParameters, PlaneParameters, SpaceParameters
from shapelab.cells.state import CellState
from shapelab.cells.walls import Room
from shapelab.grid_parameters import ball_radius
from shapelab.simulation import parameter

__all__ = ["Growth3DParameters", "GrowthParameters", "TissueGrowth", "TissueGrowth3D"]


class _Growth(CellParameters):
    capacity: int = parameter(
        60,
        "Number of full-grown cells that would fill the volume fraction; division stops there.",
        unit="cells",
        main=True,
        ge=1,
        le=100_000,
    )
    growth_rate: float = parameter(
        2.0,
        "Growth rate, in half volumes per second; each cell has its own, between half and twice this.",
        main=True,
        live=True,
        ge=0,
        le=100,
        step=0.1,
    )
    division_rate: float = parameter(
        5.0, "How often a cell that is large enough divides.", unit="1/s", main=True, live=True, ge=0, le=100, step=0.5
    )
    attraction: float = parameter(0.2, "Speed at which cells are pulled to the middle.", unit="box/s", live=True, ge=0, le=10, step=0.05)


class GrowthParameters(PlaneParameters, _Growth):
    """Parameters of `TissueGrowth`."""


class Growth3DParameters(SpaceParameters, _Growth):
    """Parameters of `TissueGrowth3D`."""


class TissueGrowth(CellModel):
    """``dv/dt = rate`` up to a full volume; beyond 4/5 of it cells divide at a rate, in two halves. ``dx = a e dt + F_inc dt``.

    e points to the middle. A. Diez and J. Feydy, arXiv:2402.17086 (2024).
    """

    parameters_type: ClassVar[type[CellParameters]] = GrowthParameters
    longest_step = 0.02

    def full_volume(self, p: Any) -> float:
        """Return the volume of a grown cell."""
        return p.filling * p.box_volume / p.capacity

    def populate(self, state: CellState, room: Room) -> None:
        p, n = self.of(state), self.of(state).n_cells
        full = self.full_volume(p)
        middle = room.size / 2 + 0.5 * ball_radius(full * n, p.ndim) * state.rng.standard_normal((n, p.ndim)) * (n > 1)
        state.add(middle, np.full(n, full / 2))

    def equip(self, state: CellState) -> None:
        # a user's own cells divide when they have doubled; those of the scenario when they are grown
        own = "covariance" in state.traits
        state.counts |= {"full": 2 * float(state.volumes.mean()) if own else self.full_volume(self.of(state)), "divisions": 0.0}
        if own:
            room = self.room(state)
            state.counts["limit"] = 0.95 * room.volume
        else:
            state.counts["limit"] = self.of(state).filling * self.of(state).box_volume
        state.traits["rate"] = state.rng.uniform(0.5, 2, len(state))

    def tau(self, state: CellState) -> Any:
        return self.of(state).correction / state.radii ** (state.ndim - 1)

    def speed(self, state: CellState) -> float:
        return float(self.of(state).attraction)

    def velocity(self, state: CellState, diagram: CellDiagram) -> np.ndarray:
        to_middle = self.room(state).size / 2 - state.positions
        away = np.linalg.norm(to_middle, axis=1, keepdims=True)
        return super().velocity(state, diagram) + self.of(state).attraction * to_middle / np.maximum(away, state.radius or 1)

    def change(self, state: CellState, diagram: CellDiagram, dt: float) -> None:
        p, full, limit = self.of(state), state.counts["full"], state.counts["limit"]
        grown = grow(state.volumes, 0.5 * full * p.growth_rate * state.traits["rate"], full, dt)
        extra, left = grown.sum() - state.volumes.sum(), max(0.0, limit - state.volumes.sum())
        state.volumes = state.volumes + (grown - state.volumes) * min(1.0, left / max(extra, 1e-300))
        ready = (state.volumes > 0.8 * full) & (state.rng.random(len(state)) < -np.expm1(-p.division_rate * dt))
        rows = np.flatnonzero(ready & (state.volumes.sum() < 0.999 * limit))
        if len(rows):
            new = divide(state, rows, state.axes[rows], 0.5 * float(ball_radius(full, state.ndim)))
            state.traits["rate"][new] = state.rng.uniform(0.5, 2, len(new))
            state.positions = self.room(state).keep_inside(state.positions)
            state.counts["divisions"] += len(rows)

    def notes(self, state: CellState) -> tuple[str, ...]:
        if state.counts["divisions"] or len(state) < 2 or state.volumes.sum() < 0.99 * state.counts["limit"]:
            return ()
        return ("The cells already fill the space, so none can grow or divide: start from cells with more space around them.",)

    def observe(self, state: CellState, diagram: CellDiagram) -> dict[str, float]:
        return {
            "total_volume": float(state.volumes.sum()),
            "divisions": state.counts["divisions"],
            "gyration_ratio": gyration_ratio(state),
        }


class TissueGrowth3D(TissueGrowth):
    """As `TissueGrowth`, in space."""

    parameters_type = Growth3DParameters

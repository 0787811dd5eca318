"""Two types of cells that mix, sort or part in space."""

from __future__ import annotations

from typing import Any

import numpy as np

from shapelab.catalog import Scenario
from shapelab.cells.cell_diagram import CellDiagram
from shapelab.cells.model import CellModel
from shapelab.cells.motions.sorting import assign_types, tension_table
from shapelab.cells.motions.tension import interface_forces, without_drift
from shapelab.cells.observables import sorting
from shapelab.cells.parameters import SpaceParameters
from shapelab.cells.state import CellState
from shapelab.cells.walls import coordinates
from shapelab.simulation import parameter


class Sorting3DParameters(SpaceParameters):
    """Parameters of `CellSorting3D`."""

    first_part: float = parameter(0.5, "Fraction of the cells that are of the first type.", ge=0, le=1, step=0.05)
    tension: float = parameter(5.0, "Tension of the second type against the medium.", main=True, live=True, ge=0, le=100, step=0.5)
    first_tension: float = parameter(
        2.0, "Tension of the first type against the medium, relative to the second.", main=True, live=True, ge=0.01, le=20, step=0.1
    )
    repulsion: float = parameter(
        0.4, "Tension between cells of one type, relative to that against the medium.", live=True, ge=0, le=10, step=0.05
    )
    first_repulsion: float = parameter(0.8, "Repulsion within the first type, relative to the second.", live=True, ge=0.01, le=20, step=0.1)
    contrast: float = parameter(
        3.0, "Tension between the two types over that within the first: below 1 they mix.", main=True, live=True, ge=0, le=20, step=0.1
    )
    split: bool = parameter(False, "Start with the two types side by side.", main=True)


class CellSorting3D(CellModel):
    """``dx/dt = Int (g_ij kappa + eta_ij / |x_i - x_j|) n dS`` over the contacts of a cell, minus the mean of its cluster.

    The cost is ``g_i0 |z|^2 / R_i``; kappa is the mean curvature of the interface, n points into the cell.
    A. Diez and J. Feydy, arXiv:2402.17086 (2024).
    """

    parameters_type, needs_medium = Sorting3DParameters, True

    def start(self, p: Any) -> np.ndarray | None:
        away = np.sqrt(sum((x - x.mean()) ** 2 for x in coordinates(p)))
        return away < (1.05 * p.filling * p.box_volume * 0.75 / np.pi) ** (1 / 3)

    def equip(self, state: CellState) -> None:
        p, n = self.of(state), len(state)
        state.types = assign_types(n, p.first_part, state.rng)
        if p.split:
            state.types = (np.argsort(np.argsort(state.positions[:, 2])) >= round(p.first_part * n)).astype(np.int64)

    def tables(self, state: CellState) -> tuple[np.ndarray, np.ndarray]:
        """Return the tables of g and eta."""
        p = self.of(state)
        second, first = 2 * p.repulsion * p.tension, 2 * p.first_repulsion * p.repulsion * p.tension * p.first_tension
        bending = tension_table(0, 0, p.first_repulsion * p.first_tension * p.tension, p.first_tension * p.tension, p.tension)
        return bending, tension_table(first, second, p.contrast * first, 0, 0)

    def scales(self, state: CellState) -> np.ndarray:
        """Return the weights of ``|z|^2`` in the costs."""
        return self.tables(state)[0][np.minimum(state.types, 1), 2] / state.radii

    def cost(self, state: CellState) -> Any:
        from shapelab.transport.costs import Power

        return Power(2.0, self.scales(state))

    def speed(self, state: CellState) -> float:
        return 2 * state.radius * float(max(table.max() for table in self.tables(state)))

    def velocity(self, state: CellState, diagram: CellDiagram) -> np.ndarray:
        forces = interface_forces(diagram, state.positions, np.minimum(state.types, 1), *self.tables(state), self.scales(state))
        forces = without_drift(forces, state.volumes, diagram.contacts.of_cells()[0])
        return forces + self.of(state).correction / state.radius * diagram.offsets

    def observe(self, state: CellState, diagram: CellDiagram) -> dict[str, float]:
        return sorting(diagram, np.minimum(state.types, 1))


def sorting_scenario_3d(name: str, title: str, description: str, parameters: dict[str, Any], expect: Any, after: float) -> Scenario:
    """Return a scenario in space from what differs."""
    return Scenario(
        name=name,
        title=f"{title} (3-D)",
        description=description,
        parameters={"n_cells": 60, "shape": (64, 64, 64), "filling": 0.25, "correction": 0.1, **parameters},
        expect=expect,
        variants={"paper": {"n_cells": 128, "shape": (256, 256, 256), "filling": 0.09, "max_time": 4.0}},
        quick={"shape": (32, 32, 32), "n_cells": 20},
        shows_after=after,
        group="Tissues",
        model=f"{__name__}:CellSorting3D",
    )

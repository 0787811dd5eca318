"""Two types of cells that mix, sort or part, by the tensions of their contacts."""

from __future__ import annotations

from typing import Any

import numpy as np

from shapelab.catalog import Scenario
from shapelab.cells.cell_diagram import CellDiagram
from shapelab.cells.model import CellModel
from shapelab.cells.motions.sorting import assign_types, tension_table
from shapelab.cells.motions.tension import interface_forces, junction_forces, without_drift
from shapelab.cells.observables import interface_energy, sorting
from shapelab.cells.parameters import PlaneParameters
from shapelab.cells.state import CellState
from shapelab.cells.walls import coordinates
from shapelab.simulation import parameter


class SortingParameters(PlaneParameters):
    """Parameters of `CellSorting`."""

    first_part: float = parameter(0.5, "Fraction of the cells that are of the first type.", ge=0, le=1, step=0.05)
    first: float = parameter(1.0, "Tension between cells of the first type.", main=True, live=True, ge=0, le=100, step=0.5)
    second: float = parameter(1.0, "Tension between cells of the second type.", main=True, live=True, ge=0, le=100, step=0.5)
    between: float = parameter(5.0, "Tension between the two types.", main=True, live=True, ge=0, le=100, step=0.5)
    first_medium: float = parameter(30.0, "Tension of the first type against the medium.", main=True, live=True, ge=0, le=100, step=0.5)
    second_medium: float = parameter(7.0, "Tension of the second type against the medium.", main=True, live=True, ge=0, le=100, step=0.5)
    mobility: float = parameter(0.14, "How fast tension moves cells.", live=True, ge=0, le=10, step=0.01)
    noise: float = parameter(0.0, "Random motion, in cell radii per square root of time.", live=True, ge=0, le=10, step=0.1)


class CellSorting(CellModel):
    """``dx = m (F_interfaces + F_junctions) dt + F_inc dt``: cells are pushed away from expensive contacts, without a common drift.

    By the differential interfacial tension hypothesis two types mix if ``between < (first + second)/2``, part if
    ``between > first_medium + second_medium``, and the first is engulfed if ``first_medium > between + second_medium``.
    G. W. Brodland, J. Biomech. Eng. 124, 188 (2002), doi:10.1115/1.1449491; A. Diez and J. Feydy, arXiv:2402.17086 (2024).
    """

    parameters_type, needs_medium = SortingParameters, True

    def start(self, p: Any) -> np.ndarray | None:
        y, x = coordinates(p)
        return np.hypot(y - y.mean(), x - x.mean()) < np.sqrt(1.05 * p.filling * p.box_volume / np.pi)

    def equip(self, state: CellState) -> None:
        state.types = assign_types(len(state), self.of(state).first_part, state.rng)

    def tensions(self, state: CellState) -> np.ndarray:
        """Return the table (3, 3)."""
        p = self.of(state)
        return tension_table(p.first, p.second, p.between, p.first_medium, p.second_medium)

    def speed(self, state: CellState) -> float:
        return 0.5 * self.of(state).mobility * float(self.tensions(state).max())

    def velocity(self, state: CellState, diagram: CellDiagram) -> np.ndarray:
        table = self.tensions(state)
        types = np.minimum(state.types, 1)
        forces = interface_forces(diagram, state.positions, types, table, table)
        forces = forces + junction_forces(diagram, state.positions, types, table, state.radius / 3)
        forces = without_drift(forces, state.volumes, diagram.contacts.of_cells()[0])
        return super().velocity(state, diagram) + self.of(state).mobility * forces

    def move(self, state: CellState, diagram: CellDiagram, dt: float) -> None:
        super().move(state, diagram, dt)
        noise = self.of(state).noise * state.radius * np.sqrt(dt)
        state.positions = state.positions + noise * state.rng.standard_normal(state.positions.shape)

    def observe(self, state: CellState, diagram: CellDiagram) -> dict[str, float]:
        types = np.minimum(state.types, 1)
        return {**sorting(diagram, types), "interface_energy": interface_energy(diagram, types, self.tensions(state))}


def sorting_scenario(
    name: str, title: str, description: str, tensions: tuple[float, ...], expect: Any, after: float, quick: Any = None
) -> Scenario:
    """Return a scenario from its tensions: first, second, between, first_medium, second_medium."""
    fields = ("first", "second", "between", "first_medium", "second_medium")
    common = {"n_cells": 80, "shape": (256, 256), "filling": 0.4, "correction": 0.5}
    return Scenario(
        name=name,
        title=title,
        description=description,
        parameters={**common, **dict(zip(fields, tensions, strict=True))},
        citation=CellModel.citation,
        expect=expect,
        variants={"paper": {"n_cells": 246, "shape": (600, 600), "dt": 0.0005, "max_time": 10.0}},
        quick=quick or {"shape": (80, 80), "n_cells": 20},
        shows_after=after,
        group="Tissues",
        model=f"{__name__}:CellSorting",
    )

"""The model of solids made of cells: elastic forces from how the neighbours of the start have moved, and plastic flow."""

from __future__ import annotations

from typing import Any

import numpy as np

from shapelab.cells.cell_diagram import CellDiagram
from shapelab.cells.fluids import BlockParameters, FluidModel
from shapelab.cells.motions.solid import deformation, flow_plastically, reference_graph, solid_forces
from shapelab.cells.state import CellState
from shapelab.errors import EditError
from shapelab.simulation import parameter

__all__ = ["SolidBlock", "SolidParameters"]


class SolidParameters(BlockParameters):
    """Parameters of `SolidBlock`."""

    shear_modulus: float = parameter(6.0, "Resistance to shear (density 1).", unit="(box/s)²", main=True, live=True, gt=0, le=100, step=0.5)
    yield_strain: float = parameter(
        10.0,
        "Shear strain (logarithmic) beyond which the block flows; large for an elastic block.",
        main=True,
        live=True,
        gt=0,
        le=10,
        step=0.01,
    )
    hourglass: float = parameter(
        0.3, "Resistance to motion that is not a smooth deformation, relative to the shear modulus.", ge=0, le=10, step=0.1
    )


class SolidBlock(FluidModel):
    """`FluidModel` plus elastic forces: neo-Hookean, from how the neighbours of the start have moved, with von Mises yield.

    A minimal elastoplastic version of power particles (Z. Qu et al., "Power plastics", ACM Trans. Graph. 42 (2023)), in total
    Lagrangian form, with a volumetric term as stiff as the shear and hourglass control.
    """

    parameters_type = SolidParameters
    colour_by = ""
    citation = (
        'Z. Qu et al., "Power plastics: a hybrid Lagrangian/Eulerian solver for mesoscale inelastic flows", ACM Trans. Graph. 42 (2023)'
    )

    def equip(self, state: CellState) -> None:
        state.traits["plastic"] = np.broadcast_to(np.eye(2), (len(state), 2, 2)).copy()

    def init(self, parameters: Any, initial: Any = None) -> CellState:
        """Return the state with its reference shape noted: positions and neighbours at rest."""
        state = super().init(parameters, initial)
        state.traits["reference"] = state.positions.copy()
        return state

    def accelerations(self, state: CellState, diagram: CellDiagram) -> np.ndarray:
        p, reference = self.of(state), state.traits["reference"]
        if len(state) < 5:
            return super().accelerations(state, diagram)
        pairs = reference_graph(reference, state.volumes)
        total, _ = deformation(state.positions, reference, pairs)
        state.traits["plastic"] = plastic = flow_plastically(total, state.traits["plastic"], p.yield_strain)
        forces = solid_forces(state.positions, reference, pairs, plastic, state.volumes, p.shear_modulus, p.shear_modulus, p.hourglass)
        return super().accelerations(state, diagram) + forces / state.volumes[:, None]

    def edit(self, state: CellState, action: str, **arguments: Any) -> CellState:
        """Refuse new cells: they would have no place in the reference shape."""
        if action == "add_cell":
            raise EditError("Cells cannot be added to a solid: they have no place in its undeformed shape.")
        return super().edit(state, action, **arguments)

    def stable(self, p: Any, state: CellState, fastest: float) -> float:
        sound = np.sqrt(2 * p.shear_modulus)
        return min(super().stable(p, state, fastest), 0.5 * state.radius / sound if len(state) else 1.0)

    def observe(self, state: CellState, diagram: CellDiagram) -> dict[str, float]:
        shape, start = (x - x.mean(axis=0) for x in (state.positions, state.traits["reference"]))
        u, _, vt = np.linalg.svd(shape.T @ start)  # the rotation that fits best (Kabsch)
        away = shape - start @ (u @ vt).T
        error = np.sqrt(np.mean(np.sum(away**2, axis=1))) / np.sqrt(state.volumes.sum())
        scalars = super().observe(state, diagram)
        del scalars["energy"], scalars["front"]  # elastic energy is not part of the sum
        return {"shape_error": float(error), **scalars}

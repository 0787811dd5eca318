"""Self-propelled cells whose heading wanders: a liquid of soft cells, a crystal of hard ones."""

from __future__ import annotations

import numpy as np

from shapelab.catalog import Scenario
from shapelab.cells.cell_diagram import CellDiagram
from shapelab.cells.model import CellModel
from shapelab.cells.motions.propulsion import diffuse_axes
from shapelab.cells.observables import mean_square_displacement, shape_index
from shapelab.cells.parameters import PlaneParameters
from shapelab.cells.state import CellState
from shapelab.measure.order import hexatic_order
from shapelab.simulation import parameter


class ActiveBrownianParameters(PlaneParameters):
    """Parameters of `ActiveBrownian`."""

    speed: float = parameter(0.3, "Speed of a free cell.", unit="box/s", main=True, live=True, ge=0, le=10, step=0.05)
    turning: float = parameter(
        0.69,
        "Rotational diffusion times cell radius: how fast headings wander.",
        unit="box/s",
        main=True,
        live=True,
        ge=0,
        le=100,
        step=0.01,
    )


class ActiveBrownian(CellModel):
    """``dx = v0 n dt + F_inc dt``, ``dn = sqrt(2 D) P dW`` in a periodic box.

    The exponent of the cost decides: soft cells (p < 1) flow, hard ones (p > 6) crystallise. A. Diez and J. Feydy,
    arXiv:2402.17086 (2024); the shape index is that of D. Bi et al., Phys. Rev. X 6, 021011 (2016).
    """

    parameters_type = ActiveBrownianParameters
    periodic = True
    lloyd = 10

    def velocity(self, state: CellState, diagram: CellDiagram) -> np.ndarray:
        return super().velocity(state, diagram) + self.of(state).speed * state.axes

    def change(self, state: CellState, diagram: CellDiagram, dt: float) -> None:
        state.axes = diffuse_axes(state.axes, self.of(state).turning / state.radius, dt, state.rng)

    def observe(self, state: CellState, diagram: CellDiagram) -> dict[str, float]:
        box = np.array(self.of(state).shape) * np.array(self.of(state).spacing)
        return {
            "hexatic_order": hexatic_order(state.positions, box),
            "shape_index": shape_index(diagram),
            "mean_square_displacement": mean_square_displacement(state),
        }


_COMMON = {"n_cells": 40, "shape": (256, 256), "filling": 0.94, "stiffness": 0.1, "correction": 3.0}
_PAPER = {"n_cells": 250, "shape": (512, 512), "dt": 0.002, "max_time": 5.0}

LIQUID = Scenario(
    name="active_liquid",
    title="Active liquid",
    description="Soft self-propelled cells flow past one another like a liquid; raise p and they freeze.",
    parameters={**_COMMON, "p": 0.5},
    citation=CellModel.citation,
    expect={"hexatic_order": (0.2, 0.55), "shape_index": (3.7, 4.1)},
    variants={"paper": _PAPER},
    quick={"shape": (80, 80), "n_cells": 20},
    shows_after=1.5,
    steps=500,
    group="Active matter",
    model=f"{__name__}:ActiveBrownian",
)
CRYSTAL = Scenario(
    name="active_crystal",
    title="Active crystal",
    description="Hard self-propelled cells push each other into a crystal; lower p and it melts.",
    parameters={**_COMMON, "p": 8.0},
    citation=CellModel.citation,
    expect={"hexatic_order": (0.7, 1.0), "shape_index": (3.54, 3.66)},
    variants={"paper": _PAPER},
    quick={"shape": (80, 80), "n_cells": 20},
    shows_after=1.5,
    steps=1500,
    group="Active matter",
    model=f"{__name__}:ActiveBrownian",
)

"""Your own cell model in a few lines: cells swirl around the middle of a dish, and one is dragged by hand.

Run it with ``python examples/cells_own_scenario.py``.
"""

from __future__ import annotations

import numpy as np

from shapelab.cells import CellDiagram, CellModel, CellState, PlaneParameters
from shapelab.simulation import Simulation


class Swirl(CellModel):
    """``dx = w e_phi dt + F_inc dt``."""

    parameters_type = PlaneParameters

    def velocity(self, state: CellState, diagram: CellDiagram) -> np.ndarray:
        y, x = (state.positions - self.room(state).size / 2).T
        return super().velocity(state, diagram) + 2.0 * np.stack([x, -y], axis=1)

    def observe(self, state: CellState, diagram: CellDiagram) -> dict[str, float]:
        return {"elongation": float(diagram.elongations.mean())}


if __name__ == "__main__":
    sim = Simulation(Swirl(), PlaneParameters(n_cells=25, filling=0.6, shape=(96, 96)))
    for frame in sim.run(steps=100, every=25):
        print(frame.step, {name: round(value, 3) for name, value in frame.scalars.items()})
    sim.edit("move_seed", cell=3, position=(10, 10))
    print("cell 3 is now at", sim.frame()["seeds"][2])

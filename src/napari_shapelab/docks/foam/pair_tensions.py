"""The tensions of a foam's interfaces, which colour its mesh."""

from __future__ import annotations

import numpy as np

from napari_shapelab.work.mesh_layer import PairValues
from shapelab.foam.state import FoamState
from shapelab.simulation import Simulation

__all__ = ["pair_tensions"]


def pair_tensions(simulation: Simulation) -> PairValues:
    """Return what gives the tension between two cells by their labels, as it is now; nan where one of them has left."""
    state = simulation.state()
    assert isinstance(state, FoamState)
    order = np.argsort(state.ids)
    ids, kinds, table = state.ids[order], state.kinds[order], state.table.copy()

    def values(pairs: np.ndarray) -> np.ndarray:
        rows = np.minimum(np.searchsorted(ids, pairs), len(ids) - 1)
        there = (ids[rows] == pairs).all(axis=1)
        return np.where(there, table[kinds[rows[:, 0]], kinds[rows[:, 1]]], np.nan)

    return values

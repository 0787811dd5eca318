"""Birth and death: growth, division, removal, insertion, fusion."""

from __future__ import annotations

import numpy as np

from shapelab.cells.motions.propulsion import random_axes
from shapelab.cells.state import CellState

__all__ = ["divide", "fuse", "grow", "insert", "remove"]


def grow(volumes: np.ndarray, rates: np.ndarray | float, full: float, dt: float) -> np.ndarray:
    """Return the volumes after growing at `rates` [volume/time], never beyond `full`."""
    return np.maximum(volumes, np.minimum(volumes + rates * dt, full))


def divide(state: CellState, rows: np.ndarray, axes: np.ndarray, reach: float) -> np.ndarray:
    """Divide the cells `rows` in two halves, `reach` before and after their seeds along `axes`; return the rows of the new ones.

    The volumes of mother and daughter add up exactly to the old one. The mother keeps her id; both take new headings.
    """
    state.volumes[rows] /= 2
    state.traits.setdefault("generation", np.zeros(len(state)))[rows] += 1
    steps = reach * axes
    daughters = state.add(state.positions[rows] + steps, state.volumes[rows], parents=rows)
    state.positions[rows] -= steps
    both = np.concatenate([rows, daughters])
    state.axes[both] = random_axes(state.rng, len(both), state.ndim)
    state.potentials[both] = np.nan
    return daughters


def remove(state: CellState, gone: np.ndarray) -> int:
    """Remove the cells where `gone` is True, and return how many there were; the medium takes their place."""
    n = int(np.count_nonzero(gone))
    if n:
        state.keep(~gone)
    return n


def insert(state: CellState, positions: np.ndarray, volumes: np.ndarray, types: np.ndarray | int = 0) -> np.ndarray:
    """Add cells with random headings, and return their rows."""
    rows = state.add(positions, volumes)
    state.axes[rows] = random_axes(state.rng, len(rows), state.ndim)
    state.types[rows] = types
    return rows


def fuse(state: CellState, pairs: np.ndarray) -> int:
    """Fuse pairs of cells (rows); each cell takes part once. The first keeps its id and moves to the common centre of gravity."""
    used: set[int] = set()
    gone = np.zeros(len(state), bool)
    for i, j in pairs.tolist():
        if i in used or j in used:
            continue
        used |= {i, j}
        total = state.volumes[i] + state.volumes[j]
        state.positions[i] += (state.positions[j] - state.positions[i]) * (state.volumes[j] / total)
        state.volumes[i], gone[j] = total, True
        state.potentials[i] = np.nan
    return remove(state, gone)

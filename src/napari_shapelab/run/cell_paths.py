"""Where the cells of a run have been, at every step: followed in the run's own thread, shown as tracks."""

from __future__ import annotations

import threading

import numpy as np

from shapelab.cells.frames import to_pixels
from shapelab.cells.parameters import CellParameters
from shapelab.cells.state import CellState
from shapelab.foam.frames import centres_in_pixels
from shapelab.foam.state import FoamState
from shapelab.simulation import Simulation
from shapelab.state import State

__all__ = ["Paths", "track_rows"]

_MOST = 400_000
"""Places that are remembered, and that napari draws at once; beyond, every second step is dropped."""

Seen = list[tuple[int, np.ndarray, np.ndarray]]
"""Step, ids, and places [pixels of the solver's grid]."""


class Paths:
    """The places of all cells of one run: every step, or every second, fourth… of a run so long that they would not fit.

    `follow` is called in the run's thread, everything else in the window's.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: Seen = []
        self._count, self._every = 0, 1

    def follow(self, simulation: Simulation) -> None:
        """Remember where the cells are now."""
        step, ids, places = simulation.look(_places)
        with self._lock:
            if self._seen and step <= self._seen[-1][0] and step > 0:
                return
            if step % self._every:
                return
            self._seen.append((step, ids, places))
            self._count += len(ids)
            if self._count > _MOST:
                self._every *= 2
                self._seen = [one for one in self._seen if one[0] % self._every == 0]
                self._count = sum(len(one[1]) for one in self._seen)

    @property
    def every(self) -> int:
        """Steps between two places of a cell."""
        return self._every

    def seen(self) -> Seen:
        """Return what is remembered, in the order of the steps."""
        with self._lock:
            return list(self._seen)


def _places(state: State) -> tuple[int, np.ndarray, np.ndarray]:
    if isinstance(state, FoamState):
        return state.step, state.ids[1:].copy(), centres_in_pixels(state)
    assert isinstance(state, CellState)
    assert isinstance(state.parameters, CellParameters)
    return state.step, state.ids.copy(), to_pixels(state.positions, state.parameters)


def track_rows(seen: Seen, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Return tracks and the cell of each of their rows, from what was seen.

    The tracks (id, step, position…) are sorted. A path that leaves the box at one side and enters at the other is cut in
    two there: its first piece has the id of the cell, the others have ids of their own.

    Parameters
    ----------
    seen
        Step, ids and places.
    shape
        Lengths of the box, in the unit of the places.
    """
    rows = np.concatenate([np.column_stack([ids, np.full(len(ids), step), positions]) for step, ids, positions in seen])
    rows = rows[np.lexsort((rows[:, 1], rows[:, 0]))]
    cell = rows[:, 0].astype(np.int64)
    same = cell[1:] == cell[:-1]
    far = (np.abs(np.diff(rows[:, 2:], axis=0)) > 0.5 * np.array(shape)).any(axis=1)
    piece = np.concatenate([[0], np.cumsum(same & far)])  # counts on over all cells
    first = piece[np.searchsorted(cell, cell)]
    rows[:, 0] = np.where(piece == first, cell, cell.max(initial=0) + piece)
    order = np.lexsort((rows[:, 1], rows[:, 0]))
    return rows[order], cell[order]

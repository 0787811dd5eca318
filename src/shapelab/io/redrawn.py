"""The cells of a saved run on another grid: each frame is drawn again from the potentials that were saved with it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import numpy as np

from shapelab import memory
from shapelab.catalog import create
from shapelab.device import require_memory
from shapelab.errors import InputError, ParameterError, ShapelabError, Stopped
from shapelab.frame import LayerData
from shapelab.io.checkpoint import read_checkpoint
from shapelab.io.ngff import inside
from shapelab.io.record import RunRecord

if TYPE_CHECKING:
    from pathlib import Path

    from shapelab.state import State

__all__ = ["FINEST", "Redrawn"]

FINEST = 16
"""Most pixels drawn per computed pixel along each axis."""


class Redrawn:
    """The labels of a run's cells, drawn as they are looked at; one thread at a time draws.

    Every pixel belongs to the cell that the potentials of its frame give its centre to: boundaries are exact on any grid.

    Parameters
    ----------
    path, record
        A run of cells.
    dtype
        Type of its labels.
    fineness
        Pixels drawn per computed pixel along each axis.

    Raises
    ------
    InputError
        If the run does not hold what its frames are drawn from.
    ParameterError
        If `fineness` is not a whole number from 1 to 16.
    OutOfMemoryError
        If a frame would not fit into memory.
    """

    def __init__(self, path: Path, record: RunRecord, dtype: np.dtype[Any], fineness: int) -> None:
        if isinstance(fineness, bool) or not isinstance(fineness, int | np.integer) or not 1 <= fineness <= FINEST:
            raise ParameterError(f"The resolution {fineness!r} is not allowed: choose a whole number from 1 to {FINEST}.")
        self._path, self._steps, self.fineness, self.dtype = path, record.steps, int(fineness), dtype
        missing = sorted(set(record.steps) - set(record.drawings))
        if missing:
            some = "" if len(missing) == len(record.steps) else f" of {len(missing)} frames"
            raise InputError(
                f"The run {path.name} does not hold the potentials{some} that cells are drawn from: "
                "it is not a run of cells, or an earlier version saved it. It can only be shown as it was saved."
            )
        simulation = create(record.family, record.preset, **record.latest_parameters())
        self.model: Any = simulation.model
        """The model of the run."""
        shape, count = getattr(simulation.parameters, "shape", ()), int(getattr(simulation.parameters, "n_cells", 1))
        require_memory(memory.of_cells(shape, count, fineness=self.fineness))
        self._lock = threading.Lock()
        self.shape = (len(record.steps), *(n * self.fineness for n in shape))

    def layer(self, index: int) -> LayerData:
        """Return the cells of one frame, with the place of their grid."""
        step = self._steps[index]
        with self._lock:
            state = self.state(index)
            try:
                drawn: LayerData = self.model.draw(state, self.fineness)
            except ShapelabError:
                raise
            except Exception as error:  # whatever a state that is not one leads to
                raise self._damaged(step) from error
        return drawn

    def __getitem__(self, index: int) -> np.ndarray:
        return np.asarray(self.layer(index).data).astype(self.dtype, copy=False)

    def state(self, index: int) -> State:
        """Return what the cells of one frame are drawn from."""
        step = self._steps[index]
        plain, arrays = read_checkpoint(inside(self._path, f"drawings/{step:08d}.npz"))
        try:
            parameters = self.model.parameters_type.from_json(plain["parameters"])
            state: State = self.model.state_type.unpack(plain, arrays, parameters)
            fits = parameters.shape == tuple(n // self.fineness for n in self.shape[1:]) and self.model.can_draw(state)
        except Stopped:
            raise
        except Exception as error:  # whatever a damaged file leads to
            raise self._damaged(step) from error
        if not fits:
            raise self._damaged(step)
        return state

    def _damaged(self, step: int) -> InputError:
        return InputError(
            f"What the cells of step {step} in {self._path.name} are drawn from is damaged; the saved frame can still be shown."
        )

"""Load the parameters of a saved run into the dock of its model, and resume the run there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qtpy.QtCore import QObject, Signal

from napari_shapelab.settings import PLUGIN, take_scenarios
from napari_shapelab.viewer.view import unwrapped
from napari_shapelab.work.task import Task
from shapelab.catalog import create
from shapelab.errors import InputError, ShapelabError
from shapelab.io import Run
from shapelab.simulation import Parameters, Simulation

__all__ = ["Resumer", "saved_step"]

DOCKS = {"curvatubes": "Curvatubes", "cells": "Cells", "foam": "Foam"}
"""Family -> name of its dock."""


def saved_step(run: Run, index: int) -> tuple[int | None, str]:
    """Return the step from which a run can be resumed when frame `index` is wanted, and a sentence if it is not that frame's."""
    if not run.record.checkpoints:
        return None, "This run was saved without checkpoints: it cannot be resumed."
    step = run.steps[index]
    kept = run.checkpoint_before(step)
    if kept is None:
        return None, f"There is no checkpoint up to step {step}; the first one is at step {run.record.checkpoints[0]}."
    return kept, "" if kept == step else f"Step {step} has no checkpoint; the nearest earlier one is at step {kept}."


class Resumer(QObject):
    """Opens the dock of a run's family.

    Parameters
    ----------
    viewer
        napari's viewer.
    parent
        Widget that it lives with.
    """

    said = Signal(str, bool)
    """A sentence for the user, and whether something went wrong."""
    resumed = Signal(object)
    """The run was resumed in this dock."""

    def __init__(self, viewer: Any, parent: QObject) -> None:
        super().__init__(parent)
        take_scenarios()  # a run may be one of the user's own
        self._viewer = unwrapped(viewer)
        self._undo: tuple[Any, Callable[[], None]] | None = None

    @property
    def can_undo(self) -> bool:
        """True if parameters that a dock had before can be put back."""
        return self._undo is not None and not self._undo[0].panel.running

    def restore(self, run: Run, index: int) -> None:
        """Show in the dock the parameters that were in force at a frame."""
        try:
            parameters = _parameters(run, run.steps[index])
            dock = self._free_dock(run)
        except ShapelabError as error:
            self.said.emit(str(error), True)
            return
        self._enter(dock, run, parameters)
        self.said.emit(f"The parameters of {run.path.name} are now in the {DOCKS[run.record.family]} dock; nothing runs yet.", False)

    def undo(self) -> None:
        """Put back what the dock showed before."""
        if self._undo is not None and self.can_undo:
            self._undo[1]()
            self._undo = None
            self.said.emit("The dock shows its previous parameters again.", False)

    def resume(self, run: Run, step: int) -> None:
        """Resume the run from a checkpoint, in the dock, as a run of its own; the saved folder is not changed."""
        try:
            dock = self._free_dock(run)
        except ShapelabError as error:
            self.said.emit(str(error), True)
            return
        self.said.emit(f"Reading the checkpoint of step {step}…", False)

        def go_on(simulation: Simulation) -> None:
            if dock.panel.running:
                self.said.emit(_busy(run), True)
                return
            self._enter(dock, run, simulation.parameters)
            dock.panel.resume(simulation, f"{run.path.stem} from {step}")
            self.said.emit(f"Resumed from step {step} in the {DOCKS[run.record.family]} dock; the saved run is not changed.", False)
            self.resumed.emit(dock)

        Task(self, lambda: run.simulation(step), go_on, lambda text: self.said.emit(text, True))

    def _enter(self, dock: Any, run: Run, parameters: Parameters) -> None:
        self._undo = (dock, dock.enter(run.record.preset, parameters))

    def _free_dock(self, run: Run) -> Any:
        """Return the family's dock, opened and in front; InputError if it is busy."""
        name = DOCKS.get(run.record.family)
        if name is None:
            raise InputError(f"There is no dock for runs of {run.record.family!r}.")
        place, dock = self._viewer.window.add_plugin_dock_widget(PLUGIN, name, tabify=True)
        dock = getattr(dock, "native", dock)
        if dock.panel.running:
            raise InputError(_busy(run))
        place.show()
        place.raise_()
        return dock


def _busy(run: Run) -> str:
    return f"The {DOCKS[run.record.family]} dock already has a run in progress: stop that run first."


def _parameters(run: Run, step: int) -> Parameters:
    """Return the parameters in force at a step."""
    record = run.record
    values = dict(record.parameters)
    for change in record.changes:
        if change.step <= step:
            values |= change.parameters
    return create(record.family, record.preset, **values).parameters

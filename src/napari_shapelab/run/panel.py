"""Run, Pause, Step, Stop, a status line and a live plot: the same for every dock that simulates."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from qtpy.QtWidgets import QSizePolicy, QTabWidget, QVBoxLayout, QWidget

from napari_shapelab.run.buttons import RunButtons
from napari_shapelab.run.outcome import Checkpoint
from napari_shapelab.run.session import RunSession
from napari_shapelab.widgets.button import allow, push_button
from napari_shapelab.widgets.scrolled import scrolled
from napari_shapelab.widgets.tabs_below import TabsBelow
from napari_shapelab.work.job import beside
from napari_shapelab.work.task import Task
from shapelab.simulation import Simulation

__all__ = ["RunPanel"]


class RunPanel(RunSession):
    """Controls of one run at a time; the parameters are those of `RunSession`."""

    # -- what other parts of a dock use --------------------------------------------------------------------------

    @property
    def title(self) -> str:
        """What the layers' names of the run begin with."""
        return self._run_title or self._title()

    def update_live(self, **live: Any) -> None:
        """Change live parameters of the run, if there is one."""
        if self.running and self.stream is not None:
            self.stream.worker.update(**live)

    def edit(self, action: str, **arguments: Any) -> None:
        """Apply the user's hand to the run; one that has ended is woken, and waits."""
        self.say("")
        if not self.running:
            self._continue(paused=True)
        if self.running and self.stream is not None:
            self.stream.worker.edit(action, **arguments)

    def with_simulation(self, visit: Callable[[Simulation], Any], done: Callable[[Any], None], failed: Callable[[str], None]) -> None:
        """Call `visit` on the simulation, between two steps or after its end, outside the window's thread."""
        if (stream := self.stream or self._late) is not None:
            stream.visit(visit, done, failed)
        elif self._checkpoint is not None and self._last_simulation is not None:
            Task(self, partial(_revived, self._last_simulation, self._checkpoint, visit), done, failed)
        else:
            failed("There is no result yet: press Run first.")

    def set_ready(self, ready: bool) -> None:
        """Allow Run and Step, or not."""
        self._ready = ready
        self._refresh()

    def set_problem(self, problem: str) -> None:
        """Say what is wrong with what is entered, "" if nothing is: as long as that holds, Run and Step are disabled."""
        self.message.hold("form", problem)
        self._ready = not problem
        self._refresh()

    # -- buttons -------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Begin a new run; what an earlier one left stays, hidden."""
        self._begin(paused=False)

    def toggle_pause(self) -> None:
        """Pause, or resume, also a run that has ended."""
        if not self.running:
            self._continue(paused=False)
            return
        assert self.stream is not None
        worker = self.stream.worker
        (worker.resume if worker.paused else worker.pause)()
        self._refresh()

    def step(self) -> None:
        """Take one step and wait; begins a run if there is none."""
        if not self.running:
            if self._checkpoint is not None:
                self._continue(paused=True)
            else:
                self._begin(paused=True)
        if self.running and self.stream is not None:
            self.stream.worker.step_once()
        self._refresh()

    def resume(self, simulation: Simulation, title: str) -> None:
        """Resume a simulation that was restored from a file, as a new run."""
        if not self.running:
            self._begin(paused=False, make=lambda: simulation, title=title)

    def stop(self) -> None:
        """End the run; the dock is free at once."""
        if self._reading.busy:
            self._reading.drop()
            self._rest("Stopped.")
        elif self.running and self.stream is not None:
            self.status.say("Stopping…")
            self.stream.stop()

    def remove_earlier(self) -> None:
        """Remove the layers that earlier runs have left; those of the last run, and what was painted, stay."""
        count = self.earlier.remove()
        self.say(f"Removed {count} layer{'s' if count != 1 else ''} of earlier runs.", passing=True)
        self._refresh()

    def put_above(self, form: QWidget) -> None:
        """Show what a run is made of above the buttons, scrolled where there is no room for all of it."""
        column = self._controls.layout()
        assert isinstance(column, QVBoxLayout)
        column.insertWidget(0, scrolled(form), 1)
        self._parts.folds = True

    # -- looks ---------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        self._controls = QWidget()
        layout = QVBoxLayout(self._controls)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        self.buttons = RunButtons(self._viewer)
        self.run_button, self.pause_button = self.buttons.run, self.buttons.pause
        self.step_button, self.stop_button = self.buttons.step, self.buttons.stop
        for button, action in (
            (self.run_button, self.run),
            (self.pause_button, self.toggle_pause),
            (self.step_button, self.step),
            (self.stop_button, self.stop),
        ):
            button.clicked.connect(partial(_ignoring_state, action))
        layout.addWidget(self.buttons)
        layout.addWidget(self.progress)
        layout.addWidget(self.status)
        layout.addLayout(beside(self.message, self.job))
        self.clear_button = push_button("Clear old", "Remove the layers of earlier runs; those of the last one stay.", self.remove_earlier)
        self.tabs = QTabWidget()
        self.tabs.setCornerWidget(self.clear_button)
        self.tabs.addTab(self.plot, "Progress")
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        self._parts = TabsBelow(self._controls, self.tabs)
        whole.addWidget(self._parts)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)  # else napari puts a stretch below

    def _refresh(self) -> None:
        running = self.running or self._reading.busy
        paused = self.running and self.stream is not None and self.stream.worker.paused
        ended = not running and self._checkpoint is not None
        self.buttons.show_state(running=running, paused=paused, ended=ended, ready=self._ready)
        allow(self.clear_button, bool(self.earlier.layers()), "There are none.")


def _ignoring_state(action: Callable[[], None], checked: bool = False) -> None:
    del checked
    action()


def _revived(make: Callable[[], Simulation], checkpoint: Checkpoint, visit: Callable[[Simulation], Any]) -> Any:
    simulation = make()
    checkpoint.give(simulation)
    return visit(simulation)

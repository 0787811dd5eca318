"""Run, Pause, Step, Stop, a status line and a live plot: the same for every dock that simulates."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QProgressBar, QTabWidget, QVBoxLayout, QWidget

from napari_shapelab.run.buttons import RunButtons
from napari_shapelab.run.layers import RunLayers
from napari_shapelab.run.stream import Stream
from napari_shapelab.run.worker import Checkpoint, Ended, Snapshot
from napari_shapelab.settings import max_rate
from napari_shapelab.viewer.canvas_guard import CanvasGuard
from napari_shapelab.viewer.view import unwrapped
from napari_shapelab.widgets.message import MessageLine
from napari_shapelab.widgets.plots import ScalarPlot
from napari_shapelab.work.sentence import sentence
from napari_shapelab.work.task import Task
from shapelab.device import describe
from shapelab.errors import ShapelabError
from shapelab.simulation import Frame, Parameters, Simulation

__all__ = ["RunPanel"]


class RunPanel(QWidget):
    """Controls of one run at a time.

    Parameters
    ----------
    viewer
        Where the frames are shown.
    make
        Called on Run; returns a new simulation, or raises a `ShapelabError` whose sentence is shown.
    title
        Called on Run; what the layers' names begin with.
    live
        Called when an ended run is continued: the live parameters to go on with.
    looks
        Called on Run: settings that new layers begin with, see `RunLayers`.
    first
        Scalar that the plot and the status line show.
    analysis
        See `Worker`.
    """

    starting = Signal(object, bool)
    """A `Worker` that has not begun yet, and whether it goes on with the run before."""
    started = Signal()
    advanced = Signal(object)
    """A `Snapshot` has been shown."""
    found = Signal(object)
    """A result of the analysis."""
    ended = Signal(object)
    """The run is over: an `Ended`."""

    def __init__(
        self,
        viewer: Any,
        make: Callable[[], Simulation],
        title: Callable[[], str],
        *,
        live: Callable[[], dict[str, Any]] = dict,
        looks: Callable[[], dict[str, dict[str, Any]]] = dict,
        first: str = "energy",
        analysis: Callable[[Frame, Parameters], Any] | None = None,
    ) -> None:
        super().__init__()
        self._viewer = unwrapped(viewer)
        CanvasGuard(self._viewer, self)
        self._make, self._title, self._live, self._looks = make, title, live, looks
        self._first, self._analysis = first, analysis
        self._checkpoint: Checkpoint | None = None
        self._last_simulation: Callable[[], Simulation] | None = None
        self._analysing = False
        self._ready = True
        self._device = ""
        self._run_title = ""
        self._decorate: Callable[[Frame], Frame] | None = None
        self.stream: Stream | None = None
        self.snapshot: Snapshot | None = None
        self.layers: RunLayers | None = None
        self._build()
        self._refresh()

    # -- what other parts of a dock use --------------------------------------------------------------------------

    @property
    def running(self) -> bool:
        """True while there is a run, paused or not."""
        return self.stream is not None and self.stream.running

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
        if not self.running:
            self._continue(paused=True)
        if self.running and self.stream is not None:
            self.stream.worker.edit(action, **arguments)

    def with_simulation(self, visit: Callable[[Simulation], Any], done: Callable[[Any], None], failed: Callable[[str], None]) -> None:
        """Call `visit` on the simulation, between two steps or after its end, outside the window's thread."""
        if self.running and self.stream is not None:
            self.stream.visit(visit, done, failed)
        elif self._checkpoint is not None and self._last_simulation is not None:
            Task(self, partial(_revived, self._last_simulation, self._checkpoint, visit), done, failed)
        else:
            failed("There is no result yet: press Run first.")

    def set_decoration(self, decorate: Callable[[Frame], Frame] | None) -> None:
        """Show more layers than the model's own, from now on: `decorate` adds them to each frame, in the worker."""
        self._decorate = decorate
        if self.stream is not None:
            self.stream.worker.decorate = decorate

    def set_analysing(self, wanted: bool) -> None:
        """Switch the slow analysis on or off."""
        self._analysing = wanted
        if self.stream is not None:
            (self.stream.worker.analysing.set if wanted else self.stream.worker.analysing.clear)()

    def set_ready(self, ready: bool) -> None:
        """Allow Run and Step, or not: while what is entered is wrong they are disabled."""
        self._ready = ready
        self._refresh()

    def say(self, text: str, *, wrong: bool = False, passing: bool = False) -> None:
        """Show one sentence under the buttons; "" takes it away."""
        self.message.say(text, wrong=wrong, passing=passing)

    # -- buttons -------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Begin a new run; what an earlier one left stays, hidden."""
        self._begin(paused=False)

    def toggle_pause(self) -> None:
        """Pause, resume, or go on with a run that has ended."""
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
        """Go on with a simulation that was restored from a file, as a new run."""
        if not self.running:
            self._begin(paused=False, make=lambda: simulation, title=title)

    def stop(self) -> None:
        """End the run after its current step."""
        if self.running and self.stream is not None:
            self.stream.worker.stop()
            self.status.say("Stopping…")

    # -- the run -------------------------------------------------------------------------------------------------

    def _begin(self, *, paused: bool, make: Callable[[], Simulation] | None = None, title: str = "") -> None:
        try:
            simulation = (make or self._make)()
            self._device = describe(simulation.device)
        except ShapelabError as error:
            self.say(str(error), wrong=True)
            return
        except Exception as error:  # a defect of a model must not leave the dock without an answer
            self.say(sentence(error), wrong=True)
            return
        if self.layers is not None:
            for layer in self.layers.layers():
                layer.visible = False
        self._checkpoint, self.snapshot = None, None
        self._run_title = title or self._title()
        self.layers = RunLayers(self._viewer, self._run_title, self._looks())
        self.plot.clear()
        self._remember(simulation)
        self._stream(simulation, paused=paused)

    def _continue(self, *, paused: bool) -> None:
        if self._checkpoint is None or self._last_simulation is None or self.layers is None:
            return
        checkpoint, self._checkpoint = self._checkpoint, None
        self.layers.follow()
        self._stream(self._last_simulation(), paused=paused, checkpoint=checkpoint, live=self._live())

    def _remember(self, simulation: Simulation) -> None:
        """Keep how to make an equal simulation, without keeping the state of this one."""
        model, parameters, given = (
            type(simulation.model),
            simulation.parameters,
            {"initial": simulation.initial, "preset": simulation.preset},
        )
        self._last_simulation = lambda: Simulation(model(), parameters, **given)

    def _stream(
        self, simulation: Simulation, *, paused: bool, checkpoint: Checkpoint | None = None, live: dict[str, Any] | None = None
    ) -> None:
        """Show `simulation` from now on; `live` is in force before its first step, which may be the last one otherwise."""
        assert self.layers is not None
        self.say("")
        self._limit = getattr(simulation.parameters, "max_steps", None)
        self.stream = Stream(
            simulation, self.layers, self, max_rate=max_rate(), paused=paused, checkpoint=checkpoint, analysis=self._analysis
        )
        self.stream.advanced.connect(self._on_advanced)
        self.stream.sampled.connect(self.plot.extend)
        self.stream.found.connect(self.found)
        self.stream.noticed.connect(lambda text: self.say(text, wrong=True))
        self.stream.ended.connect(self._on_ended)
        self.set_analysing(self._analysing)
        self.set_decoration(self._decorate)
        self.status.setToolTip(f"Computed on: {self._device}")
        self.status.say(f"{self._device} · preparing… (the first run on a machine compiles its kernels)")
        self.progress.setRange(0, 0)
        self.starting.emit(self.stream.worker, checkpoint is not None)
        if live:
            self.stream.worker.update(**live)
        self.stream.start()
        self._refresh()
        self.started.emit()

    def _on_advanced(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.status.say(self._status(snapshot))
        limit = snapshot.provenance["parameters"].get("max_steps", self._limit)
        if limit:
            self.progress.setRange(0, int(limit))
            self.progress.setValue(min(snapshot.frame.step, int(limit)))
        self.advanced.emit(snapshot)

    def _on_ended(self, ended: Ended) -> None:
        self._checkpoint = ended.checkpoint
        stream, self.stream = self.stream, None
        if stream is not None:
            stream.deleteLater()
        if self.snapshot is not None:
            self.status.say(self._status(self.snapshot))
        self.progress.setRange(0, 1)
        self.progress.setValue(0 if ended.failed else 1)
        if not self.message.text() or not ended.stopped:
            self.say(ended.reason, wrong=ended.failed)
        self._refresh()
        self.ended.emit(ended)

    def _status(self, snapshot: Snapshot) -> str:
        parts = [self._device.partition(" (")[0], f"step {snapshot.frame.step}"]
        if snapshot.step_rate > 0:
            parts.append(f"{snapshot.step_rate:.3g} steps/s")
        parts.append(f"{snapshot.elapsed:.0f} s")
        if self._first in snapshot.frame.scalars:
            parts.append(f"{self._first.replace('_', ' ')} {snapshot.frame.scalars[self._first]:.4g}")
        return " · ".join(parts)

    # -- looks ---------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        layout = QVBoxLayout(self)
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
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setMaximumHeight(6)
        self.progress.setRange(0, 1)
        layout.addWidget(self.progress)
        self.status = MessageLine("Ready.")
        layout.addWidget(self.status)
        self.message = MessageLine()
        layout.addWidget(self.message)
        self.plot = ScalarPlot(self._viewer, self._first)
        self.tabs = QTabWidget()
        self.tabs.addTab(self.plot, "Progress")
        layout.addWidget(self.tabs, 1)

    def _refresh(self) -> None:
        running = self.running
        paused = running and self.stream is not None and self.stream.worker.paused
        ended = not running and self._checkpoint is not None
        self.buttons.show_state(running=running, paused=paused, ended=ended, ready=self._ready)


def _ignoring_state(action: Callable[[], None], checked: bool = False) -> None:
    del checked
    action()


def _revived(make: Callable[[], Simulation], checkpoint: Checkpoint, visit: Callable[[Simulation], Any]) -> Any:
    simulation = make()
    checkpoint.give(simulation)
    return visit(simulation)

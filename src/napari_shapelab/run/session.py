"""One run at a time: it begins, is shown, is stopped or resumed, and another one takes its place."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from napari.layers import Layer
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QWidget

from napari_shapelab.run.guarded import guarded
from napari_shapelab.run.layers import RunLayers
from napari_shapelab.run.new_run import Make, NewRun, again
from napari_shapelab.run.outcome import Checkpoint, Ended, Snapshot
from napari_shapelab.run.results import EarlierRuns, Shown
from napari_shapelab.run.status import Lasting, preparing, status
from napari_shapelab.run.step_progress import StepProgress
from napari_shapelab.run.stream import Stream
from napari_shapelab.settings import max_rate
from napari_shapelab.viewer.busy import Busy
from napari_shapelab.viewer.canvas_guard import CanvasGuard
from napari_shapelab.viewer.tabbed import Tabbed
from napari_shapelab.viewer.view import unwrapped
from napari_shapelab.widgets.message import MessageLine
from napari_shapelab.widgets.plots import ScalarPlot
from napari_shapelab.work.compiling import compiled
from napari_shapelab.work.job import SideJob
from napari_shapelab.work.latest import Latest
from napari_shapelab.work.sentence import sentence
from shapelab.device import describe
from shapelab.simulation import Frame, Parameters, Simulation

__all__ = ["RunSession"]


class RunSession(QWidget):
    """A run with its layers, what it says and how it is shown; `RunPanel` adds the buttons.

    Parameters
    ----------
    viewer
        Where the frames are shown.
    make
        Called on Run; returns a new run (see `Make`), or raises a `ShapelabError` whose sentence is shown.
    title
        Called on Run; what the layers' names begin with.
    live
        Called when an ended run is resumed: the live parameters it resumes with.
    looks
        Called on Run: settings that new layers begin with, see `RunLayers`.
    first
        Scalar that the plot and the status line show.
    analysis
        See `Worker`.
    """

    starting = Signal(object, bool)
    """A `Worker` that has not begun yet, and whether it continues the run before."""
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
        make: Make,
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
        Tabbed(self)
        self._make, self._title, self._live, self._looks = make, title, live, looks
        self._first, self._analysis = first, analysis
        self.earlier = EarlierRuns(self._viewer, lambda: self.running)
        self._checkpoint: Checkpoint | None = None
        self._last_simulation: Callable[[], Simulation] | None = None
        self._before: Shown | None = None
        self._arriving: tuple[Layer | None, str] = None, ""
        self._reading = Latest(self)
        self._late: Stream | None = None
        self._lasting = Lasting()
        self._analysing = False
        self._ready = True
        self._device = ""
        self._run_title = ""
        self._decorate: Callable[[Frame], Frame] | None = None
        self._busy = Busy(self._viewer, self._on_closing)
        self.stream: Stream | None = None
        self.snapshot: Snapshot | None = None
        self.layers: RunLayers | None = None
        self.status, self.message = MessageLine("Ready.", lines=1), MessageLine(lines=2)
        self.job = SideJob(self._viewer, self.message)
        """What is computed of the run beside it: a mesh, measurements, files."""
        self.plot = ScalarPlot(self._viewer, first)
        self.progress = StepProgress()
        self._build()
        self._refresh()

    @property
    def running(self) -> bool:
        """True while there is a run, paused or not."""
        return self.stream is not None and self.stream.running

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

    def guarded(self, callback: Callable[..., object]) -> Callable[..., None]:
        """Return a callback that says what goes wrong in it, instead of letting an error out into the window."""
        return guarded(callback, lambda text: self.say(text, wrong=True))

    def say(self, text: str, *, wrong: bool = False, passing: bool = False) -> None:
        """Show one sentence under the buttons; "" takes it away."""
        self.message.say(text, wrong=wrong, passing=passing)

    # -- the run -------------------------------------------------------------------------------------------------

    def _begin(self, *, paused: bool, make: Make | None = None, title: str = "") -> None:
        self.say("")
        title = title or self._title()
        try:
            made = (make or self._make)()
        except Exception as error:  # also a defect of a model must not leave the dock without an answer
            self.say(sentence(error), wrong=True)
            return
        if callable(made):
            self._read(made, paused, title)
        else:
            self._start(made if isinstance(made, NewRun) else NewRun(made), paused, title)

    def _read(self, make: Callable[[], NewRun], paused: bool, title: str) -> None:
        """Make a run that takes long to make, in a thread; Stop drops it."""
        self.status.say("Reading the layer…")
        self.progress.wait()
        self._reading.begin(make, lambda new: self._start(new, paused, title), lambda text: self._rest(text, wrong=True))
        self._refresh()

    def _start(self, new: NewRun, paused: bool, title: str) -> None:
        try:
            self._device = describe(new.simulation.device)
        except Exception as error:
            self._rest(sentence(error), wrong=True)
            return
        self._before = self._shown()
        self._arriving = new.source, new.note
        self._checkpoint, self.snapshot = None, None
        self._run_title = title
        self.layers = RunLayers(self._viewer, title, self._looks(), new.place)
        self._last_simulation = again(new.simulation)
        self._stream(new.simulation, paused=paused)

    def _continue(self, *, paused: bool) -> None:
        if self._late is not None:
            self.say("The last step is still being finished: try again in a moment.", passing=True)
        if self._checkpoint is None or self._last_simulation is None or self.layers is None:
            return
        self._before = self._shown()
        checkpoint, self._checkpoint = self._checkpoint, None
        self.layers.follow()
        self.earlier.come_back()
        self._stream(self._last_simulation(), paused=paused, checkpoint=checkpoint, live=self._live())

    def _shown(self) -> Shown:
        return Shown(self.layers, self.snapshot, self._checkpoint, self._last_simulation, self._run_title, self._state())

    def _stream(
        self, simulation: Simulation, *, paused: bool, checkpoint: Checkpoint | None = None, live: dict[str, Any] | None = None
    ) -> None:
        """Show `simulation` from now on; `live` is in force before its first step, which may be the last one otherwise."""
        assert self.layers is not None
        self.say("")
        self.message.hold("run", self._lasting.of(""))
        self._limit = getattr(simulation.parameters, "max_steps", None)
        self._late = None
        self.stream = stream = Stream(
            simulation, self.layers, self, max_rate=max_rate(), paused=paused, checkpoint=checkpoint, analysis=self._analysis
        )
        stream.advanced.connect(self.guarded(self._on_advanced))
        stream.sampled.connect(self.guarded(self._on_sampled))
        stream.found.connect(self.found)
        stream.noticed.connect(lambda text: self.say(text, wrong=True, passing=True))
        family = simulation.model.name
        stream.preparing.connect(lambda elapsed: self.status.say(preparing(self._device, family, elapsed, compiled())))
        stream.ended.connect(self._on_ended)
        stream.settled.connect(partial(self._on_settled, stream))
        self.set_analysing(self._analysing)
        self.set_decoration(self._decorate)
        self.status.setToolTip(f"Computed on: {self._device}")
        self.progress.wait()
        self.starting.emit(stream.worker, checkpoint is not None)
        if live:
            stream.worker.update(**live)
        stream.start()
        self.tell_unsaved()
        self._refresh()
        self.started.emit()

    def _on_sampled(self, samples: Any) -> None:
        self._take_over()
        self.plot.extend(samples)

    def _on_advanced(self, snapshot: Snapshot) -> None:
        self._take_over()
        self.snapshot = snapshot
        self.message.hold("run", self._lasting.of(" ".join(snapshot.frame.notices)))
        self.status.say(status(self._device, snapshot, self._first))
        limit = snapshot.provenance["parameters"].get("max_steps", self._limit)
        self.progress.show_step(snapshot.frame.step, limit)
        self.advanced.emit(snapshot)

    def _take_over(self) -> None:
        """At the first frame of a run: what was shown before makes room."""
        before, self._before = self._before, None
        if before is None or before.layers is self.layers:
            return
        self.plot.clear()
        if before.layers is not None:
            self.earlier.add(before.layers)
        if self.layers is not None:
            self.say(self.earlier.make_way(self.layers, *self._arriving))
        self._refresh()

    def tell_unsaved(self) -> None:
        """Have napari ask before it closes while a run goes on that is not being saved."""
        unsaved = self.running and self.stream is not None and not self.stream.worker.recorded
        self._busy.tell(f"the run {self._run_title!r} is still running and is not being saved" if unsaved else "")

    def _on_closing(self) -> None:
        if self.stream is not None:
            self.stream.stop()

    def _on_ended(self, ended: Ended) -> None:
        stream, self.stream = self.stream, None
        self._busy.tell("")
        if stream is not None:
            if stream.worker.ended is None:
                self._late = stream  # it winds down, and `settled` will come
            else:
                stream.deleteLater()
        before, self._before = self._before, None
        if before is not None:  # it ended before its first frame: the dock is as it was
            self.layers, self.snapshot, self._checkpoint = before.layers, before.snapshot, before.checkpoint
            self._last_simulation, self._run_title, said = before.again, before.title, before.status
        else:
            self._checkpoint = ended.checkpoint
            said = self._state()
        self.status.say(said)
        self.progress.rest(done=not ended.failed and self.snapshot is not None)
        if not self.message.text() or not ended.stopped:
            self.say(ended.reason, wrong=ended.failed)
        self._refresh()
        self.ended.emit(ended)

    def _on_settled(self, stream: Stream, ended: Ended) -> None:
        """A run that did not stop at once is really over: it can be resumed, unless another one has begun."""
        stream.deleteLater()
        if self._late is stream:
            self._late = None
            if self._checkpoint is None and self.snapshot is not None:
                self._checkpoint = ended.checkpoint
            self._refresh()

    def _rest(self, text: str, *, wrong: bool = False) -> None:
        """Nothing has begun: say why."""
        self.status.say(self._state())
        self.progress.rest(done=False)
        self.say(text, wrong=wrong)
        self._refresh()

    def _state(self) -> str:
        return "Ready." if self.snapshot is None else status(self._device, self.snapshot, self._first)

    def _build(self) -> None:
        """Arrange what is seen."""

    def _refresh(self) -> None:
        """Enable what makes sense now."""

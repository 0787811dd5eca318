"""From a worker to the viewer: a timer takes the newest frame, at a rate that leaves the window its time."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from qtpy.QtCore import QCoreApplication, QObject, QTimer, Signal
from qtpy.QtWidgets import QWidget

from napari_shapelab.run.layers import RunLayers
from napari_shapelab.run.outcome import STOPPED, Checkpoint, Ended
from napari_shapelab.run.worker import Worker
from napari_shapelab.viewer.canvas_guard import main_window
from napari_shapelab.work.mailbox import Log
from napari_shapelab.work.sentence import sentence
from shapelab.simulation import Frame, Parameters, Simulation

__all__ = ["Stream"]

_GUI_SHARE = 0.6
"""Share of the window's time that updates and the painting they cause may take: at 20 ms each, 30 a second."""
_PROBE = 0.03
"""How long after an update the lateness of the event loop tells the time of painting [s]."""
_SLOWEST = 1.5
"""Longest time between two updates [s]; the first painting of a layer takes far longer than the others."""
_PATIENCE = 0.25
"""How long the window waits for a run that has been asked to stop [s]."""
_LATE = 0.2
"""Time between two looks at a run that still winds down [s]."""

_log = logging.getLogger(__name__)


class Stream(QObject):
    """One run shown in a viewer.

    Whatever goes wrong in showing a frame is one sentence, said once; the run and the window go on, and `ended` always
    comes. A run that does not stop at once is let go: `ended` comes without it, and `settled` once it is really over.

    Parameters
    ----------
    simulation
        Handed over to the worker.
    layers
        Where its frames are shown.
    owner
        Widget that the stream lives and dies with; the window it is in being closed ends the run.
    max_rate
        Most updates per second.
    paused, checkpoint, analysis
        See `Worker`.
    """

    advanced = Signal(object)
    """A `Snapshot` has been shown."""
    sampled = Signal(object)
    """New scalars: list of (step, {name: value})."""
    found = Signal(object)
    """A result of the analysis."""
    noticed = Signal(str)
    """A sentence for the user; the run goes on."""
    preparing = Signal(float)
    """There is no frame yet: the time since the start [s]."""
    ended = Signal(object)
    """The run is over for the window: an `Ended`."""
    settled = Signal(object)
    """The thread of a run that was let go has ended too: its `Ended`."""

    def __init__(
        self,
        simulation: Simulation,
        layers: RunLayers,
        owner: QWidget,
        *,
        max_rate: float = 10.0,
        paused: bool = False,
        checkpoint: Checkpoint | None = None,
        analysis: Callable[[Frame, Parameters], Any] | None = None,
    ) -> None:
        super().__init__(owner)
        self.layers = layers
        self.longest_block = 0.0
        """Longest time that one update took of the window's thread, without painting and without making layers [s]."""
        self._owner = owner
        self._shown = main_window(owner).isVisible()
        self._shortest = 1.0 / max_rate
        self._busy = 0.0
        self._tick_end = 0.0
        self._over = False
        self._answers: Log[Callable[[], None]] = Log()
        self._asked: dict[object, Callable[[str], None]] = {}
        self._told: set[str] = set()
        self._give_up: float | None = None
        self._began = 0.0
        self.worker = Worker(simulation, paused=paused, checkpoint=checkpoint, analysis=analysis)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._tick)
        self._probe = QTimer(self)
        self._probe.setSingleShot(True)
        self._probe.timeout.connect(self._settle)
        self.destroyed.connect(self.worker.stop)
        application = QCoreApplication.instance()
        if application is not None:
            application.aboutToQuit.connect(self._quit)

    def start(self) -> None:
        """Begin."""
        self._began = time.perf_counter()
        self.worker.start()
        self.preparing.emit(0.0)
        self._timer.start(0)

    @property
    def running(self) -> bool:
        """True until the run is over."""
        return not self._over

    def stop(self) -> None:
        """End the run; the window is free after a blink, even if a long step is not over by then."""
        if self._give_up is None and not self._over:
            self.worker.stop()
            self._give_up = time.perf_counter() + _PATIENCE
            self._probe.stop()
            self._timer.start(0)

    def visit(self, visit: Callable[[Simulation], Any], done: Callable[[Any], None], failed: Callable[[str], None]) -> None:
        """Call `visit` on the simulation between two steps; `done` or `failed` is called here afterwards."""
        asked = object()

        def answer(reply: Callable[[Any], None], value: Any) -> None:
            if self._asked.pop(asked, None) is not None:
                reply(value)

        def carry(simulation: Simulation) -> None:
            try:
                result = visit(simulation)
            except Exception as error:  # told to the user, whatever it is
                text = sentence(error)
                self._answers.append(lambda: answer(failed, text))
            else:
                self._answers.append(lambda: answer(done, result))

        self._asked[asked] = failed
        self.worker.visit(carry)

    # -- the timer -----------------------------------------------------------------------------------------------

    def _tick(self) -> None:
        if self._shown and not main_window(self._owner).isVisible():  # the viewer has been closed
            self.worker.stop()
            return
        begin = time.perf_counter()
        ended = self.worker.ended
        if self._over:
            self._wind_down(ended)
            return
        known = len(self.layers)
        self._deliver()
        if ended is not None:
            self._finish(ended)
            return
        if self._give_up is not None:
            self._wait_for_the_end()
            return
        if self.worker.preparing:
            self.preparing.emit(time.perf_counter() - self._began)
        self._tick_end = time.perf_counter()
        self._busy = self._tick_end - begin
        if len(self.layers) > known:  # making layers is done once, and says nothing of updating them
            self._busy = 0.0
        self.longest_block = max(self.longest_block, self._busy)
        self._probe.start(round(1000 * _PROBE))

    def _settle(self) -> None:
        """Arm the next update; painting has made this timer late by as long as it took."""
        since = time.perf_counter() - self._tick_end
        busy = self._busy + max(0.0, since - _PROBE)
        wait = max(self._shortest, busy / _GUI_SHARE - self._busy) - since
        self._timer.start(round(1000 * min(max(wait, 0.0), _SLOWEST)))

    def _deliver(self) -> None:
        """Show what is new. Scalars are read after the frame, so that they reach at least as far."""
        snapshot = self.worker.frames.take()
        samples = self.worker.scalars.drain()
        if snapshot is not None:
            self._attempt(lambda: self.layers.show(snapshot.frame, snapshot.provenance))
        if samples:
            self._attempt(lambda: self.sampled.emit(samples))
        finding = self.worker.findings.take()
        if finding is not None:
            self._attempt(lambda: self.found.emit(finding))
        for notice in self.worker.notices.drain():
            self._attempt(partial(self.noticed.emit, notice))
        for answer in self._answers.drain():
            self._attempt(answer)
        if snapshot is not None:
            self._attempt(lambda: self.advanced.emit(snapshot))

    def _attempt(self, work: Callable[[], object]) -> None:
        """Do something that may fail: then say so once, and go on."""
        try:
            work()
        except Exception as error:  # a defect in showing must not cost the run
            text = sentence(error, "Something could not be shown")
            if text not in self._told:
                self._told.add(text)
                _log.exception("A frame could not be shown")
                self.noticed.emit(text)

    # -- the end -------------------------------------------------------------------------------------------------

    def _wait_for_the_end(self) -> None:
        assert self._give_up is not None
        if time.perf_counter() < self._give_up:
            self._timer.start(10)
            return
        self._over = True
        self._attempt(self.layers.release)
        self.ended.emit(Ended(STOPPED, stopped=True))
        self._timer.start(round(1000 * _LATE))

    def _wind_down(self, ended: Ended | None) -> None:
        """Wait for a run that was let go; what it shows is dropped, its last state is not."""
        self.worker.frames.take()
        for answer in self._answers.drain():
            self._attempt(answer)
        if ended is None:
            self._timer.start(round(1000 * _LATE))
            return
        self._refuse_what_was_asked()
        self.settled.emit(ended)

    def _finish(self, ended: Ended) -> None:
        self._over = True
        self.worker.join()  # it has nothing left to do
        self._attempt(self.layers.release)
        self._refuse_what_was_asked()
        self.ended.emit(ended)

    def _refuse_what_was_asked(self) -> None:
        """Answer whatever a run that has ended early was still asked."""
        asked, self._asked = self._asked, {}
        for failed in asked.values():
            self._attempt(partial(failed, "The run ended before this could be done."))

    def _quit(self) -> None:
        self._timer.stop()
        self.worker.stop()
        if self.worker.is_alive():
            self.worker.join(2.0)

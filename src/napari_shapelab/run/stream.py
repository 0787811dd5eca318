"""From a worker to the viewer: a timer takes the newest frame, at a rate that leaves the window its time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from qtpy.QtCore import QCoreApplication, QObject, QTimer, Signal
from qtpy.QtWidgets import QWidget

from napari_shapelab.run.layers import RunLayers
from napari_shapelab.run.worker import Checkpoint, Ended, Worker
from napari_shapelab.viewer.canvas_guard import main_window
from napari_shapelab.work.mailbox import Log
from napari_shapelab.work.sentence import sentence
from shapelab.simulation import Frame, Parameters, Simulation

__all__ = ["Stream"]

_GUI_SHARE = 1.0 / 3.0
"""Share of the window's time that updates and the painting they cause may take."""
_PROBE = 0.03
"""How long after an update the lateness of the event loop tells the time of painting [s]."""
_SLOWEST = 1.5
"""Longest time between two updates [s]; the first painting of a layer takes far longer than the others."""


class Stream(QObject):
    """One run shown in a viewer.

    Parameters
    ----------
    viewer
        napari's viewer.
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
    ended = Signal(object)
    """The run is over: an `Ended`."""

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
        self.worker.start()
        self._timer.start(0)

    @property
    def running(self) -> bool:
        """True until the run is over."""
        return not self._over

    def visit(self, visit: Callable[[Simulation], Any], done: Callable[[Any], None], failed: Callable[[str], None]) -> None:
        """Call `visit` on the simulation between two steps; `done` or `failed` is called here afterwards."""

        def carry(simulation: Simulation) -> None:
            try:
                result = visit(simulation)
            except Exception as error:  # told to the user, whatever it is
                text = sentence(error)
                self._answers.append(lambda: failed(text))
            else:
                self._answers.append(lambda: done(result))

        self.worker.visit(carry)

    def _tick(self) -> None:
        if self._shown and not main_window(self._owner).isVisible():  # the viewer has been closed
            self.worker.stop()
            return
        begin = time.perf_counter()
        ended = self.worker.ended
        known = len(self.layers)
        self._deliver()
        if ended is not None:
            self._finish(ended)
            return
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
            self.layers.show(snapshot.frame, snapshot.provenance)
        if samples:
            self.sampled.emit(samples)
        finding = self.worker.findings.take()
        if finding is not None:
            self.found.emit(finding)
        for notice in self.worker.notices.drain():
            self.noticed.emit(notice)
        for answer in self._answers.drain():
            answer()
        if snapshot is not None:
            self.advanced.emit(snapshot)

    def _finish(self, ended: Ended) -> None:
        self._over = True
        self.worker.join()  # it has nothing left to do
        self.layers.release()
        self.ended.emit(ended)

    def _quit(self) -> None:
        self._timer.stop()
        self.worker.stop()
        if self.worker.is_alive():
            self.worker.join(2.0)

"""The worker of one run: steps in a thread of its own; commands go in, the newest frame and all scalars come out."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from napari_shapelab.run.outcome import STOPPED, Checkpoint, Ended, Snapshot
from napari_shapelab.run.pace import Pace
from napari_shapelab.run.provenance import provenance
from napari_shapelab.run.recorder import Recorder
from napari_shapelab.work.mailbox import Log, Mailbox
from napari_shapelab.work.sentence import sentence
from shapelab.at_exit import end_with_program
from shapelab.device import release_memory
from shapelab.errors import ShapelabError, Stopped
from shapelab.simulation import Frame, Parameters, Simulation

__all__ = ["Worker"]

Visit = Callable[[Simulation], None]

_log = logging.getLogger(__name__)


@dataclass
class _Orders:
    live: dict[str, Any]
    edits: list[tuple[str, dict[str, Any]]]
    visits: list[Visit]
    go: bool


class Worker(threading.Thread):
    """Run a simulation until it ends or is stopped.

    The thread owns the simulation: the window only leaves orders, which are carried out between two steps, and
    reads the mailboxes. While the last frame has not been taken, new ones are made only to sample the scalars: a slow
    window drops frames, never steps. Every exception is caught here and told in `ended`.

    Parameters
    ----------
    simulation
        Handed over; nobody else may use it afterwards.
    paused
        Make the first frame, then wait.
    checkpoint
        Resume from this state instead of the initial one.
    analysis
        Slow function of a frame, called now and then while `analysing` is set; its results arrive in `findings`.
    """

    def __init__(
        self,
        simulation: Simulation,
        *,
        paused: bool = False,
        checkpoint: Checkpoint | None = None,
        analysis: Callable[[Frame, Parameters], Any] | None = None,
    ) -> None:
        super().__init__(name=f"shapelab {simulation.model.name}", daemon=True)
        self.frames: Mailbox[Snapshot] = Mailbox()
        self.scalars: Log[tuple[int, Mapping[str, float]]] = Log()
        self.notices: Log[str] = Log()
        self.findings: Mailbox[Any] = Mailbox()
        self.analysing = threading.Event()
        self.ended: Ended | None = None
        self.preparing = True
        self._simulation: Simulation | None = simulation
        self._checkpoint = checkpoint
        self._analysis = analysis
        self._changed = threading.Condition()
        self._paused = paused
        end_with_program(self)
        self._stopped = False
        self._singles = 0
        self._live: dict[str, Any] = {}
        self._edits: list[tuple[str, dict[str, Any]]] = []
        self._visits: list[Visit] = []
        self._pace = Pace()
        self.decorate: Callable[[Frame], Frame] | None = None
        """Adds layers to each frame, in the worker; may be exchanged at any time."""
        self.follow: Visit | None = None
        """Called after each step, and at the start, in the worker; to be set before it begins."""
        self.recorded = False
        """Whether the run is being saved."""
        self._recorder: Recorder | None = None
        self._saved_in: dict[str, str] = {}

    # -- orders, from the window ---------------------------------------------------------------------------------

    @property
    def paused(self) -> bool:
        """True while the run waits for `resume` or `step_once`."""
        return self._paused

    def pause(self) -> None:
        """Wait after the current step."""
        with self._changed:
            self._paused = True

    def resume(self) -> None:
        """Carry on after a pause."""
        with self._changed:
            self._paused = False
            self._changed.notify()

    def step_once(self) -> None:
        """Pause, and take one step."""
        with self._changed:
            self._paused = True
            self._singles += 1
            self._changed.notify()

    def update(self, **live: Any) -> None:
        """Change live parameters before the next step; of several changes of one field the last one counts."""
        with self._changed:
            self._live.update(live)
            self._changed.notify()

    def edit(self, action: str, **arguments: Any) -> None:
        """Apply the user's hand before the next step; edits keep their order."""
        with self._changed:
            self._edits.append((action, arguments))
            self._changed.notify()

    def visit(self, visit: Visit) -> None:
        """Call `visit` on the simulation before the next step, in the worker; it must catch its own errors."""
        with self._changed:
            self._visits.append(visit)
            self._changed.notify()

    def record(self, recorder: Recorder | None) -> None:
        """Save the run from now on, or (None) no longer."""
        self.recorded = recorder is not None

        def exchange(simulation: Simulation) -> None:
            self._end_recording()
            self._recorder = recorder
            if recorder is not None:
                self._saved_in = {"recording": str(recorder.path)}
            self._record_frame(simulation)

        self.visit(exchange)

    def stop(self, *_: object) -> None:
        """End as soon as possible: the simulation is told, so that a long step or preparation ends early."""
        with self._changed:
            self._stopped = True
            self._changed.notify()
            simulation = self._simulation
        if simulation is not None:
            simulation.stop()

    # -- the run -------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Do all of the work; called by `start`."""
        simulation = self._simulation
        assert simulation is not None
        device = ""
        try:
            device = simulation.device
            ended = self._work(simulation)
        except Stopped as error:  # before there was a first frame
            ended = Ended(str(error), stopped=True)
        except Exception as error:  # told to the user, whatever it is
            if not isinstance(error, ShapelabError):
                _log.exception("A run of %s failed", simulation.model.name)
            ended = Ended(sentence(error), failed=True)
        try:
            self._end_recording(ended.reason)
            with self._changed:
                self._simulation = None
            del simulation
            release_memory(device)
        except Exception as error:  # the window waits for the end, come what may
            _log.exception("A run could not be cleared away")
            self.notices.append(sentence(error, "The run could not be cleared away"))
        self.ended = ended

    def _work(self, simulation: Simulation) -> Ended:
        if self._checkpoint is not None:
            self._checkpoint.give(simulation)
            self._checkpoint = None
        simulation.prepare()
        if self._stopped:  # while it prepared: there is nothing to show, and nothing to keep in memory
            return Ended(STOPPED, stopped=True)
        if self.follow is not None:
            self.follow(simulation)
        self._publish(simulation)
        self.preparing = False
        while (orders := self._orders()) is not None:
            self._obey(simulation, orders)
            if orders.go:
                self._step(simulation)
            kept = self._record_frame(simulation)
            if simulation.done:
                break
            if kept is not None or self._paused or self._pace.frame_is_due(taken=self.frames.empty):
                self._publish(simulation, kept)
        reason = simulation.reason if simulation.done and simulation.reason else STOPPED
        failed = simulation.failed
        with self._changed:
            visits, self._visits = self._visits, []
        for visit in visits:
            visit(simulation)
        if not failed:
            self._publish(simulation, self._record_frame(simulation, last=True))
        return Ended(reason, failed, not simulation.done, None if failed else Checkpoint.of(simulation))

    def _orders(self) -> _Orders | None:
        """Return what to do next, waiting while paused; None to stop."""
        with self._changed:
            while not (self._stopped or self._live or self._edits or self._visits or self._singles or not self._paused):
                self._changed.wait()
            if self._stopped:
                return None
            orders = _Orders(self._live, self._edits, self._visits, not self._paused or self._singles > 0)
            self._live, self._edits, self._visits, self._singles = {}, [], [], max(0, self._singles - 1)
        return orders

    def _obey(self, simulation: Simulation, orders: _Orders) -> None:
        changes: list[Callable[[], None]] = []
        if orders.live:
            changes.append(lambda: simulation.update(**orders.live))
        changes.extend(lambda action=action, given=given: simulation.edit(action, **given) for action, given in orders.edits)  # type: ignore[misc]
        for change in changes:
            try:
                change()
            except ShapelabError as error:  # refused: the run goes on as it was
                self.notices.append(str(error))
        for visit in orders.visits:
            visit(simulation)

    def _step(self, simulation: Simulation) -> None:
        begin = time.perf_counter()
        simulation.step()
        if self.follow is not None:
            self.follow(simulation)
        self._pace.stepped(time.perf_counter() - begin)

    def _record_frame(self, simulation: Simulation, *, last: bool = False) -> Frame | None:
        """Keep the present frame if it is due; return it, so that it is made once for the disk and the window."""
        if self._recorder is None:
            return None
        frame = simulation.frame() if self._recorder.due(simulation, last=last) else None
        if problem := self._recorder.follow(simulation, frame):
            self.notices.append(problem)
        return frame

    def _end_recording(self, reason: str | None = None) -> None:
        recorder, self._recorder = self._recorder, None
        if recorder is not None and (problem := recorder.close(reason)):
            self.notices.append(problem)

    def _publish(self, simulation: Simulation, frame: Frame | None = None) -> None:
        begin = time.perf_counter()
        frame = frame or simulation.frame()
        if self.decorate is not None:
            frame = self.decorate(frame)
        self.scalars.append((frame.step, dict(frame.scalars)))
        self.frames.put(Snapshot(frame, {**provenance(simulation, frame), **self._saved_in}, self._pace.rate, self._pace.worked))
        self._pace.frame_made(begin)
        if self._analysis is not None and self.analysing.is_set() and self._pace.analysis_is_due():
            self._analyse(frame, simulation.parameters)

    def _analyse(self, frame: Frame, parameters: Parameters) -> None:
        assert self._analysis is not None
        begin = time.perf_counter()
        try:
            self.findings.put(self._analysis(frame, parameters))
        except ShapelabError as error:
            self.notices.append(str(error))
        self._pace.analysis_made(begin)

"""A simulation that goes on beside a page: on a thread of its own, in frames as fast as the page draws them.

Steps are never dropped, frames are: one is made only when the page has drawn the last one.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from shapelab.at_exit import end_with_program
from shapelab.errors import ShapelabError
from shapelab.page.declarations import as_declared
from shapelab.page.scene import Scene
from shapelab.simulation import Simulation

__all__ = ["LiveRun", "Send"]

Send = Callable[[dict[str, Any], Sequence[bytes]], None]
"""Takes a message: plain values, and arrays as bytes."""

_SHORTEST = 0.04
"""Time between two frames [s]."""
_LONGEST_PAST = 1000
"""Rows of scalars from which on every second one is dropped."""


class LiveRun:
    """A run and the page that shows it. All methods may be called from any thread.

    Parameters
    ----------
    simulation
        What runs.
    steps
        Most steps to take, None for no limit.
    """

    def __init__(self, simulation: Simulation, *, steps: int | None = None) -> None:
        self.simulation, self._steps = simulation, steps
        self.send: Send = lambda content, buffers: None
        """Takes messages for the page."""
        self.rested: Callable[[], None] = lambda: None
        """Called when no step is taken any more."""
        self.scene = Scene(simulation)
        self.past = [self.scene.row()]
        """Step, time and scalars of the frames so far."""
        self.text = ""
        """Why it does not run, "" if it does or was only paused."""
        self._first = simulation.step_number
        self._drawn = True
        self._wanted = threading.Event()
        self._running = False
        self._thread: _Stepper | None = None
        self._changes: dict[str, Any] = {}
        self._now = threading.RLock()  # whoever steps, updates or looks at the simulation has it
        self._state = threading.RLock()

    @property
    def running(self) -> bool:
        """Whether steps are taken."""
        return self._running

    def play(self) -> None:
        """Run, or go on."""
        with self._state:
            self._wanted.set()
            if self._running:
                return
            self._running, self.text = True, ""
            self._thread = thread = _Stepper(self._work, self.stop)
            end_with_program(thread)
        self._tell()
        thread.start()

    def pause(self) -> None:
        """Stop after the present step."""
        self._wanted.clear()

    def stop(self) -> None:
        """Stop within the present step, which is then not taken."""
        self._wanted.clear()
        if self.running:
            self.simulation.stop()

    def wait(self, timeout: float | None = None) -> None:
        """Wait until no step is taken any more."""
        thread = self._thread
        if thread is not None:
            thread.join(timeout)

    def update(self, name: str, value: Any) -> None:
        """Change a live parameter, from the next step on; a value that is refused is said to the page."""
        with self._state:
            self._changes[name] = value
            if self.running:
                return
        with self._now:
            self._apply()

    def drawn(self) -> None:
        """Hear that the page has drawn the last frame."""
        self._drawn = True

    def show(self) -> None:
        """Send a page that has just opened where the run is."""
        self.send({"kind": "past", "rows": self.past}, [])
        if self.running:
            self._drawn = True
        else:
            with self._now:
                self._hand_out()
        self._tell_values()
        self._tell()

    def _work(self) -> None:
        begin, first = time.monotonic(), self.simulation.step_number
        shown = time.monotonic()
        try:
            while self._wanted.is_set() and not self.simulation.done and not self._at_limit():
                with self._now:
                    self._apply()
                    self.simulation.step()
                    if self._drawn and time.monotonic() - shown > _SHORTEST:
                        shown = time.monotonic()
                        self._look()
                        self._hand_out((self.simulation.step_number - first) / (shown - begin))
            self.text = (self.simulation.reason or "") if self.simulation.done else self._limit()
        except Exception as error:
            self.text = _sentence(error)
        self._end()

    def _end(self) -> None:
        with self._state:
            self._wanted.clear()
            self._running = False
        try:
            with self._now:
                self._apply()
                self._look()
                self._hand_out()
        except Exception as error:
            self.text = _sentence(error)
        self._tell()
        self.rested()

    def _look(self) -> None:
        self.scene.look()
        row = self.scene.row()
        if row[0] != self.past[-1][0]:
            self.past.append(row)
        if len(self.past) > _LONGEST_PAST:
            del self.past[1:-1:2]

    def _hand_out(self, rate: float | None = None) -> None:
        layers, arrays = self.scene.message()
        self._drawn = False
        notices = " ".join(self.scene.frame.notices)
        self.send({"kind": "frame", "row": self.scene.row(), "rate": rate, "layers": layers, "notice": notices}, arrays)

    def _apply(self) -> None:
        with self._state:
            changes, self._changes = self._changes, {}
        if not changes:
            return
        try:
            self.simulation.update(**as_declared(self.simulation.parameters, changes))
        except ShapelabError as error:
            self.text = str(error)
            self._tell_values()
            self._tell()

    def _at_limit(self) -> bool:
        return self._steps is not None and self.simulation.step_number - self._first >= self._steps

    def _limit(self) -> str:
        return f"Step limit of {self._steps} reached." if self._at_limit() else ""

    def _tell(self) -> None:
        self.send({"kind": "state", "running": self.running, "text": self.text}, [])

    def _tell_values(self) -> None:
        self.send({"kind": "values", "values": self.simulation.parameters.to_json()}, [])


class _Stepper(threading.Thread):
    """The thread of a run, which ends before the program does."""

    def __init__(self, work: Callable[[], None], stop: Callable[[], None]) -> None:
        super().__init__(target=work, name="shapelab live run", daemon=True)
        self.stop = stop


def _sentence(error: Exception) -> str:
    """Return what went wrong in one sentence."""
    if isinstance(error, ShapelabError):
        return str(error)
    detail = str(error).strip().split("\n")[0]
    return f"The run stopped on an unexpected error ({type(error).__name__}{': ' + detail if detail else ''})."

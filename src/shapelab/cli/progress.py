"""Progress of a run on the terminal, and ending it with Ctrl-C."""

from __future__ import annotations

import contextlib
import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Self

from shapelab.frame import Frame
from shapelab.simulation import Simulation
from shapelab.units import percent

__all__ = ["Progress", "interruptible", "on_interrupt", "work_line"]


class Progress:
    """One line on stderr: rewritten in a terminal, one per frame elsewhere."""

    def __init__(self, simulation: Simulation, steps: int | None) -> None:
        limit = steps if steps is not None else getattr(simulation.parameters, "max_steps", None)
        self._first = simulation.step_number
        self._last = None if limit is None else (self._first if steps is not None else 0) + limit
        self._start = time.perf_counter()
        self._terminal = sys.stderr.isatty()
        self._told: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._terminal:
            print(file=sys.stderr)

    def show(self, frame: Frame) -> None:
        """Show where the run is, and what should be known of it, the first time that it is so."""
        self._tell(frame.notices)
        elapsed = time.perf_counter() - self._start
        speed = (frame.step - self._first) / elapsed if elapsed > 0 else 0.0
        of = f"/{self._last}" if self._last is not None else ""
        numbers = "  ".join(f"{name} {value:.4g}" for name, value in list(frame.scalars.items())[:2])
        line = f"step {frame.step}{of}  {numbers}  {speed:.1f} steps/s  {elapsed:.0f} s"
        print(f"\r{line:<78}" if self._terminal else line, end="" if self._terminal else "\n", file=sys.stderr, flush=True)

    def _tell(self, notices: tuple[str, ...]) -> None:
        for notice in notices:
            words = re.sub(r"[\d.]+", "", notice)  # the numbers change from step to step
            if words not in self._told:
                self._told.add(words)
                print(f"{chr(10) if self._terminal else ''}note: {notice}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def interruptible(simulation: Simulation) -> Iterator[threading.Event]:
    """Let the first Ctrl-C (or termination) end `simulation` after its current step; the second one acts at once."""
    with on_interrupt(simulation.stop) as interrupted:
        yield interrupted


@contextlib.contextmanager
def on_interrupt(stop: Callable[[], object]) -> Iterator[threading.Event]:
    """Call `stop` at the first Ctrl-C (or termination), and set the event that is yielded; the second one acts at once."""
    interrupted = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield interrupted
        return

    def act(number: int, frame: FrameType | None) -> None:
        if interrupted.is_set():
            raise KeyboardInterrupt
        interrupted.set()
        stop()

    before = {number: signal.signal(number, act) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield interrupted
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def work_line() -> Iterator[Callable[[float, str], None]]:
    """Give what shows, on a line on stderr and in a terminal only, how far a piece of work is (0 to 1) and what is being done."""
    terminal = sys.stderr.isatty()
    shown = False

    def show(fraction: float, text: str) -> None:
        nonlocal shown
        if terminal:
            print(f"\r{f'{percent(fraction):>5}  {text}':<78}", end="", file=sys.stderr, flush=True)
            shown = True

    try:
        yield show
    finally:
        if shown:
            print(f"\r{'':<78}\r", end="", file=sys.stderr, flush=True)

"""Runs end before the program does, and before the pools that they compute with are closed."""

from __future__ import annotations

import concurrent.futures.thread  # noqa: F401 (registers its own end before ours)
import threading
import weakref
from typing import Protocol

__all__ = ["end_with_program"]

_PATIENCE = 2.0
"""How long the end of the program waits for a run [s]."""


class _Running(Protocol):
    def is_alive(self) -> bool: ...

    def stop(self) -> None: ...

    def join(self, timeout: float | None = None) -> None: ...


_running: weakref.WeakSet[_Running] = weakref.WeakSet()


def end_with_program(run: _Running) -> None:
    """Stop this thread when the program ends."""
    _running.add(run)


def _stop_all() -> None:
    alive = [run for run in _running if run.is_alive()]
    for run in alive:
        run.stop()
    for run in alive:
        run.join(_PATIENCE)


if (register := getattr(threading, "_register_atexit", None)) is not None:  # as concurrent.futures does; last in, first called
    register(_stop_all)

"""One way to stop everything that takes long: an event that the work looks at, wherever it is.

::

    stop = threading.Event()
    with stoppable(stop):
        sl.fit_diagram(labels)  # raises Stopped soon after another thread has called stop.set()
"""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Callable, Iterator
from contextvars import ContextVar, copy_context
from typing import ParamSpec, TypeVar

from shapelab.at_exit import end_with_program
from shapelab.errors import Stopped

__all__ = ["apart", "check_stop", "done_apart", "looking", "shielded", "stoppable"]

Given = ParamSpec("Given")
Result = TypeVar("Result")

_events: ContextVar[tuple[threading.Event, ...]] = ContextVar("shapelab stop", default=())
_LOOK = 0.02
"""Time between two looks while something runs that cannot look itself [s]."""


@contextlib.contextmanager
def stoppable(event: threading.Event) -> Iterator[None]:
    """Let `event` end what this thread does within the block, kernels on other threads included, with `Stopped`."""
    token = _events.set((*_events.get(), event))
    try:
        yield
    finally:
        _events.reset(token)


@contextlib.contextmanager
def shielded() -> Iterator[None]:
    """Let a part that must be done whole, of a tenth of a second or so, not be stopped within."""
    token = _events.set(())
    try:
        yield
    finally:
        _events.reset(token)


def check_stop() -> None:
    """Raise `Stopped` if whoever is waiting for this work has asked it to stop; costs less than a microsecond.

    Raises
    ------
    Stopped
        If it has.
    """
    for event in _events.get():
        if event.is_set():
            raise Stopped


def looking() -> Callable[[], None]:
    """Return `check_stop` of this thread, for others that work for it."""
    events = _events.get()

    def look() -> None:
        if any(event.is_set() for event in events):
            raise Stopped

    return look


def apart(work: Callable[[], Result]) -> Result:
    """Return what `work` returns, which cannot look for itself: other libraries, compiling. It must change nothing that others see.

    It is done on a thread of its own. Where this thread is asked to stop, the other one is left to end by itself, at the latest when
    the program ends.

    Raises
    ------
    Stopped
        If this thread is asked to stop before the work is done.
    """
    if not _events.get():
        return work()
    results: list[Result] = []
    failed: list[BaseException] = []

    def attempt() -> None:
        try:
            results.append(work())
        except BaseException as error:
            failed.append(error)

    check_stop()
    thread = threading.Thread(target=copy_context().run, args=(attempt,), name="shapelab apart", daemon=True)
    end_with_program(thread)
    thread.start()
    while thread.is_alive():
        check_stop()
        thread.join(_LOOK)
    if failed:
        raise failed[0]
    return results[0]


def done_apart(function: Callable[Given, Result]) -> Callable[Given, Result]:
    """Have a function that only reads what it is given done `apart`, so that it can be stopped at any moment."""

    @functools.wraps(function)
    def call(*given: Given.args, **named: Given.kwargs) -> Result:
        return apart(functools.partial(function, *given, **named))

    return call

"""Threads end before the program does.

Python stops its daemon threads wherever they are when the program ends. One that comes back from a C++ library meanwhile (torch, most
often) takes the whole program down: "terminate called without an active exception", exit code 134, after all was well.
"""

from __future__ import annotations

import concurrent.futures.thread  # noqa: F401 (registers its own end before ours)
import ctypes
import sys
import threading
import time
import weakref

__all__ = ["end_with_program"]

_GRACE = 1.0
"""How long the end of the program waits for work that is about to be done anyway, such as saving a file [s]."""
_PATIENCE = 10.0
"""How long it waits for all of them [s]: for the longest call of another library that is likely."""
_AGAIN = 0.5
"""Time after which a thread that has not ended is asked again [s]; whatever it called may have caught the first wish."""

_threads: weakref.WeakSet[threading.Thread] = weakref.WeakSet()
_lock = threading.Lock()


def end_with_program(thread: threading.Thread) -> None:
    """End this daemon, which may not have begun yet, when the program ends, and wait for it.

    One with a method `stop` is asked by that, at once; any other is given a moment, and ended at its next line of Python.
    """
    with _lock:
        _threads.add(thread)


def _end_all() -> None:
    with _lock:
        found = [thread for thread in _threads if thread.is_alive()]
    deaf = [thread for thread in found if not hasattr(thread, "stop")]
    for thread in found:
        if thread not in deaf:
            thread.stop()  # type: ignore[attr-defined]
    begin = time.monotonic()
    for thread in found:
        thread.join(max(0.0, begin + _GRACE - time.monotonic()))
    told, sys.unraisablehook = sys.unraisablehook, lambda given: isinstance(given.exc_value, SystemExit) or told(given)  # in a destructor
    while (waited := time.monotonic() - begin) < _PATIENCE and any(thread.is_alive() for thread in found):
        for thread in deaf:
            if thread.is_alive() and thread.ident is not None:  # SystemExit ends a thread without a word
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(SystemExit))
        until = begin + min(waited + _AGAIN, _PATIENCE)
        for thread in found:
            thread.join(max(0.0, until - time.monotonic()))


if (register := getattr(threading, "_register_atexit", None)) is not None:  # as concurrent.futures does; last in, first called
    register(_end_all)

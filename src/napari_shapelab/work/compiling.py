"""How far the compiling of kernels is, which takes a while the first time on a machine: numba tells each kernel that is done."""

from __future__ import annotations

import threading
from typing import Any

__all__ = ["compiled", "watch_compiling"]

_lock = threading.Lock()
_listener: Any = None


def watch_compiling() -> None:
    """Count from now on; loads numba, so call it in a thread."""
    global _listener
    from numba.core import event

    class Counter(event.Listener):  # type: ignore[misc]
        """Counts kernels; several threads may compile."""

        def __init__(self) -> None:
            self.done = 0

        def on_start(self, event: Any) -> None:
            """Do nothing: it is not done yet."""

        def on_end(self, event: Any) -> None:
            """Count one more."""
            with _lock:
                self.done += 1

    with _lock:
        if _listener is None:
            _listener = Counter()
            event.register("numba:compile", _listener)  # type: ignore[no-untyped-call]


def compiled() -> int:
    """Return how many kernels this process has compiled, 0 where all were found on the disk."""
    return 0 if _listener is None else int(_listener.done)

"""napari asks before its window is closed while something runs that would be lost: its task manager is told of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import ref

from napari.utils.task_status import Status

from napari_shapelab.viewer.view import unwrapped

__all__ = ["Busy"]

_NAME = "napari-shapelab"


class Busy:
    """Whether something runs in a viewer, as napari shows it to a user who closes the window.

    Parameters
    ----------
    viewer
        napari's viewer.
    cancel
        Called if the window is closed all the same.
    """

    def __init__(self, viewer: Any, cancel: Callable[[], object]) -> None:
        # napari (0.9) has no public way to it but `create_worker`, which runs threads of its own
        window = getattr(unwrapped(viewer), "window", None)
        self._manager = getattr(window, "_task_status_manager", None)
        self._cancel = cancel
        self._known: Any = None

    def tell(self, what: str) -> None:
        """Say what runs, "" when nothing does any more."""
        if self._manager is None:
            return
        if self._known is not None:
            self._manager.update_task_status(self._known, Status.COMPLETED, "")
            self._known = None
        if what:
            here = ref(self)  # napari keeps what has ended, and with it would keep the dock

            def cancel() -> bool:
                busy = here()
                return busy is None or busy.cancelled()

            self._known = self._manager.register_task_status(_NAME, Status.BUSY, what, cancel)

    def cancelled(self) -> bool:
        """Cancel what runs: the user closes the window all the same."""
        self._known = None
        self._cancel()
        return True

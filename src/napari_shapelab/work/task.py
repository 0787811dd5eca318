"""Work that takes longer than a blink, in a thread of its own; its answer comes back to the window."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

from qtpy.QtCore import QObject, Qt, Signal

from napari_shapelab.work.compiling import watch_compiling
from napari_shapelab.work.sentence import sentence
from shapelab.at_exit import end_with_program
from shapelab.catalog import load
from shapelab.errors import ShapelabError

__all__ = ["Task", "warm_up"]

_log = logging.getLogger(__name__)
_at_work: set[Task] = set()
"""Tasks under way: nobody else need keep them."""


def warm_up(path: str) -> None:
    """Call the function at a dotted path ``module:name`` in the background: compile kernels while the user reads the dock."""

    def work() -> None:
        try:
            watch_compiling()
            load(path)()
        except Exception:  # the run will say what is wrong, if it concerns the user
            _log.exception("Compiling ahead (%s) failed", path)

    thread = threading.Thread(target=work, name="warm up", daemon=True)
    end_with_program(thread)
    thread.start()


class Task(QObject):
    """One call in a thread.

    Parameters
    ----------
    owner
        Object that the task lives and dies with, if any; when it is gone before the work ends, the answer is dropped.
    work
        Called in the thread. It must not touch the viewer.
    done, failed
        Called in the window's thread, with the result or with one sentence; `failed` also if `done` raises.
    """

    _done = Signal(object)
    _failed = Signal(str)

    def __init__(self, owner: QObject | None, work: Callable[[], Any], done: Callable[[Any], None], failed: Callable[[str], None]) -> None:
        super().__init__(owner)
        self._work = work
        self._on_done, self._on_failed = done, failed
        self._done.connect(self._deliver, Qt.ConnectionType.QueuedConnection)
        self._failed.connect(self._report, Qt.ConnectionType.QueuedConnection)
        _at_work.add(self)
        self.destroyed.connect(lambda *_: _at_work.discard(self))  # with its owner, also between the answer and its delivery
        self._thread = threading.Thread(target=self._run, name="shapelab task", daemon=True)
        end_with_program(self._thread)
        self._thread.start()

    def _deliver(self, result: Any) -> None:
        try:
            self._on_done(result)
        except Exception as error:  # told to the user, whatever it is: a dock must stay usable
            if not isinstance(error, ShapelabError):
                _log.exception("The answer of a task cannot be shown")
            self._on_failed(sentence(error, "The result cannot be shown because of an unexpected error"))
        finally:
            self._close()

    def _report(self, text: str) -> None:
        try:
            self._on_failed(text)
        finally:
            self._close()

    def _close(self) -> None:
        _at_work.discard(self)
        self.deleteLater()

    def _run(self) -> None:
        try:
            answer, failed = self._work(), False
        except Exception as error:  # told to the user, whatever it is
            if not isinstance(error, ShapelabError):
                _log.exception("A task failed")
            answer, failed = sentence(error), True
        try:
            (self._failed if failed else self._done).emit(answer)
        except RuntimeError:  # the window has been closed meanwhile
            _at_work.discard(self)

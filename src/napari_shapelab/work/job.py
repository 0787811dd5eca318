"""Work in a thread as a user sees it: its progress, a button that cancels it, and what is said at the end."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable
from typing import Any

from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from napari_shapelab.viewer.busy import Busy
from napari_shapelab.viewer.theme import theme_colour
from napari_shapelab.viewer.view import unwrapped
from napari_shapelab.widgets.button import allow, push_button
from napari_shapelab.widgets.icons import icon
from napari_shapelab.widgets.message import MessageLine
from napari_shapelab.work.compiling import compiled, watch_compiling
from napari_shapelab.work.mailbox import Mailbox
from napari_shapelab.work.progress import Progress
from napari_shapelab.work.sentence import sentence
from napari_shapelab.work.task import Task
from shapelab.errors import ShapelabError, Stopped

__all__ = ["Job", "SideJob", "beside"]

_log = logging.getLogger(__name__)

Within = Callable[[Callable[..., Any], Callable[[Any], None], Callable[[str], None]], object]

_COMPILING = "Compiling, the first time only…"
_KERNEL = 10.0
"""How long one kernel may take: as long after the last one it is said that they are compiled [s]."""
_PERIOD = 100
"""Time between two looks at the progress [ms]."""
_PATIENCE = 200
"""How long a cancelled computation may take to end before the button is free again without it [ms]."""


class Job(QWidget):
    """One computation at a time in a thread; subclasses place its parts.

    Parameters
    ----------
    viewer
        Whose theme to follow.
    message
        Where it speaks.
    """

    def __init__(self, viewer: Any, message: MessageLine) -> None:
        super().__init__()
        self._viewer = unwrapped(viewer)
        self.message = message
        self._abort = threading.Event()
        self._job: object | None = None
        self._late: object | None = None
        """Work that was cancelled and has not ended yet; what it has found is still wanted."""
        self._advanced: Callable[[Any], None] | None = None
        self._abortable = True
        self._cancelled = self._doing = self._told = ""
        self._kernels, self._compiled_at = 0, -math.inf
        self._mailbox: Mailbox[Progress] = Mailbox()
        self.cancel_button = push_button("Cancel", "End the computation.", self.cancel)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setMaximumHeight(6)
        self.bar.setRange(0, 1)
        self._busy = Busy(self._viewer, self.cancel)
        self._timer = QTimer(self)
        self._timer.setInterval(_PERIOD)
        self._timer.timeout.connect(self._look)
        self._waiting = QTimer(self)
        self._waiting.setSingleShot(True)
        self._waiting.setInterval(_PATIENCE)
        self._waiting.timeout.connect(self._leave)
        self._viewer.events.theme.connect(self._on_theme)

    @property
    def working(self) -> bool:
        """True while there is work under way whose result is wanted."""
        return self._job is not None

    def say(self, text: str, *, wrong: bool = False) -> None:
        """Show a sentence under the buttons."""
        self.message.say(text, wrong=wrong)

    def start(
        self,
        work: Callable[..., Any],
        done: Callable[[Any], None],
        what: str,
        *,
        advanced: Callable[[Any], None] | None = None,
        failed: Callable[[], None] | None = None,
        abortable: bool = True,
        cancelled: str = "Cancelled; nothing was changed.",
        within: Within | None = None,
    ) -> None:
        """Begin.

        Parameters
        ----------
        work
            Called in a thread with a function that takes a `Progress`, and an event that is set when it should end; before
            them with what `within` gives.
        done
            Called with the result in the window's thread. If it raises, the user is told, and the button is free again.
        what
            Shown until the first progress arrives.
        advanced
            Called with each partial result in the window's thread.
        failed
            Called in the window's thread when there will be no result, after the reason has been said.
        abortable
            True if `work` ends soon after the event is set, with what it has; otherwise its result is dropped.
        cancelled
            What is said where it has nothing, and ends with `Stopped`.
        within
            Does the work elsewhere than in a thread of its own, such as between two steps of a run: takes what to do, and
            the two functions to call at its end.
        """
        job = object()
        abort, mailbox = threading.Event(), Mailbox[Progress]()
        self.destroyed.connect(abort.set)
        self._job, self._late, self._abort, self._mailbox, self._abortable = job, None, abort, mailbox, abortable
        self._advanced, self._cancelled = advanced, cancelled
        self._waiting.stop()
        self._kernels, self._compiled_at = compiled(), -math.inf
        self._doing = self._told = what
        self.say(what)
        self._busy.tell(what)
        self.bar.setRange(0, 0)
        self._timer.start()
        self._refresh()

        def attempt(*given: Any) -> Any:
            try:
                watch_compiling()
                return work(*given, mailbox.put, abort)
            except Stopped as stopped:
                return stopped

        def deliver(result: Any) -> None:
            if not self._end(job):
                return
            if isinstance(result, Stopped):
                self.say(cancelled)
            else:
                self._call(done, result)

        def fail(text: str) -> None:
            if self._end(job):
                self.say(text, wrong=True)
                if failed is not None:
                    failed()

        if within is None:
            Task(self, attempt, deliver, fail)
        else:
            within(attempt, deliver, fail)

    def refuses(self, what: str) -> bool:
        """Say that `what` (a name and what is not done to it) has to wait, if there is work under way; return whether it has."""
        if self.working:
            self.say(f"{what}: wait until the current work is done, or cancel it, then try again.", wrong=True)
        return self.working

    def cancel(self) -> None:
        """End the work."""
        if not self.working:
            return
        self._abort.set()
        if self._abortable:
            self.say("Cancelling…")
            self.cancel_button.setEnabled(False)  # until it has ended
            self._waiting.start()
        else:
            self._end(self._job)
            self.say(self._cancelled)

    def _leave(self) -> None:
        """Free the button of work that does not end at once; what it has found comes later, unless new work begins."""
        late = self._job
        if late is not None and self._abort.is_set() and self._end(late):
            self._late = late
            self.say("Cancelled; any results found so far are shown.")

    def _end(self, job: object | None) -> bool:
        """Return to rest, unless `job` has been dropped."""
        if job is None or job not in (self._job, self._late):
            return False
        self._job = self._late = None
        self._busy.tell("")
        self._timer.stop()
        self._waiting.stop()
        self._look()
        self.bar.setRange(0, 1)
        self.bar.setValue(0)
        self._refresh()
        return True

    def _call(self, shown: Callable[[Any], None], result: Any) -> bool:
        """Hand over a result; return whether it could be shown."""
        try:
            shown(result)
        except Exception as error:  # told to the user, whatever it is: the dock must stay usable
            if not isinstance(error, ShapelabError):
                _log.exception("A result cannot be shown")
            self.say(sentence(error, "The result cannot be shown because of an unexpected error"), wrong=True)
            return False
        return True

    def _look(self) -> None:
        progress = self._mailbox.take()
        if progress is None:
            self._tell_compiling()
            return
        if progress.fraction < 0:
            self.bar.setRange(0, 0)
        else:
            self.bar.setRange(0, 1000)
            self.bar.setValue(round(1000 * progress.fraction))
        if not self._abort.is_set():
            self._doing = self._told = progress.text
            self.say(progress.text)
        if progress.partial is not None and self._advanced is not None and not self._call(self._advanced, progress.partial):
            self._advanced = None  # said once

    def _tell_compiling(self) -> None:
        """Say why it takes so long while kernels are compiled, which is once on a machine."""
        now = time.monotonic()
        if compiled() != self._kernels:
            self._kernels, self._compiled_at = compiled(), now
        said = f"{self._doing} {_COMPILING}" if now - self._compiled_at < _KERNEL else self._doing
        if self.working and not self._abort.is_set():
            self.message.replace(self._told, said)
            self._told = said

    def _refresh(self) -> None:
        allow(self.cancel_button, self.working, "Nothing is being computed.")

    def _on_theme(self, event: Any = None) -> None:
        del event
        self.cancel_button.setIcon(icon("stop", theme_colour(self._viewer, "text")))


class SideJob(Job):
    """What a dock computes beside what it is for: *Cancel* with a bar, seen only while there is such work.

    Place it beside the message line, whose height does not change: nothing moves.
    """

    def __init__(self, viewer: Any, message: MessageLine) -> None:
        super().__init__(viewer, message)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.cancel_button)
        column.addWidget(self.bar)
        column.addStretch(1)
        self._on_theme()
        self._refresh()

    def _refresh(self) -> None:
        super()._refresh()
        self.setVisible(self.working)


def beside(message: MessageLine, job: SideJob) -> QHBoxLayout:
    """Return a row of a message line and the job that speaks in it."""
    row = QHBoxLayout()
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(4)
    row.addWidget(message, 1)
    row.addWidget(job)
    return row

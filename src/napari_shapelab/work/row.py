"""A button that starts work in a thread, its progress, a button that cancels it, and what it says at the end."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any, Literal

from qtpy.QtCore import QTimer, Signal
from qtpy.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QVBoxLayout, QWidget

from napari_shapelab.viewer.busy import Busy
from napari_shapelab.viewer.canvas_guard import CanvasGuard
from napari_shapelab.viewer.tabbed import Tabbed
from napari_shapelab.viewer.theme import theme_colour
from napari_shapelab.viewer.view import unwrapped
from napari_shapelab.widgets.button import allow
from napari_shapelab.widgets.icons import Shape, icon
from napari_shapelab.widgets.message import MessageLine
from napari_shapelab.work.mailbox import Mailbox
from napari_shapelab.work.progress import Progress, Report
from napari_shapelab.work.sentence import sentence
from napari_shapelab.work.task import Task
from shapelab.errors import ShapelabError, Stopped

__all__ = ["WorkRow"]

_log = logging.getLogger(__name__)

_READY = "Ready."
_PERIOD = 100
"""Time between two looks at the progress [ms]."""
_PATIENCE = 200
"""How long a cancelled computation may take to end before the button is free again without it [ms]."""


class WorkRow(QWidget):
    """Run and Cancel with a progress bar and a sentence.

    Parameters
    ----------
    viewer
        Whose theme to follow.
    verb, tip
        What the button says.
    picture
        Name of its icon, "" for none.
    """

    pressed = Signal()
    """The user wants the work to begin."""

    def __init__(self, viewer: Any, verb: str, tip: str, picture: Shape | Literal[""] = "run") -> None:
        super().__init__()
        self._viewer, self._picture = unwrapped(viewer), picture
        CanvasGuard(self._viewer, self)
        Tabbed(self)
        self._abort = threading.Event()
        self._job: object | None = None
        self._late: object | None = None
        """Work that was cancelled and has not ended yet; what it has found is still wanted."""
        self._advanced: Callable[[Any], None] | None = None
        self._abortable = True
        self._cancelled = ""
        self._ready, self._missing = True, ""
        self._rest = _READY
        """What is said as long as there is nothing else to say."""
        self._mailbox: Mailbox[Progress] = Mailbox()
        self.run_button = QPushButton(verb)
        self.run_button.setToolTip(tip)
        self.cancel_button = QPushButton("Cancel")
        self.cancel_button.setToolTip("End the computation.")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setMaximumHeight(6)
        self.message = MessageLine(_READY, lines=3)
        self._busy = Busy(self._viewer, self.cancel)
        self._timer = QTimer(self)
        self._timer.setInterval(_PERIOD)
        self._timer.timeout.connect(self._look)
        self._waiting = QTimer(self)
        self._waiting.setSingleShot(True)
        self._waiting.setInterval(_PATIENCE)
        self._waiting.timeout.connect(self._leave)
        self._build()
        self._viewer.events.theme.connect(self._on_theme)
        self._on_theme()
        self._refresh()

    @property
    def working(self) -> bool:
        """True while there is work under way whose result is wanted."""
        return self._job is not None

    @property
    def rest(self) -> str:
        """What is said as long as there is nothing else to say."""
        return self._rest

    def set_ready(self, ready: bool, missing: str = "") -> None:
        """Allow the work to begin, or not; `missing` is a sentence on what to do first."""
        rest = _READY if ready else missing
        self.message.replace(self._rest, rest)
        self._ready, self._missing, self._rest = ready, missing, rest
        self._refresh()

    def say(self, text: str, *, wrong: bool = False) -> None:
        """Show a sentence under the buttons."""
        self.message.say(text, wrong=wrong)

    def start(
        self,
        work: Callable[[Report, threading.Event], Any],
        done: Callable[[Any], None],
        what: str,
        *,
        advanced: Callable[[Any], None] | None = None,
        failed: Callable[[], None] | None = None,
        abortable: bool = True,
        cancelled: str = "Cancelled; nothing was changed.",
    ) -> None:
        """Begin.

        Parameters
        ----------
        work
            Called in a thread with a function that takes a `Progress`, and an event that is set when it should end.
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
        """
        job = object()
        abort, mailbox = threading.Event(), Mailbox[Progress]()
        self.destroyed.connect(abort.set)
        self._job, self._late, self._abort, self._mailbox, self._abortable = job, None, abort, mailbox, abortable
        self._advanced, self._cancelled = advanced, cancelled
        self._waiting.stop()
        self.say(what)
        self._busy.tell(what)
        self.bar.setRange(0, 0)
        self._timer.start()
        self._refresh()

        def attempt() -> Any:
            try:
                return work(mailbox.put, abort)
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

        Task(self, attempt, deliver, fail)

    def cancel(self) -> None:
        """End the work."""
        if not self.working:
            return
        self._abort.set()
        if self._abortable:
            self.say("Cancelling…")
            self.cancel_button.setEnabled(False)
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
            return
        if progress.fraction < 0:
            self.bar.setRange(0, 0)
        else:
            self.bar.setRange(0, 1000)
            self.bar.setValue(round(1000 * progress.fraction))
        if not self._abort.is_set():
            self.say(progress.text)
        if progress.partial is not None and self._advanced is not None and not self._call(self._advanced, progress.partial):
            self._advanced = None  # said once

    def _refresh(self) -> None:
        allow(self.run_button, self._ready and not self.working, "" if self._ready else self._missing)
        self.cancel_button.setEnabled(self.working)

    def _on_theme(self, event: Any = None) -> None:
        del event
        if self._picture:
            self.run_button.setIcon(icon(self._picture, theme_colour(self._viewer, "text")))
        self.cancel_button.setIcon(icon("stop", theme_colour(self._viewer, "text")))

    def _build(self) -> None:
        buttons = QHBoxLayout()
        buttons.setSpacing(4)
        for button, stretch in ((self.run_button, 2), (self.cancel_button, 1)):
            button.setMinimumHeight(28)
            buttons.addWidget(button, stretch)
        self.run_button.clicked.connect(lambda _=False: self.pressed.emit())
        self.cancel_button.clicked.connect(lambda _=False: self.cancel())
        self.bar.setRange(0, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(buttons)
        column.addWidget(self.bar)
        column.addWidget(self.message)

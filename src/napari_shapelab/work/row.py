"""A button that starts work in a thread, its progress, a button that cancels it, and what it says at the end."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from qtpy.QtCore import QTimer, Signal
from qtpy.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QVBoxLayout, QWidget

from napari_shapelab.viewer.canvas_guard import CanvasGuard
from napari_shapelab.viewer.theme import theme_colour
from napari_shapelab.viewer.view import unwrapped
from napari_shapelab.widgets.icons import icon
from napari_shapelab.widgets.message import MessageLine
from napari_shapelab.work.mailbox import Mailbox
from napari_shapelab.work.task import Task

__all__ = ["Progress", "Report", "WorkRow"]

_PERIOD = 100
"""Time between two looks at the progress [ms]."""


@dataclass(frozen=True)
class Progress:
    """Where the work stands."""

    fraction: float
    """0 to 1; negative where nobody knows."""
    text: str
    partial: Any = None
    """A first result to show, if there is one."""


Report = Callable[[Progress], None]


class WorkRow(QWidget):
    """Run and Cancel with a progress bar and a sentence.

    Parameters
    ----------
    viewer
        Whose theme to follow.
    verb, tip
        What the button says.
    """

    pressed = Signal()
    """The user wants the work to begin."""
    advanced = Signal(object)
    """A partial result."""

    def __init__(self, viewer: Any, verb: str, tip: str) -> None:
        super().__init__()
        self._viewer = unwrapped(viewer)
        CanvasGuard(self._viewer, self)
        self._abort = threading.Event()
        self._job: object | None = None
        self._abortable = True
        self._ready = True
        self._mailbox: Mailbox[Progress] = Mailbox()
        self.run_button = QPushButton(verb)
        self.run_button.setToolTip(tip)
        self.cancel_button = QPushButton("Cancel")
        self.cancel_button.setToolTip("End the computation.")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setMaximumHeight(6)
        self.message = MessageLine("Ready.", lines=3)
        self._timer = QTimer(self)
        self._timer.setInterval(_PERIOD)
        self._timer.timeout.connect(self._look)
        self._build()
        self._viewer.events.theme.connect(self._on_theme)
        self._on_theme()
        self._refresh()

    @property
    def working(self) -> bool:
        """True while there is work under way whose result is wanted."""
        return self._job is not None

    def set_ready(self, ready: bool) -> None:
        """Allow the work to begin, or not."""
        self._ready = ready
        self._refresh()

    def say(self, text: str, *, wrong: bool = False) -> None:
        """Show a sentence under the buttons."""
        self.message.say(text, wrong=wrong)

    def start(
        self, work: Callable[[Report, threading.Event], Any], done: Callable[[Any], None], what: str, *, abortable: bool = True
    ) -> None:
        """Begin.

        Parameters
        ----------
        work
            Called in a thread with a function that takes a `Progress`, and an event that is set when it shall end.
        done
            Called with the result in the window's thread.
        what
            Shown until the first progress arrives.
        abortable
            True if `work` ends soon after the event is set, with what it has; otherwise its result is dropped.
        """
        job = object()
        abort, mailbox = threading.Event(), Mailbox[Progress]()
        self.destroyed.connect(abort.set)
        self._job, self._abort, self._mailbox, self._abortable = job, abort, mailbox, abortable
        self.say(what)
        self.bar.setRange(0, 0)
        self._timer.start()
        self._refresh()

        def deliver(result: Any) -> None:
            if self._end(job):
                done(result)

        def fail(text: str) -> None:
            if self._end(job):
                self.say(text, wrong=True)

        Task(self, lambda: work(mailbox.put, abort), deliver, fail)

    def cancel(self) -> None:
        """End the work."""
        if not self.working:
            return
        self._abort.set()
        if self._abortable:
            self.say("Cancelling…")
        else:
            self._end(self._job)
            self.say("Cancelled; nothing was changed.")

    def _end(self, job: object | None) -> bool:
        """Return to rest, unless `job` has been dropped."""
        if job is not self._job:
            return False
        self._job = None
        self._timer.stop()
        self._look()
        self.bar.setRange(0, 1)
        self.bar.setValue(0)
        self._refresh()
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
        if progress.partial is not None:
            self.advanced.emit(progress.partial)

    def _refresh(self) -> None:
        self.run_button.setEnabled(self._ready and not self.working)
        self.cancel_button.setEnabled(self.working)

    def _on_theme(self, event: Any = None) -> None:
        del event
        self.run_button.setIcon(icon("run", theme_colour(self._viewer, "text")))
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

"""A button that starts work in a thread, its progress, a button that cancels it, and what it says at the end."""

from __future__ import annotations

from typing import Any, Literal

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QVBoxLayout

from napari_shapelab.viewer.canvas_guard import CanvasGuard
from napari_shapelab.viewer.tabbed import Tabbed
from napari_shapelab.viewer.theme import theme_colour
from napari_shapelab.widgets.button import allow, push_button
from napari_shapelab.widgets.icons import Shape, icon
from napari_shapelab.widgets.message import MessageLine
from napari_shapelab.work.job import Job

__all__ = ["WorkRow"]

_READY = "Ready."


class WorkRow(Job):
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
        super().__init__(viewer, MessageLine(_READY, lines=3))
        self._picture = picture
        CanvasGuard(self._viewer, self)
        Tabbed(self)
        self._ready, self._missing, self._rest = True, "", _READY
        self.run_button = push_button(verb, tip, self.pressed.emit)
        self._build()
        self._on_theme()
        self._refresh()

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

    def remark(self, text: str) -> None:
        """Show a sentence on the last result, unless there is work under way: its own result will say it."""
        if not self.working:
            self.say(text, wrong=True)

    def _refresh(self) -> None:
        super()._refresh()
        allow(self.run_button, self._ready and not self.working, "" if self._ready else self._missing)

    def _on_theme(self, event: Any = None) -> None:
        super()._on_theme(event)
        if self._picture:
            self.run_button.setIcon(icon(self._picture, theme_colour(self._viewer, "text")))

    def _build(self) -> None:
        buttons = QHBoxLayout()
        buttons.setSpacing(4)
        for button, stretch in ((self.run_button, 2), (self.cancel_button, 1)):
            button.setMinimumHeight(28)
            buttons.addWidget(button, stretch)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(buttons)
        column.addWidget(self.bar)
        column.addWidget(self.message)

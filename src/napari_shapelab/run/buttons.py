"""Run, Pause, Step and Stop, with signs in the theme's colour."""

from __future__ import annotations

from typing import Any

from qtpy.QtGui import QColor
from qtpy.QtWidgets import QWidget

from napari_shapelab.viewer.theme import theme_colour
from napari_shapelab.viewer.view import unwrapped
from napari_shapelab.widgets.button import allow, push_button
from napari_shapelab.widgets.flow_row import FlowRow
from napari_shapelab.widgets.icons import icon

__all__ = ["STOP_FIRST", "RunButtons"]

STOP_FIRST = "Stop the run first."
_IDLE, _INCOMPLETE = "There is no run.", "What it starts from is missing, or not allowed."

_GO = "#5cc46a"
"""Colour of the sign on the Run button: what to press first."""


class RunButtons(QWidget):
    """The four buttons; the panel connects and enables them."""

    def __init__(self, viewer: Any) -> None:
        super().__init__()
        self._viewer = unwrapped(viewer)
        self._resumes = False
        self.run = push_button("Run", "Start a new run. Earlier results stay in the layer list, hidden.", height=28, wide=True)
        self.pause = push_button("Pause", "Pause after the current step, or resume.", height=28, wide=True)
        self.step = push_button("Step", "Take a single step, then wait.", height=28, wide=True)
        self.stop = push_button("Stop", "End the run; the result stays.", height=28, wide=True)
        self.setLayout(FlowRow((self.run, self.pause, self.step, self.stop)))
        self._viewer.events.theme.connect(self._on_theme)
        self._on_theme()

    def show_state(self, *, running: bool, paused: bool, ended: bool, ready: bool) -> None:
        """Enable what makes sense.

        Parameters
        ----------
        running, paused
            There is a run; it waits.
        ended
            There is a run that has ended and can be resumed.
        ready
            A new run may begin.
        """
        allow(self.run, not running and ready, STOP_FIRST if running else _INCOMPLETE)
        allow(self.pause, running or ended, _IDLE)
        self.pause.setText("Resume" if ended or paused else "Pause")
        allow(self.step, running or ready, _INCOMPLETE)
        allow(self.stop, running, _IDLE)
        self._resumes = ended or paused
        self._on_theme()

    def _on_theme(self, event: Any = None) -> None:
        del event
        colour = theme_colour(self._viewer, "text")
        self.run.setIcon(icon("run", QColor(_GO)))
        self.pause.setIcon(icon("run" if self._resumes else "pause", colour))
        self.step.setIcon(icon("step", colour))
        self.stop.setIcon(icon("stop", colour))

"""Play a run: a button, a speed, and which frame is shown."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QCheckBox, QSpinBox, QWidget

from napari_shapelab.docks.replay.timeline import Timeline
from napari_shapelab.viewer.theme import theme_colour
from napari_shapelab.viewer.view import unwrapped
from napari_shapelab.widgets.button import allow, push_button
from napari_shapelab.widgets.flow_row import FlowRow
from napari_shapelab.widgets.icons import icon
from napari_shapelab.widgets.number_box import ignore_wheel

__all__ = ["Player"]


class Player(QWidget):
    """Play, one frame on, speed and loop.

    Parameters
    ----------
    viewer
        Whose theme to follow.
    timeline
        What to move.
    """

    def __init__(self, viewer: Any, timeline: Timeline) -> None:
        super().__init__()
        self._viewer, self._timeline = unwrapped(viewer), timeline
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._advance)
        self.play_button = push_button("Play", "Play the frames; from the last one, start again at the first.", height=28)
        self.next_button = push_button("Next", "Show the next frame.", height=28)
        self.rate = QSpinBox()
        self.rate.setRange(1, 60)
        self.rate.setValue(10)
        self.rate.setSuffix(" /s")
        self.rate.setToolTip("Frames per second, 1 to 60, here and in a movie; a slow machine shows fewer.")
        ignore_wheel(self.rate)
        self.loop = QCheckBox("Loop")
        self.loop.setToolTip("Start again after the last frame.")
        self.setLayout(FlowRow((self.play_button, self.next_button, self.rate, self.loop)))
        self.play_button.clicked.connect(lambda _=False: self.stop() if self.playing else self.play())
        self.next_button.clicked.connect(lambda _=False: self._timeline.go(self._timeline.index + 1))
        self._viewer.events.theme.connect(self._on_theme)
        self._on_theme()

    def offer(self, frames: int) -> None:
        """Allow what makes sense with so many frames, 0 without a run."""
        missing = "Open a run first." if not frames else "There is only one frame."
        for button in (self.play_button, self.next_button, self.loop):
            allow(button, frames > 1, missing)
        self.rate.setEnabled(frames > 0)

    @property
    def playing(self) -> bool:
        """True while the frames go by."""
        return bool(self._timer.isActive())

    def play(self) -> None:
        """Begin, from the first frame if the last one is shown."""
        if len(self._timeline) < 2:
            return
        if self._timeline.index >= len(self._timeline) - 1:
            self._timeline.go(0)
        self._timer.start(self._pause)
        self._on_theme()

    def stop(self) -> None:
        """Stay at the frame that is shown."""
        self._timer.stop()
        self._on_theme()

    @property
    def _pause(self) -> int:
        return round(1000 / int(self.rate.value()))

    def _advance(self) -> None:
        index = self._timeline.index
        if index < 0 or (index >= len(self._timeline) - 1 and not self.loop.isChecked()):
            self.stop()
            return
        try:
            self._timeline.go((index + 1) % len(self._timeline))
        except Exception:  # told by napari: the button says Play again
            self.stop()
            raise
        self._timer.start(self._pause)

    def _on_theme(self, event: Any = None) -> None:
        del event
        colour = theme_colour(self._viewer, "text")
        self.play_button.setIcon(icon("pause" if self.playing else "run", colour))
        self.play_button.setText("Pause" if self.playing else "Play")
        self.next_button.setIcon(icon("step", colour))

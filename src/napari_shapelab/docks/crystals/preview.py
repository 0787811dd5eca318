"""A small picture in the dock of what the fields would generate, made again when they change."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from napari.utils.colormaps import label_colormap
from qtpy.QtCore import Qt, QTimer
from qtpy.QtGui import QImage, QPixmap
from qtpy.QtWidgets import QLabel

from napari_shapelab.work.task import Task

__all__ = ["CrystalPreview"]

_WAIT = 250
"""Rest after the last change before the preview is made [ms]."""
_HEIGHT = 150


class CrystalPreview(QLabel):
    """The picture.

    Parameters
    ----------
    make
        Returns a function that returns 2-D labels and may be called in a thread; None where there is nothing to show.
    """

    def __init__(self, make: Callable[[], Callable[[], np.ndarray] | None]) -> None:
        super().__init__("Preview")
        self._make = make
        self._working, self._stale = False, False
        self._colours = label_colormap(1000)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_WAIT)
        self._timer.timeout.connect(self._begin)
        self.setMinimumHeight(_HEIGHT)
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setWordWrap(True)
        self.setToolTip("A smaller sample with the same settings: at most 150 grains on 128 pixels (for a 3-D sample, its middle section).")

    def refresh(self) -> None:
        """Make a new picture soon; while it is not looked at, nothing is computed."""
        if self.isVisible():
            self._timer.start()

    def _begin(self) -> None:
        if self._working:
            self._stale = True
            return
        work = self._make()
        if work is None:
            return
        self._working = True
        Task(self, work, self._show, self._say)

    def _show(self, labels: np.ndarray) -> None:
        colours = (np.asarray(self._colours.map(labels.astype(np.int32)))[..., :3] * 255).astype(np.uint8)
        colours[_edges(labels)] = 0
        pixels = np.ascontiguousarray(colours)
        height, width = labels.shape
        image = QImage(pixels.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888).copy()
        size = self.size()
        self.setPixmap(
            QPixmap.fromImage(image).scaled(size, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation)
        )
        self._rest()

    def _say(self, text: str) -> None:
        self.setText(text)
        self._rest()

    def _rest(self) -> None:
        self._working = False
        if self._stale:
            self._stale = False
            self.refresh()


def _edges(labels: np.ndarray) -> np.ndarray:
    edges = np.zeros(labels.shape, bool)
    edges[:-1] |= labels[:-1] != labels[1:]
    edges[:, :-1] |= labels[:, :-1] != labels[:, 1:]
    return edges

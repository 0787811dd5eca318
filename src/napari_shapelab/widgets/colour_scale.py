"""What the colours of a layer mean: a short bar between two numbers."""

from __future__ import annotations

import numpy as np
from napari.utils.colormaps import Colormap
from qtpy.QtCore import QSize, Qt
from qtpy.QtGui import QImage, QPixmap
from qtpy.QtWidgets import QHBoxLayout, QLabel, QWidget

__all__ = ["ColourScale"]

_WIDTH, _HEIGHT = 60, 10
_NARROWEST = 24
"""Width of the bar where there is no room for more [pixels]."""
_LONGEST = "-0.00123"
"""The longest number that is shown: room for it is kept where there is any, so that nothing moves when numbers change."""
_NOTHING = 1e-2
"""Part of a scale below which its end is 0: no colour tells the difference."""


class ColourScale(QWidget):
    """A bar of colours with the numbers at its ends.

    Parameters
    ----------
    title
        What is coloured, before the bar; "" if that is said elsewhere.
    """

    def __init__(self, title: str = "") -> None:
        super().__init__()
        self.low, self.bar, self.high = _End(), QLabel(), _End()
        self.bar.setScaledContents(True)
        self.bar.setMinimumWidth(_NARROWEST)
        self.bar.setMaximumSize(_WIDTH, _HEIGHT)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        if title:
            row.addWidget(QLabel(title), 1)
        for widget in (self.low, self.bar, self.high):
            row.addWidget(widget)
        self.low.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)

    def show_range(self, colours: Colormap, low: float, high: float) -> None:
        """Show which colours the numbers from `low` to `high` have."""
        pixels = (255 * colours.map(np.linspace(0, 1, _WIDTH))).astype(np.uint8)
        pixels = np.ascontiguousarray(np.broadcast_to(pixels, (_HEIGHT, _WIDTH, 4)))
        self.bar.setPixmap(QPixmap.fromImage(QImage(pixels.data, _WIDTH, _HEIGHT, 4 * _WIDTH, QImage.Format.Format_RGBA8888).copy()))
        for label, number in ((self.low, low), (self.high, high)):
            label.setText(_rounded(number, high - low))


class _End(QLabel):
    """A number at the end of a scale: it asks for the room of the longest, but takes no more than its own from a narrow dock."""

    def sizeHint(self) -> QSize:
        """Return the size of the longest number."""
        own = super().sizeHint()
        return QSize(max(own.width(), self.fontMetrics().horizontalAdvance(_LONGEST)), own.height())


def _rounded(number: float, span: float) -> str:
    """Return a number in three digits; one that is nothing beside the span of the scale is 0."""
    return f"{0.0 if abs(number) < _NOTHING * span else number:.3g}"

"""Icons of the run buttons, drawn in the colour of the theme's text."""

from __future__ import annotations

from typing import Literal

from qtpy.QtCore import QPointF, QRectF, Qt
from qtpy.QtGui import QColor, QIcon, QPainter, QPixmap, QPolygonF

__all__ = ["Shape", "icon"]

Shape = Literal["run", "pause", "step", "stop"]

_SIZE = 32


def icon(shape: Shape, colour: QColor) -> QIcon:
    """Return the icon in `colour`, and pale where its button is disabled."""
    pale = QColor(colour)
    pale.setAlphaF(0.35)
    result = QIcon(_pixmap(shape, colour))
    result.addPixmap(_pixmap(shape, pale), QIcon.Mode.Disabled)
    return result


def _pixmap(shape: Shape, colour: QColor) -> QPixmap:
    pixmap = QPixmap(_SIZE, _SIZE)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    if shape == "run":
        painter.drawPolygon(_triangle(8, 27))
    elif shape == "step":
        painter.drawPolygon(_triangle(5, 20))
        painter.drawRect(QRectF(22, 6, 5, 20))
    elif shape == "pause":
        painter.drawRect(QRectF(7, 6, 6, 20))
        painter.drawRect(QRectF(19, 6, 6, 20))
    else:
        painter.drawRect(QRectF(7, 7, 18, 18))
    painter.end()
    return pixmap


def _triangle(left: float, right: float) -> QPolygonF:
    return QPolygonF([QPointF(left, 5), QPointF(left, 27), QPointF(right, 16)])

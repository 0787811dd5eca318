"""The upper part of a dock, scrolled up and down where the window is too low for it."""

from __future__ import annotations

from qtpy.QtCore import QEvent, QObject, QSize, Qt
from qtpy.QtWidgets import QFrame, QScrollArea, QSizePolicy, QStyle, QVBoxLayout, QWidget

__all__ = ["over_foot", "scrolled"]

_LEAST = 80
"""Least height in which anything can be read [pixels]."""


def scrolled(content: QWidget) -> QScrollArea:
    """Return a frameless area that `content` fills; it is never scrolled sideways, so that it is as wide as `content` needs."""
    area = _Upright()
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the Tab key goes to what is in it, and scrolls to it
    area.setWidget(content)
    return area


def over_foot(content: QWidget, *feet: QWidget) -> QWidget:
    """Return a page of `content`, scrolled, above what stays in sight whatever is scrolled: the buttons for its results."""
    page = QWidget()
    page.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)  # else napari puts a stretch below
    column = QVBoxLayout(page)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(4)
    column.addWidget(scrolled(content), 1)
    for foot in feet:
        column.addWidget(foot)
    return page


class _Upright(QScrollArea):
    """A scroll area that nothing is cut off from at the right."""

    def minimumSizeHint(self) -> QSize:
        """Return the width of the content with its scroll bar, and little height."""
        content = self.widget()
        bar = self.style().pixelMetric(QStyle.PixelMetric.PM_ScrollBarExtent)
        return QSize(content.minimumSizeHint().width() + bar if content is not None else 0, _LEAST)

    def sizeHint(self) -> QSize:
        """Return the size in which nothing need be scrolled."""
        content = self.widget()
        return content.sizeHint() if content is not None else QSize()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take the width that the content needs once it has changed."""
        if event.type() == QEvent.Type.LayoutRequest and watched is self.widget():
            self.updateGeometry()
        return bool(super().eventFilter(watched, event))

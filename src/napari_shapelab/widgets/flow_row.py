"""Widgets in a row that is broken where it would be too wide: a dock can then be as narrow as its widest button."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QPoint, QRect, QSize, Qt
from qtpy.QtWidgets import QLayout, QLayoutItem, QWidget

__all__ = ["FlowRow"]


class FlowRow(QLayout):
    """A row of widgets that fill its width, in as many lines as they need.

    Parameters
    ----------
    widgets
        From left to right.
    spacing
        Between two of them [pixels].
    """

    def __init__(self, widgets: Sequence[QWidget] = (), spacing: int = 4) -> None:
        super().__init__()
        self._items: list[QLayoutItem] = []
        self.setSpacing(spacing)
        self.setContentsMargins(0, 0, 0, 0)
        for widget in widgets:
            self.addWidget(widget)

    def addItem(self, item: QLayoutItem) -> None:
        """Add an item at the end."""
        self._items.append(item)

    def count(self) -> int:
        """Return the number of items."""
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:
        """Return an item, None if there is none."""
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:
        """Remove and return an item, None if there is none."""
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def expandingDirections(self) -> Qt.Orientation:
        """It takes the whole width."""
        return Qt.Orientation.Horizontal

    def hasHeightForWidth(self) -> bool:
        """The height follows from the width."""
        return True

    def heightForWidth(self, width: int) -> int:
        """Return the height of all lines."""
        lines = self._lines(width)
        return sum(_height(line) for line in lines) + int(self.spacing()) * max(0, len(lines) - 1)

    def sizeHint(self) -> QSize:
        """Return the size in one line."""
        items = self._shown()
        gaps = self.spacing() * max(0, len(items) - 1)
        return QSize(sum(item.sizeHint().width() for item in items) + gaps, _height(items))

    def minimumSize(self) -> QSize:
        """Return the size of the largest widget."""
        items = self._shown()
        return QSize(max((item.sizeHint().width() for item in items), default=0), _height(items))

    def setGeometry(self, area: QRect) -> None:
        """Place the widgets: those of one line share what it leaves."""
        super().setGeometry(area)
        top = area.top()
        for line in self._lines(area.width()):
            left, height = area.left(), _height(line)
            rest = area.width() - sum(item.sizeHint().width() for item in line) - self.spacing() * (len(line) - 1)
            for k, item in enumerate(line):
                width = item.sizeHint().width() + rest * (k + 1) // len(line) - rest * k // len(line)
                item.setGeometry(QRect(QPoint(left, top), QSize(width, height)))
                left += width + self.spacing()
            top += height + self.spacing()

    def _shown(self) -> list[QLayoutItem]:
        return [item for item in self._items if not item.isEmpty()]

    def _lines(self, width: int) -> list[list[QLayoutItem]]:
        """Return the items of each line: as few lines as there can be, and those about as full as one another."""
        items = self._shown()
        lines = _broken(items, width, self.spacing())
        narrower = width
        while len(lines) > 1 and narrower > 0 and len(_broken(items, narrower - 8, self.spacing())) == len(lines):
            narrower -= 8
            lines = _broken(items, narrower, self.spacing())
        return lines


def _height(items: Sequence[QLayoutItem]) -> int:
    return max((item.sizeHint().height() for item in items), default=0)


def _broken(items: Sequence[QLayoutItem], width: int, gap: int) -> list[list[QLayoutItem]]:
    lines: list[list[QLayoutItem]] = []
    left = 0
    for item in items:
        wide = item.sizeHint().width()
        if lines and left + gap + wide <= width:
            lines[-1].append(item)
            left += gap + wide
        else:
            lines.append([item])
            left = wide
    return lines

"""The order in which the Tab key goes through a dock: as one reads it, whenever its parts were made."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLayout, QScrollArea, QSplitter, QTabWidget, QWidget

from napari_shapelab.widgets.spoken import name_parts

__all__ = ["in_reading_order", "order_tabs"]


def order_tabs(dock: QWidget) -> None:
    """Let the Tab key go through the parts of a dock from top to bottom and from left to right, each with a name to be read out."""
    name_parts(dock)
    for before, after in pairwise(in_reading_order(dock)):
        QWidget.setTabOrder(before, after)


def in_reading_order(widget: QWidget) -> Iterator[QWidget]:
    """Yield the parts of a widget that the Tab key stops at, as its layouts place them."""
    if widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.focusProxy() is None:
        yield widget
    for part in _parts(widget):
        yield from in_reading_order(part)


def _parts(widget: QWidget) -> Iterator[QWidget]:
    if isinstance(widget, QTabWidget):
        yield widget.tabBar()
        if (corner := widget.cornerWidget()) is not None:
            yield corner
        yield from (widget.widget(k) for k in range(widget.count()))
    elif isinstance(widget, QSplitter):
        yield from (widget.widget(k) for k in range(widget.count()))
    elif isinstance(widget, QScrollArea):
        if (content := widget.widget()) is not None:
            yield content
    elif (layout := widget.layout()) is not None:
        yield from _in_layout(layout)


def _in_layout(layout: QLayout) -> Iterator[QWidget]:
    for k in range(layout.count()):
        item = layout.itemAt(k)
        if (widget := item.widget()) is not None:
            yield widget
        elif (inner := item.layout()) is not None:
            yield from _in_layout(inner)

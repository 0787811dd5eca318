"""A dock that joins the others as a tab: two below each other would both be too low to use.

napari (0.9) reads ``tabify`` in a plugin's manifest and does not act on it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from qtpy.QtCore import QEvent, QObject, QSize, Qt, QTimer
from qtpy.QtWidgets import QApplication, QDockWidget, QMainWindow, QWidget

from napari_shapelab.viewer.view import unwrapped

__all__ = ["Tabbed", "open_as_tab", "own_tab"]

Panel = TypeVar("Panel", bound=QWidget)


_HALF = 0.35
"""Part of a window that the canvas keeps beside two columns of docks; in a narrower one they become tabs of one column."""
_USEFUL = 280
"""Least width in which a dock can be read [pixels]."""


class Tabbed(QObject):
    """Makes the dock that holds a widget a tab of the dock beside it, when it is first shown; later it is the user's.

    The window keeps the size that it has when this is made: before the dock is in it, and has made it grow.

    Parameters
    ----------
    widget
        A widget of the dock; the tabs live and die with it.
    """

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self._widget = widget
        windows = [window for window in QApplication.topLevelWidgets() if isinstance(window, QMainWindow)]
        self._sizes = {id(window): window.size() for window in windows}  # no references: they would keep closed windows alive
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.timeout.connect(self._join)
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Wait for the first time that the widget is shown, and for napari to place its dock."""
        if event.type() == QEvent.Type.Show:
            watched.removeEventFilter(self)
            self._soon.start(0)
        return False

    def _join(self) -> None:
        dock = _ancestor(self._widget, QDockWidget)
        window = _ancestor(dock, QMainWindow) if dock is not None else None
        if not isinstance(dock, QDockWidget) or not isinstance(window, QMainWindow) or dock.isFloating():
            return
        left, right = Qt.DockWidgetArea.LeftDockWidgetArea, Qt.DockWidgetArea.RightDockWidgetArea
        # napari remembers where docks were: one that was opened in a narrow window comes back between those on the left
        squeezed = window.dockWidgetArea(dock) == left and self._has_grown(window)
        beside = _docks_in(window, right if squeezed else window.dockWidgetArea(dock), dock)
        if not beside and (squeezed or window.dockWidgetArea(dock) == right) and _is_narrow(window, dock):
            self._join_left(window, dock)
            return
        if squeezed:
            window.addDockWidget(right, dock)
            QTimer.singleShot(0, partial(_shrink, window, self._sizes.get(id(window))))
        if beside and dock not in window.tabifiedDockWidgets(beside[-1]):
            window.tabifyDockWidget(beside[-1], dock)
            dock.show()
            dock.raise_()
            QTimer.singleShot(0, partial(_shrink, window, self._sizes.get(id(window))))

    def _has_grown(self, window: QMainWindow) -> bool:
        size = self._sizes.get(id(window))
        return size is not None and window.height() > size.height()

    def _join_left(self, window: QMainWindow, dock: QDockWidget) -> None:
        """Make one stack of tabs of the dock and napari's own on the left: beside two columns there would be no canvas."""
        left = Qt.DockWidgetArea.LeftDockWidgetArea
        first, *others = _docks_in(window, left, dock)
        for other in (*others, dock):
            window.addDockWidget(left, other)
            window.tabifyDockWidget(first, other)
        dock.raise_()
        QTimer.singleShot(0, partial(_shrink, window, self._sizes.get(id(window))))


def _docks_in(window: QMainWindow, area: Qt.DockWidgetArea, but: QDockWidget) -> list[QDockWidget]:
    """Return the docks that are seen in an area of a window, but one."""
    docks = [dock for dock in window.findChildren(QDockWidget) if dock is not but and dock.isVisible() and not dock.isFloating()]
    return [dock for dock in docks if window.dockWidgetArea(dock) == area]


def _is_narrow(window: QMainWindow, dock: QDockWidget) -> bool:
    """Tell whether a dock on the right, however narrow, would leave the canvas too little of a window that has docks on the left."""
    left = max((other.width() for other in _docks_in(window, Qt.DockWidgetArea.LeftDockWidgetArea, dock)), default=0)
    return left > 0 and window.width() - left - max(dock.minimumSizeHint().width(), _USEFUL) < _HALF * window.width()


def open_as_tab(viewer: Any, widget: QWidget, plugin: str, name: str) -> None:
    """Open a dock of a plugin, or show the one that is open, in front; the window keeps its size.

    Parameters
    ----------
    viewer
        napari's viewer.
    widget
        A widget in its window.
    plugin, name
        What to open.
    """
    window = _ancestor(widget, QMainWindow)
    size = window.size() if window is not None else None
    dock, _ = viewer.window.add_plugin_dock_widget(plugin, name, tabify=True)
    dock.show()
    dock.raise_()
    if isinstance(window, QMainWindow):
        QTimer.singleShot(0, partial(_shrink, window, size))


def own_tab(viewer: Any, name: str, make: Callable[[], Panel]) -> Panel:
    """Return the viewer's one panel of this name, in front of the docks on the right; `make` makes it where there is none."""
    window = unwrapped(viewer).window
    widget = window.dock_widgets.get(name)
    if widget is None:
        widget = make()
        window.add_dock_widget(widget, name=name, area="right", tabify=True)
    inner: Panel = unwrapped(widget)
    dock = inner.parentWidget()
    if dock is not None:
        dock.show()
        dock.raise_()
    return inner


def _shrink(window: QMainWindow, size: QSize | None) -> None:
    """Give the window the size back that it had before two docks below each other made it grow."""
    if size is not None and not window.isMaximized() and not window.isFullScreen():
        window.resize(size)


def _ancestor(widget: QWidget, kind: type[QWidget]) -> QWidget | None:
    parent = widget.parentWidget()
    while parent is not None and not isinstance(parent, kind):
        parent = parent.parentWidget()
    return parent

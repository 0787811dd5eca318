"""A line drawn by hand round points of a plot, with Shift held: which points are inside."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import QEvent, QObject, Qt, Signal

__all__ = ["Lasso", "inside"]

_LEAST = 8.0
"""Length of a line below which it is a click [pixels]."""


class Lasso(QObject):
    """Watches the mouse over a plot.

    Parameters
    ----------
    plot
        A pyqtgraph plot widget; it lives as long as the lasso.
    """

    closed = Signal(object)
    """Corners (n, 2) of the line, in the plot's coordinates, when the button is let go."""
    tapped = Signal(object)
    """Position in the scene, if the button was let go where it was pressed."""

    def __init__(self, plot: pg.PlotWidget) -> None:
        super().__init__(plot)
        self._plot = plot
        self._path: list[Any] = []
        self._line = pg.PlotDataItem()
        plot.addItem(self._line)
        plot.viewport().installEventFilter(self)

    def set_pen(self, pen: Any) -> None:
        """Draw the line with a pen."""
        self._line.setPen(pen)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take the mouse from the press with Shift until it is let go."""
        kind = event.type()
        if kind == QEvent.Type.MouseButtonPress and _with_shift(event):
            self._path = [self._scene(event)]
            return True
        if not self._path:
            return bool(super().eventFilter(watched, event))
        if kind == QEvent.Type.MouseMove:
            self._path.append(self._scene(event))
            self._draw()
            return True
        if kind == QEvent.Type.MouseButtonRelease:
            path, self._path = [*self._path, self._scene(event)], []
            self._line.setData([], [])
            self._finish(path)
            return True
        return False

    def _finish(self, path: list[Any]) -> None:
        steps = np.diff([(point.x(), point.y()) for point in path], axis=0)
        if np.hypot(*steps.T).sum() < _LEAST:
            self.tapped.emit(path[0])
        else:
            self.closed.emit(self._corners(path))

    def _scene(self, event: Any) -> Any:
        return self._plot.mapToScene(event.position().toPoint())

    def _corners(self, path: list[Any]) -> np.ndarray:
        box = self._plot.getViewBox()
        return np.array([(point.x(), point.y()) for point in map(box.mapSceneToView, path)])

    def _draw(self) -> None:
        corners = self._corners([*self._path, self._path[0]])
        self._line.setData(corners[:, 0], corners[:, 1])


def inside(places: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """Return which places (m, 2) lie inside of the polygon with `corners` (n, 2), by the even-odd rule: bool (m,)."""
    from skimage.measure import points_in_poly

    if len(places) == 0 or len(corners) < 3:
        return np.zeros(len(places), bool)
    return np.asarray(points_in_poly(places, corners), bool)  # type: ignore[no-untyped-call]


def _with_shift(event: Any) -> bool:
    return event.button() == Qt.MouseButton.LeftButton and bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)

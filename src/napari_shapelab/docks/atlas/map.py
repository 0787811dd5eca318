"""The map of an atlas: one point per shape; hover, click, pick several, or put a mark in between."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import QSize, Qt, Signal

from napari_shapelab.docks.atlas.lasso import Lasso, inside
from napari_shapelab.viewer.theme import theme_colour
from napari_shapelab.widgets.plots import ThemedPlot

__all__ = ["COLOURS", "AtlasMap"]

COLOURS = ("#4aa3ff", "#ff9f40", "#5fd38d", "#e36bd0", "#f2d65c", "#9a86ff", "#ff6b6b", "#6fd8e0")
"""Colour of each cluster; more clusters begin again."""

_NEAR = 12.0
"""Distance within which the pointer means a point [screen pixels]."""
_HEIGHT = 120


class AtlasMap(ThemedPlot):
    """Scatter of shapes.

    A click on a point chooses it; with Ctrl or Shift it is added to, or taken out of, the picked ones. A click beside
    the points puts the mark there. A line drawn with Shift held takes the points inside.
    """

    hovered = Signal(int)
    """Index of the point under the pointer, -1 for none."""
    clicked = Signal(int)
    picked = Signal()
    """Other points are picked."""
    placed = Signal(float, float)
    """The mark is here."""
    lassoed = Signal(object)
    """Indices of the points inside of a line drawn by hand."""

    def __init__(self, viewer: Any) -> None:
        super().__init__(viewer, "", "")
        self.places = np.zeros((0, 2))
        self.picks: list[int] = []
        self.current = -1
        self._drawn: tuple[frozenset[int], frozenset[int]] = (frozenset(), frozenset())
        self._under = -1
        self.groups = np.zeros(0, int)
        """Cluster of each point."""
        for side in ("bottom", "left"):
            self.plot.getAxis(side).setStyle(showValues=False)
            self.plot.getAxis(side).setHeight(6) if side == "bottom" else self.plot.getAxis(side).setWidth(6)
        self.plot.setAspectLocked(True)
        self.plot.setMinimumHeight(_HEIGHT)
        self._points = pg.ScatterPlotItem(pxMode=True)
        self._mark = pg.ScatterPlotItem(size=18, symbol="+", pxMode=True)
        self._links = pg.PlotDataItem(connect="pairs")
        for item in (self._links, self._points, self._mark):
            self.plot.addItem(item)
        self._lasso = Lasso(self.plot)
        self._lasso.closed.connect(lambda corners: self.lassoed.emit(np.flatnonzero(inside(self.places, corners)).tolist()))
        self._lasso.tapped.connect(self._toggle_pick)
        self.plot.scene().sigMouseMoved.connect(self._on_moved)
        self.plot.scene().sigMouseClicked.connect(self._on_clicked)
        self._on_theme()

    def sizeHint(self) -> QSize:
        """Return a size with room for a hundred points."""
        return QSize(280, _HEIGHT)

    def show_points(self, places: np.ndarray, groups: np.ndarray) -> None:
        """Show points at `places` (n, 2), coloured by group; nothing is picked."""
        self.places, self.groups = np.asarray(places, float), np.asarray(groups, int)
        self.picks, self.current, self._under = [], -1, -1
        self._drawn = (frozenset(), frozenset())
        self.show_mark(None, ())
        self._draw()
        self.plot.autoRange(padding=0.08)

    def show_mark(self, place: Sequence[float] | None, members: Sequence[int]) -> None:
        """Show the mark, with lines to the members that it lies between; None removes it."""
        if place is None:
            self._mark.setData([], [])
            self._links.setData([], [])
            return
        self._mark.setData([place[0]], [place[1]])
        ends = np.array([row for index in members for row in (place, self.places[index])], float).reshape(-1, 2)
        self._links.setData(ends[:, 0], ends[:, 1])

    def choose(self, index: int) -> None:
        """Mark a point as the one that is shown."""
        self.current = index
        self._draw()

    def show_drawn(self, a: Sequence[int], b: Sequence[int]) -> None:
        """Show which points were drawn round: upward triangles for `a`, downward ones for `b`."""
        self._drawn = (frozenset(a), frozenset(b))
        self._draw()

    def set_picks(self, picks: Sequence[int]) -> None:
        """Pick exactly these points."""
        self.picks = list(picks)
        self._draw()
        self.picked.emit()

    def _nearest(self, scene: Any) -> int:
        if not len(self.places):
            return -1
        box = self.plot.getViewBox()
        here = box.mapSceneToView(scene)
        pixel = box.viewPixelSize()
        away = np.hypot((self.places[:, 0] - here.x()) / pixel[0], (self.places[:, 1] - here.y()) / pixel[1])
        index = int(away.argmin())
        return index if away[index] <= _NEAR else -1

    def _on_moved(self, scene: Any) -> None:
        index = self._nearest(scene) if self.plot.sceneBoundingRect().contains(scene) else -1
        if index != self._under:
            self._under = index
            self._draw()
            self.hovered.emit(index)

    def _on_clicked(self, event: Any) -> None:
        if event.button() != Qt.MouseButton.LeftButton or not len(self.places):
            return
        event.accept()
        index = self._nearest(event.scenePos())
        if index < 0:
            place = self.plot.getViewBox().mapSceneToView(event.scenePos())
            self.placed.emit(place.x(), place.y())
        elif event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._toggle_pick(event.scenePos())
        else:
            self.choose(index)
            self.clicked.emit(index)

    def _toggle_pick(self, scene: Any) -> None:
        index = self._nearest(scene)
        if index >= 0:
            self.set_picks([i for i in self.picks if i != index] if index in self.picks else [*self.picks, index])

    def _symbol(self, index: int) -> str:
        a, b = self._drawn
        return "s" if index in self.picks else "t1" if index in a else "t" if index in b else "o"

    def _draw(self) -> None:
        n = len(self.places)
        text = theme_colour(self._viewer, "text")
        thin, ring = pg.mkPen(None), pg.mkPen(text, width=2)
        pens = [ring if index in (self.current, self._under) or index in self.picks else thin for index in range(n)]
        sizes = [15 if index in (self.current, self._under) else 13 if self._symbol(index) != "o" else 9 for index in range(n)]
        symbols = [self._symbol(index) for index in range(n)]
        brushes = [pg.mkBrush(COLOURS[group % len(COLOURS)]) for group in self.groups]
        self._points.setData(self.places[:, 0], self.places[:, 1], pen=pens, brush=brushes, size=sizes, symbol=symbols)

    def _on_theme(self, event: Any = None) -> None:
        super()._on_theme(event)
        text = theme_colour(self._viewer, "text")
        self._mark.setPen(pg.mkPen(text, width=2))
        self._links.setPen(pg.mkPen(text, width=1, style=Qt.PenStyle.DashLine))
        self._lasso.set_pen(pg.mkPen(text, width=1))
        self._draw()

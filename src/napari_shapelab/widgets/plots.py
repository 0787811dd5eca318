"""Live plots in a dock, in the colours of napari's theme: curves of scalars, and a curvature diagram."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import QSize, Qt
from qtpy.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QVBoxLayout, QWidget

from napari_shapelab.viewer.theme import theme_colour
from napari_shapelab.viewer.view import unwrapped
from napari_shapelab.widgets.button import allow
from napari_shapelab.widgets.number_box import ignore_wheel
from shapelab.measure.units import shown_name

__all__ = ["DiagramPlot", "ScalarPlot", "ThemedPlot"]

_FAINTEST = 0.03
"""Square root of the relative density below which a bin of the diagram stays empty."""
_HEIGHT, _LEAST = 120, 80
"""Height of a curve, and the least [pixels]."""
_SQUARE = 160
"""Least height of the curvature diagram, whose axes have one scale [pixels]."""
_MOST_POINTS = 500
"""Points of another shape that are drawn over a density."""
_TICK_ROOM = 30.0
"""Least distance between two labels of a logarithmic axis [pixels]."""
_TICK_WIDTH = 22
"""Room along an axis of whole numbers for each of them [pixels]."""
_TICK_HEIGHT = 16
"""Room along an upright axis for each of its numbers [pixels]."""
_LOW = 110
"""Height of a plot below which the curve needs the room of the axis' name [pixels]."""
_BELOW = 5
"""Room below the name of the lower axis, from whose letters pyqtgraph cuts off what is below the line [pixels]."""
_NOT_POSITIVE = "There are no positive values alone to show."
_DECADES = 50.0
"""Ratio of the highest to the lowest value from which on a curve of positive values is drawn on a logarithmic axis."""


class _Axis(pg.AxisItem):
    """An axis whose logarithmic ticks are few, and plain numbers; those of an upright one do not run into each other."""

    def tickSpacing(self, low: float, high: float, size: float) -> Any:
        """Return the distances between ticks: in a low plot only those that there is room for."""
        levels = super().tickSpacing(low, high, size)
        if self.orientation != "left":
            return levels
        return [level for level in levels if level[0] * size >= _TICK_HEIGHT * (high - low)] or levels[:1]

    def tickValues(self, low: float, high: float, size: float) -> Any:
        """Return the places of the ticks: with a logarithm 1, 2, 5, or 1, 3, or 1 of each decade, by the room there is."""
        if not self.logMode:
            return super().tickValues(low, high, size)
        room = size / max(high - low, 1e-9)
        digits = (1, 2, 5) if room > 3 * _TICK_ROOM else (1, 3) if room > 2 * _TICK_ROOM else (1,)
        every = max(1, int(np.ceil(_TICK_ROOM / room)))
        decades = [k for k in range(int(np.floor(low)), int(np.ceil(high)) + 1) if k % every == 0]
        places = [k + float(np.log10(digit)) for k in decades for digit in digits]
        return [(1.0, [place for place in places if low <= place <= high])]

    def tickStrings(self, values: Sequence[float], scale: float, spacing: float) -> list[str]:
        """Return the numbers."""
        if not self.logMode:
            return list(super().tickStrings(values, scale, spacing))
        return [f"{float(f'{10**value:.2g}'):.6g}" for value in values]


class _Steps(pg.AxisItem):
    """An axis of whole numbers: steps and frames have no tenths."""

    def tickSpacing(self, low: float, high: float, size: float) -> Any:
        """Return the distances between ticks, none below 1, and none whose numbers would run into each other."""
        levels = [(max(spacing, 1.0), offset) for spacing, offset in super().tickSpacing(low, high, size)]
        return [level for level in levels if level[0] * size >= _TICK_WIDTH * (high - low)] or levels[:1]


class ThemedPlot(QWidget):
    """A plot that follows the viewer's theme."""

    def __init__(self, viewer: Any, bottom: str, left: str, *, whole: bool = False) -> None:
        super().__init__()
        self._viewer = unwrapped(viewer)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.setSpacing(2)
        self.plot = pg.PlotWidget(axisItems={"left": _Axis("left"), "bottom": _Steps("bottom") if whole else _Axis("bottom")})
        self.plot.setMinimumHeight(_LEAST)
        self.plot.getPlotItem().layout.setContentsMargins(1, 1, 1, _BELOW)
        self.plot.setMenuEnabled(False)
        self.plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # there is nothing in it that keys do
        self.plot.hideButtons()
        self.plot.setLabel("bottom", bottom)
        self.plot.setLabel("left", left)
        self.column.addWidget(self.plot, 1)
        self._viewer.events.theme.connect(self._on_theme)
        self._show_numbers(False)

    def _show_numbers(self, shown: bool) -> None:
        """Show the axes, or not while there is nothing to read off them."""
        for side in ("bottom", "left"):
            self.plot.showAxis(side, shown)

    def sizeHint(self) -> QSize:
        """Return a modest size: docks are narrow."""
        return QSize(280, _HEIGHT + 30)

    def resizeEvent(self, event: Any) -> None:
        """Leave the name of the lower axis away where the plot is too low for it and a curve."""
        super().resizeEvent(event)
        self._name_axis()

    def _name_axis(self) -> None:
        axis = self.plot.getAxis("bottom")
        axis.showLabel(bool(axis.labelText) and self.plot.height() >= _LOW)
        self.plot.setToolTip("" if axis.label.isVisible() else f"Along the lower axis: {axis.labelText}.")

    def _on_theme(self, event: Any = None) -> None:
        del event
        self.plot.setBackground(theme_colour(self._viewer, "background"))
        text = theme_colour(self._viewer, "text")
        for side in ("bottom", "left"):
            axis = self.plot.getAxis(side)
            axis.setTextPen(text)
            axis.enableAutoSIPrefix(False)
            axis.setPen(theme_colour(self._viewer, "secondary"))
            axis.setLabel(axis.labelText, color=text.name())
        self._name_axis()


class ScalarPlot(ThemedPlot):
    """Curve of one scalar against the step; a combo chooses which.

    Parameters
    ----------
    viewer
        Whose theme to follow.
    first
        Scalar to show at first, if there is one of that name.
    bottom
        What the numbers along the lower axis are.
    """

    def __init__(self, viewer: Any, first: str = "energy", bottom: str = "step") -> None:
        super().__init__(viewer, bottom, "", whole=True)
        self._first = first
        self._untouched = True
        self._shown: Callable[[str], str] = shown_name
        self._steps: list[int] = []
        self._values: dict[str, list[float]] = {}
        self.choice = QComboBox()
        self.choice.setToolTip("What the curve shows.")
        self.choice.setPlaceholderText("nothing to plot yet")
        self.choice.setEnabled(False)
        self.choice.activated.connect(self._on_chosen)
        ignore_wheel(self.choice)
        self.logarithmic = QCheckBox("log")
        self.logarithmic.setToolTip("Logarithmic axis. Chosen automatically for positive values of very different size, until you set it.")
        self.logarithmic.clicked.connect(self._on_axis_chosen)
        allow(self.logarithmic, False, _NOT_POSITIVE)
        self._axis_chosen = self._single = False
        row = QHBoxLayout()
        row.addWidget(self.choice, 1)
        row.addWidget(self.logarithmic)
        self.column.insertLayout(0, row)
        self._curve = self.plot.plot([], [])
        self._curve.setDownsampling(auto=True, method="peak")
        self._curve.setClipToView(True)
        self._on_theme()

    def clear(self) -> None:
        """Forget the curve."""
        self._steps, self._values = [], {}
        self._draw()

    def prefer(self, first: str) -> None:
        """Show another scalar at first, and forget the names and the choice of before."""
        self._first, self._untouched = first, True
        self.choice.clear()
        self.choice.setEnabled(False)
        self.clear()

    def extend(self, samples: Sequence[tuple[int, Mapping[str, float]]]) -> None:
        """Add (step, scalars) pairs."""
        for step, scalars in samples:
            if self._steps and step < self._steps[-1]:
                self._steps, self._values = [], {}
            for name in scalars:
                if name not in self._values:
                    self._values[name] = [float("nan")] * len(self._steps)
            self._steps.append(step)
            for name, values in self._values.items():
                values.append(float(scalars.get(name, float("nan"))))
        self._offer()
        self._draw()

    def series(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Return steps and values of one scalar."""
        return np.array(self._steps), np.array(self._values.get(name, []))

    def _offer(self) -> None:
        known = [self.choice.itemData(i) for i in range(self.choice.count())]
        for name in self._values:
            if name not in known:
                self.choice.addItem(self._shown(name), name)
        self.choice.setEnabled(self.choice.count() > 0)
        if self._untouched and self._first in self._values:
            self.choice.setCurrentIndex(self.choice.findData(self._first))

    def _on_chosen(self, row: int) -> None:
        del row
        self._untouched = False
        self._axis_chosen = False
        self._draw()

    def _on_axis_chosen(self, checked: bool) -> None:
        del checked
        self._axis_chosen = True
        self._draw()

    def _draw(self) -> None:
        steps, values = self.series(self.choice.currentData() or self._first)
        good = np.isfinite(values) if len(values) == len(steps) else np.zeros(0, bool)
        positive = bool(good.any() and values[good].min() > 0)
        if not self._axis_chosen:
            self.logarithmic.setChecked(positive and bool(values[good].max() > _DECADES * values[good].min()))
        allow(self.logarithmic, positive, _NOT_POSITIVE)
        self.plot.setLogMode(y=positive and self.logarithmic.isChecked())
        self._show_numbers(bool(good.any()))
        self._range_steps(steps[good] if len(good) else good)  # before the curve, which is cut to what is seen
        self._curve.setData(steps[good] if len(good) else [], values[good] if len(good) else [])
        self._curve.setSymbol("o" if good.sum() == 1 else None)  # a line of one point would not be seen

    def _range_steps(self, steps: np.ndarray) -> None:
        """Show one step between its neighbours: there are no tenths of a step; of several all."""
        single = len(np.unique(steps)) == 1
        if single:
            self.plot.setXRange(steps[0] - 1, steps[0] + 1)
        elif self._single:
            self.plot.enableAutoRange(x=True)
        self._single = single

    def _on_theme(self, event: Any = None) -> None:
        super()._on_theme(event)
        self._curve.setPen(pg.mkPen("#4aa3ff", width=2))


class DiagramPlot(ThemedPlot):
    """Curvature diagram: where on the (k1, k2) plane the area of a surface lies.

    The diagonal k1 = k2 are spheres, k2 = 0 tubes, k1 = -k2 saddles, the origin is flat.
    """

    def __init__(self, viewer: Any) -> None:
        super().__init__(viewer, "k1", "k2")
        self.plot.setAspectLocked(True)
        self.plot.setMinimumHeight(_SQUARE)
        self._image = pg.ImageItem()
        self._image.setColorMap(pg.colormap.get("viridis"))
        self._lines = [pg.PlotDataItem() for _ in range(3)]
        self._outline = pg.ScatterPlotItem(size=4, pen=pg.mkPen(255, 170, 60, 150), brush=None)
        self._mark = pg.ScatterPlotItem(size=11, symbol="+", pen=pg.mkPen("#ff5d5d", width=2))
        for item in (self._image, *self._lines, self._outline, self._mark):
            self.plot.addItem(item)
        self._on_theme()

    def show_density(self, density: np.ndarray, edges: np.ndarray, unit: str) -> None:
        """Show the share of area per bin, `density[i, j]` at k1 = edges[i], k2 = edges[j] [1/unit]."""
        self._show_numbers(True)
        top = float(density.max())
        shown = np.sqrt(density / top) if top > 0 else density
        shown = np.where(shown > _FAINTEST, shown, 0.0)
        low, high = float(edges[0]), float(edges[-1])
        self._image.setImage(np.where(shown > 0, shown, np.nan), autoLevels=False, levels=(0.0, 1.0))
        self._image.setRect(pg.QtCore.QRectF(low, low, high - low, high - low))
        self.plot.setXRange(low / 2, high, padding=0)
        self.plot.setYRange(low, high, padding=0)
        for line, (x, y) in zip(self._lines, (((low, high), (0, 0)), ((0, 0), (low, high)), ((low, high), (low, high))), strict=True):
            line.setData(np.array(x, float), np.array(y, float))
        self.plot.getAxis("bottom").setLabel(f"k1 (1/{unit})", color=theme_colour(self._viewer, "text").name())
        self.plot.getAxis("left").setLabel(f"k2 (1/{unit})", color=theme_colour(self._viewer, "text").name())

    def show_overlay(self, k1: np.ndarray, k2: np.ndarray) -> None:
        """Show the curvatures of another shape as points; empty arrays remove them."""
        every = max(1, len(k1) // _MOST_POINTS)  # few enough for the density below to be seen
        self._outline.setData(np.asarray(k1, float)[::every], np.asarray(k2, float)[::every])

    def show_target(self, target: tuple[float, float] | None) -> None:
        """Mark the curvatures that the texture aims at."""
        self._mark.setData([target[0]] if target else [], [target[1]] if target else [])

    def _on_theme(self, event: Any = None) -> None:
        super()._on_theme(event)
        colour = theme_colour(self._viewer, "secondary")
        for line in self._lines:
            line.setPen(pg.mkPen(colour, width=1))

"""How probable the values of a parameter are, after a fit; a combo chooses the parameter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyqtgraph as pg

from napari_shapelab.viewer.theme import theme_colour
from napari_shapelab.widgets.density_plot import DensityPlot

__all__ = ["Curve", "PosteriorPlot"]

_COLOUR = "#4aa3ff"

Curve = tuple[np.ndarray, np.ndarray, tuple[float, float, float], str]
"""Values, their density, (lowest, median, highest) of the interval, and what to say of the range."""


class PosteriorPlot(DensityPlot):
    """A density where it is not nothing, with its interval.

    Parameters
    ----------
    viewer
        Whose theme to follow.
    """

    def __init__(self, viewer: Any) -> None:
        super().__init__(viewer, "Which parameter to show.")
        self._curves: dict[str, Curve] = {}
        self.choice.setPlaceholderText("nothing fitted yet")
        self.choice.setEnabled(False)
        self._on_theme()

    def show_curves(self, curves: Mapping[str, Curve]) -> None:
        """Show parameters by their names with units."""
        chosen = self.choice.currentText()
        self._curves = dict(curves)
        self.choice.clear()
        self.choice.addItems(list(self._curves))
        self.choice.setCurrentIndex(max(0, self.choice.findText(chosen)))
        self.choice.setEnabled(bool(self._curves))
        self._draw()

    def _draw(self) -> None:
        self.plot.clear()
        curve = self._curves.get(self.choice.currentText())
        self._show_numbers(curve is not None)
        if curve is None:
            return
        where, heights, (low, middle, high), looked_in = curve
        region = pg.LinearRegionItem((low, high), movable=False, brush=(74, 163, 255, 40), pen=pg.mkPen(None))
        self.plot.addItem(region)
        self.plot.plot(where, heights, pen=pg.mkPen(_COLOUR, width=2))
        self.plot.addItem(pg.InfiniteLine(middle, pen=pg.mkPen(theme_colour(self._viewer, "text"), width=1)))
        self.plot.setLabel("bottom", f"{self.choice.currentText()}, {looked_in}")
        self.plot.setXRange(float(where[0]), float(where[-1]))

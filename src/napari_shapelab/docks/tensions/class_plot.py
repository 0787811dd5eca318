"""Histogram of tensions in the colours of the picture, with the classes that they fall into."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from qtpy.QtWidgets import QSizePolicy

from napari_shapelab.docks.tensions.pictures import limits, tension_colours
from napari_shapelab.viewer.theme import theme_colour
from napari_shapelab.widgets.plots import ThemedPlot
from napari_shapelab.widgets.wrapped_label import WrappedLabel
from shapelab.infer import CellTypes, TensionClasses, Tensions

__all__ = ["ClassPlot"]

_MOST_BINS = 40
_HEIGHT = 130


class ClassPlot(ThemedPlot):
    """Bars are interfaces, lines the classes.

    Parameters
    ----------
    viewer
        Whose theme to follow.
    """

    def __init__(self, viewer: Any) -> None:
        super().__init__(viewer, "tension (mean tension)", "interfaces")
        self.plot.setMinimumHeight(_HEIGHT)
        self.plot.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)  # its own hint is 480 pixels high
        self.legend = WrappedLabel()
        self.column.addWidget(self.legend)

    def show_classes(self, tensions: Tensions, classes: TensionClasses, types: CellTypes) -> None:
        """Show the tensions of one image."""
        self.plot.clear()
        known = tensions.determined
        values = tensions.tensions[known]
        self._show_numbers(bool(len(values)))
        text = f"{classes} {types}" if len(values) else str(classes)
        self.legend.setText(text)
        if not len(values):
            return
        low, high = limits(values)
        inside = (values >= low - (high - low)) & (values <= high + (high - low))
        count = int(np.clip(np.sqrt(len(values)) * 1.5, 8, _MOST_BINS))
        heights, edges = np.histogram(values[inside], count)
        middles, width = (edges[:-1] + edges[1:]) / 2, float(edges[1] - edges[0])
        colours = 255 * tension_colours().map((middles - low) / (high - low))
        self.plot.addItem(
            pg.BarGraphItem(x=middles, height=heights, width=width, brushes=[tuple(c) for c in colours.astype(int)], pen=None)
        )
        at = np.linspace(edges[0], edges[-1], 200)
        error = float(np.sqrt(np.mean(tensions.errors[known] ** 2)))
        for density in classes.density(at, error):
            self.plot.plot(at, density * len(values) * width, pen=pg.mkPen(theme_colour(self._viewer, "text"), width=2))
        self.plot.autoRange()

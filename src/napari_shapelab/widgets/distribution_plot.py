"""The distributions of one quantity in two populations, over each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pyqtgraph as pg

from napari_shapelab.widgets.density_plot import DensityPlot
from napari_shapelab.widgets.wrapped_label import WrappedLabel
from shapelab.measure.kolmogorov import ks_test
from shapelab.measure.units import shown_name

__all__ = ["FIRST", "SECOND", "DistributionPlot"]

FIRST, SECOND = "#4aa3ff", "#ff9f40"
"""Colours of the two populations."""
_MOST_BINS = 40


class DistributionPlot(DensityPlot):
    """Histograms of density; a combo chooses the quantity.

    Parameters
    ----------
    viewer
        Whose theme to follow.
    """

    def __init__(self, viewer: Any) -> None:
        super().__init__(viewer, "Which quantity to show; those that differ most come first.")
        self._names = ("", "")
        self._values: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        self.legend = WrappedLabel()
        self.column.addWidget(self.legend)
        self._curves = [self._curve(colour) for colour in (FIRST, SECOND)]
        self._on_theme()

    def show_values(
        self, names: tuple[str, str], values: Mapping[str, tuple[np.ndarray, np.ndarray]], shown: Callable[[str], str] = shown_name
    ) -> None:
        """Show quantity -> (values in the first population, in the second); an empty one is left out.

        `shown` returns what a reader calls a quantity.
        """
        chosen = self.choice.currentData()
        self._names = names
        self._values = {name: (_finite(a), _finite(b)) for name, (a, b) in values.items()}
        self.choice.clear()
        for name, pair in sorted(self._values.items(), key=lambda item: -ks_distance(*item[1])):
            self.choice.addItem(f"{shown(name)}{_ks_text(*pair)}", name)
        self.choice.setCurrentIndex(max(0, self.choice.findData(chosen)))
        self._draw()

    def _curve(self, colour: str) -> pg.PlotDataItem:
        fill = pg.mkColor(colour)
        fill.setAlpha(70)
        return self.plot.plot([0, 0], [0], stepMode="center", fillLevel=0, brush=pg.mkBrush(fill), pen=pg.mkPen(colour, width=2))

    def _draw(self) -> None:
        name = self.choice.currentData()
        if name is None:
            return
        self._show_numbers(True)
        pair = self._values[name]
        both = np.concatenate(pair)
        edges = _edges(both)
        for curve, values in zip(self._curves, pair, strict=True):
            heights = np.histogram(values, edges)[0] / (max(len(values), 1) * np.diff(edges))
            curve.setData(edges, heights)
            curve.setVisible(bool(len(values)))
        self.plot.autoRange()
        parts = [
            f"<span style='color:{colour}'>■</span> {title} ({len(values)}, mean {values.mean():.4g})"
            for colour, title, values in zip((FIRST, SECOND), self._names, pair, strict=True)
            if len(values)
        ]
        self.legend.setText(" &nbsp; ".join(parts))


def ks_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Return the Kolmogorov-Smirnov distance of two samples, 0 where one is empty."""
    if not len(a) or not len(b):
        return 0.0
    return ks_test(a, b)[0]


def _ks_text(a: np.ndarray, b: np.ndarray) -> str:
    return f" — KS distance {ks_distance(a, b):.2f}" if len(a) and len(b) else ""


def _finite(values: np.ndarray) -> np.ndarray:
    array = np.asarray(values, float)
    finite: np.ndarray = array[np.isfinite(array)]
    return finite


def _edges(values: np.ndarray) -> np.ndarray:
    """Return the edges of bins that hold all but the farthest hundredth."""
    if not len(values):
        return np.array([0.0, 1.0])
    low, high = np.percentile(values, (0.5, 99.5))
    if not high > low:
        low, high = low - 0.5, high + 0.5
    count = int(np.clip(np.sqrt(len(values)), 8, _MOST_BINS))
    edges: np.ndarray = np.linspace(low, high, count + 1)
    return edges

"""What a comparison has found, in tabs: numbers, distributions of cells, curvature diagrams, curves over time; notes below."""

from __future__ import annotations

from typing import Any

import numpy as np
from qtpy.QtWidgets import QHBoxLayout, QTabWidget, QVBoxLayout, QWidget

from napari_shapelab.docks.compare.comparison import Comparison, densities, distributions, numbers
from napari_shapelab.docks.compare.over_time import distributions_at, pair_at
from napari_shapelab.viewer.view import unwrapped
from napari_shapelab.widgets.distribution_plot import DistributionPlot
from napari_shapelab.widgets.measurement_table import Measurements
from napari_shapelab.widgets.pair_plot import PairPlot
from napari_shapelab.widgets.plots import DiagramPlot
from napari_shapelab.widgets.wrapped_label import WrappedLabel
from shapelab.measure.units import shown_quantity
from shapelab.units import shown_unit

__all__ = ["ComparisonResults"]

_SLOW = (1, 2, 3)
"""Tabs that only some comparisons have something for."""


class ComparisonResults(QWidget):
    """The results of the last comparison.

    Parameters
    ----------
    viewer
        Whose theme to follow.
    """

    def __init__(self, viewer: Any) -> None:
        super().__init__()
        viewer = unwrapped(viewer)
        self.numbers = Measurements()
        self.distributions = DistributionPlot(viewer)
        self.diagrams = (DiagramPlot(viewer), DiagramPlot(viewer))
        self.notes = WrappedLabel()
        self.tabs = QTabWidget()
        self.tabs.addTab(self.numbers, "Numbers")
        self.tabs.addTab(self.distributions, "Distributions")
        self.tabs.addTab(self._diagram_tab(), "Curvature")
        self.over_time = PairPlot(viewer, "cells")
        self.over_time.plot.setLabel("bottom", "frame of A")
        self.tabs.addTab(self.over_time, "Over time")
        self._comparison: Comparison | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self.tabs, 1)
        column.addWidget(self.notes)
        self.clear()

    def clear(self) -> None:
        """Show nothing."""
        self._comparison = None
        self.numbers.clear()
        self.notes.setText("")
        self.tabs.setCurrentIndex(0)
        for tab in _SLOW:
            self.tabs.setTabEnabled(tab, False)

    def show_comparison(self, comparison: Comparison, colours: str) -> None:
        """Show what was found; `colours` is the legend of the difference layer, "" without one."""
        between, first, second = numbers(comparison)
        unit = shown_unit(comparison.result["unit"]) or "pixels"
        self.numbers.clear()
        self.numbers.add("A ↔ B", between)
        self.numbers.add("A", first)
        self.numbers.add("B", second)
        self.numbers.show_first()
        self.notes.setText(f"{f'{colours}<br>' if colours else ''}Lengths in {unit}. {comparison.notes}")
        self._comparison = comparison
        self._show_distributions(distributions(comparison))
        self.tabs.setTabEnabled(3, comparison.movies is not None)
        if comparison.movies is not None:
            self.over_time.show_pairs(comparison.movies.pairs.a, comparison.movies.curves(), "cells", self._shown)
            self.tabs.setCurrentIndex(3)
        elif self.tabs.currentIndex() == 3:
            self.tabs.setCurrentIndex(0)
        found = densities(comparison)
        self.tabs.setTabEnabled(2, found is not None)
        if found is not None:
            for plot, density in zip(self.diagrams, found[:2], strict=True):
                plot.show_density(density, found[2], unit)

    def show_frame(self, frame: int) -> None:
        """Show of two movies the pair whose frame of A is nearest to this one; -1 for none."""
        movies = None if self._comparison is None else self._comparison.movies
        if movies is None or frame < 0:
            self.over_time.show_frame(-1)
            return
        pair = pair_at(movies, frame)
        self.over_time.show_frame(pair)
        self._show_distributions(distributions_at(movies, pair), f", frame {movies.pairs.a[pair]}", f", frame {movies.pairs.b[pair]}")

    def _shown(self, name: str) -> str:
        """Return what a reader calls a quantity of cells, with its unit."""
        assert self._comparison is not None
        result = self._comparison.result
        return shown_quantity(name, str(result["unit"]), str(result.get("time_unit", "")))

    def _show_distributions(self, values: dict[str, tuple[np.ndarray, np.ndarray]], of_a: str = "", of_b: str = "") -> None:
        if values and self._comparison is not None:
            a, b = self._comparison.names
            self.distributions.show_values((f"A: {a}{of_a}", f"B: {b}{of_b}"), values, self._shown)
        self.tabs.setTabEnabled(1, bool(values))

    def _diagram_tab(self) -> QWidget:
        tab = QWidget()
        row = QHBoxLayout(tab)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        for side, plot in zip("AB", self.diagrams, strict=True):
            plot.plot.setTitle(side)
            row.addWidget(plot)
        return tab

"""Numbers of two movies over time, in one plot with a cursor; or one number that lies between the two."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QSizePolicy

from napari_shapelab.widgets.cursor_plot import CursorPlot
from napari_shapelab.widgets.distribution_plot import FIRST, SECOND
from napari_shapelab.widgets.wrapped_label import WrappedLabel
from shapelab.measure.units import shown_name

__all__ = ["PairPlot"]


_CURSOR = "#b0b0b0"
_HEIGHT = 130


class PairPlot(CursorPlot):
    """Two curves, in the colours of the two populations of a `DistributionPlot`; what lies between them has the colour of the first."""

    def __init__(self, viewer: Any, first: str) -> None:
        self._other: dict[str, np.ndarray] = {}
        self._second: pg.PlotDataItem | None = None
        super().__init__(viewer, first)
        self._second = self.plot.plot([], [], pen=pg.mkPen(SECOND, width=2, style=Qt.PenStyle.DashLine))  # equal curves are both seen
        self.mark.setPen(pg.mkPen(_CURSOR, width=2))
        self.plot.setMinimumHeight(_HEIGHT)
        self.plot.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)  # its own hint is 480 pixels high
        self.legend = WrappedLabel()
        self.column.addWidget(self.legend)

    def show_pairs(
        self, frames: np.ndarray, curves: Mapping[str, tuple[np.ndarray, ...]], first: str, shown: Callable[[str], str] = shown_name
    ) -> None:
        """Show name -> (values of A, values of B), or (values,), at the frames of A."""
        self._other = {name: values[1] for name, values in curves.items() if len(values) > 1}
        self.show_run(frames, {name: values[0] for name, values in curves.items()}, first, shown)

    def other(self, name: str) -> np.ndarray:
        """Return the values of the second movie, none of what lies between the two."""
        return self._other.get(name, np.zeros(0))

    def _draw(self) -> None:
        super()._draw()
        if self._second is None:
            return
        name = self.choice.currentData() or self._first
        steps, first = self.series(name)
        values = self.other(name)
        logarithmic = self.logarithmic.isEnabled() and self.logarithmic.isChecked()
        good = np.isfinite(values) & ((values > 0) | (not logarithmic)) if len(values) == len(steps) else np.zeros(0, bool)
        self._second.setData(steps[good] if len(good) else [], values[good] if len(good) else [])
        both = f"<span style='color:{FIRST}'>■</span> A &nbsp; <span style='color:{SECOND}'>■</span> B (dashed)"
        self.legend.setText(both if len(values) else "between A and B" if len(first) else "")

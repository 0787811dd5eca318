"""Numbers over the frames of a run or movie, with a cursor at the frame that the viewer shows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import Qt, Signal

from napari_shapelab.widgets.plots import ScalarPlot
from shapelab.measure.units import shown_name

__all__ = ["CursorPlot"]


class CursorPlot(ScalarPlot):
    """A curve whose cursor is moved by a click anywhere, by dragging, or from outside."""

    chosen = Signal(int)
    """The user wants to see this frame."""

    def __init__(self, viewer: Any, first: str = "energy", bottom: str = "step") -> None:
        super().__init__(viewer, first, bottom)
        self._kept = np.zeros(0)
        self.mark = pg.InfiniteLine(angle=90, movable=False, pen=pg.mkPen("#ffb13d", width=2))
        self.mark.hide()
        self.plot.addItem(self.mark)
        box = self.plot.getViewBox()
        box.setMouseEnabled(x=False, y=False)
        box.mouseDragEvent = self._on_drag
        box.mouseClickEvent = self._on_drag

    def show_run(
        self, steps: np.ndarray, values: dict[str, np.ndarray], first: str = "energy", shown: Callable[[str], str] = shown_name
    ) -> None:
        """Show the scalars at `steps`, one array per name: the one shown before, if this run has it too, else `first`.

        `shown` returns what a reader calls a scalar.
        """
        self._shown = shown
        before = self.choice.currentData()
        self.clear()
        self.choice.clear()
        if self._untouched or before not in values:
            self._first, self._untouched = first, True
        self._kept = np.asarray(steps, float)
        names = list(values)
        rows = zip(*values.values(), strict=True) if names else ([] for _ in steps)
        self.extend([(int(step), dict(zip(names, row, strict=True))) for step, row in zip(steps, rows, strict=True)])
        if not self._untouched:
            self.choice.setCurrentIndex(self.choice.findData(before))
            self._draw()
        if len(self._kept):
            around = 1 if len(self._kept) == 1 else 0
            self.plot.setXRange(self._kept[0] - around, self._kept[-1] + around)

    def show_frame(self, index: int) -> None:
        """Put the cursor on a frame, or (-1) hide it."""
        self.mark.setVisible(0 <= index < len(self._kept))
        if self.mark.isVisible():
            self.mark.setValue(self._kept[index])

    def _on_drag(self, event: Any) -> None:
        if event.button() != Qt.MouseButton.LeftButton or not len(self._kept):
            return
        event.accept()
        step = self.plot.getViewBox().mapSceneToView(event.scenePos()).x()
        self.chosen.emit(int(np.abs(self._kept - step).argmin()))

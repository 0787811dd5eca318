"""Densities of one of several quantities; a combo above them chooses which."""

from __future__ import annotations

from typing import Any

from qtpy.QtWidgets import QComboBox, QSizePolicy

from napari_shapelab.widgets.number_box import ignore_wheel
from napari_shapelab.widgets.plots import ThemedPlot

__all__ = ["DensityPlot"]

_HEIGHT = 130


class DensityPlot(ThemedPlot):
    """A plot with a combo, at each choice of which `_draw` is called.

    Parameters
    ----------
    viewer
        Whose theme to follow.
    tip
        Tooltip of the combo.
    """

    def __init__(self, viewer: Any, tip: str) -> None:
        super().__init__(viewer, "", "density")
        self.plot.setMinimumHeight(_HEIGHT)
        self.plot.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)  # its own hint is 480 pixels high
        self.choice = QComboBox()
        self.choice.setToolTip(tip)
        self.choice.activated.connect(lambda _: self._draw())
        ignore_wheel(self.choice)
        self.column.insertWidget(0, self.choice)

    def _draw(self) -> None:
        """Draw what is chosen."""

"""The user's hand in a foam: click a cell to look, divide, remove or change its type; click anywhere to add one."""

from __future__ import annotations

from typing import Any

import numpy as np

from napari_shapelab.run.cell_picker import CellPicker
from napari_shapelab.run.panel import RunPanel

__all__ = ["FoamTools"]

_TOOLS = {
    "add": ("Add", "Click to add a cell, which takes its volume from what is there."),
    "remove": ("Remove", "Click a cell: it shrinks away, and its neighbours close the gap."),
    "divide": ("Divide", "Click a cell to divide it across its long axis."),
    "type": ("Change type", "Click a cell to give it the other type, with the tensions of that type."),
}


class FoamTools(CellPicker):
    """The tools of the Foam dock."""

    def __init__(self, viewer: Any, panel: RunPanel) -> None:
        super().__init__(viewer, panel, _TOOLS)

    def act(self, cell: int, position: np.ndarray | None) -> None:
        """Add, remove, divide, change the type, or look."""
        if self.tool == "add" and position is not None:
            self._panel.edit("add_cell", position=position.tolist())
        elif self.tool == "remove" and cell:
            self._panel.edit("remove_cell", cell=cell)
        elif self.tool == "divide" and cell:
            self._panel.edit("divide_cell", cell=cell)
        elif self.tool == "type" and cell and self._panel.snapshot is not None:
            features = self._panel.snapshot.frame.layer("seeds").meta["features"]
            row = np.flatnonzero(np.asarray(features["id"]) == cell)
            if len(row):
                self._panel.edit("set_type", cell=cell, type=int(np.asarray(features["type"])[row[0]] == 0))
        else:
            self.pick(cell)

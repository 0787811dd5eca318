"""The user's hand in a foam: drag and pull cells, paint them, divide, add, remove and change them, also while they move."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np
from napari.layers import Labels

from napari_shapelab.run.cell_hand import CellHand
from napari_shapelab.run.drawn_grid import to_solved
from napari_shapelab.run.panel import RunPanel
from napari_shapelab.viewer.under_mouse import cell_at

__all__ = ["FoamTools"]

_TOOLS = {
    "move": ("Move", "Drag a cell to another place: it moves there at once, and the others make room."),
    "pull": ("Pull", "Drag a cell and let go: it is pulled there gradually, through the others."),
    "paint": (
        "Paint",
        "Press on a cell and paint: it grows into the painted area and keeps its new volume. Start outside the cells to paint medium. "
        "In 3-D, paint in a slice (2-D view).",
    ),
    "divide": ("Divide", "Click a cell to divide it across its long axis, or draw a line through it to divide it along that."),
    "add": ("Add", "Click to add a cell; it takes its volume from whatever is there."),
    "remove": ("Remove", "Click a cell: it shrinks away, and its neighbours close the gap."),
    "type": ("Change type", "Click a cell to give it the other type, with the tensions of that type."),
}
_LINE = 3.0
"""Pixels of the shortest line that divides; less is a click."""


class FoamTools(CellHand):
    """The tools of the Foam dock."""

    in_slices = "Cells are painted in a slice: switch the view to 2-D."

    def __init__(self, viewer: Any, panel: RunPanel) -> None:
        super().__init__(viewer, panel, _TOOLS)

    def gesture(self, viewer: Any, event: Any, cells: Labels) -> Generator[None, None, None] | None:
        """Drag or pull a cell, paint, or divide along a line."""
        edit, cell = self._panel.edit, cell_at(self._viewer, cells, event)
        if self.tool in ("move", "pull") and cell:
            action = f"{self.tool}_cell"
            return self.drag(viewer, event, cells, cell, lambda place: edit(action, cell=cell, position=place))
        if len(event.dims_displayed) != 2:
            return None
        if self.tool == "paint":
            return self.paint(viewer, event, cells, "painted cell", lambda mask: edit("paint_cell", cell=cell, mask=mask))
        if self.tool == "divide" and cell:
            return self.line(viewer, event, cells, "line of division", lambda way: self._divide(cell, way, cells, event))
        return None

    def act(self, cell: int, position: np.ndarray | None) -> None:
        """Add, remove, divide, change the type, or look."""
        if self.tool == "add" and position is not None:
            self._panel.edit("add_cell", position=to_solved(position, self._fineness).tolist())
        elif self.tool == "remove" and cell:
            self._panel.edit("remove_cell", cell=cell)
        elif self.tool == "divide" and cell:
            self._panel.edit("divide_cell", cell=cell)
        elif self.tool == "paint":
            self.say_in_slices()
        elif self.tool == "type" and cell and self._panel.snapshot is not None:
            features = self._panel.snapshot.frame.layer("seeds").meta["features"]
            row = np.flatnonzero(np.asarray(features["id"]) == cell)
            if len(row):
                self._panel.edit("set_type", cell=cell, type=int(np.asarray(features["type"])[row[0]] == 0))
        else:
            self.pick(cell)

    def _divide(self, cell: int, way: np.ndarray, cells: Labels, event: Any) -> None:
        """Divide along a line that was drawn in the slice, which is across the normal of the line there."""
        if float(np.linalg.norm(way)) < _LINE:
            self._panel.edit("divide_cell", cell=cell)
            return
        shown = [axis - len(event.position) + cells.ndim for axis in event.dims_displayed]
        along = way * np.asarray(cells.scale)
        axis = np.zeros(cells.ndim)
        axis[shown[0]], axis[shown[1]] = -along[shown[1]], along[shown[0]]
        self._panel.edit("divide_cell", cell=cell, axis=axis.tolist())

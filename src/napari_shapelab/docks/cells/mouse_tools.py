"""The user's hand among cells: drag one, add or remove one, paint a wall, also while they move."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np
from napari.layers import Labels

from napari_shapelab.run.cell_hand import CellHand
from napari_shapelab.run.drawn_grid import to_solved
from napari_shapelab.run.panel import RunPanel
from napari_shapelab.viewer.under_mouse import cell_at

__all__ = ["CellTools"]

_TOOLS = {
    "move": ("Move", "Drag a cell to another place."),
    "add": ("Add", "Click to add a cell."),
    "remove": ("Remove", "Click a cell to remove it."),
    "wall": ("Wall", "Paint a wall; hold Shift to erase walls. In 3-D, paint in a slice (2-D view)."),
}


class CellTools(CellHand):
    """The tools of the Cells dock."""

    in_slices = "Walls are painted in a slice: switch the view to 2-D."

    def __init__(self, viewer: Any, panel: RunPanel) -> None:
        super().__init__(viewer, panel, _TOOLS)

    def gesture(self, viewer: Any, event: Any, cells: Labels) -> Generator[None, None, None] | None:
        """Drag a cell, or paint a wall."""
        if self.tool == "move" and (cell := cell_at(self._viewer, cells, event)):
            return self.drag(viewer, event, cells, cell, lambda place: self._panel.edit("move_seed", cell=cell, position=place))
        if self.tool == "wall" and len(event.dims_displayed) == 2:
            wall = "Shift" not in event.modifiers
            return self.paint(viewer, event, cells, "new wall", lambda mask: self._panel.edit("paint_wall", mask=mask, wall=wall))
        return None

    def act(self, cell: int, position: np.ndarray | None) -> None:
        """Add, remove or look."""
        if self.tool == "add" and position is not None:
            self._panel.edit("add_cell", position=to_solved(position, self._fineness).tolist())
        elif self.tool == "remove" and cell:
            self._panel.edit("remove_cell", cell=cell)
        elif self.tool == "wall":
            self.say_in_slices()
        else:
            self.pick(cell)

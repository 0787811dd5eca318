"""The user's hand among cells: drag one, add or remove one, paint a wall, also while they move."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np
from napari.layers import Labels

from napari_shapelab.run.cell_picker import CellPicker
from napari_shapelab.run.drawn_grid import to_solved, to_solved_mask
from napari_shapelab.run.panel import RunPanel
from napari_shapelab.viewer.layer_data import place_of
from napari_shapelab.viewer.under_mouse import cell_at, pixel_at, stamp

__all__ = ["CellTools"]

_TOOLS = {
    "move": ("Move", "Drag a cell to another place."),
    "add": ("Add", "Click to add a cell."),
    "remove": ("Remove", "Click a cell to remove it."),
    "wall": ("Wall", "Paint a wall; hold Shift to erase walls. In 3-D, paint in a slice (2-D view)."),
}
_IN_SLICES = "Walls are painted in a slice: switch the view to 2-D."


class CellTools(CellPicker):
    """The tools of the Cells dock."""

    def __init__(self, viewer: Any, panel: RunPanel) -> None:
        super().__init__(viewer, panel, _TOOLS)
        self.group.buttonClicked.connect(lambda _: panel.message.retract(_IN_SLICES))
        self._viewer.dims.events.ndisplay.connect(self._on_view)

    def gesture(self, viewer: Any, event: Any, cells: Labels) -> Generator[None, None, None] | None:
        """Drag a cell, or paint a wall."""
        if self.tool == "move" and (cell := cell_at(self._viewer, cells, event)):
            return self._drag(viewer, event, cells, cell)
        if self.tool == "wall" and len(event.dims_displayed) == 2:
            return self._paint(viewer, event, cells)
        return None

    def act(self, cell: int, position: np.ndarray | None) -> None:
        """Add, remove or look."""
        if self.tool == "add" and position is not None:
            self._panel.edit("add_cell", position=to_solved(position, self._fineness).tolist())
        elif self.tool == "remove" and cell:
            self._panel.edit("remove_cell", cell=cell)
        elif self.tool == "wall":
            self._panel.say(_IN_SLICES, wrong=True)
        else:
            self.pick(cell)

    def _drag(self, viewer: Any, event: Any, cells: Labels, cell: int) -> Generator[None, None, None]:
        """Move a seed along with the mouse; the cell follows when it is let go."""
        seeds, layers = self._layer("seeds"), self._panel.layers
        if seeds is None or layers is None:
            return
        row = int(np.flatnonzero(np.asarray(seeds.features["id"]) == cell)[0])
        begin, origin = pixel_at(self._viewer, cells, event), np.array(seeds.data[row])
        target = origin
        self.pick(cell)
        layers.hold("seeds")
        camera = viewer.scene.camera
        could_pan, camera.mouse_pan = camera.mouse_pan, False
        try:
            yield
            while event.type == "mouse_move":
                moved = np.array(seeds.data)
                moved[row] = origin + (pixel_at(self._viewer, cells, event) - begin) / self._fineness
                seeds.data = moved
                yield
            target = origin + (pixel_at(self._viewer, cells, event) - begin) / self._fineness
        finally:
            camera.mouse_pan = could_pan
            layers.let_go("seeds")
        if not np.array_equal(target, origin):
            self._panel.edit("move_seed", cell=cell, position=target.tolist())

    def _paint(self, viewer: Any, event: Any, cells: Labels) -> Generator[None, None, None]:
        """Paint with a round brush; the wall stands when the button is let go."""
        mask = np.zeros(cells.data.shape, bool)
        sketch = Labels(mask.astype(np.uint8), name="new wall", opacity=0.6, **place_of(cells))
        wall = "Shift" not in event.modifiers
        selected = set(viewer.layers.selection)
        viewer.layers.append(sketch)
        viewer.layers.selection = selected
        camera = viewer.scene.camera
        could_pan, camera.mouse_pan = camera.mouse_pan, False
        try:
            last = pixel_at(self._viewer, cells, event)
            stamp(mask, last, last)
            yield
            while event.type == "mouse_move":
                here = pixel_at(self._viewer, cells, event)
                stamp(mask, last, here)
                last = here
                sketch.data = mask.astype(np.uint8)
                yield
            stamp(mask, last, pixel_at(self._viewer, cells, event))
        finally:
            camera.mouse_pan = could_pan
            viewer.layers.remove(sketch)
        self._panel.edit("paint_wall", mask=to_solved_mask(mask, self._fineness), wall=wall)

    def _on_view(self, event: Any = None) -> None:
        del event
        if self._viewer.dims.ndisplay == 2:
            self._panel.message.retract(_IN_SLICES)

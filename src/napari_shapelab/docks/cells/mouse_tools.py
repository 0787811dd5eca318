"""The user's hand among cells: click one to see its properties, drag it, add or remove one, paint a wall, also while they move."""

from __future__ import annotations

import weakref
from collections.abc import Generator
from typing import Any

import numpy as np
from napari.layers import Labels
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QButtonGroup, QPushButton, QVBoxLayout, QWidget

from napari_shapelab.docks.cells.drawn_grid import fineness_of, to_solved, to_solved_mask
from napari_shapelab.docks.cells.under_mouse import cell_at, pixel_at, position_at, stamp
from napari_shapelab.docks.cells.words import cell_in_words
from napari_shapelab.run.panel import RunPanel
from napari_shapelab.viewer.layer_data import place_of
from napari_shapelab.viewer.view import unwrapped
from napari_shapelab.widgets.flow_row import FlowRow
from napari_shapelab.widgets.message import MessageLine
from shapelab.simulation import Frame

__all__ = ["CellTools"]

_TOOLS = {
    "look": ("Look", "Click a cell to see its properties below."),
    "move": ("Move", "Drag a cell to another place."),
    "add": ("Add", "Click to add a cell."),
    "remove": ("Remove", "Click a cell to remove it."),
    "wall": ("Wall", "Paint a wall; hold Shift to erase walls. In 3-D, paint in a slice (2-D view)."),
}
_MARK = (1.0, 0.8, 0.0, 1.0)
"""Colour of the seed of the picked cell."""
_HINT = "Click a cell to see its properties."
_IN_SLICES = "Walls are painted in a slice: switch the view to 2-D."
_all_tools: weakref.WeakSet[CellTools] = weakref.WeakSet()


class CellTools(QWidget):
    """A row of tools for the cells of a run.

    They act whichever layer is selected, unless that one is being painted, drawn in or moved with napari's own tools, or
    belongs to the run of another dock.
    """

    picked = Signal(object)
    """Id of the cell that was clicked, 0 for none."""

    def __init__(self, viewer: Any, panel: RunPanel) -> None:
        super().__init__()
        self._viewer, self._panel = unwrapped(viewer), panel
        self._cell = 0
        self._layers: Any = None
        self._marked: tuple[Any, int, list[int]] | None = None
        _all_tools.add(self)
        self.buttons: dict[str, QPushButton] = {}
        group = QButtonGroup(self)
        for name, (text, tip) in _TOOLS.items():
            button = QPushButton(text)
            button.setCheckable(True)
            button.setToolTip(tip)
            group.addButton(button)
            self.buttons[name] = button
        self.buttons["look"].setChecked(True)
        self.info = MessageLine(_HINT, lines=3)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(FlowRow(list(self.buttons.values())))
        layout.addWidget(self.info)
        panel.advanced.connect(panel.guarded(lambda snapshot: self._on_frame(snapshot.frame)))
        group.buttonClicked.connect(lambda _: panel.message.retract(_IN_SLICES))
        self._viewer.dims.events.ndisplay.connect(self._on_view)
        self._viewer.mouse_drag_callbacks.append(self._on_mouse)
        self.destroyed.connect(_remover(self._viewer.mouse_drag_callbacks, self._on_mouse))

    @property
    def tool(self) -> str:
        """Name of the tool in the user's hand."""
        return next(name for name, button in self.buttons.items() if button.isChecked())

    def pick(self, cell: int) -> None:
        """Show what is known of the cell with this id."""
        self._cell = cell
        cells = self._layer("cells")
        if cells is not None and cell:
            cells.selected_label = cell
        if self._panel.snapshot is not None:
            self._describe(self._panel.snapshot.frame)
        self.picked.emit(cell)

    # -- the mouse -----------------------------------------------------------------------------------------------

    def _on_mouse(self, viewer: Any, event: Any) -> Generator[None, None, None]:
        cells = self._layer("cells")
        if cells is None or event.button != 1 or not self._free() or (not cells.visible and not self.owns(self._active)):
            return
        tool = self.tool
        if tool == "move" and (cell := cell_at(self._viewer, cells, event)):
            yield from self._drag(viewer, event, cells, cell)
        elif tool == "wall" and len(event.dims_displayed) == 2:
            yield from self._paint(viewer, event, cells)
        else:
            yield from self._click(event, cells, tool)

    def _click(self, event: Any, cells: Labels, tool: str) -> Generator[None, None, None]:
        """Act on a press and release at one place; a drag moves the camera, as ever."""
        cell, position = cell_at(self._viewer, cells, event), position_at(self._viewer, cells, event)
        yield
        dragged = False
        while event.type == "mouse_move":
            dragged = True
            yield
        if dragged:
            return
        if tool == "add" and position is not None:
            self._panel.edit("add_cell", position=to_solved(position, self._fineness).tolist())
        elif tool == "remove" and cell:
            self._panel.edit("remove_cell", cell=cell)
        elif tool == "wall":
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

    # -- inside --------------------------------------------------------------------------------------------------

    def _layer(self, name: str) -> Any:
        return self._panel.layers[name] if self._panel.layers is not None else None

    @property
    def _fineness(self) -> int:
        return fineness_of(self._panel.snapshot.frame) if self._panel.snapshot is not None else 1

    @property
    def _active(self) -> Any:
        return self._viewer.layers.selection.active

    def owns(self, layer: Any) -> bool:
        return self._panel.layers is not None and any(layer is own for own in self._panel.layers.layers())

    def _free(self) -> bool:
        """Return whether the mouse is not wanted by napari's own tools, or by another dock's."""
        active = self._active
        if active is None or self.owns(active):
            return active is None or str(active.mode) == "pan_zoom"
        return str(active.mode) == "pan_zoom" and not any(tools.owns(active) for tools in _all_tools if tools is not self)

    def _on_view(self, event: Any = None) -> None:
        del event
        if self._viewer.dims.ndisplay == 2:
            self._panel.message.retract(_IN_SLICES)

    def _on_frame(self, frame: Frame) -> None:
        if self._panel.layers is not self._layers:  # a new run: what was picked was in the last one
            self._layers, self._cell, self._marked = self._panel.layers, 0, None
        self._describe(frame)

    def _describe(self, frame: Frame) -> None:
        self._mark(self._layer("seeds"))
        if self._cell:
            self.info.say(cell_in_words(frame, self._cell))
        else:
            self.info.say(_HINT)

    def _mark(self, seeds: Any) -> None:
        """Give the seed of the picked cell a colour of its own."""
        if seeds is None or (not self._cell and self._marked is None):
            return
        rows = np.flatnonzero(np.asarray(seeds.features["id"]) == self._cell)
        now = (seeds, len(seeds.data), rows.tolist())
        if now == self._marked:
            return
        self._marked = now
        colours = np.ones((len(seeds.data), 4))
        colours[rows] = _MARK
        seeds.face_color = colours


def _remover(callbacks: list[Any], callback: Any) -> Any:
    """Return what takes a callback back; a viewer that is closed by then knows nothing of its callbacks any more."""

    def remove(_: object = None) -> None:
        if callback in callbacks:
            callbacks.remove(callback)

    return remove

"""The user's hand among cells: click one to know it, drag it, add or remove one, paint a wall, also while they move."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np
from napari.layers import Labels
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QButtonGroup, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from napari_shapelab.run.panel import RunPanel
from napari_shapelab.viewer.view import unwrapped
from shapelab.simulation import Frame
from shapelab.units import shown_unit

__all__ = ["CellTools", "cell_in_words"]

_TOOLS = {
    "look": ("Look", "Click a cell: what is known of it appears below."),
    "move": ("Move", "Drag a cell to another place."),
    "add": ("Add", "Click where a new cell shall be."),
    "remove": ("Remove", "Click a cell to remove it."),
    "wall": ("Wall", "Paint a wall; hold Shift to take walls away. In 3-D, paint in a slice (2-D view)."),
}
_MARK = (1.0, 0.8, 0.0, 1.0)
"""Colour of the seed of the picked cell."""
_BRUSH = 0.03
"""Radius of the wall brush, as a part of the longest side."""


class CellTools(QWidget):
    """A row of tools for the layers of a run.

    They act when one of the run's layers is the active one, so that napari's own tools work in all other layers.
    """

    picked = Signal(int)
    """Id of the cell that was clicked, 0 for none."""

    def __init__(self, viewer: Any, panel: RunPanel) -> None:
        super().__init__()
        self._viewer, self._panel = unwrapped(viewer), panel
        self._cell = 0
        self._marked: tuple[Any, int, list[int]] | None = None
        self.buttons: dict[str, QPushButton] = {}
        group = QButtonGroup(self)
        row = QHBoxLayout()
        row.setSpacing(4)
        for name, (text, tip) in _TOOLS.items():
            button = QPushButton(text)
            button.setCheckable(True)
            button.setToolTip(tip)
            group.addButton(button)
            row.addWidget(button, 1)
            self.buttons[name] = button
        self.buttons["look"].setChecked(True)
        self.info = QLabel("Click a cell to know it.")
        self.info.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(row)
        layout.addWidget(self.info)
        panel.advanced.connect(lambda snapshot: self._describe(snapshot.frame))
        self._viewer.mouse_drag_callbacks.append(self._on_mouse)
        self.destroyed.connect(_remover(self._viewer, self._on_mouse))

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
        if cells is None or event.button != 1 or not self._active():
            return
        tool = self.tool
        if tool == "move" and (cell := _cell_at(cells, event)):
            yield from self._drag(viewer, event, cells, cell)
        elif tool == "wall" and len(event.dims_displayed) == 2:
            yield from self._paint(viewer, event, cells)
        else:
            yield from self._click(event, cells, tool)

    def _click(self, event: Any, cells: Labels, tool: str) -> Generator[None, None, None]:
        """Act on a press and release at one place; a drag moves the camera, as ever."""
        cell, position = _cell_at(cells, event), _position(cells, event)
        yield
        dragged = False
        while event.type == "mouse_move":
            dragged = True
            yield
        if dragged:
            return
        if tool == "add" and position is not None:
            self._panel.edit("add_cell", position=position.tolist())
        elif tool == "remove" and cell:
            self._panel.edit("remove_cell", cell=cell)
        elif tool == "wall":
            self._panel.say("Walls are painted in a slice: switch the view to 2-D.", wrong=True)
        else:
            self.pick(cell)

    def _drag(self, viewer: Any, event: Any, cells: Labels, cell: int) -> Generator[None, None, None]:
        """Move a seed along with the mouse; the cell follows when it is let go."""
        seeds, layers = self._layer("seeds"), self._panel.layers
        if seeds is None or layers is None:
            return
        row = int(np.flatnonzero(np.asarray(seeds.features["id"]) == cell)[0])
        begin, origin = np.asarray(cells.world_to_data(event.position)), np.array(seeds.data[row])
        target = origin
        self.pick(cell)
        layers.hold("seeds")
        camera = viewer.scene.camera
        could_pan, camera.mouse_pan = camera.mouse_pan, False
        try:
            yield
            while event.type == "mouse_move":
                moved = np.array(seeds.data)
                moved[row] = origin + np.asarray(cells.world_to_data(event.position)) - begin
                seeds.data = moved
                yield
            target = origin + np.asarray(cells.world_to_data(event.position)) - begin
        finally:
            camera.mouse_pan = could_pan
            layers.let_go("seeds")
        if not np.array_equal(target, origin):
            self._panel.edit("move_seed", cell=cell, position=target.tolist())

    def _paint(self, viewer: Any, event: Any, cells: Labels) -> Generator[None, None, None]:
        """Paint with a round brush; the wall stands when the button is let go."""
        mask = np.zeros(cells.data.shape, bool)
        place = {"scale": cells.scale, "translate": cells.translate, "units": cells.units, "axis_labels": cells.axis_labels}
        sketch = Labels(mask.astype(np.uint8), name="new wall", opacity=0.6, **place)
        wall = "Shift" not in event.modifiers
        selected = set(viewer.layers.selection)
        viewer.layers.append(sketch)
        viewer.layers.selection = selected
        camera = viewer.scene.camera
        could_pan, camera.mouse_pan = camera.mouse_pan, False
        try:
            last = np.asarray(cells.world_to_data(event.position))
            _stamp(mask, last, last)
            yield
            while event.type == "mouse_move":
                here = np.asarray(cells.world_to_data(event.position))
                _stamp(mask, last, here)
                last = here
                sketch.data = mask.astype(np.uint8)
                yield
            _stamp(mask, last, np.asarray(cells.world_to_data(event.position)))
        finally:
            camera.mouse_pan = could_pan
            viewer.layers.remove(sketch)
        self._panel.edit("paint_wall", mask=mask, wall=wall)

    # -- inside --------------------------------------------------------------------------------------------------

    def _layer(self, name: str) -> Any:
        return self._panel.layers[name] if self._panel.layers is not None else None

    def _active(self) -> bool:
        active = self._viewer.layers.selection.active
        return self._panel.layers is not None and any(layer is active for layer in self._panel.layers.layers())

    def _describe(self, frame: Frame) -> None:
        self._mark(self._layer("seeds"))
        if self._cell:
            self.info.setText(cell_in_words(frame, self._cell))
        else:
            self.info.setText("Click a cell to know it.")

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


def cell_in_words(frame: Frame, cell: int) -> str:
    """Return what a frame knows of the cell with this id, in one line."""
    seeds = frame.layer("seeds")
    features, unit = seeds.meta["features"], shown_unit(str(seeds.meta["units"][-1]))
    rows = np.flatnonzero(np.asarray(features["id"]) == cell)
    if not len(rows):
        return f"Cell {cell} is no longer there."
    one = {name: np.asarray(values)[rows[0]] for name, values in features.items()}
    power = "²" if len(seeds.meta["scale"]) == 2 else "³"
    parts = [f"volume {one['volume']:.4g} {unit}{power} of {one['target']:.4g} ({100 * one['error']:.2g} % off)"]
    parts.append(f"{int(one['neighbours'])} neighbours")
    known = {"id", "volume", "target", "error", "neighbours"}
    parts += [f"{name} {value:.3g}" for name, value in one.items() if name not in known and np.isfinite(value)]
    return f"<b>Cell {cell}</b>: " + ", ".join(parts)


def _cell_at(cells: Labels, event: Any) -> int:
    """Return the id of the cell under the mouse, 0 if there is none."""
    value = cells.get_value(event.position, view_direction=event.view_direction, dims_displayed=list(event.dims_displayed), world=True)
    return int(value) if value is not None and not isinstance(value, tuple) else 0


def _position(cells: Labels, event: Any) -> np.ndarray | None:
    """Return the place under the mouse [pixels]; in a 3-D view the middle of the ray through the box."""
    if len(event.dims_displayed) == 2:
        return np.asarray(cells.world_to_data(event.position))
    near, far = cells.get_ray_intersections(event.position, event.view_direction, list(event.dims_displayed))
    return None if near is None or far is None else (np.asarray(near) + np.asarray(far)) / 2


def _stamp(mask: np.ndarray, begin: np.ndarray, end: np.ndarray) -> None:
    """Mark all pixels near the line from `begin` to `end`."""
    radius = max(1.5, _BRUSH * max(mask.shape))
    low = np.maximum(np.floor(np.minimum(begin, end) - radius).astype(int), 0)
    high = np.minimum(np.ceil(np.maximum(begin, end) + radius).astype(int) + 1, mask.shape)
    if (high <= low).any():
        return
    axes = np.meshgrid(*(np.arange(a, b) for a, b in zip(low, high, strict=True)), indexing="ij")
    offset = np.stack(axes, axis=-1) - begin
    along = end - begin
    share = np.clip(offset @ along / max(float(along @ along), 1e-12), 0, 1)
    near = ((offset - share[..., None] * along) ** 2).sum(-1) <= radius**2
    mask[tuple(slice(a, b) for a, b in zip(low, high, strict=True))] |= near


def _remover(viewer: Any, callback: Any) -> Any:
    def remove(_: object = None) -> None:
        if callback in viewer.mouse_drag_callbacks:
            viewer.mouse_drag_callbacks.remove(callback)

    return remove

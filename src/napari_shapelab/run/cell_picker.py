"""The user's hand among the cells of a run: click one to see its properties, or to do with it what the tool in the hand does."""

from __future__ import annotations

import weakref
from collections.abc import Generator, Mapping
from typing import Any

import numpy as np
from napari.layers import Labels
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QButtonGroup, QPushButton, QVBoxLayout, QWidget

from napari_shapelab.run.cell_words import cell_in_words
from napari_shapelab.run.drawn_grid import fineness_of
from napari_shapelab.run.panel import RunPanel
from napari_shapelab.viewer.under_mouse import cell_at, position_at
from napari_shapelab.viewer.view import unwrapped
from napari_shapelab.widgets.flow_row import FlowRow
from napari_shapelab.widgets.message import MessageLine
from shapelab.simulation import Frame

__all__ = ["CellPicker"]

_MARK = (1.0, 0.8, 0.0, 1.0)
"""Colour of the seed of the picked cell."""
_HINT = "Click a cell to see its properties."
_LOOK = {"look": ("Look", "Click a cell to see its properties below.")}
_all_tools: weakref.WeakSet[CellPicker] = weakref.WeakSet()


class CellPicker(QWidget):
    """A row of tools for the cells of a run, of which the first looks at a cell.

    They act whichever layer is selected, unless that one is being painted, drawn in or moved with napari's own tools, or
    belongs to the run of another dock.

    Parameters
    ----------
    viewer
        Where the cells are shown.
    panel
        The run.
    tools
        Name -> text and tooltip of the further tools.
    """

    picked = Signal(object)
    """Id of the cell that was clicked, 0 for none."""

    def __init__(self, viewer: Any, panel: RunPanel, tools: Mapping[str, tuple[str, str]]) -> None:
        super().__init__()
        self._viewer, self._panel = unwrapped(viewer), panel
        self._cell = 0
        self._layers: Any = None
        self._marked: tuple[Any, int, list[int]] | None = None
        _all_tools.add(self)
        self.buttons: dict[str, QPushButton] = {}
        self.group = QButtonGroup(self)
        for name, (text, tip) in {**_LOOK, **tools}.items():
            button = QPushButton(text)
            button.setCheckable(True)
            button.setToolTip(tip)
            self.group.addButton(button)
            self.buttons[name] = button
        self.buttons["look"].setChecked(True)
        self.info = MessageLine(_HINT, lines=3)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(FlowRow(list(self.buttons.values())))
        layout.addWidget(self.info)
        panel.advanced.connect(panel.guarded(lambda snapshot: self._on_frame(snapshot.frame)))
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

    # -- what other tools do -------------------------------------------------------------------------------------

    def gesture(self, viewer: Any, event: Any, cells: Labels) -> Generator[None, None, None] | None:
        """Return what a press begins with the tool in the hand, None for a click."""
        del viewer, event, cells
        return None

    def act(self, cell: int, position: np.ndarray | None) -> None:
        """Do what the tool in the hand does at a click: on a cell (0 for none), or a place [drawn pixels]."""
        del position
        self.pick(cell)

    # -- inside --------------------------------------------------------------------------------------------------

    def _on_mouse(self, viewer: Any, event: Any) -> Generator[None, None, None]:
        cells = self._layer("cells")
        if cells is None or event.button != 1 or not self._free() or (not cells.visible and not self.owns(self._active)):
            return
        yield from self.gesture(viewer, event, cells) or self._click(event, cells)

    def _click(self, event: Any, cells: Labels) -> Generator[None, None, None]:
        """Act on a press and release at one place; a drag moves the camera, as ever."""
        cell, position = cell_at(self._viewer, cells, event), position_at(self._viewer, cells, event)
        yield
        dragged = False
        while event.type == "mouse_move":
            dragged = True
            yield
        if not dragged:
            self.act(cell, position)

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

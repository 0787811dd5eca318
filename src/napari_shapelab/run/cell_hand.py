"""What a hand does among cells with the mouse held down: drag a cell, paint, draw a line; what came of it is told."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar

import numpy as np
from napari.layers import Labels, Layer, Shapes

from napari_shapelab.run.cell_picker import CellPicker
from napari_shapelab.run.drawn_grid import to_solved_mask
from napari_shapelab.run.panel import RunPanel
from napari_shapelab.viewer.layer_data import place_of
from napari_shapelab.viewer.under_mouse import pixel_at, stamp

__all__ = ["CellHand"]

Gesture = Generator[None, None, None]
_LINE = 0.006
"""Width of a line that is drawn, as a part of the longest side."""


class CellHand(CellPicker):
    """Gestures for the tools of a dock; positions and masks are told in solved pixels.

    Parameters
    ----------
    viewer, panel, tools
        See `CellPicker`.
    """

    in_slices: ClassVar[str]
    """What is said when the brush is used in a 3-D view."""

    def __init__(self, viewer: Any, panel: RunPanel, tools: Mapping[str, tuple[str, str]]) -> None:
        super().__init__(viewer, panel, tools)
        self.group.buttonClicked.connect(lambda _: panel.message.retract(self.in_slices))
        self._viewer.dims.events.ndisplay.connect(self._on_view)

    def say_in_slices(self) -> None:
        """Say that one paints in slices, as long as that is not the view."""
        self._panel.say(self.in_slices, wrong=True)

    def _on_view(self, event: Any = None) -> None:
        del event
        if self._viewer.dims.ndisplay == 2:
            self._panel.message.retract(self.in_slices)

    def drag(self, viewer: Any, event: Any, cells: Labels, cell: int, dropped: Callable[[list[float]], object]) -> Gesture:
        """Move the seed of a cell along with the mouse; `dropped` is called with the place where it is let go."""
        seeds, layers, snapshot = self._layer("seeds"), self._panel.layers, self._panel.snapshot
        if seeds is None or layers is None or snapshot is None:
            return
        now = snapshot.frame.layer("seeds")  # a layer that is hidden is not kept up to date
        row = int(np.flatnonzero(np.asarray(now.meta["features"]["id"]) == cell)[0])
        begin, origin = pixel_at(self._viewer, cells, event), np.array(now.data[row])
        target, shown = origin, seeds.visible
        self.pick(cell)
        layers.hold("seeds")
        try:
            with _held_still(viewer):
                yield
                while event.type == "mouse_move":
                    moved = np.array(now.data)
                    moved[row] = origin + (pixel_at(self._viewer, cells, event) - begin) / self._fineness
                    seeds.visible, seeds.data = True, moved
                    yield
                target = origin + (pixel_at(self._viewer, cells, event) - begin) / self._fineness
        finally:
            seeds.visible = shown
            layers.let_go("seeds")
        if not np.array_equal(target, origin):
            dropped(target.tolist())

    def paint(self, viewer: Any, event: Any, cells: Labels, name: str, painted: Callable[[np.ndarray], object]) -> Gesture:
        """Paint with a round brush; `painted` is called with the mask when the button is let go."""
        mask = np.zeros(cells.data.shape, bool)
        sketch = Labels(mask.astype(np.uint8), name=name, opacity=0.6, **place_of(cells))
        with _sketched(viewer, sketch), _held_still(viewer):
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
        painted(to_solved_mask(mask, self._fineness))

    def line(self, viewer: Any, event: Any, cells: Labels, name: str, drawn: Callable[[np.ndarray], object]) -> Gesture:
        """Draw a straight line along with the mouse; `drawn` is called with the way from press to release, all 0 for a click."""
        begin = pixel_at(self._viewer, cells, event)
        width = max(1.0, _LINE * max(cells.data.shape))
        sketch = Shapes([[begin, begin]], shape_type="line", name=name, edge_color="white", edge_width=width, **place_of(cells))
        with _sketched(viewer, sketch), _held_still(viewer):
            yield
            while event.type == "mouse_move":
                sketch.data = [[begin, pixel_at(self._viewer, cells, event)]]
                yield
        drawn((pixel_at(self._viewer, cells, event) - begin) / self._fineness)


@contextmanager
def _sketched(viewer: Any, sketch: Layer) -> Iterator[None]:
    """Show what is being drawn above all layers, for as long as the button is held; the selection stays."""
    selected = set(viewer.layers.selection)
    viewer.layers.append(sketch)
    viewer.layers.selection = selected
    try:
        yield
    finally:
        if sketch in viewer.layers:  # the user may have removed it, or closed the viewer
            viewer.layers.remove(sketch)


@contextmanager
def _held_still(viewer: Any) -> Iterator[None]:
    """Keep the camera where it is. Begin it after a layer is added: napari then lets the camera pan as the active layer says."""
    camera = viewer.scene.camera
    could_pan, camera.mouse_pan = camera.mouse_pan, False
    try:
        yield
    finally:
        camera.mouse_pan = could_pan

"""What a hand does among cells with the mouse held down: drag a cell, paint, draw a line; what is dropped or painted is told."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import numpy as np
from napari.layers import Labels

from napari_shapelab.run.cell_picker import CellPicker
from napari_shapelab.run.drawn_grid import to_solved_mask
from napari_shapelab.viewer.layer_data import place_of
from napari_shapelab.viewer.under_mouse import pixel_at, stamp

__all__ = ["CellHand"]

Gesture = Generator[None, None, None]


class CellHand(CellPicker):
    """Gestures for the tools of a dock; positions and masks are told in solved pixels."""

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
        selected = set(viewer.layers.selection)
        viewer.layers.append(sketch)
        viewer.layers.selection = selected
        try:
            with _held_still(viewer):
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
            viewer.layers.remove(sketch)
        painted(to_solved_mask(mask, self._fineness))

    def line(self, viewer: Any, event: Any, cells: Labels, drawn: Callable[[np.ndarray], object]) -> Gesture:
        """Follow the mouse; `drawn` is called with the way from press to release, not if that is a click."""
        begin = pixel_at(self._viewer, cells, event)
        with _held_still(viewer):
            yield
            while event.type == "mouse_move":
                yield
        way = (pixel_at(self._viewer, cells, event) - begin) / self._fineness
        drawn(way)


@contextmanager
def _held_still(viewer: Any) -> Any:
    """Keep the camera where it is."""
    camera = viewer.scene.camera
    could_pan, camera.mouse_pan = camera.mouse_pan, False
    try:
        yield
    finally:
        camera.mouse_pan = could_pan

"""Layers added one by one, with the window's own work in between: each takes napari a tenth of a second."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from napari.layers import Layer
from qtpy.QtCore import QObject, QTimer

from napari_shapelab.viewer.view import see, unwrapped

__all__ = ["LayerAdder"]


class LayerAdder(QTimer):
    """Adds a list of layers to a viewer without holding up its window.

    Parameters
    ----------
    viewer
        The viewer.
    owner
        When it is gone, nothing more is added.
    """

    def __init__(self, viewer: Any, owner: QObject) -> None:
        super().__init__(owner)
        self._viewer = unwrapped(viewer)
        self._waiting: list[Layer | Callable[[], None]] = []
        self.setInterval(0)
        self.timeout.connect(self._next)

    def add(self, layers: Sequence[Layer], done: Callable[[], None]) -> None:
        """Add the layers, the first of them at once, and call `done` when all are there."""
        self._waiting += [*layers, done]
        self._next()
        self.start()

    def _next(self) -> None:
        if not self._waiting:
            self.stop()
            return
        entry = self._waiting.pop(0)
        if isinstance(entry, Layer):
            self._viewer.add_layer(entry)
        else:
            entry()


def insert_layer(viewer: Any, layer: Layer) -> None:
    """Add a layer and keep the selection; a volume in an empty viewer is seen from a corner."""
    layers = viewer.layers
    was_empty = not layers
    selected = set(layers.selection)
    if was_empty and layer.ndim >= 3 and viewer.dims.ndisplay == 2:
        viewer.dims.ndisplay = 3
    layers.append(layer)
    if was_empty and layer.ndim >= 3:
        see(viewer, layer)
    if selected:
        layers.selection = selected

"""Layers added one by one, with the window's own work in between: each takes napari a tenth of a second."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from napari.layers import Layer
from qtpy.QtCore import QObject, QTimer

from napari_shapelab.run_layers import unwrapped

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

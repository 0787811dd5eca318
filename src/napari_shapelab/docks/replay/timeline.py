"""Which frame of a run the viewer shows: its time slider, as a number that can be read, set and followed."""

from __future__ import annotations

from typing import Any

from napari.layers import Layer
from qtpy.QtCore import QObject, Signal

from napari_shapelab.viewer.folder_layers import layers_of
from napari_shapelab.viewer.shared_units import show_index, shown_index
from napari_shapelab.viewer.view import unwrapped
from shapelab.io import Run

__all__ = ["Timeline"]


class Timeline(QObject):
    """The viewer's slider along the time axis of one run.

    Parameters
    ----------
    viewer
        napari's viewer.
    parent
        Lives and dies with it.
    """

    moved = Signal(int)
    """The viewer shows another frame."""

    def __init__(self, viewer: Any, parent: QObject) -> None:
        super().__init__(parent)
        self._viewer = unwrapped(viewer)
        self._run: Run | None = None
        self._last = -1
        self._viewer.dims.events.connect(self._on_dims)

    def __len__(self) -> int:
        """Return the number of frames."""
        return len(self._run) if self._run is not None else 0

    @property
    def index(self) -> int:
        """The frame that is shown, -1 without a run in the viewer."""
        layer = self._layer()
        return -1 if layer is None else min(max(0, shown_index(self._viewer, layer, 0)), len(self) - 1)

    def follow(self, run: Run | None) -> None:
        """Follow this run from now on."""
        self._run = run
        self._last = -1
        self._on_dims()

    def go(self, index: int) -> None:
        """Show a frame."""
        layer = self._layer()
        if layer is not None:
            show_index(self._viewer, layer, 0, min(max(0, index), len(self) - 1))

    def _layer(self) -> Layer | None:
        """Return a layer of the run whose first axis is time, None if the viewer shows none."""
        layers = layers_of(self._viewer, self._run) if self._run is not None else []
        layer = max(layers, key=lambda layer: layer.ndim, default=None)
        return layer if layer is not None and layer.ndim <= self._viewer.dims.ndim else None

    def _on_dims(self, event: Any = None) -> None:
        if event is not None and event.type not in ("point", "current_step", "ndim", "range"):
            return
        index = self.index
        if index != self._last:
            self._last = index
            self.moved.emit(index)

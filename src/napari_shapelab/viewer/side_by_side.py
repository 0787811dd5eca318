"""A few layers next to each other in napari's grid, the others hidden until it is left."""

from __future__ import annotations

from typing import Any

from napari.layers import Layer

from napari_shapelab.viewer.view import fit, unwrapped

__all__ = ["SideBySide"]


class SideBySide:
    """The grid of one viewer.

    Parameters
    ----------
    viewer
        The viewer.
    """

    def __init__(self, viewer: Any) -> None:
        self._viewer = unwrapped(viewer)
        self._before: dict[Layer, bool] = {}
        """Whether each layer was visible."""
        self._viewer.canvas.grid.events.enabled.connect(self._on_grid)

    def show(self, shown: bool, layers: list[Layer]) -> None:
        """Show these layers in the grid, or leave it."""
        grid = self._viewer.canvas.grid
        if shown and not grid.enabled:
            self._before = {layer: bool(layer.visible) for layer in self._viewer.layers}
            for layer in self._viewer.layers:
                layer.visible = layer in layers
        grid.enabled = shown
        if there := [layer for layer in layers if layer in self._viewer.layers] or list(self._viewer.layers):
            fit(self._viewer, *there)

    def _on_grid(self, event: Any = None) -> None:
        """Show again what was visible, once the grid is left by whatever hand."""
        del event
        if self._viewer.canvas.grid.enabled:
            return
        for layer, visible in self._before.items():
            if layer in self._viewer.layers:
                layer.visible = visible
        self._before = {}

"""A table of grains and the layers it describes: a row leads to its grain, a click on a grain to its row."""

from __future__ import annotations

from typing import Any

import numpy as np
from napari.layers import Labels, Layer, Points

from napari_shapelab.docks.crystals.fit import FitResult
from napari_shapelab.docks.crystals.fit_layers import in_pixels
from napari_shapelab.docks.crystals.grain_table import GrainTableView
from napari_shapelab.viewer.layer_data import place_of
from napari_shapelab.viewer.pointing import look_at, on_click
from napari_shapelab.viewer.view import unwrapped

__all__ = ["GrainLink"]

_RING = 4.0
"""Width of the ring around the chosen grain [pixels of the screen]."""
_MARK = "#ffe14d"


class GrainLink:
    """Link of one table to the layers of the newest fit.

    Parameters
    ----------
    viewer
        The viewer.
    table
        The table.
    """

    def __init__(self, viewer: Any, table: GrainTableView) -> None:
        self._viewer, self._table = unwrapped(viewer), table
        self._result: FitResult | None = None
        self._layers: list[Labels] = []
        self._settings: dict[str, Any] = {}
        """Of a layer on the pixels of the fit."""
        self._mark: Points | None = None
        table.chosen.connect(self.go_to)
        on_click(self._viewer, table, self._on_click)

    def follow(self, result: FitResult, layers: list[Labels]) -> None:
        """Link to the label layers of a fit: the fitted one, and the one that it was fitted to."""
        self._result, self._layers = result, layers
        self._settings = place_of(layers[0])
        self._remove_mark()
        self._table.show_table(result.table)

    def go_to(self, grain: int) -> None:
        """Move the view to a grain, mark it, and select it in its layers."""
        result = self._result
        present = self._present()
        if result is None or not present:
            return
        row = int(np.flatnonzero(result.moments.ids == grain)[0])
        centre = in_pixels(result.moments.centroids[row], result.spacing)
        on_fit = Points(centre[None], **self._settings)
        radius = float(result.moments.radii[row]) / result.spacing[-1]
        across = np.linalg.norm(np.subtract(on_fit.data_to_world(centre + np.eye(len(centre))[-1]), on_fit.data_to_world(centre)))
        look_at(self._viewer, np.asarray(on_fit.data_to_world(centre), float), radius * float(across))
        self._show_mark(centre, 2.6 * radius, present[0])
        for each in present:
            each.selected_label = grain

    def _show_mark(self, centre: np.ndarray, size: float, layer: Layer) -> None:
        width = _RING / (self._viewer.scene.camera.zoom * float(np.abs(layer.scale[-1])))
        if self._mark is not None and self._mark in self._viewer.layers:
            self._mark.data = centre[None]
            self._mark.size, self._mark.border_width = size, width
            return
        active = self._viewer.layers.selection.active
        self._mark = Points(
            centre[None],
            size=size,
            face_color="transparent",
            border_color=_MARK,
            border_width=width,
            border_width_is_relative=False,
            blending="translucent_no_depth",  # in 3-D, seen through the other grains
            name="chosen grain",
            metadata={"shapelab": {"model": "crystals"}},
            **self._settings,
        )
        self._viewer.add_layer(self._mark)
        if active is not None:
            self._viewer.layers.selection = {active}

    def _remove_mark(self) -> None:
        if self._mark is not None and self._mark in self._viewer.layers:
            self._viewer.layers.remove(self._mark)
        self._mark = None

    def _present(self) -> list[Labels]:
        return [layer for layer in self._layers if layer in self._viewer.layers]

    def _on_click(self, event: Any) -> None:
        """Select the row of the grain that was clicked."""
        for layer in self._present():
            value = layer.get_value(event.position, view_direction=event.view_direction, dims_displayed=event.dims_displayed, world=True)
            if value:
                self._table.select(int(value))
                for each in self._present():
                    each.selected_label = int(value)
                return

"""A table of grains and the layers it describes: a row leads to its grain, a click on a grain to its row."""

from __future__ import annotations

from typing import Any

import numpy as np
from napari.layers import Labels

from napari_shapelab.docks.crystals.fit import FitResult
from napari_shapelab.docks.crystals.fit_layers import in_pixels
from napari_shapelab.docks.crystals.grain_table import GrainTableView
from napari_shapelab.viewer.layer_data import place_of
from napari_shapelab.viewer.pointing import on_click
from napari_shapelab.viewer.ring import Ring
from napari_shapelab.viewer.under_mouse import value_at
from napari_shapelab.viewer.view import unwrapped

__all__ = ["GrainLink"]


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
        self._ring = Ring(viewer, "chosen grain", "crystals")
        table.chosen.connect(self.go_to)
        on_click(self._viewer, table, self._on_click)

    def follow(self, result: FitResult, layers: list[Labels]) -> None:
        """Link to the label layers of a fit: the fitted one, and the one that it was fitted to."""
        self._result, self._layers = result, layers
        self._settings = place_of(layers[0])
        self._ring.remove()
        self._table.show_table(result.table)

    def go_to(self, grain: int) -> None:
        """Move the view to a grain, mark it, and select it in its layers."""
        result = self._result
        present = self._present()
        if result is None or not present:
            return
        row = int(np.flatnonzero(result.moments.ids == grain)[0])
        centre = in_pixels(result.moments.centroids[row], result.spacing)
        self._ring.go_to(centre, float(result.moments.radii[row]) / result.spacing[-1], self._settings)
        for each in present:
            each.selected_label = grain

    def _present(self) -> list[Labels]:
        return [layer for layer in self._layers if layer in self._viewer.layers]

    def _on_click(self, event: Any) -> None:
        """Select the row of the grain that was clicked."""
        for layer in self._present():
            value = value_at(self._viewer, layer, event)
            if value:
                self._table.select(int(value))
                for each in self._present():
                    each.selected_label = int(value)
                return

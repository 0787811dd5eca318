"""Tables and pictures lead to each other: a row to its interface or cell, a click in the picture to the row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from napari.layers import Labels, Layer, Points, Surface, Vectors
from scipy.spatial import cKDTree

from napari_shapelab.docks.tensions.inference import Found
from napari_shapelab.docks.tensions.pictures import cell_radius
from napari_shapelab.viewer.layer_data import place_of
from napari_shapelab.viewer.pointing import on_click
from napari_shapelab.viewer.ring import Ring
from napari_shapelab.viewer.shared_units import in_own_units
from napari_shapelab.viewer.under_mouse import value_at
from napari_shapelab.viewer.view import unwrapped
from napari_shapelab.widgets.row_table import RowTable
from shapelab.infer import Tensions

__all__ = ["TensionLink"]

_REACH = 0.5
"""How far from an interface a click may be, in cell radii."""


class TensionLink:
    """Link of the tables to the newest layers.

    Parameters
    ----------
    viewer
        The viewer.
    interfaces, cells
        The tables.
    moment
        Returns the frame of a film that is shown.
    """

    def __init__(self, viewer: Any, interfaces: RowTable, cells: RowTable, moment: Callable[[], int]) -> None:
        self._viewer, self._interfaces, self._cells, self._moment = unwrapped(viewer), interfaces, cells, moment
        self._found: Found | None = None
        self._layers: list[Layer] = []
        self._still: Tensions | None = None
        self._middles = np.zeros((0, 2))
        self._faces = np.zeros(0, int)
        self._tree: cKDTree | None = None
        self._ring = Ring(viewer, "chosen interface", "tensions")
        interfaces.chosen.connect(self.go_to_interface)
        cells.chosen.connect(self.go_to_cell)
        on_click(self._viewer, interfaces, self._on_click)

    def follow(self, found: Found, still: Tensions, layers: list[Layer]) -> None:
        """Link to what is shown of one image or frame."""
        self._found, self._still, self._layers = found, still, layers
        facets = still.mesh.facets()
        self._middles, self._faces = facets.middles[:, 3 - still.mesh.ndim :].astype(float), facets.interface
        self._tree = cKDTree(self._middles) if len(self._middles) else None
        self._ring.remove()

    def go_to_interface(self, row: int) -> None:
        """Move the view to an interface and mark it."""
        if self._still is None:
            return
        own = self._middles[self._faces == row]
        nearest = own[np.argmin(((own - own.mean(0)) ** 2).sum(1))]  # on the interface, also where it is bent
        size = float(self._still.areas[row]) ** (1 / max(self._still.mesh.ndim - 1, 1))
        self._look(nearest, max(0.6 * size, 0.5 * cell_radius(self._still)))

    def go_to_cell(self, label: int) -> None:
        """Move the view to a cell and mark it, and select it in the labels."""
        if self._still is None:
            return
        ids = self._still.mesh.ids
        number = int(np.flatnonzero(ids == label)[0])
        own = self._middles[(self._still.mesh.facets().pairs[self._faces] == number).any(1)]
        if len(own):
            self._look((own.min(0) + own.max(0)) / 2, float(np.ptp(own, axis=0).max()) / 2)
        for layer in self._present(Labels):
            layer.selected_label = label

    def _look(self, place: np.ndarray, radius: float) -> None:
        """Go to a place [unit of the image, from its first pixel], and ring it."""
        assert self._found is not None
        layer = next(iter(self._present(Vectors, Surface, Points)), None)
        if layer is None:
            return
        given = self._found.given
        at = given.in_layer(place, self._moment()) if given.film else place
        per = given.spacing[-1] if given.film else 1.0
        self._ring.go_to(at, radius / per, place_of(layer))

    def _present(self, *kinds: type[Layer]) -> list[Any]:
        return [layer for layer in self._layers if layer in self._viewer.layers and isinstance(layer, kinds)]

    def _on_click(self, event: Any) -> None:
        """Select the row of the interface, else of the cell, that was clicked."""
        if self._still is None or self._found is None:
            return
        row = self._row_at(event)
        if row >= 0:
            self._interfaces.select(row)
        for layer in self._present(Labels):
            if layer.visible:
                value = value_at(self._viewer, layer, event)
                if value:
                    self._cells.select(int(value))
                    return

    def _row_at(self, event: Any) -> int:
        """Return the interface under the mouse, -1 if there is none."""
        assert self._still is not None
        assert self._found is not None
        for surface in self._present(Surface):
            if not surface.visible or len(event.dims_displayed) < 3:
                continue
            value = value_at(self._viewer, surface, event)
            if value is not None and value[1] is not None:
                return int(surface.features["interface"].iloc[int(surface.data[1][int(value[1])][0])])
        for lines in self._present(Vectors):
            if not lines.visible or self._tree is None or len(event.dims_displayed) > 2:
                continue
            at = np.asarray(lines.world_to_data(in_own_units(self._viewer, lines, event.position)[-lines.ndim :]), float)
            given = self._found.given
            place = at[list(given.axes)] * np.array(given.spacing) if given.film else at
            away, face = self._tree.query(place)
            if away <= _REACH * cell_radius(self._still):
                return int(self._faces[int(face)])
        return -1

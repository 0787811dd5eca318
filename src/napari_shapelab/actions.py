"""Commands on the selected layers, for the Layers menu and the command palette."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from napari.layers import Labels, Layer
from napari.utils.notifications import show_info, show_warning
from napari.viewer import Viewer

from napari_shapelab.viewer.surfaces import add_surface, compute_surface, volume_of
from napari_shapelab.viewer.view import unwrapped
from napari_shapelab.widgets.measurement_table import measurements_dock
from napari_shapelab.work.task import Task
from shapelab.errors import ShapelabError
from shapelab.measure import measure
from shapelab.units import short_unit

__all__ = ["measure_selected", "mesh_selected"]


def measure_selected(viewer: Viewer) -> None:
    """Measure every selected mask, label image or field: one shape goes to the table, labels get features of their own."""
    _on_selection(viewer, _measure)


def mesh_selected(viewer: Viewer) -> None:
    """Add the surface of every selected 3-D mask or field, coloured by its mean curvature."""
    _on_selection(viewer, _mesh)


def _on_selection(viewer: Any, action: Callable[[Any, Layer], None]) -> None:
    viewer = unwrapped(viewer)
    if not viewer.layers.selection:
        show_warning("Select a layer with a mask first.")
    for layer in list(viewer.layers.selection):
        try:
            action(viewer, layer)
        except ShapelabError as error:
            show_warning(str(error))


def _measure(viewer: Any, layer: Layer) -> None:
    if not isinstance(layer, Labels):
        volume_of(layer)  # says why it cannot be measured
    data, spacing = np.asarray(layer.data), tuple(float(step) for step in layer.scale)
    unit = short_unit(str(layer.units[-1]))
    table = measurements_dock(viewer)

    def show(values: Any) -> None:
        if isinstance(values, dict):
            table.add(layer.name, values, unit)
        else:
            layer.features = _features(values)
            show_info(f"{len(values)} labels of {layer.name!r} measured: see Layers > Visualize > Features table widget.")

    Task(table, partial(measure, data, spacing, unit=unit), show, show_warning)


def _features(table: Any) -> Any:
    """Return a table with one row per label as the features of a Labels layer."""
    table = table.reset_index() if "label" not in table.columns else table
    return table.rename(columns={"label": "index"}).reset_index(drop=True)


def _mesh(viewer: Any, layer: Layer) -> None:
    volume, spacing = volume_of(layer)
    if volume.ndim != 3:
        show_warning(f"The layer {layer.name!r} is {volume.ndim}-D: a mesh needs a volume.")
        return

    def show(result: Any) -> None:
        mesh, values = result
        add_surface(viewer, mesh, values, "mean curvature H", layer.name, layer, layer.metadata.get("shapelab"))
        viewer.dims.ndisplay = 3

    Task(None, partial(compute_surface, volume, spacing), show, show_warning)

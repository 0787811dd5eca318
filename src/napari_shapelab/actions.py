"""Commands on the selected layers, for the Layers menu and the command palette."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from napari.layers import Labels, Layer
from napari.utils.notifications import show_info, show_warning
from napari.viewer import Viewer
from qtpy.QtWidgets import QApplication

from napari_shapelab.viewer.features import add_features
from napari_shapelab.viewer.layer_data import TakenLayer, take
from napari_shapelab.viewer.shapes import read_shape, why_no_shape
from napari_shapelab.viewer.view import unwrapped
from napari_shapelab.widgets.file_dialog import ask_folder
from napari_shapelab.widgets.measurement_table import measurements_dock
from napari_shapelab.work.mesh_layer import add_mesh
from napari_shapelab.work.script_button import Script, measure_command, written
from napari_shapelab.work.task import Task
from shapelab.errors import InputError, ShapelabError
from shapelab.measure import measure
from shapelab.units import short_unit

__all__ = ["copy_measure_command", "copy_measure_script", "measure_selected", "measure_taken", "mesh_selected"]

_TABLE = "Layers > Metadata > Features table widget"
"""Where napari shows the features of a layer."""


def measure_selected(viewer: Viewer) -> None:
    """Measure every selected mask, label image or field: one shape goes to the table, labels get features of their own."""
    _on_selection(viewer, _measure)


def mesh_selected(viewer: Viewer) -> None:
    """Add the surface of every selected 3-D mask or field, coloured by its mean curvature; of several cells their interfaces."""
    _on_selection(viewer, lambda viewer, layer: add_mesh(viewer, layer, show_warning))


def copy_measure_script(viewer: Viewer) -> None:
    """Copy a Python script that measures the active layer; the layer is saved in a folder that the user chooses."""
    _on_active(viewer, _measure_script)


def copy_measure_command(viewer: Viewer) -> None:
    """Copy a command (shapelab measure …) that measures the active layer, which is saved in a folder that the user chooses."""
    _on_active(viewer, measure_command)


def _measure_script(taken: TakenLayer, folder: Path) -> str:
    boundary = ', boundary="periodic"' if taken.periodic else ""
    body = [f"print(sl.measure(shape{boundary}))"]
    return written(Script(body, {"shape": taken}), folder)


def _on_active(viewer: Any, write: Callable[[TakenLayer, Path], str]) -> None:
    viewer = unwrapped(viewer)
    layer = viewer.layers.selection.active
    if layer is None:
        show_warning("Select one layer first.")
        return
    try:
        _refuse(layer, why_no_shape(layer))
        taken = take(layer, viewer)
    except ShapelabError as error:
        show_warning(str(error))
        return
    table = measurements_dock(viewer)
    folder = ask_folder(table, f"Folder for the data of {layer.name}", save=True)
    if not folder:
        return

    def show(text: str) -> None:
        QApplication.clipboard().setText(text)
        show_info("It is on the clipboard.")

    Task(table, partial(write, taken, Path(folder)), show, show_warning)


def measure_taken(taken: TakenLayer) -> tuple[Any, TakenLayer]:
    """Measure what was taken from a layer, outside the window's thread.

    Parameters
    ----------
    taken
        Labels or an image.

    Returns
    -------
    values
        As of `shapelab.measure.measure`; centroids of labels lie in the world, as napari shows positions.
    read
        What was measured.
    """
    read = read_shape(taken)
    return measure(read.layer_data(), boundary="periodic" if read.periodic else "replicate"), read


def _on_selection(viewer: Any, action: Callable[[Any, Layer], None]) -> None:
    viewer = unwrapped(viewer)
    if not viewer.layers.selection:
        show_warning("Select a layer with a mask first.")
    for layer in list(viewer.layers.selection):
        try:
            action(viewer, layer)
        except ShapelabError as error:
            show_warning(str(error))


def _refuse(layer: Layer, reason: str) -> None:
    if reason:
        raise InputError(f"The layer {layer.name!r} cannot be used: {reason}.")


def _measure(viewer: Any, layer: Layer) -> None:
    _refuse(layer, why_no_shape(layer))
    taken = take(layer, viewer)
    table = measurements_dock(viewer)

    def show(found: tuple[Any, TakenLayer]) -> None:
        values, read = found
        if isinstance(values, dict):
            table.add(layer.name, {**values, "warnings": [*read.notes, *values.get("warnings", ())]}, short_unit(read.unit))
            return
        if not isinstance(layer, Labels) or layer not in viewer.layers:
            raise InputError(f"The layer {layer.name!r} was removed while it was measured.")
        clashing = add_features(layer, values)
        kept = f" Your own {' and '.join(map(repr, clashing))} stayed: the measured ones end in “(measured)”." if clashing else ""
        show_info(" ".join((f"{len(values)} labels of {layer.name!r} measured: see {_TABLE}.{kept}", *read.notes)))

    Task(table, partial(measure_taken, taken), show, show_warning)

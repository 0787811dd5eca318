"""Commands on the selected layers, for the Layers menu and the command palette."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from napari.layers import Labels, Layer
from napari.utils.notifications import show_info, show_warning
from napari.viewer import Viewer
from qtpy.QtWidgets import QApplication

from napari_shapelab.viewer.changes import Changes
from napari_shapelab.viewer.features import add_features
from napari_shapelab.viewer.layer_data import TakenLayer, take
from napari_shapelab.viewer.shapes import read_shape, why_no_shape
from napari_shapelab.viewer.view import unwrapped
from napari_shapelab.widgets.file_dialog import ask_folder
from napari_shapelab.widgets.measurement_table import Measurements, measurements_dock
from napari_shapelab.work.mesh_layer import why_no_mesh
from napari_shapelab.work.mesh_panel import mesh_panel
from napari_shapelab.work.progress import Progress, Report
from napari_shapelab.work.row import WorkRow
from napari_shapelab.work.script_button import Script, measure_command, written
from napari_shapelab.work.task import Task
from shapelab.arrays import is_lazy
from shapelab.errors import InputError, ShapelabError, Stopped
from shapelab.labels.planes import LARGE
from shapelab.measure import measure, plan_labels
from shapelab.stopping import stoppable
from shapelab.units import short_unit

__all__ = ["copy_measure_command", "copy_measure_script", "measure_effective", "measure_selected", "measure_taken", "mesh_selected"]

_SOON = 2**19
"""Pixels that are measured within a second or so: nobody need cancel that."""
_TABLE = "Layers > Metadata > Features table widget"
"""Where napari shows the features of a layer."""


def measure_selected(viewer: Viewer) -> None:
    """Measure every selected mask, label image or field: one shape goes to the table, labels get features of their own."""
    _on_selection(viewer, _measure)


def measure_effective(viewer: Viewer) -> None:
    """Measure every selected mask with its effective properties: sizes of struts and pores, chords, tortuosity, correlation."""
    _on_selection(viewer, partial(_measure, effective=True))


def mesh_selected(viewer: Viewer) -> None:
    """Add the surface of every selected 3-D mask or field, coloured by its mean curvature; of several cells their interfaces."""
    meshed: list[Layer] = []

    def accept(_: Any, layer: Layer) -> None:
        if reason := why_no_mesh(layer):
            raise InputError(reason)
        meshed.append(layer)

    _on_selection(viewer, accept)
    if meshed:
        panel = mesh_panel(viewer)
        panel.add(meshed, failed=lambda: show_warning(panel.work.message.text()))


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


def measure_taken(
    taken: TakenLayer, progress: Callable[[int, int], None] | None = None, *, effective: bool = False
) -> tuple[Any, TakenLayer]:
    """Measure what was taken from a layer, outside the window's thread.

    Parameters
    ----------
    taken
        Labels or an image; of labels in chunks (dask, Zarr) some planes at a time are read.
    progress
        Called after each piece of a volume that is read in pieces, and after each effective property.
    effective
        Whether effective properties are measured, too.

    Returns
    -------
    values
        See `shapelab.measure.measure`; centroids of labels lie in the world, as napari shows positions.
    read
        What was measured.
    """
    read = taken if _in_pieces(taken) else read_shape(taken)
    return measure(read.layer_data(), boundary="periodic" if read.periodic else "replicate", effective=effective, progress=progress), read


def _in_pieces(taken: TakenLayer) -> bool:
    """Return whether a layer is measured some planes at a time, never as a whole."""
    large = is_lazy(taken.data) or np.prod(np.shape(taken.data)) > LARGE
    return taken.kind == "labels" and taken.ndim == 3 and taken.place.is_straight and bool(large)


def _on_selection(viewer: Any, action: Callable[[Any, Layer], None]) -> None:
    viewer = unwrapped(viewer)
    if not viewer.layers.selection:
        show_warning("Select a mask or a Labels layer first.")
    for layer in list(viewer.layers.selection):
        try:
            action(viewer, layer)
        except ShapelabError as error:
            show_warning(str(error))


def _refuse(layer: Layer, reason: str) -> None:
    if reason:
        raise InputError(f"The layer {layer.name!r} cannot be used: {reason}.")


def _measure(viewer: Any, layer: Layer, *, effective: bool = False) -> None:
    _refuse(layer, why_no_shape(layer))
    taken = take(layer, viewer, full=isinstance(layer, Labels))
    table = measurements_dock(viewer)
    changes = Changes(viewer, table, "Measure it again.")
    changes.follow(layer)

    def show(found: tuple[Any, TakenLayer]) -> None:
        values, read = found
        changed = changes.text
        changes.deleteLater()
        if isinstance(values, dict):
            said = [*read.notes, *values.get("warnings", ()), *([changed] if changed else [])]
            table.add(layer.name, {**values, "warnings": said}, short_unit(read.unit))
            return
        if changed or not isinstance(layer, Labels):
            raise InputError(f"The numbers are not those of its labels: {changed}")
        clashing = add_features(layer, values)
        kept = (
            f" Your own {' and '.join(map(repr, clashing))} were not changed: the measured columns end in “(measured)”." if clashing else ""
        )
        show_info(" ".join((f"{len(values)} labels of {layer.name!r} measured: see {_TABLE}.{kept}", *read.notes)))

    if effective or is_lazy(taken.data) or np.prod(np.shape(taken.data)) > _SOON:
        _measure_long(viewer, table, taken, show, effective=effective)
    else:
        Task(table, partial(measure_taken, taken), show, show_warning)


def _measure_long(
    viewer: Any, table: Measurements, taken: TakenLayer, show: Callable[[tuple[Any, TakenLayer]], None], *, effective: bool
) -> None:
    """Measure what takes long with progress and a button that cancels; of a large label volume with an estimate."""
    row = table.findChild(WorkRow)
    if row is None:
        row = WorkRow(viewer, "Measure", "Measure the selected layers.")
        row.pressed.connect(lambda: measure_selected(viewer))
        table.add_row(row)
    if row.working:  # of several layers one after the other
        table.waiting.append(partial(_measure_long, viewer, table, taken, show, effective=effective))
        return

    def work(report: Report, abort: threading.Event) -> tuple[Any, TakenLayer]:
        pieces = _in_pieces(taken)
        plan = f" {plan_labels(taken.data)}" if pieces else ""
        report(Progress(-1, f"{taken.name}:{plan or ' measuring…'}"))
        what = "plane" if pieces else "part"

        def tell(done: int, n: int) -> None:
            report(Progress(done / n, f"{taken.name}: {what} {done} of {n}.{plan}"))

        try:
            with stoppable(abort):
                return measure_taken(taken, tell, effective=effective)
        except Stopped:
            table.waiting.clear()  # Cancel is for all of them
            raise

    def shown(found: tuple[Any, TakenLayer]) -> None:
        try:
            show(found)
            row.say(f"{taken.name!r} measured." if isinstance(found[0], dict) else f"{len(found[0])} labels of {taken.name!r} measured.")
        except ShapelabError as error:
            row.say(str(error), wrong=True)
            failed()
        else:
            table.measure_next()

    def failed() -> None:
        if table.waiting:  # whose words take the place of these
            show_warning(row.message.text())
        table.measure_next()

    row.start(work, shown, f"Reading {taken.name}…", failed=failed)

"""What can be done with the field of a run: mask, mesh, measurements, files, script."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from napari.layers import Labels, Layer
from qtpy.QtWidgets import QFileDialog, QMenu, QWidget

from napari_shapelab.run.copy_as import RunCopy
from napari_shapelab.run.panel import RunPanel
from napari_shapelab.run.run_place import true_spacing
from napari_shapelab.run.saving import save_beside, save_run_beside
from napari_shapelab.viewer.layer_data import place_of, take
from napari_shapelab.viewer.surfaces import COLOURS, Colour, add_surface, compute_surface
from napari_shapelab.viewer.view import unwrapped
from napari_shapelab.widgets.button import allow, push_button
from napari_shapelab.widgets.flow_row import FlowRow
from napari_shapelab.widgets.measurement_table import Measurements
from napari_shapelab.work.progress import Report
from shapelab.convert import Mesh
from shapelab.io import write_mesh
from shapelab.io.mesh import WRITTEN_SUFFIXES
from shapelab.io.nifti import write_nifti
from shapelab.simulation import Frame, LayerData
from shapelab.stopping import stoppable
from shapelab.units import short_unit

__all__ = ["FieldResults", "with_mask"]

_FILTERS = "Run folder, to open and resume (*.zarr);;Mesh (*.ply *.obj *.stl *.vtk);;NIfTI image of the field (*.nii.gz *.nii)"


class FieldResults(QWidget):
    """A row of buttons under a run.

    Parameters
    ----------
    viewer
        Where results are shown.
    panel
        The run.
    start
        Returns the mask that the run started from, None if it did not start from one; it is measured beside the result.
    """

    def __init__(self, viewer: Any, panel: RunPanel, start: Callable[[], LayerData | None]) -> None:
        super().__init__()
        self._viewer, self._panel, self._start = unwrapped(viewer), panel, start
        self._measured: LayerData | None = None
        self.measurements = Measurements()
        panel.tabs.addTab(self.measurements, "Table")
        self.mask_button = push_button("Mask", "Add the inside of the surface as a mask (Labels).", self.add_mask, height=26, wide=True)
        self.mesh_button = push_button("Mesh", "Add the surface as a triangle mesh, coloured by its curvature.", height=26, wide=True)
        menu = QMenu(self)
        for colour in COLOURS:
            menu.addAction(f"Coloured by {colour}", partial(self.add_mesh, colour))
        self.mesh_button.setMenu(menu)
        self.measure_button = push_button(
            "Measure", "Volume, area, topology and curvatures, in the tab Table.", self.measure, height=26, wide=True
        )
        self.save_button = push_button(
            "Save…", "Save the run (OME-Zarr, to resume it later), the mesh or the field.", self.ask_and_save, height=26, wide=True
        )
        self.copying = RunCopy(panel)
        self.script_button, self.command_button = self.copying.script_button, self.copying.command_button
        self.setLayout(
            FlowRow((self.mask_button, self.mesh_button, self.measure_button, self.save_button, self.script_button, self.command_button))
        )
        panel.advanced.connect(lambda _: self._refresh())
        panel.started.connect(self._refresh)
        panel.ended.connect(lambda _: self._refresh())
        self._refresh()

    def add_mask(self) -> None:
        """Add the present mask as a layer of its own."""
        if (field := self._field()) is None:
            return
        mask = (np.asarray(field.data) > 0).astype(np.uint8)
        layer = Labels(mask, name=f"{self._title(field)} · mask", metadata=dict(field.metadata), **place_of(field))
        self._viewer.add_layer(layer)
        self._adopt(layer, own=True)
        self._panel.say(f"Added {layer.name!r}.", passing=True)

    def add_mesh(self, colour: Colour = "mean curvature H") -> None:
        """Compute the surface and add it; the window stays responsive meanwhile."""
        if (field := self._field()) is None:
            return
        if self._panel.job.refuses("The mesh is not made"):
            return
        title, provenance = self._title(field), field.metadata.get("shapelab")
        spacing, taken = true_spacing(field), take(field)
        data, boundary = np.asarray(field.data), self._boundary(field)

        def work(_: Report, abort: threading.Event) -> Any:
            with stoppable(abort):
                return compute_surface(data, spacing, boundary)

        def show(result: Any) -> None:
            mesh, values = result
            shown = Mesh(mesh.vertices * np.array(taken.spacing) / np.array(spacing), mesh.faces)
            layer = add_surface(self._viewer, shown, values, colour, title, taken, provenance)
            self._adopt(layer)
            field.visible = False
            self._panel.say(f"Added {layer.name!r}: {len(mesh.faces)} triangles. The field itself is hidden.", passing=True)

        self._panel.job.start(work, show, "Making the mesh…", abortable=False)

    def measure(self) -> None:
        """Measure the field and show the numbers in a table."""
        if (field := self._field()) is None:
            return
        from shapelab.measure import measure

        if self._panel.job.refuses("Nothing is measured"):
            return
        data, spacing, unit, step = np.asarray(field.data), true_spacing(field), self._unit(field), self._step(field)
        name, boundary, start = f"{self._title(field)}, step {step}", self._boundary(field), self._start()
        if start is self._measured:
            start = None

        def work(_: Report, abort: threading.Event) -> list[tuple[str, Any]]:
            with stoppable(abort):
                before = [] if start is None else [(f"{start.name}, start", measure(start.data, start.meta["scale"], unit=unit))]
                return [*before, (name, measure(data, spacing, unit=unit, boundary=boundary))]

        def show(columns: list[tuple[str, Any]]) -> None:
            self._measured = start or self._measured
            for title, values in columns:
                self.measurements.add(title, values, unit)
            self._panel.tabs.setCurrentWidget(self.measurements)
            self._panel.say("")

        self._panel.job.start(work, show, "Measuring…", abortable=False)

    def ask_and_save(self) -> None:
        """Ask where, then save."""
        if (field := self._field()) is None:
            return
        proposed = f"{self._title(field).replace(' ', '_')}.zarr"
        path, _ = QFileDialog.getSaveFileName(self, "Save the result", proposed, _FILTERS, options=QFileDialog.Option.DontConfirmOverwrite)
        if path:
            self.save(path)

    def save(self, path: str | Path) -> None:
        """Save to a run folder, a mesh or a NIfTI image, by the suffix of `path`."""
        if (field := self._field()) is None:
            return
        path = Path(path)
        if path.exists():
            self._wrong(f"{str(path)!r} already exists: choose another name. Nothing was overwritten.")
            return
        if path.suffix.lower() in WRITTEN_SUFFIXES:
            data, spacing, boundary = np.asarray(field.data), true_spacing(field), self._boundary(field)
            save_beside(self._panel, path, lambda: partial(write_mesh, path, *compute_surface(data, spacing, boundary)))
        elif path.name.lower().endswith((".nii", ".nii.gz")):
            taken = take(field)
            save_beside(self._panel, path, lambda: partial(write_nifti, path, np.asarray(taken.data), taken.place))
        else:
            save_run_beside(self._panel, path)

    def _field(self) -> Layer | None:
        field = self._panel.layers["field"] if self._panel.layers is not None else None
        if field is None:
            self._panel.say("There is no result yet, or its layer has been deleted: press Run first.", wrong=True)
        return field

    def _wrong(self, text: str) -> None:
        self._panel.say(text, wrong=True)

    def _adopt(self, layer: Layer, *, own: bool = False) -> None:
        if self._panel.layers is not None:
            self._panel.layers.adopt(layer, own=own)

    def _unit(self, field: Layer) -> str:
        """Return the run's own unit, however the field is shown."""
        return short_unit(field.metadata["shapelab"]["parameters"]["unit"])

    def _title(self, field: Layer) -> str:
        return str(field.name).removesuffix(" · field")

    def _boundary(self, field: Layer) -> Any:
        return field.metadata["shapelab"]["parameters"]["boundary"]

    def _step(self, field: Layer) -> int:
        return int(field.metadata["shapelab"]["step"])

    def _refresh(self) -> None:
        there = self._panel.snapshot is not None
        for button in (self.mask_button, self.mesh_button, self.measure_button, self.save_button):
            allow(button, there, "Press Run first.")


def with_mask(frame: Frame) -> Frame:
    """Return `frame` with the inside of the surface as labels."""
    field = frame.layer("field")
    place = {name: field.meta[name] for name in ("scale", "units", "axis_labels")}
    mask = LayerData("mask", (field.data > 0).astype(np.uint8), "labels", {**place, "opacity": 0.5})
    return replace(frame, layers=(*frame.layers, mask))

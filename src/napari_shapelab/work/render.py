"""Render cells as a microscope would show them: an image with blur and noise over labels that are exact."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
from napari.layers import Image, Labels, Layer
from qtpy.QtWidgets import QFileDialog, QVBoxLayout, QWidget

from napari_shapelab.viewer.given_labels import Given, given
from napari_shapelab.viewer.insert import insert_layer
from napari_shapelab.viewer.layer_movie import movie_of, on_all_axes, times_of
from napari_shapelab.widgets.button import allow, push_button
from napari_shapelab.widgets.flow_row import FlowRow
from napari_shapelab.widgets.form import Form
from napari_shapelab.widgets.scrolled import scrolled
from napari_shapelab.work.labels_panel import LabelsPanel
from napari_shapelab.work.progress import Progress, Report
from napari_shapelab.work.row import WorkRow
from shapelab.errors import InputError, ShapelabError
from shapelab.microscopy import MicroscopeParameters, RenderedMovie, render_microscopy
from shapelab.microscopy.microsim_optics import why_no_microsim
from shapelab.microscopy.parameters import GAUSSIAN_ONLY, MICROSIM_ONLY
from shapelab.stopping import check_stop, stoppable

__all__ = ["RenderPanel", "render_labels"]


def render_labels(viewer: Any) -> None:
    """Open the panel that renders labels as a microscope image, on the selected layer if it holds labels."""
    RenderPanel.open(viewer)


class RenderPanel(LabelsPanel):
    """Renders the cells of a Labels layer, still or over time.

    Parameters
    ----------
    viewer
        Whose layers to render.
    """

    title = "Microscope image"
    heading = "<b>Microscope image</b> — these cells as a microscope would show them, with exact labels, to train or test a segmentation."

    def __init__(self, viewer: Any) -> None:
        super().__init__(viewer)
        self.rendered: RenderedMovie | None = None
        self._name = ""
        self.form = Form(MicroscopeParameters(), hidden=("engine", *MICROSIM_ONLY) if why_no_microsim() else ())
        self.work = WorkRow(self._viewer, "Render", "Add the image, and the exact labels where they differ from those of the layer.")
        self.save_button = push_button("Save…", "Save image and labels: OME-Zarr (.zarr), or OME-TIFF (.tif).", self._ask_and_save)
        self._build()
        self.layer.chosen.connect(self._refresh)
        self.form.validity_changed.connect(self._refresh)
        self.form.changed.connect(self._on_parameter)
        self.work.pressed.connect(self.render_layer)
        self._on_parameter()
        self._refresh()

    def render_layer(self) -> None:
        """Render all frames of the chosen layer, in a thread."""
        layer = self.layer.layer
        if layer is None:
            self.work.say("Choose a Labels layer first.", wrong=True)
            return
        try:
            taken = given(layer, self._viewer, film=True)
            parameters = MicroscopeParameters(**self.form.parameters.to_json())
        except ShapelabError as error:
            self.work.say(str(error), wrong=True)
            return
        times = times_of(layer)

        def compute(report: Report, abort: threading.Event) -> tuple[RenderedMovie, dict[str, np.ndarray]]:
            with stoppable(abort):
                rendered = render_microscopy(movie_of(taken, times), parameters=parameters)
                return rendered, _arrays(rendered, taken, report)

        self.work.start(compute, lambda found: self._show(found[0], found[1], taken), "Rendering…")

    def save(self, path: Path, report: Report | None = None) -> list[Path]:
        """Write what was rendered as new files; return their paths.

        Raises
        ------
        InputError
            If there is nothing yet, or a file exists or cannot be written.
        """
        if self.rendered is None:
            raise InputError("Render a layer first.")
        tell = None if report is None else lambda done, n: report(Progress(done / n, f"Writing frame {done} of {n}."))
        return self.rendered.save(path, tell)

    def _ask_and_save(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self, "Save image and labels", f"{self._name}.zarr", "OME-Zarr (*.zarr);;OME-TIFF (*.tif)")
        if not path:
            return

        def write(report: Report, abort: threading.Event) -> list[Path]:
            with stoppable(abort):
                return self.save(Path(path), report)

        self.work.start(write, lambda made: self.work.say(f"Saved {', '.join(repr(one.name) for one in made)}."), "Saving…")

    def _show(self, rendered: RenderedMovie, arrays: dict[str, np.ndarray], taken: Given) -> None:
        self.rendered, self._name = rendered, f"{taken.name} {rendered.parameters.stain}"
        place = dict(taken.place)
        if len(taken.axes) == 3:
            scale = np.array(place["scale"], float)
            scale[taken.axes[0]] *= rendered.parameters.z_step
            place["scale"] = scale
        made: list[Layer] = []
        for kind, data in arrays.items():
            if kind == "image":
                limits = (float(data.min()), float(max(np.percentile(data[:: max(1, len(data) // 8)], 99.9), data.min() + 1)))
                made.append(Image(data, name=f"{taken.name} · {rendered.parameters.stain}", contrast_limits=limits, **place))
            else:
                made.append(Labels(data, name=f"{taken.name} · exact {kind}", visible=False, **place))
        for layer in made:
            insert_layer(self._viewer, layer)
        self.work.say(f"Added {', '.join(repr(layer.name) for layer in made)}. {rendered}{taken.notes}")
        self._refresh()

    def _on_parameter(self, name: str = "engine") -> None:
        """Grey out what is of no use to the engine."""
        if name == "engine":
            by_microsim = self.form.values().get("engine") == "microsim"
            self.form.enable(MICROSIM_ONLY, by_microsim)
            self.form.enable(GAUSSIAN_ONLY, not by_microsim)

    def _refresh(self, _: Any = None) -> None:
        self.work.set_ready(not self._missing and not self.form.problem, self._missing)
        allow(self.save_button, self.rendered is not None, "Render a layer first.")

    def _build(self) -> None:
        content = QWidget()
        inner = QVBoxLayout(content)
        inner.setContentsMargins(2, 2, 6, 2)
        self._begin(inner)
        inner.addWidget(self.form)
        inner.addStretch(1)
        column = QVBoxLayout(self)
        column.addWidget(scrolled(content), 1)
        column.addWidget(self.work)
        column.addLayout(FlowRow([self.save_button]))


def _arrays(rendered: RenderedMovie, taken: Given, report: Report) -> dict[str, np.ndarray]:
    """Return the image, and the labels that are not simply those of the layer, on all axes of the layer."""
    kinds = {"image": rendered.image}
    if rendered.parameters.stain == "nucleus":
        kinds["nuclei"] = rendered.nuclei
    if rendered.shape != rendered.movie.shape:
        kinds["cells"] = rendered.labels
    frames: dict[str, list[np.ndarray]] = {kind: [] for kind in kinds}
    for index in range(len(rendered)):
        check_stop()
        report(Progress(index / len(rendered), f"Frame {index + 1} of {len(rendered)}."))
        for kind, of in kinds.items():
            frames[kind].append(of(index))
    stacked = {kind: np.stack(arrays) if taken.film else arrays[0] for kind, arrays in frames.items()}
    return {kind: on_all_axes(array, taken) for kind, array in stacked.items()}

"""The curvature diagram of the run, with that of a chosen mask over it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from napari.layers import Layer
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QCheckBox, QLabel, QVBoxLayout, QWidget

from napari_shapelab.viewer.layer_data import TakenLayer, take
from napari_shapelab.viewer.shapes import read_shape
from napari_shapelab.widgets.flow_row import FlowRow
from napari_shapelab.widgets.layer_combo import LayerCombo
from napari_shapelab.widgets.message import MessageLine
from napari_shapelab.widgets.plots import DiagramPlot
from napari_shapelab.work.task import Task
from shapelab.curvature.parameters import CurvatubesParameters
from shapelab.errors import InputError
from shapelab.simulation import Frame, Parameters
from shapelab.units import conversion, is_length, shown_unit

__all__ = ["DiagramTab", "diagram_of_run"]

_LEGEND = "Diagonal: balls. Horizontal line: tubes. Below: saddles."
_MEASURING = "Measuring…"
_BINS = 80
_LEAST_RANGE = 60.0
"""Least half-width of the diagram [1/texture length]."""
_POINTS = 3000
"""Points that stand for the other mask."""


def diagram_of_run(frame: Frame, parameters: Parameters) -> Any:
    """Return the `CurvatureDiagram` of a frame; called in the worker."""
    from shapelab.measure import curvature_diagram

    assert isinstance(parameters, CurvatubesParameters)
    aim = parameters.coefficients.stationary_point() or (0.0, 0.0)
    width = max(_LEAST_RANGE, 2.2 * max(map(abs, aim))) / parameters.length
    eps = parameters.interface_width * parameters.voxel_size
    field, h = frame["field"], parameters.voxel_size
    return curvature_diagram(field, h, estimator="diffuse", eps=eps, bins=_BINS, limits=(-width, width), boundary=parameters.boundary)


class DiagramTab(QWidget):
    """Diagram, with a combo for the mask to compare with."""

    wanted = Signal(bool)
    """The tab is looked at (True), or no longer."""

    def __init__(self, viewer: Any) -> None:
        super().__init__()
        self.plot = DiagramPlot(viewer)
        self._viewer, self._unit = viewer, ""
        self.combo = LayerCombo(viewer, "nothing")
        self.combo.setToolTip("Draw the curvatures of one of your masks over those of the run.")
        self.combo.chosen.connect(self._on_chosen)
        self.shown = QCheckBox("Follow")
        self.shown.setChecked(True)
        self.shown.setToolTip("Update the diagram during the run; this takes about a tenth of the computing time.")
        self.shown.toggled.connect(lambda _: self._tell())
        self.note = MessageLine(_LEGEND, lines=1)
        row = FlowRow((QLabel("Compare with"), self.combo, self.shown))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(row)
        layout.addWidget(self.plot, 1)
        layout.addWidget(self.note)

    def show_run(self, diagram: Any, unit: str) -> None:
        """Show the diagram of the run."""
        if self.note.text() == _MEASURING:
            self.note.say(_LEGEND)
        self._unit = unit
        self.plot.show_density(diagram.density, diagram.edges, shown_unit(unit))

    def showEvent(self, event: Any) -> None:
        """Begin to measure the run."""
        super().showEvent(event)
        self._tell()

    def hideEvent(self, event: Any) -> None:
        """Spare the run the measurements that nobody sees."""
        super().hideEvent(event)
        self.wanted.emit(False)

    def measuring(self) -> None:
        """Say that the first diagram is on its way."""
        self.note.say(_MEASURING)

    def _tell(self) -> None:
        self.wanted.emit(self.isVisible() and self.shown.isChecked())

    def _on_chosen(self, layer: Layer | None) -> None:
        if layer is None:
            self.plot.show_overlay(np.zeros(0), np.zeros(0))
            return
        name = layer.name
        try:
            taken = take(layer, self._viewer)
        except InputError as error:
            self.note.say(str(error), wrong=True)
            return
        self.note.say(f"Measuring {name}…")
        done = lambda found: self._on_points(layer, name, *found)  # noqa: E731
        Task(self, lambda: _points_of(taken, self._unit), done, lambda text: self.note.say(text, wrong=True))

    def _on_points(self, layer: Layer, name: str, points: tuple[np.ndarray, np.ndarray], notes: Sequence[str]) -> None:
        if layer is self.combo.layer:  # else another one has been chosen meanwhile
            self.plot.show_overlay(*points)
            self.note.say(" ".join([f"Orange: {name}.", *notes, _LEGEND]))


def _points_of(taken: TakenLayer, unit: str) -> tuple[tuple[np.ndarray, np.ndarray], list[str]]:
    """Return curvatures [1/unit] of a mask at points drawn by area, and what was done with it in sentences; in a thread."""
    from shapelab.measure import curvature_diagram

    read = read_shape(taken, fields=False)
    diagram = curvature_diagram(read.data != 0, read.spacing)
    factor, notes = 1.0, list(read.notes)
    if is_length(unit) and is_length(read.unit):
        factor = conversion(unit, read.unit)
    elif is_length(unit):
        notes.append(f"It states no unit of length: it was taken to be in {shown_unit(unit)}.")
    rng = np.random.default_rng(0)
    share = diagram.weights.astype(np.float64)
    chosen = rng.choice(len(share), size=min(_POINTS, len(share)), p=share / share.sum())
    return (diagram.k1[chosen] * factor, diagram.k2[chosen] * factor), notes

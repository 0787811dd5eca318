"""The curvature diagram of the run, with that of a chosen mask over it."""

from __future__ import annotations

from typing import Any

import numpy as np
from napari.layers import Labels, Layer
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from napari_shapelab.widgets.layer_combo import LayerCombo
from napari_shapelab.widgets.plots import DiagramPlot
from napari_shapelab.work.task import Task
from shapelab.curvature.parameters import CurvatubesParameters
from shapelab.simulation import Frame, Parameters
from shapelab.units import shown_unit

__all__ = ["DiagramTab", "diagram_of_run"]

_LEGEND = "Diagonal: balls. Level line: tubes. Below it: saddles."
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
        self.combo = LayerCombo(viewer, "nothing", _why_not)
        self.combo.setToolTip("Draw the curvatures of one of your masks over those of the run.")
        self.combo.chosen.connect(self._on_chosen)
        self.shown = QCheckBox("Follow")
        self.shown.setChecked(True)
        self.shown.setToolTip("Measure the curvatures now and then while the run goes on; it takes a tenth of the time.")
        self.shown.toggled.connect(lambda _: self._tell())
        self.note = QLabel(_LEGEND)
        self.note.setWordWrap(True)
        row = QHBoxLayout()
        row.addWidget(QLabel("Compare with"))
        row.addWidget(self.combo, 1)
        row.addWidget(self.shown)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(row)
        layout.addWidget(self.plot, 1)
        layout.addWidget(self.note)

    def show_run(self, diagram: Any, unit: str) -> None:
        """Show the diagram of the run."""
        self.plot.show_density(diagram.density, diagram.edges, shown_unit(unit))

    def showEvent(self, event: Any) -> None:
        """Begin to measure the run."""
        super().showEvent(event)
        self._tell()

    def hideEvent(self, event: Any) -> None:
        """Spare the run the measurements that nobody sees."""
        super().hideEvent(event)
        self.wanted.emit(False)

    def _tell(self) -> None:
        self.wanted.emit(self.isVisible() and self.shown.isChecked())

    def _on_chosen(self, layer: Layer | None) -> None:
        if layer is None:
            self.plot.show_overlay(np.zeros(0), np.zeros(0))
            return
        mask, scale, name = np.asarray(layer.data) != 0, tuple(layer.scale), layer.name
        self.note.setText(f"Measuring {name}…")
        Task(self, lambda: _points_of(mask, scale), lambda points: self._on_points(points, name), self.note.setText)

    def _on_points(self, points: tuple[np.ndarray, np.ndarray], name: str) -> None:
        self.plot.show_overlay(*points)
        self.note.setText(f"Orange: {name}. {_LEGEND}")


def _why_not(layer: Layer) -> str:
    if not isinstance(layer, Labels):
        return "not a mask (Labels)"
    return "" if layer.ndim == 3 else "not 3-D"


def _points_of(mask: np.ndarray, scale: tuple[float, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Return curvatures of a mask at points drawn by area."""
    from shapelab.measure import curvature_diagram

    diagram = curvature_diagram(mask, scale)
    rng = np.random.default_rng(0)
    share = diagram.weights.astype(np.float64)
    chosen = rng.choice(len(share), size=min(_POINTS, len(share)), p=share / share.sum())
    return diagram.k1[chosen], diagram.k2[chosen]

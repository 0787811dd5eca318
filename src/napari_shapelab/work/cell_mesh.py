"""What is shown of a mesh of cells: its colours, how far the cells are moved apart, and where they are cut open."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from napari.layers import Surface
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QComboBox, QFormLayout, QSlider, QWidget
from superqt.utils import signals_blocked

from napari_shapelab.viewer.cell_meshes import show_drawn, single_out
from napari_shapelab.viewer.tabbed import own_tab
from napari_shapelab.widgets.message import MessageLine
from napari_shapelab.widgets.number_box import ignore_wheel
from napari_shapelab.widgets.row_table import Column, RowTable
from napari_shapelab.work.task import Task
from shapelab.mesh import DrawnMesh, InterfaceMesh, draw

__all__ = ["CellMeshPanel", "cell_mesh_panel", "first_apart"]

_TITLE = "Mesh of cells"
_COLUMNS = {
    "cell_a": Column("cell", "{:.0f}", "The lower label; 0 is the background and everything beyond the image.", 50),
    "cell_b": Column("cell", "{:.0f}", "The higher label.", 50),
    "area": Column("area", "{:.4g}", "Area of the interface, in the unit of the layer.", 70),
    "curvature": Column("curvature", "{:+.3g}", "Sum of the principal curvatures, on average; positive where the lower label bulges out."),
}
_MOST_APART = 1.5
_FIRST_APART = 20
"""Where the slider begins if the border of the image cuts cells, and hides them behind its walls otherwise."""
_AXES = ("z", "y", "x")


class CellMeshPanel(QWidget):
    """Controls and table of the mesh of cells that was made last."""

    def __init__(self) -> None:
        super().__init__()
        self._layer: Surface | None = None
        self._mesh: InterfaceMesh | None = None
        self._values: dict[str, np.ndarray] = {}
        self._drawing = self._again = False
        self.value, self.axis = QComboBox(), QComboBox()
        self.apart, self.cut = QSlider(Qt.Orientation.Horizontal), QSlider(Qt.Orientation.Horizontal)
        self.value.setToolTip("What the colours show. Curvature is positive where the lower label bulges into the higher.")
        self.axis.addItems(["not", *(f"along {axis}" for axis in _AXES)])
        self.axis.setToolTip("Hide the cells beyond a position along this axis, to see those inside.")
        self.apart.setToolTip("Move the cells apart.")
        self.cut.setToolTip("Where the cells are cut open.")
        self.message = MessageLine()
        self.table = RowTable(_COLUMNS, key="interface", sorted_by="area")
        self.table.setToolTip("The interfaces. Click one to see it alone; the colours come back with the next change above.")
        self.table.chosen.connect(self._single_out)
        for slider, start in ((self.apart, 0), (self.cut, 50)):
            slider.setRange(0, 100)
            slider.setValue(start)
            slider.valueChanged.connect(lambda _: self.redraw())
            ignore_wheel(slider)
        form = QFormLayout(self)
        for label, widget in (("Colour by", self.value), ("Apart", self.apart), ("Cut open", self.axis), ("at", self.cut)):
            form.addRow(label, widget)
        form.addRow(self.table)
        form.addRow(self.message)
        for combo in (self.value, self.axis):
            ignore_wheel(combo)
            combo.activated.connect(lambda _: self.redraw())

    def show_mesh(self, layer: Surface, mesh: InterfaceMesh, drawn: DrawnMesh, value: str) -> None:
        """Control this layer, as `first_apart` has it drawn, from now on."""
        self._layer, self._mesh, self._values = layer, mesh, dict(drawn.values)
        for widget, start in ((self.apart, _FIRST_APART if mesh.cut.any() else 0), (self.cut, 50)):
            with signals_blocked(widget):
                widget.setValue(start)
        self.axis.setCurrentIndex(0)
        self.value.clear()
        self.value.addItems(list(drawn.values))
        self.value.setCurrentText(value)
        self.message.say(f"{len(mesh.ids) - 1} cells, {len(drawn.pairs)} interfaces, {len(drawn.faces):,} triangles.")

        columns = {"interface": np.arange(len(drawn.pairs)), "cell_a": drawn.pairs[:, 0], "cell_b": drawn.pairs[:, 1], **drawn.values}
        self.table.show_table(pd.DataFrame(columns).sort_values("area", ascending=False, ignore_index=True))

    def _single_out(self, interface: int) -> None:
        if self._layer is not None:
            single_out(self._layer, self.value.currentText(), interface)

    def redraw(self) -> None:
        """Draw the cells as the controls say; the window stays responsive meanwhile, and the last wish counts."""
        if self._layer is None or self._mesh is None:
            return
        if self._drawing:
            self._again = True
            return
        layer, value, axis = self._layer, self.value.currentText(), self.axis.currentIndex() - 1
        beyond = None
        if axis >= 0:
            step, n = self._mesh.spacing[axis], self._mesh.shape[axis]
            beyond = (axis, (self.cut.value() / 100 * n - 0.5) * step)
        work = partial(draw, self._mesh, self._values, apart=self.apart.value() / 100 * _MOST_APART, beyond=beyond)
        self._drawing = True

        def show(drawn: DrawnMesh) -> None:
            self._ready()
            show_drawn(layer, drawn, value)

        def wrong(text: str) -> None:
            self._ready()
            self.message.say(text, wrong=True)

        Task(self, work, show, wrong)

    def _ready(self) -> None:
        self._drawing = False
        if self._again:
            self._again = False
            self.redraw()


def first_apart(mesh: InterfaceMesh) -> float:
    """Return how far cells are moved apart at first."""
    return _FIRST_APART / 100 * _MOST_APART if mesh.cut.any() else 0.0


def cell_mesh_panel(viewer: Any) -> CellMeshPanel:
    """Return the viewer's panel of the mesh of cells, opened if it was not."""
    return own_tab(viewer, _TITLE, CellMeshPanel)

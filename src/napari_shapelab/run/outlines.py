"""The outlines of the cells as lines (Shapes) in the plane, and their smooth surfaces in space: switched on and off beside the colours."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

import numpy as np
from napari.layers import Layer, Shapes, Surface
from qtpy.QtWidgets import QPushButton

from napari_shapelab.run.panel import RunPanel
from napari_shapelab.viewer.cell_meshes import triangles_of
from napari_shapelab.viewer.layer_data import place_of
from napari_shapelab.viewer.view import unwrapped
from napari_shapelab.work.task import Task

__all__ = ["Outlines", "outlines_of", "surfaces_of"]

_SHARE = 0.2
"""Part of the time that following a run may take."""
_EDGE = {"edge_color": "white", "face_color": "transparent", "opacity": 0.9}
_LINE = 0.004
"""Width of an outline, as a part of the longest side."""


class Outlines(QPushButton):
    """A button that stays down while outlines or surfaces are shown; they follow the run as fast as that is easy.

    Parameters
    ----------
    viewer
        napari's viewer.
    panel
        The run.
    """

    def __init__(self, viewer: Any, panel: RunPanel) -> None:
        super().__init__("Outlines")
        self.setToolTip("Show cell outlines as lines (Shapes); in 3-D, as smooth surfaces instead of voxels.")
        self.setCheckable(True)
        self._viewer, self._panel = unwrapped(viewer), panel
        self._layer: Layer | None = None
        self._of: Any = None
        self._working = False
        self._next = 0.0
        self.toggled.connect(panel.guarded(lambda _: self._on_toggled()))
        panel.advanced.connect(panel.guarded(lambda _: self._follow()))
        panel.ended.connect(panel.guarded(lambda _: self._draw()))

    def _on_toggled(self) -> None:
        if self.isChecked():
            self._draw()
        else:
            self._remove()

    def _follow(self) -> None:
        if time.perf_counter() >= self._next:
            self._draw()

    def _draw(self) -> None:
        """Compute the outlines of what is shown, in a thread."""
        cells = self._panel.layers["cells"] if self._panel.layers is not None else None
        if not self.isChecked() or self._working or cells is None:
            return
        self._working = True
        begin, layers = time.perf_counter(), self._panel.layers
        data = np.asarray(cells.data)
        colours = cells.colormap.map(np.arange(int(data.max(initial=0)) + 1)) if data.ndim == 3 else None

        def show(found: Any) -> None:
            self._working = False
            end = time.perf_counter()
            if self.isChecked() and layers is self._panel.layers and cells in self._viewer.layers:
                self._show(found, cells, layers)
            self._next = time.perf_counter() + (time.perf_counter() - end + 0.25 * (end - begin)) / _SHARE

        def fail(text: str) -> None:
            self._working = False
            self._panel.say(text, wrong=True)

        Task(self, partial(outlines_of, data) if data.ndim == 2 else partial(surfaces_of, data, colours), show, fail)

    def _show(self, found: Any, cells: Layer, layers: Any) -> None:
        if self._of is not layers or self._layer not in self._viewer.layers:
            self._of = layers
            self._layer = self._made(found, cells)
            selected = set(self._viewer.layers.selection)
            self._viewer.add_layer(self._layer)
            self._viewer.layers.selection = selected
            layers.adopt(self._layer)
            if cells.ndim == 3:
                cells.visible = False
        elif isinstance(self._layer, Shapes):
            width = self._layer.current_edge_width
            self._layer.data = []
            self._layer.add_paths(found, edge_width=width, edge_color=_EDGE["edge_color"])
        elif isinstance(self._layer, Surface):
            self._layer.data = found[:2]
            self._layer.vertex_colors = found[2]

    def _made(self, found: Any, cells: Layer) -> Layer:
        name = f"{str(cells.name).removesuffix(' · cells')} · {'outlines' if cells.ndim == 2 else 'surfaces'}"
        look = {"name": name, "metadata": dict(cells.metadata), **place_of(cells)}
        if cells.ndim == 2:
            width = max(1.0, _LINE * max(cells.data.shape))
            return Shapes(found, shape_type="path", edge_width=width, **_EDGE, **look)
        return Surface(found[:2], vertex_colors=found[2], shading="smooth", **look)

    def _remove(self) -> None:
        layer, self._layer = self._layer, None
        if layer is not None and layer in self._viewer.layers:
            self._viewer.layers.remove(layer)
        cells = self._panel.layers["cells"] if self._panel.layers is not None else None
        if cells is not None and cells.ndim == 3 and self._of is self._panel.layers:
            cells.visible = True


def outlines_of(labels: np.ndarray) -> list[np.ndarray]:
    """Return the lines between cells, and around them, as paths (n, 2) of pixels."""
    from shapelab.mesh import interface_mesh

    mesh = interface_mesh(labels)
    nodes, lines = mesh.nodes, mesh.polylines()
    return [nodes[lines[i]] for i in range(len(lines)) if len(lines[i]) > 1]


def surfaces_of(labels: np.ndarray, colours: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return vertices [voxels], triangles and a colour per vertex: what separates a cell from the medium has the colour of the cell."""
    from shapelab.mesh import draw, interface_mesh

    drawn = draw(interface_mesh(labels))
    vertices, faces = triangles_of(drawn, mirrored=False)
    owner = np.where(drawn.pairs[:, 0] > 0, drawn.pairs[:, 0], drawn.pairs[:, 1]) if len(drawn.faces) else np.zeros(1, int)
    rows = drawn.interface if len(drawn.faces) else np.zeros(len(vertices), int)
    return vertices, faces, np.asarray(colours)[owner[rows]]

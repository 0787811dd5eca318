"""The button that settles a foam exactly, and the layers that it adds: the mesh, coloured by tension or pressure."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
from napari.layers import Surface, Vectors
from qtpy.QtWidgets import QHBoxLayout, QWidget

from napari_shapelab.run.drawn_grid import fineness_of, to_drawn
from napari_shapelab.run.panel import RunPanel
from napari_shapelab.viewer.layer_data import place_of
from napari_shapelab.viewer.view import unwrapped
from napari_shapelab.widgets.button import allow, push_button
from napari_shapelab.work.progress import Report
from shapelab.foam import SettledFoam, settle_exactly
from shapelab.simulation import Simulation
from shapelab.stopping import stoppable

__all__ = ["SettleButton"]


class SettleButton(QWidget):
    """Settle the foam of a run exactly; the run itself is not changed.

    Parameters
    ----------
    viewer
        Where the mesh is shown.
    panel
        The run.
    """

    def __init__(self, viewer: Any, panel: RunPanel) -> None:
        super().__init__()
        self._viewer, self._panel = unwrapped(viewer), panel
        self.button = push_button(
            "Settle exactly",
            "Bring the interfaces to mechanical equilibrium on a mesh, with exact volumes and angles, and add it as a layer. "
            "Let the foam come to rest first: neighbours stay as they are.",
            self.settle,
        )
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.button)
        row.addStretch(1)
        for changed in (panel.started, panel.advanced, panel.ended):
            changed.connect(lambda *_: self._refresh())
        self._refresh()

    def settle(self) -> None:
        """Begin to settle the foam as it is now."""
        cells = self._panel.layers["cells"] if self._panel.layers is not None else None
        if cells is None:
            self._panel.say("There are no cells yet, or their layer has been deleted: press Run first.", wrong=True)
            return
        if self._panel.job.refuses("The foam is not settled"):
            return
        place, name = place_of(cells), str(cells.name).removesuffix(" · cells")
        self._panel.job.start(
            _settled, lambda foam: self._show(foam, place, name), "Settling…", abortable=False, within=self._panel.with_simulation
        )

    def _show(self, foam: SettledFoam, place: dict[str, Any], name: str) -> None:
        vertices, faces, pairs = foam.mesh.surface()
        fineness = 1 if self._panel.snapshot is None else fineness_of(self._panel.snapshot.frame)
        pixels = to_drawn(vertices / np.asarray(foam.mesh.spacing, np.float32), fineness)
        placed = {key: value for key, value in place.items() if key != "axis_labels"}
        if foam.mesh.ndim == 3:
            pressures = np.array([foam.pressures.get(int(b), 0.0) for b in pairs.max(axis=1)])
            values = np.zeros(len(vertices), np.float32)
            values[faces.ravel()] = np.repeat(pressures, 3)
            layer: Any = Surface((pixels, faces, values), name=f"{name} · settled", colormap="viridis", **placed)
        else:
            start, end = np.moveaxis(pixels[faces], 1, 0)
            look = {"vector_style": "line", "edge_color": "white", "edge_width": 0.4 * fineness}
            layer = Vectors(np.stack([start, end - start], axis=1), name=f"{name} · settled", **look, **placed)
        self._viewer.add_layer(layer)
        if self._panel.layers is not None:
            self._panel.layers.adopt(layer)
        rest = "at rest" if foam.at_rest else f"not quite at rest after {foam.steps} steps"
        self._panel.say(f"Added {layer.name!r}: {rest}, energy {foam.energy:.4g}, volumes exact.", passing=True)

    def _refresh(self) -> None:
        allow(self.button, self._panel.snapshot is not None, "Press Run first.")


def _settled(simulation: Simulation, _: Report, abort: threading.Event) -> SettledFoam:
    with stoppable(abort):
        return settle_exactly(simulation)

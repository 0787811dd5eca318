"""What can be done with the cells of a run: table, trajectories, files, script."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from napari.layers import Labels, Layer, Tracks
from qtpy.QtWidgets import QFileDialog, QWidget

from napari_shapelab.run.cell_paths import Paths, track_rows
from napari_shapelab.run.copy_as import RunCopy
from napari_shapelab.run.drawn_grid import fineness_of, to_drawn
from napari_shapelab.run.panel import RunPanel
from napari_shapelab.run.saving import save_run_beside
from napari_shapelab.run.worker import Worker
from napari_shapelab.viewer.features import add_features
from napari_shapelab.viewer.layer_data import place_of, take
from napari_shapelab.viewer.layer_movie import place_over_time
from napari_shapelab.viewer.recorded import as_still
from napari_shapelab.viewer.shared_units import show_index
from napari_shapelab.viewer.tabbed import open_as_tab
from napari_shapelab.viewer.view import unwrapped
from napari_shapelab.widgets.button import allow, push_button
from napari_shapelab.widgets.flow_row import FlowRow
from napari_shapelab.work.mesh_layer import MeshLook, PairValues, add_meshes
from napari_shapelab.work.progress import Report
from shapelab.simulation import Simulation
from shapelab.stopping import stoppable

__all__ = ["CellResults"]

_MESH = (
    "Add the surfaces of the present cells (in 3-D): the interfaces that they share, with a panel that colours them, "
    "moves the cells apart and cuts them open."
)


class CellResults(QWidget):
    """A row of buttons under a run of cells.

    Parameters
    ----------
    viewer
        Where results are shown.
    panel
        The run.
    tensions
        Called with the simulation: what gives the tensions of interfaces, which colour its mesh.
    """

    def __init__(self, viewer: Any, panel: RunPanel, tensions: Callable[[Simulation], PairValues] | None = None) -> None:
        super().__init__()
        self._viewer, self._panel, self._tensions = unwrapped(viewer), panel, tensions
        self._paths = Paths()
        self.copy_button = push_button("Copy", "Add the current cells as a new Labels layer.", self.copy_cells)
        self.measure_button = push_button(
            "Measure", "Measure every cell (size, boundary, axes, neighbours…) into a table: the features of a copy.", self.measure
        )
        self.mesh_button = push_button("Mesh", _MESH, self.add_mesh)
        self.tracks_button = push_button("Tracks", "Add the paths of all cells so far, at every step, as a Tracks layer.", self.add_tracks)
        self.save_button = push_button("Save…", "Save the run (OME-Zarr), to resume it later.", self.ask_and_save)
        self.copying = RunCopy(panel)
        self.script_button, self.command_button = self.copying.script_button, self.copying.command_button
        end = self.save_button, self.script_button, self.command_button
        self.setLayout(FlowRow((self.copy_button, self.measure_button, self.mesh_button, self.tracks_button, *end)))
        panel.starting.connect(panel.guarded(self._on_starting))
        for changed in (panel.started, panel.advanced, panel.ended):
            changed.connect(lambda *_: self._refresh())
        self._refresh()

    def copy_cells(self) -> Labels | None:
        """Add the present labels as a layer that no run changes."""
        if (cells := self._cells()) is None:
            return None
        name = f"{str(cells.name).removesuffix(' · cells')} · step {cells.metadata['shapelab'].get('step')}"
        look = {"colormap": cells.colormap, "opacity": cells.opacity}
        layer = Labels(np.array(cells.data), name=name, metadata=as_still(cells.metadata), **look, **place_of(cells))
        self._viewer.add_layer(layer)
        layer.visible = not self._panel.running  # only now: napari cannot add a hidden layer whose selected label is above 255
        if self._panel.layers is not None:
            self._panel.layers.adopt(layer, own=True)
        hidden = "" if layer.visible else " It is hidden, so that it does not cover the run."
        self._panel.say(f"Added {layer.name!r}.{hidden}", passing=True)
        return layer

    def measure(self) -> None:
        """Measure every cell of a copy of the labels; the table is the features of that copy."""
        if self._cells() is None or (layer := self.copy_cells()) is None:
            return
        if self._panel.job.refuses("Nothing is measured"):
            return
        taken = take(layer, self._viewer)

        def work(_: Report, abort: threading.Event) -> Any:
            from shapelab.measure.labels import measure_labels, placed_centroids

            with stoppable(abort):
                read = taken.read()
                return placed_centroids(measure_labels(read.data, read.spacing, periodic=read.periodic), read.place, read.axes)

        def show(table: Any) -> None:
            if layer not in self._viewer.layers:
                self._panel.say("The measured layer has been deleted meanwhile.", wrong=True)
                return
            add_features(layer, table)
            self._viewer.layers.selection = {layer}
            open_as_tab(self._viewer, self, "napari", "Features table widget")
            self._panel.say(f"Measured {len(table)} cells: see the features table (also under Layers > Metadata).", passing=True)

        self._panel.job.start(work, show, "Measuring…", abortable=False)

    def add_mesh(self) -> None:
        """Add the surfaces of the present cells, in 3-D."""
        if (cells := self._cells()) is None:
            return
        taken = Labels(np.array(cells.data), name=cells.name, metadata=dict(cells.metadata), **place_of(cells))  # the run goes on

        def add(tensions: PairValues | None = None) -> None:
            add_meshes(self._viewer, [taken], self._panel.job, MeshLook(tensions), self._adopt)

        if self._tensions is None:
            add()
        else:
            self._panel.with_simulation(self._tensions, add, lambda text: self._panel.say(text, wrong=True))

    def add_tracks(self) -> None:
        """Add the paths of all cells: their places at every step."""
        cells, snapshot, seen = self._cells(), self._panel.snapshot, self._paths.seen()
        if cells is None or snapshot is None or len(seen) < 2:
            self._panel.say("There are no paths yet: let the cells run for a while.", wrong=True)
            return
        fineness = fineness_of(snapshot.frame)
        rows, cell = track_rows(seen, tuple(n / fineness for n in cells.data.shape))
        rows[:, 2:] = to_drawn(rows[:, 2:], fineness)
        place = place_over_time(cells)
        steps = "every step" if self._paths.every == 1 else f"every {self._paths.every} steps"
        name = f"{str(cells.name).removesuffix(' · cells')} · tracks"
        span = int(np.ptp(rows[:, 1])) + 1
        look = {"tail_length": max(1, span // 5), "tail_width": 3, "blending": "translucent", "features": {"cell": cell}}
        layer = Tracks(rows, name=name, metadata=dict(cells.metadata), **look, **place)
        self._viewer.add_layer(layer)
        self._viewer.layers.selection.active = cells
        if self._panel.layers is not None:
            self._panel.layers.adopt(layer)
        show_index(self._viewer, layer, 0, float(rows[:, 1].max()))
        self._panel.say(f"Added {layer.name!r}: the paths of {len(np.unique(cell))} cells, {steps}.", passing=True)

    def ask_and_save(self) -> None:
        """Ask where, then save."""
        if (cells := self._cells()) is None:
            return
        proposed = f"{str(cells.name).removesuffix(' · cells').replace(' ', '_')}.zarr"
        options = QFileDialog.Option.DontConfirmOverwrite
        path, _ = QFileDialog.getSaveFileName(self, "Save the run", proposed, "Run folder (*.zarr)", options=options)
        if path:
            self.save(path)

    def save(self, path: str | Path) -> None:
        """Save the run to a folder that can be opened and resumed."""
        save_run_beside(self._panel, Path(path))

    def _adopt(self, layer: Layer) -> None:
        if self._panel.layers is not None:
            self._panel.layers.adopt(layer, own=True)

    def _cells(self) -> Any:
        cells = self._panel.layers["cells"] if self._panel.layers is not None else None
        if cells is None:
            self._panel.say("There are no cells yet, or their layer has been deleted: press Run first.", wrong=True)
        return cells

    def _refresh(self) -> None:
        snapshot = self._panel.snapshot
        there = snapshot is not None
        solid = snapshot is not None and snapshot.frame["cells"].ndim == 3
        allow(self.mesh_button, solid, "Cells in the plane have no mesh." if there else "Press Run first.")
        for button in (self.copy_button, self.measure_button, self.tracks_button, self.save_button):
            allow(button, there, "Press Run first.")

    def _on_starting(self, worker: Worker, resumed: bool) -> None:
        """Follow a new run from its start, one that is resumed from where it was."""
        if not resumed:
            self._paths = Paths()
        worker.follow = self._paths.follow

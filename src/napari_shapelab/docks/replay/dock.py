"""The Replay dock: open a saved run, move in its time, resume it from any checkpoint, export it for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from napari.layers import Image, Labels, Layer
from qtpy.QtCore import QSize, Qt
from qtpy.QtWidgets import QComboBox, QFormLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget
from superqt.utils import signals_blocked

from napari_shapelab.docks.replay.about import Details, Opened, read_opened
from napari_shapelab.docks.replay.export_panel import ExportPanel
from napari_shapelab.docks.replay.folder_drop import FolderDrop
from napari_shapelab.docks.replay.player import Player
from napari_shapelab.docks.replay.resolution import Resolution
from napari_shapelab.docks.replay.resume import Resumer, saved_step
from napari_shapelab.docks.replay.timeline import Timeline
from napari_shapelab.viewer.folder_layers import add_run, layers_of, runs_shown, update_layers
from napari_shapelab.viewer.view import unwrapped
from napari_shapelab.widgets.button import allow, push_button
from napari_shapelab.widgets.cursor_plot import CursorPlot
from napari_shapelab.widgets.file_dialog import ask_folder
from napari_shapelab.widgets.form import collapsible
from napari_shapelab.widgets.message import MessageLine
from napari_shapelab.widgets.narrow import narrow
from napari_shapelab.widgets.number_box import ignore_wheel
from napari_shapelab.widgets.scrolled import scrolled
from napari_shapelab.widgets.tab_order import order_tabs
from napari_shapelab.widgets.wrapped_label import WrappedLabel
from napari_shapelab.work.job import SideJob, beside
from napari_shapelab.work.mesh_layer import mesh_button
from napari_shapelab.work.render import render_labels
from napari_shapelab.work.task import Task
from shapelab.io import Run

__all__ = ["ReplayDock"]

_NONE, _FIRST_OPEN = "No run is open.", "Open a run first."
_HELP = "<b>Replay</b> — open a saved run (or drop its folder here), step through its frames, resume it from any checkpoint."
_FIRST = {"cells": "volume_error"}
"""Scalar that is plotted first, where it is not the energy."""


class ReplayDock(FolderDrop):
    """A saved run in time.

    Parameters
    ----------
    napari_viewer
        The viewer.
    """

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__()
        self._viewer = unwrapped(napari_viewer)
        self._opened: Opened | None = None
        self._wanted = 0
        self._reading = False
        self.timeline = Timeline(self._viewer, self)
        self.resumer = Resumer(self._viewer, self)
        self.runs = QComboBox()
        self.runs.setToolTip("Runs that have layers in the viewer; choose one again to read the frames saved since.")
        self.runs.setPlaceholderText("no saved run in the viewer")
        self.open_button = push_button("Open…", "Open a run folder (.zarr).", height=28)
        self.about = WrappedLabel()
        self.frame_label = QLabel()
        self.plot = CursorPlot(self._viewer)
        self.player = Player(self._viewer, self.timeline)
        self.resume_button = push_button(
            "Resume", "Resume the run from this frame, in its own dock; the saved run is not changed.", height=28
        )
        self.restore_button = push_button(
            "Restore parameters", "Load the parameters that applied at this frame into the dock of this model; nothing runs.", height=28
        )
        self.mesh_button = mesh_button(self._viewer, self._shapes, lambda: self.job)
        self.render_button = push_button(
            "Image…", "Render these cells as a microscope would show them, with exact labels: training data.", self.render_cells, height=28
        )
        self.note = MessageLine()
        self.job = SideJob(self._viewer, self.note)
        self.resolution = Resolution(self._viewer)
        self.export = ExportPanel(self._viewer, self.timeline, self.player.rate.value, lambda: self.resolution.value)
        self._rows = QFormLayout()
        self._build()
        self._connect()
        self._show(None)
        self._on_layers()
        order_tabs(self)

    @property
    def run(self) -> Run | None:
        """The run that is replayed."""
        return self._opened.run if self._opened is not None else None

    # -- what the user does --------------------------------------------------------------------------------------

    def open(self, path: str | Path) -> None:
        """Read a run folder, and show its layers unless the viewer has them already."""
        self._wanted += 1
        wanted, self._reading = self._wanted, True
        self.about.setText(f"Reading {Path(path).name}…")

        def show(opened: Opened) -> None:
            if wanted == self._wanted:
                self._reading = False
                self._show(opened)

        def refuse(text: str) -> None:
            if wanted == self._wanted:
                self._reading = False
                self._tell(text)

        Task(self, lambda: read_opened(Path(path)), show, refuse)

    def resume(self) -> None:
        """Resume the run from the nearest checkpoint, up to the frame that is shown."""
        if self.run is not None and (step := saved_step(self.run, self.timeline.index)[0]) is not None:
            self.player.stop()
            self.resumer.resume(self.run, step)

    def restore_parameters(self) -> None:
        """Show the parameters in the family's dock, or put back what was there before."""
        if self.resumer.can_undo:
            self.resumer.undo()
        elif self.run is not None:
            self.resumer.restore(self.run, max(0, self.timeline.index))
        self._refresh()

    def render_cells(self) -> None:
        """Open the panel that renders cells as a microscope image, with those of this run."""
        self._viewer.layers.selection = set(self._shapes())
        render_labels(self._viewer)

    def sizeHint(self) -> QSize:
        """Return a size that leaves the canvas its room on a small screen."""
        return QSize(370, 640)

    # -- inside --------------------------------------------------------------------------------------------------

    def _show(self, opened: Opened | None) -> None:
        self.player.stop()
        self._opened = opened
        self.note.say("")
        self._list_details(opened.details if opened is not None else [])
        self.about.setText(opened.about if opened is not None else _NONE)
        self.export.show_run(self.run)
        self.resolution.show_run(self.run, new=self.run is None or not layers_of(self._viewer, self.run))
        if opened is None:
            self.plot.show_run(np.zeros(0), {})
        else:
            self._show_run(opened)
        self.timeline.follow(self.run)
        self._list_runs()
        self._refresh()

    def _show_run(self, opened: Opened) -> None:
        run = opened.run
        there = layers_of(self._viewer, run)
        new = not there
        if new:
            add_run(self._viewer, run)
        else:
            update_layers(there, run)
            self.resolution.draw()
        self.plot.show_run(opened.steps, opened.scalars, _FIRST.get(run.record.family, "energy"))
        if new:
            self.timeline.follow(run)
            self.timeline.go(len(run) - 1)

    def _tell(self, text: str) -> None:
        self.about.setText(self._opened.about if self._opened is not None else _NONE)
        self._say(text, wrong=True)

    def _say(self, text: str, wrong: bool) -> None:
        self.note.say(text, wrong=wrong)

    def _on_frame(self, index: int) -> None:
        del index
        if not self.job.working:
            self.note.say("")
        self._refresh()

    def _on_resumed(self) -> None:
        """Hide the saved layers: those of the resumed run are at the same place."""
        for layer in layers_of(self._viewer, self.run) if self.run is not None else []:
            layer.visible = False
        self._refresh()

    def _on_layers(self, event: Any = None) -> None:
        """Follow what is opened and removed elsewhere; without an open run, take one that is in the viewer."""
        del event
        shown = runs_shown(self._viewer)
        if self.run is not None and self.run.path.resolve() not in shown:
            self._show(None)
        if self.run is None and shown and not self._reading:
            self.open(shown[0])
        self._list_runs()
        self._refresh()

    def _list_runs(self) -> None:
        with signals_blocked(self.runs):
            self.runs.clear()
            for path in runs_shown(self._viewer):
                self.runs.addItem(path.name, str(path))
                self.runs.setItemData(self.runs.count() - 1, str(path), Qt.ItemDataRole.ToolTipRole)
            self.runs.setCurrentIndex(self.runs.findData(str(self.run.path.resolve())) if self.run is not None else -1)
            self.runs.setEnabled(self.runs.count() > 0)

    def _list_details(self, rows: Details) -> None:
        while self._rows.rowCount():
            self._rows.removeRow(0)
        for name, value in rows:
            self._rows.addRow(name, WrappedLabel(value))

    def _shapes(self) -> list[Layer]:
        """Return the layer of cells, or else the field, of the frame that is shown."""
        layers = layers_of(self._viewer, self.run) if self.run is not None else []
        cells = [layer for layer in layers if isinstance(layer, Labels)] or [layer for layer in layers if isinstance(layer, Image)]
        return cells[:1]

    def _refresh(self) -> None:
        run, index = self.run, self.timeline.index
        there = run is not None and index >= 0
        self.plot.show_frame(index if there else -1)
        allow(self.mesh_button, there, _FIRST_OPEN)
        self.render_button.setVisible(any(isinstance(layer, Labels) for layer in self._shapes()))
        self.player.offer(len(run) if run is not None and there else 0)
        for widget in (self.plot, self.details):
            widget.setEnabled(there)
        step, sentence = saved_step(run, index) if run is not None and index >= 0 else (None, "")
        allow(self.resume_button, step is not None, sentence or _FIRST_OPEN)
        self.resume_button.setText("Resume" if step is None else f"Resume from step {step}")
        allow(self.restore_button, there or self.resumer.can_undo, _FIRST_OPEN)
        self.restore_button.setText("Undo restore" if self.resumer.can_undo else "Restore parameters")
        if sentence and not self.note.text():
            self._say(sentence, wrong=False)
        text = ""
        if run is not None and index >= 0:
            text = f"Frame {index + 1} of {len(run)} · step {run.steps[index]} · time {run.record.times[index]:.4g}"
        self.frame_label.setText(text)

    def _ask(self) -> None:
        folder = ask_folder(self, "Open a run folder")
        if folder:
            self.open(folder)

    def _connect(self) -> None:
        self.timeline.moved.connect(self._on_frame)
        self.plot.chosen.connect(self.timeline.go)
        self.open_button.clicked.connect(lambda _=False: self._ask())
        self.runs.activated.connect(lambda _: self.open(self.runs.currentData()))
        self.resume_button.clicked.connect(lambda _=False: self.resume())
        self.restore_button.clicked.connect(lambda _=False: self.restore_parameters())
        self.resolution.refused.connect(lambda text: self._say(text, wrong=True))
        self.resumer.said.connect(self._say)
        self.resumer.resumed.connect(lambda dock: self._on_resumed())
        for event in ("inserted", "removed"):
            getattr(self._viewer.layers.events, event).connect(self._on_layers)

    def _build(self) -> None:
        heading = WrappedLabel(_HELP)
        narrow(self.runs, 12)
        ignore_wheel(self.runs)
        self._rows.setContentsMargins(4, 0, 0, 0)
        self._rows.setVerticalSpacing(2)
        self._rows.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        holder = QWidget()
        holder.setLayout(self._rows)
        self.details = collapsible("Parameters and provenance", holder)
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(2, 2, 6, 2)
        column.setSpacing(6)
        column.addWidget(heading)
        column.addLayout(_row(self.runs, self.open_button))
        column.addWidget(self.about)
        column.addWidget(self.resolution)
        column.addWidget(self.details)
        column.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        layout.setSpacing(6)
        layout.addWidget(scrolled(content), 1)
        layout.addWidget(self.plot, 1)
        self.details.toggled.connect(lambda opened: layout.setStretch(0, 3 if opened else 1))
        layout.addWidget(self.frame_label)
        layout.addWidget(self.player)
        layout.addLayout(_row(self.resume_button, self.restore_button, self.mesh_button, self.render_button))
        layout.addLayout(beside(self.note, self.job))
        layout.addWidget(self.export)


def _row(*widgets: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(4)
    for widget in widgets:
        row.addWidget(widget, 1 if not isinstance(widget, QPushButton) or (len(widgets) == 2 and widget is widgets[0]) else 0)
    return row

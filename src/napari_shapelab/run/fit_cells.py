"""Estimate how cells move, grow and look, fit a model to them, and run it beside the data."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from napari.layers import Labels
from qtpy.QtWidgets import QComboBox, QFileDialog, QFormLayout, QHBoxLayout, QTabWidget, QVBoxLayout, QWidget

from napari_shapelab.run.cell_types import CellTypes
from napari_shapelab.run.direct_estimates import DIRECT
from napari_shapelab.run.fit_ranges import FitRanges
from napari_shapelab.run.new_run import NewRun
from napari_shapelab.run.panel import RunPanel
from napari_shapelab.run.run_place import RunPlace
from napari_shapelab.settings import take_scenarios
from napari_shapelab.viewer.colours import distinct_colours
from napari_shapelab.viewer.given_labels import Given, given
from napari_shapelab.viewer.layer_movie import movie_of, times_of
from napari_shapelab.viewer.view import fit
from napari_shapelab.widgets.button import allow, push_button
from napari_shapelab.widgets.flow_row import FlowRow
from napari_shapelab.widgets.form import Form
from napari_shapelab.widgets.number_box import ignore_wheel
from napari_shapelab.widgets.posterior_plot import PosteriorPlot
from napari_shapelab.widgets.preset_combo import PresetCombo
from napari_shapelab.widgets.scrolled import scrolled
from napari_shapelab.widgets.wrapped_label import WrappedLabel
from napari_shapelab.work.labels_panel import LabelsPanel
from napari_shapelab.work.progress import Progress, Report
from napari_shapelab.work.row import WorkRow
from shapelab.catalog import scenarios
from shapelab.errors import InputError, ShapelabError
from shapelab.estimate import CellFit, Estimates, FitOptions, fit_cells
from shapelab.io.output import new_folder
from shapelab.movies import Movie
from shapelab.stopping import stoppable

__all__ = ["FitCellsPanel", "fit_selected_cells"]

_GAP = 0.05
"""Between the data and the run beside them, as a part of the width."""


def fit_selected_cells(viewer: Any) -> None:
    """Open the panel that fits models to cells, on the selected layer if it holds labels."""
    FitCellsPanel.open(viewer)


class FitCellsPanel(LabelsPanel):
    """Direct estimates with intervals, a model fitted to the cells of a Labels layer, and its run.

    Parameters
    ----------
    viewer
        Whose layers to take.
    """

    title = "Fit cells"
    heading = "<b>Fit cells</b> — how these cells move, grow and look, and the model parameters that reproduce them."

    def __init__(self, viewer: Any) -> None:
        super().__init__(viewer)
        take_scenarios()
        self.fit: CellFit | None = None
        self._taken: Given | None = None
        self._source: Labels | None = None
        self._unseen = False
        """Whether a run has begun whose first frame has not come yet."""
        self.what = QComboBox()
        self.what.addItems(list(DIRECT))
        self.what.setToolTip(
            "Motion and growth need a movie whose labels follow the cells; shape uses the last frame, tensions between types all frames."
        )
        ignore_wheel(self.what)
        self.estimate_row = WorkRow(self._viewer, "Estimate", "Estimate directly, with confidence intervals; no model is run.")
        self.scenarios = PresetCombo(scenarios("cells"))
        self.ranges = FitRanges()
        self.types = CellTypes(self._viewer)
        self.options = Form(FitOptions(), only=("simulations", "rounds", "level"))
        self.fit_row = WorkRow(self._viewer, "Fit", "Run the model many times to find the parameters that best reproduce the layer.")
        self.estimated, self.fitted = WrappedLabel(), WrappedLabel()
        self.plot = PosteriorPlot(self._viewer)
        self.save_button = push_button("Save…", "Save posterior samples, estimates and a picture into a new folder.", self._ask_and_save)
        self.run_tab_button = push_button(
            "Start a run with these", "Run the model with the best parameters, beside the layer.", self.start_run
        )
        self.panel = RunPanel(self._viewer, self._make, lambda: self._title, looks=self._looks, first="volume_error")
        self.tabs = QTabWidget()
        self.panel.advanced.connect(self.panel.guarded(lambda _: self._see_both()))
        self._build()
        self.layer.chosen.connect(self._refresh)
        self.layer.chosen.connect(self.types.follow)
        self.estimate_row.pressed.connect(self.estimate)
        self.fit_row.pressed.connect(self.fit_model)
        self.scenarios.chosen.connect(self._on_scenario)
        self.ranges.changed.connect(self._refresh)
        self.scenarios.select("active_liquid")
        self._on_scenario(self.scenarios.name)

    def estimate(self) -> None:
        """Estimate what is chosen, in a thread."""
        movie = self._movie(self.estimate_row)
        if movie is None:
            return
        estimate = DIRECT[self.what.currentText()]
        try:
            types = self.types.reader(self._given.frames[0])
        except ShapelabError as error:
            self.estimate_row.say(str(error), wrong=True)
            return

        def compute(report: Report, abort: threading.Event) -> Estimates:
            with stoppable(abort):
                return estimate(movie, types)

        name = self._given.name

        def show(found: Estimates) -> None:
            self.estimated.setText(_in_rows(found))
            self.estimate_row.say(f"{name!r}: {_told(found)}")

        self.estimate_row.start(compute, show, "Measuring all frames…")

    def fit_model(self) -> None:
        """Fit the scenario that is chosen, in a thread."""
        movie = self._movie(self.fit_row)
        if movie is None:
            return
        name, ranges = self.scenarios.name, self.ranges.values()
        try:
            options = FitOptions(**self.options.parameters.to_json())
            types = self.types.reader(self._given.frames[0])
        except ShapelabError as error:
            self.fit_row.say(str(error), wrong=True)
            return
        taken, source = self._given, self.layer.layer

        def compute(report: Report, abort: threading.Event) -> CellFit:
            with stoppable(abort):
                found = fit_cells(
                    movie,
                    name,
                    ranges,
                    types=types(),
                    options=options,
                    progress=lambda done, n: report(Progress(done / n, f"Run {done} of {n}.")),
                )
                str(found)  # its numbers are made here, not in the window's thread
                return found

        self.fit_row.start(compute, lambda found: self._show(found, taken, source), "Running the model…")

    def start_run(self) -> None:
        """Run the model with the best parameters."""
        self.tabs.setCurrentIndex(2)
        self.panel.run()

    def save(self, folder: Path) -> list[Path]:
        """Write posterior samples, estimates and a picture into a new folder; return their paths.

        Raises
        ------
        InputError
            If there is nothing yet, or the folder exists or cannot be written.
        """
        if self.fit is None:
            raise InputError("Fit a model first.")
        with new_folder(folder) as partial:
            names = [path.name for path in self.fit.save(partial)]
        return [folder / name for name in names]

    # -- inside --------------------------------------------------------------------------------------------------

    def _movie(self, row: WorkRow) -> Movie | None:
        layer = self.layer.layer
        if layer is None:
            row.say("Choose a Labels layer first.", wrong=True)
            return None
        try:
            self._given = given(layer, self._viewer, film=True)
        except ShapelabError as error:
            row.say(str(error), wrong=True)
            return None
        return movie_of(self._given, times_of(layer))

    def _show(self, found: CellFit, taken: Given, source: Labels | None) -> None:
        self.fit, self._taken, self._source = found, taken, source
        posterior = found.posterior()
        curves = enumerate(posterior.found)
        self.plot.show_curves(
            {posterior.label(i): (*posterior.density(i), (e.low, e.value, e.high), posterior.looked_in(i)) for i, e in curves}
        )
        self.fitted.setText(_in_rows(found.estimates))
        self.fit_row.say(" ".join([f"{taken.name!r}: {_told(found.estimates)}", *taken.beside]))
        self._refresh()

    def _make(self) -> NewRun:
        if self.fit is None or self._taken is None:
            raise InputError("There are no parameters yet: fit a model first.")
        width = (1 + _GAP) * self.fit.target.first.shape[-1] * self._taken.spacing[-1]
        self._unseen = True
        return NewRun(self.fit.start(), RunPlace.over(self._taken.frames[0]).beside(width))

    def _see_both(self) -> None:
        """At the first frame of a run: show the data and, beside them, the run."""
        unseen, self._unseen = self._unseen, False
        if unseen and self.panel.layers is not None and self._source is not None and self._source in self._viewer.layers:
            self._source.visible = True
            fit(self._viewer, self._source, *self.panel.layers.layers())

    @property
    def _title(self) -> str:
        name = self._taken.name if self._taken is not None else "cells"
        return f"{name} fitted"

    def _looks(self) -> dict[str, dict[str, Any]]:
        return {"cells": {"colormap": distinct_colours(), "opacity": 0.7}, "seeds": {"visible": False}, "velocity": {"visible": False}}

    def _on_scenario(self, name: str) -> None:
        self.scenarios.describe(self.scenarios.scenario.description, self.scenarios.scenario.warning)
        self.ranges.show_scenario("cells", name)

    def _ask_and_save(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self, "Save the fit as a new folder", f"{self._title}".replace(" ", "_"))
        if not path:
            return
        try:
            saved = self.save(Path(path))
        except ShapelabError as error:
            self.fit_row.say(str(error), wrong=True)
            return
        self.fit_row.say(f"Saved {', '.join(repr(one.name) for one in saved)}.")

    def _refresh(self, _: Any = None) -> None:
        missing = self._missing
        self.estimate_row.set_ready(not missing, missing)
        missing = missing or ("" if self.ranges.values() else "Tick a parameter to fit first.")
        self.fit_row.set_ready(not missing, missing)
        for button in (self.save_button, self.run_tab_button):
            allow(button, self.fit is not None, "Fit a model first.")

    def _build(self) -> None:
        self.tabs.addTab(self._estimate_tab(), "Estimate")
        self.tabs.addTab(self._fit_tab(), "Fit")
        self.tabs.addTab(self.panel, "Run")
        column = QVBoxLayout(self)
        self._begin(column)
        rows = QFormLayout()
        rows.addRow("Types from", self.types)
        column.addLayout(rows)
        column.addWidget(self.tabs, 1)

    def _estimate_tab(self) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        row = QHBoxLayout()
        row.addWidget(self.what, 1)
        column.addLayout(row)
        column.addWidget(self.estimate_row)
        column.addWidget(self.estimated)
        column.addStretch(1)
        return page

    def _fit_tab(self) -> QWidget:
        content = QWidget()
        inner = QVBoxLayout(content)
        inner.setContentsMargins(2, 2, 6, 2)
        inner.addWidget(self.scenarios)
        inner.addWidget(self.ranges)
        inner.addWidget(self.options)
        inner.addStretch(1)
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(4, 4, 4, 4)
        column.addWidget(scrolled(content), 3)
        column.addWidget(self.fit_row)
        column.addWidget(self.fitted)
        column.addWidget(self.plot, 2)
        column.addLayout(FlowRow([self.run_tab_button, self.save_button]))
        return page


def _in_rows(found: Estimates) -> str:
    """Return the numbers one below the other."""
    return "<br>".join(map(str, found.found))


def _told(found: Estimates) -> str:
    """Return what stands above the numbers, and what limits them."""
    return " ".join([f"{found.what}: {found.cells} cells, {100 * found.level:g} % intervals.", *found.notes])

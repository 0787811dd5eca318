"""The Cells dock: choose how cells move, press Run, reach in with the mouse, measure and save the result."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from napari.layers import Image, Labels, Layer
from qtpy.QtCore import QSize
from qtpy.QtWidgets import QComboBox, QFormLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from napari_shapelab.docks.cells.from_layer import TakenCells, own_colours, run_of_labels, take_cells, why_no_cells
from napari_shapelab.docks.cells.mouse_tools import CellTools
from napari_shapelab.docks.cells.outlines import Outlines
from napari_shapelab.run.cell_colours import CellColours
from napari_shapelab.run.cell_results import CellResults
from napari_shapelab.run.drawn_grid import suggested_fineness
from napari_shapelab.run.last_used import follow_last_used
from napari_shapelab.run.new_run import NewRun
from napari_shapelab.run.panel import RunPanel
from napari_shapelab.run.recording_tab import RecordingTab
from napari_shapelab.settings import take_scenarios
from napari_shapelab.viewer.colours import distinct_colours
from napari_shapelab.viewer.layer_data import TakenLayer, spatial_ndim, take
from napari_shapelab.viewer.view import unwrapped
from napari_shapelab.widgets.form import Form
from napari_shapelab.widgets.layer_combo import LayerCombo
from napari_shapelab.widgets.narrow import narrow
from napari_shapelab.widgets.number_box import ignore_wheel
from napari_shapelab.widgets.preset_combo import PresetCombo
from napari_shapelab.widgets.scrolled import scrolled
from napari_shapelab.work.soon import is_small, soon
from napari_shapelab.work.task import warm_up
from shapelab.catalog import problems, scenario, scenarios
from shapelab.cells import CellParameters, Cells
from shapelab.cells.model import CellModel
from shapelab.errors import ShapelabError
from shapelab.simulation import Parameters, Simulation

__all__ = ["CellsDock"]

FAMILY = "cells"
FIRST = "run_and_tumble"
_RELAXING = {2: "relaxation", 3: "relaxation_3d"}
_SIZES = {"own": "Standard", "quick": "Small (fast)", "paper": "As published"}


class CellsDock(QWidget):
    """Incompressible cells that move: sorting, swarms, evacuation, growth, bubbles, fluids.

    Parameters
    ----------
    napari_viewer
        The viewer.
    """

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__()
        self._viewer = unwrapped(napari_viewer)
        take_scenarios()
        self.presets = PresetCombo(scenarios(FAMILY), problems(FAMILY))
        self.presets.select(FIRST)
        self.size = QComboBox()
        self.size.setToolTip("How many cells on how fine a grid: what suits this scenario, fewer and faster, or what was published.")
        ignore_wheel(self.size)
        self.start_from = LayerCombo(self._viewer, "new cells", why_no_cells, kinds=(Labels, Image))
        self.start_from.setToolTip("Place new cells, or let your own segmentation move: every label becomes a cell.")
        self.types = LayerCombo(self._viewer, "the scenario, or the feature 'type'", why_no_cells, kinds=(Labels,))
        self.types.setToolTip("Labels over your cells that say of which type each is: the smallest number is type 0, the next one type 1.")
        self.background = QComboBox()
        self.background.addItem("medium (cells can enter it)", None)
        self.background.addItem("wall (cells cannot enter it)", "background")
        self.background.setToolTip("What the label 0 of your segmentation is.")
        ignore_wheel(self.background)
        narrow(self.background)
        self.panel = RunPanel(
            self._viewer, self.simulation, lambda: self._title, live=self._live_values, looks=self._looks, first="volume_error"
        )
        self.tools = CellTools(self._viewer, self.panel)
        self.colours = CellColours(self.panel)
        self.outlines = Outlines(self._viewer, self.panel)
        self.colours.row.addWidget(self.outlines)
        self.results = CellResults(self._viewer, self.panel)
        self.recording = RecordingTab(self.panel, every=100)
        self.restore_button = QPushButton("Restore defaults")
        self.restore_button.setToolTip("Set everything back to what the scenario says.")
        self._plotted = ""
        self._cells: TakenCells | None = None
        self._reading: object | None = None
        self._form_place = QVBoxLayout()
        self._build()
        self._connect()
        self.choose_scenario(FIRST)
        follow_last_used(FAMILY, self.panel, self._entered, self.enter)
        warm_up("shapelab.cells.create:warm_up")

    @property
    def parameters(self) -> Parameters:
        """What is entered; ParameterError if it is not allowed."""
        return self.form.parameters

    def simulation(self) -> Simulation | NewRun | Callable[[], NewRun]:
        """Return a new simulation of what is entered, or what makes it of a large layer."""
        layer, name = self.start_from.layer, self.presets.name
        if layer is None:
            return Cells(name, **dict(self.parameters))
        given = {field: value for field, value in self.parameters if field not in _FROM_LABELS}
        taken = take(layer, self._viewer)
        make = partial(run_of_labels, taken, self.background.currentData(), self._types(), name, given, layer)
        return make() if is_small(taken) else make

    # -- what the user does --------------------------------------------------------------------------------------

    def choose_scenario(self, name: str) -> None:
        """Show a scenario, with a form of its own parameters."""
        if self.presets.name != name:
            self.presets.select(name)
        chosen = scenario(FAMILY, name)
        self.presets.describe(chosen.description, chosen.warning)
        self.size.clear()
        for key, changes in {"own": {}, "quick": chosen.quick, **chosen.variants}.items():
            if key == "own" or changes:
                self.size.addItem(_SIZES.get(key, key.capitalize()), dict(changes))
        self._layout.setRowVisible(self.size, self.size.count() > 1)
        self._show_form()

    def restore_defaults(self) -> None:
        """Set everything back to what the scenario says; the starting layer is let go."""
        self.start_from.choose(None)
        self.choose_scenario(self.presets.name)

    def enter(self, scenario_name: str | None, parameters: Parameters) -> Callable[[], None]:
        """Show parameters from elsewhere, for new cells; return what puts those before back."""
        layer, name = self.start_from.layer, self.presets.name
        old = self.parameters if not self.form.problem else self._initial_parameters()
        self.start_from.choose(None)
        self.choose_scenario(scenario_name or FIRST)
        self.form.set_values(parameters)

        def back() -> None:
            self.start_from.choose(layer)
            self.choose_scenario(name)
            self.form.set_values(old)

        return back

    def _entered(self) -> tuple[str, Parameters] | None:
        return None if self.start_from.layer is not None or self.form.problem else (self.presets.name, self.parameters)

    def _types(self) -> TakenLayer | None:
        """Return what says the types of the cells, unread, None if no layer does."""
        layer = self.types.layer
        return None if layer is None else take(layer, self._viewer)

    def _on_source(self, layer: Layer | None) -> None:
        """Take grid and cells from a layer, which at first relax; another scenario can then be chosen for them."""
        for row in (self.background, self.types):
            self._layout.setRowVisible(row, layer is not None)
        self._cells, self._reading = None, None
        self.panel.say("")
        if layer is None:
            self._show_form()
            return
        self._reading = reading = object()
        self.panel.set_ready(False)
        self.panel.say(f"Reading {layer.name!r}…")

        def done(cells: TakenCells) -> None:
            if self._reading is reading:
                self._cells = cells
                self.choose_scenario(_RELAXING[spatial_ndim(layer)])
                self.panel.say(cells.note)

        def failed(text: str) -> None:
            if self._reading is reading:
                if self.types.layer is not None:
                    self.types.choose(None)
                else:
                    self.start_from.choose(None)
                self.panel.say(text, wrong=True)

        try:
            taken, types = take(layer, self._viewer), self._types()
        except ShapelabError as error:
            failed(str(error))
            return
        soon(self, partial(take_cells, taken, self.background.currentData(), types), done, failed, now=is_small(taken))

    def _show_form(self) -> None:
        try:
            parameters = self._initial_parameters()
        except ShapelabError as error:
            self.panel.say(str(error), wrong=True)
            self.start_from.choose(None)
            return
        while (item := self._form_place.takeAt(0)) is not None:
            item.widget().hide()  # deleting it waits for the event loop
            item.widget().deleteLater()
        self.form = Form(parameters, hidden=_FROM_LABELS if self.start_from.layer is not None else ())
        self.form.changed.connect(self._on_form)
        self.form.problem_changed.connect(self.panel.set_problem)
        self.form.noticed.connect(lambda text: self.panel.say(text, wrong=True, passing=True))
        self.panel.set_problem("")
        self._form_place.addWidget(self.form)

    def _initial_parameters(self) -> Parameters:
        if self._cells is not None:  # drawn on the pixels of the user's own labels
            return Cells(self.presets.name, initial=self._cells.given).parameters
        simulation = Cells(self.presets.name, **(self.size.currentData() or {}))
        parameters = simulation.parameters
        assert isinstance(parameters, CellParameters)
        assert isinstance(simulation.model, CellModel)
        return parameters.replace(fineness=suggested_fineness(parameters.shape, simulation.model.finest))

    def _on_form(self, name: str) -> None:
        if self.panel.running and name in self.parameters.live_fields():
            self.panel.update_live(**{name: getattr(self.parameters, name)})

    def _on_started(self) -> None:
        if self._plotted != self.presets.name:  # another scenario has other observables
            self._plotted = self.presets.name
            expected = [name for name in scenario(FAMILY, self.presets.name).expect if name != "volume_error"]
            self.panel.plot.prefer(expected[0] if expected else "volume_error")
        self._on_running(True)

    def _on_running(self, running: bool) -> None:
        self.form.set_running(running)
        for widget in (self.presets.box, self.size, self.start_from, self.types, self.background, self.restore_button):
            widget.setEnabled(not running)

    def sizeHint(self) -> QSize:
        """Return a size in which the status line has room, and the canvas too."""
        return QSize(400, 640)

    # -- inside --------------------------------------------------------------------------------------------------

    @property
    def _title(self) -> str:
        name = scenario(FAMILY, self.presets.name).title.lower().removesuffix(" (3-d)")
        layer = self.start_from.layer
        return name if layer is None else f"{layer.name} in {name}"

    def _live_values(self) -> dict[str, Any]:
        if self.form.problem:
            return {}
        live = self.parameters.live_fields()
        return {name: value for name, value in self.parameters if name in live}

    def _looks(self) -> dict[str, dict[str, Any]]:
        colours = own_colours(self.start_from.layer) or distinct_colours()
        own: dict[str, dict[str, Any]] = {
            "cells": {"colormap": colours, "opacity": 1.0, "iso_gradient_mode": "smooth"},
            "velocity": {"visible": False},
            "axis": {"visible": False},
        }
        if scenario(FAMILY, self.presets.name).ndim == 3:  # the cells are seen through the walls
            own["walls"] = {"opacity": 0.2}
        return own

    def _connect(self) -> None:
        self.presets.chosen.connect(self.choose_scenario)
        self.size.activated.connect(lambda _: self._show_form())
        self.start_from.chosen.connect(self._on_source)
        self.types.chosen.connect(lambda _: self._on_source(self.start_from.layer))
        self.restore_button.clicked.connect(lambda _=False: self.restore_defaults())
        self.panel.started.connect(self._on_started)
        self.panel.ended.connect(lambda _: self._on_running(False))

    def _build(self) -> None:
        heading = QLabel("<b>Cells</b> — choose how cells move, press Run, reach in with the mouse.")
        heading.setWordWrap(True)
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(2, 2, 6, 2)
        column.setSpacing(6)
        self._layout = QFormLayout()
        self._layout.setVerticalSpacing(4)
        self._layout.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._layout.addRow("Start from", self.start_from)
        self._layout.addRow("Types from", self.types)
        self._layout.addRow("Background is", self.background)
        self._layout.addRow("Size", self.size)
        self._layout.setRowVisible(self.background, False)
        self._layout.setRowVisible(self.types, False)
        foot = QHBoxLayout()
        foot.addStretch(1)
        foot.addWidget(self.restore_button)
        column.addWidget(heading)
        column.addWidget(self.presets)
        column.addLayout(self._layout)
        column.addLayout(self._form_place)
        column.addLayout(foot)
        column.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        layout.setSpacing(6)
        layout.addWidget(scrolled(content), 3)
        layout.addWidget(self.panel, 2)
        layout.addWidget(self.tools)
        layout.addWidget(self.colours)
        layout.addWidget(self.results)


_FROM_LABELS = ("shape", "voxel_size", "unit", "n_cells", "filling")
"""Parameters that a user's labels decide."""

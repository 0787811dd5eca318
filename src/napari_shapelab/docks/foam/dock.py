"""The Foam dock: choose a foam or your own labels, say what the interfaces cost, press Run, reach in with the mouse."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Literal

from napari.layers import Labels, Layer
from qtpy.QtWidgets import QComboBox, QFormLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from napari_shapelab.docks.foam.from_layer import TakenFoam, take_foam
from napari_shapelab.docks.foam.settle import SettleButton
from napari_shapelab.docks.foam.tools import FoamTools
from napari_shapelab.run.cell_colours import CellColours
from napari_shapelab.run.cell_results import CellResults
from napari_shapelab.run.last_used import follow_last_used
from napari_shapelab.run.new_run import NewRun
from napari_shapelab.run.panel import RunPanel
from napari_shapelab.run.recording_tab import RecordingTab
from napari_shapelab.settings import take_scenarios
from napari_shapelab.viewer.colours import distinct_colours
from napari_shapelab.viewer.layer_data import TakenLayer, take, why_not_taken
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
from shapelab.errors import ShapelabError
from shapelab.foam import Foam, FoamParameters, explain_tensions
from shapelab.foam.tensions import MEDIUM, type_table
from shapelab.simulation import Parameters, Simulation

__all__ = ["FoamDock"]

FAMILY = "foam"
FIRST = "foam_sorting"
_FROM_LABELS = ("shape", "voxel_size", "unit", "n_cells", "arrangement", "filling", "second_part", "size_ratio")
"""Parameters that a user's labels decide."""


class FoamDock(QWidget):
    """Cells with interface tensions and exact volumes: double bubbles, sorting, engulfment, coarsening, growth.

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
        self.start_from = LayerCombo(self._viewer, "new cells", _why_no_cells, kinds=(Labels,))
        self.start_from.setToolTip("Make new cells, or let your own segmentation move: every label becomes a cell.")
        self.background = QComboBox()
        self.background.addItem("medium (fluid around the cells)", "medium")
        self.background.addItem("nothing (cells fill it)", "none")
        self.background.setToolTip("What the label 0 of your segmentation is.")
        ignore_wheel(self.background)
        narrow(self.background)
        self.panel = RunPanel(self._viewer, self.simulation, lambda: self._title, live=self._live_values, looks=self._looks, first="energy")
        self.tools = FoamTools(self._viewer, self.panel)
        self.colours = CellColours(self.panel)
        self.results = CellResults(self._viewer, self.panel)
        self.settle = SettleButton(self._viewer, self.panel)
        self.recording = RecordingTab(self.panel, every=20)
        self.restore_button = QPushButton("Restore defaults")
        self.restore_button.setToolTip("Set everything back to what the preset says.")
        self.warning = QLabel()
        self.warning.setWordWrap(True)
        self._taken: TakenFoam | None = None
        self._reading: object | None = None
        self._form_place = QVBoxLayout()
        self._build()
        self._connect()
        self.choose_preset(FIRST)
        follow_last_used(FAMILY, self.panel, self._entered, self.enter)
        warm_up("shapelab.foam.compiling:compile_foam")

    @property
    def parameters(self) -> FoamParameters:
        """What is entered; ParameterError if it is not allowed."""
        parameters = self.form.parameters
        assert isinstance(parameters, FoamParameters)
        return parameters

    def simulation(self) -> Simulation | NewRun | Callable[[], NewRun]:
        """Return a new simulation of what is entered, or what makes it of a large layer."""
        layer, name = self.start_from.layer, self.presets.name
        if layer is None:
            return Foam(name, **dict(self.parameters))
        given = {field: value for field, value in self.parameters if field not in _FROM_LABELS}
        taken = take(layer, self._viewer)
        make = partial(_run_of, taken, self.background.currentData(), name, given, layer)
        return make() if is_small(taken) else make

    # -- what the user does --------------------------------------------------------------------------------------

    def choose_preset(self, name: str) -> None:
        """Show a preset, with a form of its parameters."""
        if self.presets.name != name:
            self.presets.select(name)
        chosen = scenario(FAMILY, name)
        self.presets.describe(chosen.description, chosen.warning)
        self._show_form()

    def restore_defaults(self) -> None:
        """Set everything back to what the preset says; the starting layer is let go."""
        self.start_from.choose(None)
        self.choose_preset(self.presets.name)

    def enter(self, preset: str | None, parameters: Parameters) -> Callable[[], None]:
        """Show parameters from elsewhere, for new cells; return what puts those before back."""
        layer, name = self.start_from.layer, self.presets.name
        old = self.parameters if not self.form.problem else self._initial_parameters()
        self.start_from.choose(None)
        self.choose_preset(preset or FIRST)
        self.form.set_values(parameters)
        self._explain()

        def back() -> None:
            self.start_from.choose(layer)
            self.choose_preset(name)
            self.form.set_values(old)

        return back

    def _entered(self) -> tuple[str, Parameters] | None:
        return None if self.start_from.layer is not None or self.form.problem else (self.presets.name, self.parameters)

    # -- inside --------------------------------------------------------------------------------------------------

    def _on_source(self, layer: Layer | None) -> None:
        """Take grid and cells from a layer, or make new ones again."""
        self._layout.setRowVisible(self.background, layer is not None)
        self._taken, self._reading = None, None
        self.panel.say("")
        if layer is None:
            self._show_form()
            return
        self._reading = reading = object()
        self.panel.set_ready(False)
        self.panel.say(f"Reading {layer.name!r}…")

        def done(taken: TakenFoam) -> None:
            if self._reading is reading:
                self._taken = taken
                self._show_form()
                self.panel.say(taken.note)

        def failed(text: str) -> None:
            if self._reading is reading:
                self.start_from.choose(None)
                self.panel.say(text, wrong=True)

        try:
            taken = take(layer, self._viewer)
        except ShapelabError as error:
            failed(str(error))
            return
        soon(self, partial(take_foam, taken, self.background.currentData()), done, failed, now=is_small(taken))

    def _show_form(self) -> None:
        while (item := self._form_place.takeAt(0)) is not None:
            item.widget().hide()  # deleting it waits for the event loop
            item.widget().deleteLater()
        self.form = Form(self._initial_parameters(), hidden=_FROM_LABELS if self.start_from.layer is not None else ())
        self.form.changed.connect(self._on_form)
        self.form.problem_changed.connect(self.panel.set_problem)
        self.form.noticed.connect(lambda text: self.panel.say(text, wrong=True, passing=True))
        self.panel.set_problem("")
        self._form_place.addWidget(self.form)
        self._explain()

    def _initial_parameters(self) -> FoamParameters:
        initial = None if self._taken is None else self._taken.given
        parameters = Foam(self.presets.name, initial=initial).parameters
        assert isinstance(parameters, FoamParameters)
        return parameters

    def _on_form(self, name: str) -> None:
        self._explain()
        if self.panel.running and not self.form.problem and name in self.parameters.live_fields():
            self.panel.update_live(**{name: getattr(self.parameters, name)})

    def _explain(self) -> None:
        """Say before the run what the tensions lead to that one may not expect."""
        sentences: tuple[str, ...] = ()
        if not self.form.problem:
            p = self.parameters
            table = type_table(p.first, p.second, p.between, p.first_medium, p.second_medium)
            sentences = explain_tensions(table, (MEDIUM, "the first type", "the second type"))
        self.warning.setText(" ".join(sentences))
        self.warning.setVisible(bool(sentences))

    def _on_running(self, running: bool) -> None:
        self.form.set_running(running)
        for widget in (self.presets.box, self.start_from, self.background, self.restore_button):
            widget.setEnabled(not running)

    @property
    def _title(self) -> str:
        name = scenario(FAMILY, self.presets.name).title.lower().removesuffix(" (3-d)")
        layer = self.start_from.layer
        return f"foam: {name}" if layer is None else f"{layer.name} as a foam"

    def _live_values(self) -> dict[str, Any]:
        if self.form.problem:
            return {}
        live = self.parameters.live_fields()
        return {name: value for name, value in self.parameters if name in live}

    def _looks(self) -> dict[str, dict[str, Any]]:
        return {"cells": {"colormap": distinct_colours(), "opacity": 1.0, "iso_gradient_mode": "smooth"}, "seeds": {"visible": False}}

    def _connect(self) -> None:
        self.presets.chosen.connect(self.choose_preset)
        self.start_from.chosen.connect(self._on_source)
        self.background.activated.connect(lambda _: self._on_source(self.start_from.layer))
        self.restore_button.clicked.connect(lambda _=False: self.restore_defaults())
        self.panel.started.connect(lambda: self._on_running(True))
        self.panel.ended.connect(lambda _: self._on_running(False))

    def _build(self) -> None:
        heading = QLabel("<b>Foam</b> — cells with tense interfaces and exact volumes: press Run, reach in with the mouse.")
        heading.setWordWrap(True)
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(2, 2, 6, 2)
        column.setSpacing(6)
        self._layout = QFormLayout()
        self._layout.setVerticalSpacing(4)
        self._layout.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._layout.addRow("Start from", self.start_from)
        self._layout.addRow("Background is", self.background)
        self._layout.setRowVisible(self.background, False)
        foot = QHBoxLayout()
        foot.addStretch(1)
        foot.addWidget(self.restore_button)
        column.addWidget(heading)
        column.addWidget(self.presets)
        column.addLayout(self._layout)
        column.addWidget(self.warning)
        column.addLayout(self._form_place)
        column.addLayout(foot)
        column.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        layout.setSpacing(6)
        layout.addWidget(scrolled(content), 3)
        layout.addWidget(self.panel, 2)
        for widget in (self.tools, self.colours, self.results, self.settle):
            layout.addWidget(widget)


def _why_no_cells(layer: Layer) -> str:
    return why_not_taken(layer, kinds=(Labels,))


def _run_of(taken: TakenLayer, background: Literal["medium", "none"], name: str, given: dict[str, Any], layer: Layer) -> NewRun:
    """Make the run of a layer's cells; in a thread, if the layer is large."""
    foam = take_foam(taken, background)
    return NewRun(Foam(name, initial=foam.given, **given), foam.place, layer, foam.note)

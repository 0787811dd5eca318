"""What every dock of cells has: scenarios, a form, the user's own labels as a start, the run, the hand in it, its results."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from copy import deepcopy
from typing import Any, ClassVar

from napari.layers import Labels, Layer
from qtpy.QtCore import QSize
from qtpy.QtWidgets import QFormLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from napari_shapelab.run.buttons import STOP_FIRST
from napari_shapelab.run.cell_colours import CellColours
from napari_shapelab.run.cell_picker import CellPicker
from napari_shapelab.run.cell_results import CellResults
from napari_shapelab.run.cell_source import CellSource, TakenCells
from napari_shapelab.run.last_used import follow_last_used
from napari_shapelab.run.new_run import NewRun
from napari_shapelab.run.outlines import Outlines
from napari_shapelab.run.panel import RunPanel
from napari_shapelab.run.recording_tab import RecordingTab
from napari_shapelab.settings import take_scenarios
from napari_shapelab.viewer.colours import distinct_colours
from napari_shapelab.viewer.layer_data import TakenLayer
from napari_shapelab.viewer.view import unwrapped
from napari_shapelab.widgets.button import allow
from napari_shapelab.widgets.form import Form
from napari_shapelab.widgets.preset_combo import PresetCombo
from napari_shapelab.widgets.tab_order import order_tabs
from napari_shapelab.work.mesh_layer import PairValues
from napari_shapelab.work.task import warm_up
from shapelab.catalog import problems, scenario, scenarios
from shapelab.errors import ShapelabError
from shapelab.simulation import Parameters, Simulation

__all__ = ["CellDock"]


class CellDock(QWidget):
    """The dock of one family of cells; each family says what is its own.

    Parameters
    ----------
    napari_viewer
        The viewer.
    """

    family: ClassVar[str]
    first: ClassVar[str]
    """Scenario that is shown first."""
    scalar: ClassVar[str]
    """Observable that the plot and the status line show."""
    heading: ClassVar[str]
    kinds: ClassVar[tuple[type[Layer], ...]] = (Labels,)
    """Layers that can become cells."""
    backgrounds: ClassVar[tuple[tuple[str, Any], ...]]
    """What the label 0 may be: text and value."""
    from_labels: ClassVar[tuple[str, ...]]
    """Parameters that a user's labels decide."""
    kernels: ClassVar[str]
    """What is compiled while the user looks on: "module:function"."""
    save_every: ClassVar[int]
    """Steps between saved frames, at first."""
    simulate: ClassVar[Callable[..., Simulation]]
    """Makes a simulation of a scenario's name, parameters and `initial`."""
    tensions: ClassVar[Callable[[Simulation], PairValues] | None] = None
    """What gives the tensions of interfaces, which colour the mesh."""

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__()
        self._viewer = unwrapped(napari_viewer)
        take_scenarios()
        self.presets = PresetCombo(scenarios(self.family), problems(self.family))
        self.presets.select(self.first)
        self.panel = RunPanel(
            self._viewer, self.simulation, lambda: self._title, live=self._live_values, looks=self.looks, first=self.scalar
        )
        self.source = CellSource(self._viewer, self.panel, self.kinds, self.backgrounds, self.reader)
        self.start_from, self.background = self.source.combo, self.source.background
        self.tools = self.make_tools()
        self.colours = CellColours(self.panel)
        self.outlines = Outlines(self._viewer, self.panel)
        self.colours.row.addWidget(self.outlines)
        self.results = CellResults(self._viewer, self.panel, tensions=type(self).tensions)
        self.recording = RecordingTab(self.panel, every=self.save_every)
        self.restore_button = QPushButton("Restore defaults")
        self.restore_button.setToolTip("Reset everything to the scenario's values.")
        self._rows, self._form_place = QFormLayout(), QVBoxLayout()
        self._build()
        self._connect()
        self.choose_scenario(self.first)
        follow_last_used(self.family, self.panel, self._entered, self.enter)
        warm_up(self.kernels)

    @property
    def parameters(self) -> Parameters:
        """What is entered; ParameterError if it is not allowed."""
        return self.form.parameters

    def simulation(self) -> Simulation | NewRun | Callable[[], NewRun]:
        """Return a new simulation of what is entered, or what makes it of a large layer."""
        layer, name, create = self.source.layer, self.presets.name, type(self).simulate
        if layer is None:
            return create(name, **dict(self.parameters))
        given = {field: value for field, value in self.parameters if field not in self.from_labels}
        return self.source.new_run(layer, create, name, given)

    # -- what is the family's own --------------------------------------------------------------------------------

    @abstractmethod
    def make_tools(self) -> CellPicker:
        """Return the tools of the hand."""

    @abstractmethod
    def reader(self, taken: TakenLayer) -> Callable[[], TakenCells]:
        """Return what reads cells from a layer as is entered now; it is called in a thread where the layer is large."""

    @abstractmethod
    def title(self, name: str, layer: Layer | None) -> str:
        """Return the title of a run in the scenario of this name, of new cells or those of a layer."""

    def scenario_for(self, layer: Layer) -> str:
        """Return the scenario that is chosen when a user's layer has been read."""
        del layer
        return self.presets.name

    def defaults(self) -> Parameters:
        """Return the parameters that the form begins with."""
        initial = None if self.source.taken is None else self.source.taken.given
        return type(self).simulate(self.presets.name, initial=initial).parameters

    def more_rows(self) -> list[tuple[str, QWidget, bool]]:
        """Return rows under "Start from" (text, widget, and whether it is about a user's layer); called once."""
        return []

    def above_form(self) -> list[QWidget]:
        """Return what is shown above the form; called once."""
        return []

    def below(self) -> list[QWidget]:
        """Return what is shown at the very bottom; called once."""
        return []

    def on_scenario(self) -> None:
        """Show what depends on the scenario, before its form."""

    def on_form(self) -> None:
        """Show what depends on what is entered."""

    def on_unread(self) -> None:
        """Let go of the layer that could not be read."""
        self.start_from.choose(None)

    def looks(self) -> dict[str, dict[str, Any]]:
        """Return the settings that new layers begin with."""
        layer = self.source.layer
        own = deepcopy(layer.colormap) if isinstance(layer, Labels) else None
        return {"cells": {"colormap": own or distinct_colours(), "opacity": 1.0, "iso_gradient_mode": "smooth"}}

    # -- what the user does --------------------------------------------------------------------------------------

    def choose_scenario(self, name: str) -> None:
        """Show a scenario, with a form of its own parameters."""
        if self.presets.name != name:
            self.presets.select(name)
        chosen = scenario(self.family, name)
        self.presets.describe(chosen.description, chosen.warning)
        self.on_scenario()
        self.show_form()

    def restore_defaults(self) -> None:
        """Set everything back to what the scenario says; the starting layer is let go."""
        self.start_from.choose(None)
        self.choose_scenario(self.presets.name)

    def enter(self, name: str | None, parameters: Parameters) -> Callable[[], None]:
        """Show a scenario and parameters from elsewhere, for new cells; return what puts those before back."""
        layer, before = self.source.layer, self.presets.name
        old = self.parameters if not self.form.problem else self.defaults()
        self.start_from.choose(None)
        self.choose_scenario(name or self.first)
        self._set(parameters)

        def back() -> None:
            self.start_from.choose(layer)
            self.choose_scenario(before)
            self._set(old)

        return back

    def sizeHint(self) -> QSize:
        """Return a size in which the status line has room, and the canvas too."""
        return QSize(400, 640)

    # -- inside --------------------------------------------------------------------------------------------------

    def _on_source(self, layer: Layer | None) -> None:
        for widget in self._of_layers:
            self._rows.setRowVisible(widget, layer is not None)
        if layer is None:
            self.show_form()

    def show_form(self) -> None:
        """Show a new form, with the defaults."""
        try:
            parameters = self.defaults()
        except ShapelabError as error:
            self.panel.say(str(error), wrong=True)
            self.start_from.choose(None)
            return
        while (item := self._form_place.takeAt(0)) is not None:
            item.widget().hide()  # deleting it waits for the event loop
            item.widget().deleteLater()
        self.form = Form(parameters, hidden=self.from_labels if self.source.layer is not None else ())
        self.form.changed.connect(self._on_form)
        self.form.problem_changed.connect(self.panel.set_problem)
        self.form.noticed.connect(lambda text: self.panel.say(text, wrong=True, passing=True))
        self.panel.set_problem("")
        self._form_place.addWidget(self.form)
        order_tabs(self)
        self.on_form()

    def _set(self, parameters: Parameters) -> None:
        self.form.set_values(parameters)
        self.on_form()

    def _on_form(self, name: str) -> None:
        self.on_form()
        if self.panel.running and not self.form.problem and name in self.parameters.live_fields():
            self.panel.update_live(**{name: getattr(self.parameters, name)})

    def _on_running(self, running: bool) -> None:
        self.form.set_running(running)
        for widget in self._locked:
            widget.setEnabled(not running)
        allow(self.restore_button, not running, STOP_FIRST)

    def _entered(self) -> tuple[str, Parameters] | None:
        return None if self.source.layer is not None or self.form.problem else (self.presets.name, self.parameters)

    @property
    def _title(self) -> str:
        name = scenario(self.family, self.presets.name).title.lower().removesuffix(" (3-d)")
        return self.title(name, self.source.layer)

    def _live_values(self) -> dict[str, Any]:
        if self.form.problem:
            return {}
        live = self.parameters.live_fields()
        return {name: value for name, value in self.parameters if name in live}

    def _connect(self) -> None:
        self.presets.chosen.connect(self.choose_scenario)
        self.source.asked.connect(self._on_source)
        self.source.read.connect(lambda layer: self.choose_scenario(self.scenario_for(layer)))
        self.source.failed.connect(self.on_unread)
        self.restore_button.clicked.connect(lambda _=False: self.restore_defaults())
        self.panel.started.connect(lambda: self._on_running(True))
        self.panel.ended.connect(lambda _: self._on_running(False))

    def _build(self) -> None:
        heading = QLabel(self.heading)
        heading.setWordWrap(True)
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(2, 2, 6, 2)
        column.setSpacing(6)
        foot = QHBoxLayout()
        foot.addStretch(1)
        foot.addWidget(self.restore_button)
        column.addWidget(heading)
        column.addWidget(self.presets)
        column.addLayout(self._build_rows())
        for widget in self.above_form():
            column.addWidget(widget)
        column.addLayout(self._form_place)
        column.addLayout(foot)
        column.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        layout.setSpacing(6)
        self.panel.put_above(content)
        layout.addWidget(self.panel, 1)
        for widget in (self.tools, self.colours, self.results, *self.below()):
            layout.addWidget(widget)

    def _build_rows(self) -> QFormLayout:
        self._rows.setVerticalSpacing(4)
        self._rows.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        rows = [("Background is", self.background, True), *self.more_rows()]
        self._rows.addRow("Start from", self.start_from)
        for text, widget, _ in rows:
            self._rows.addRow(text, widget)
        self._of_layers = [widget for _, widget, of_layer in rows if of_layer]
        for widget in self._of_layers:
            self._rows.setRowVisible(widget, False)
        self._locked = [self.presets.box, self.start_from, self.restore_button, *(widget for _, widget, _ in rows)]
        return self._rows

"""The Curvatubes dock: choose a texture, press Run, change it while it grows, measure and save it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from qtpy.QtCore import QSize
from qtpy.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from napari_shapelab.docks.curvatubes.diagram_tab import DiagramTab, diagram_of_run
from napari_shapelab.docks.curvatubes.presets import FAMILY, decided_by_layer, differences, kept, of_preset
from napari_shapelab.docks.curvatubes.results import FieldResults, with_mask
from napari_shapelab.docks.curvatubes.start_from import Source, StartFrom, read_with_parameters, run_of
from napari_shapelab.docks.curvatubes.stay_near import StayNear
from napari_shapelab.docks.curvatubes.texture_form import TextureForm, aim_in_words
from napari_shapelab.run.buttons import STOP_FIRST
from napari_shapelab.run.last_used import follow_last_used
from napari_shapelab.run.new_run import NewRun
from napari_shapelab.run.panel import RunPanel
from napari_shapelab.run.recording_tab import RecordingTab
from napari_shapelab.settings import take_scenarios
from napari_shapelab.viewer.view import unwrapped
from napari_shapelab.widgets.button import allow
from napari_shapelab.widgets.preset_combo import PresetCombo
from napari_shapelab.widgets.tab_order import order_tabs
from napari_shapelab.work.latest import Latest
from napari_shapelab.work.soon import is_small
from napari_shapelab.work.task import Task, warm_up
from shapelab.catalog import problems, scenario, scenarios
from shapelab.curvature import Curvatubes
from shapelab.curvature.parameters import CurvatubesParameters
from shapelab.curvature.resolved import too_thin
from shapelab.errors import ShapelabError
from shapelab.simulation import LayerData, Simulation

__all__ = ["CurvatubesDock"]

FIRST = "tubes"
_FIELD_LOOK = {"colormap": "bop orange"}


class CurvatubesDock(QWidget):
    """Textures of tubes, sponges and membranes that minimise a curvature energy.

    Parameters
    ----------
    napari_viewer
        The viewer.
    """

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__()
        self._viewer = unwrapped(napari_viewer)
        self._source: Source | None = None
        self._reading = Latest(self)
        self._last_preset = FIRST
        take_scenarios()
        self.presets = PresetCombo(scenarios(FAMILY), problems(FAMILY))
        self.presets.select(FIRST)
        self.form = TextureForm(of_preset(FIRST))
        self.start_from = StartFrom(self._viewer)
        self.stay_near = StayNear()
        self.panel = RunPanel(
            self._viewer,
            self.simulation,
            lambda: self._title,
            live=self._live_values,
            looks=self._looks,
            analysis=diagram_of_run,
        )
        self.diagram = DiagramTab(self._viewer)
        self.panel.tabs.addTab(self.diagram, "Diagram")
        self.recording = RecordingTab(self.panel)
        self.results = FieldResults(self._viewer, self.panel, self._start)
        self.mask_shown = QCheckBox("Show the mask while it runs")
        self.mask_shown.setToolTip("Also show the inside of the surface as a Labels layer while it runs.")
        self.restore_button = QPushButton("Restore defaults")
        self.restore_button.setToolTip("Reset everything to the preset's values.")
        self._build()
        self._connect()
        self._describe()
        order_tabs(self)
        follow_last_used(FAMILY, self.panel, self._entered, self.enter)
        warm_up("shapelab.curvature.flow:warm_up")

    @property
    def parameters(self) -> CurvatubesParameters:
        """What is entered; ParameterError if it is not allowed."""
        return self.form.parameters

    def simulation(self) -> Simulation | NewRun | Callable[[], NewRun]:
        """Return a new simulation of what is entered, or what makes it of a large layer."""
        values, layer = dict(self.form.parameters), self.start_from.combo.layer
        taken = self.start_from.taken()
        if taken is None or layer is None:
            return Curvatubes(self.presets.name, **values)
        values["fidelity"] = self.stay_near.value()
        make = partial(run_of, self.start_from.reader(taken), self.presets.name, values, layer)
        return make() if is_small(taken) else make

    # -- what the user does --------------------------------------------------------------------------------------

    def choose_preset(self, name: str) -> None:
        """Show the values of a preset; while running, let the texture turn into it if it can."""
        old = self.form.parameters if not self.form.problem else of_preset(self._last_preset)
        chosen = of_preset(name)
        new = chosen.replace(**kept(old, self._last_preset))
        if self.panel.running:
            changes = differences(old, new.replace(shape=old.shape))
            fixed = set(changes) - CurvatubesParameters.live_fields()
            if fixed:
                self.presets.select(self._last_preset)
                self.panel.say(f"{scenario(FAMILY, name).title} starts from a different state: stop the run first.", wrong=True)
                return
            new = old.replace(**changes)
            self.panel.update_live(**changes)
        elif self._source is not None or self.start_from.combo.layer is not None:
            of_layer = ("shape", "mass", "boundary", "start", "resolution")
            new = new.replace(**{key: getattr(old, key) for key in of_layer})
        elif "shape" not in scenario(FAMILY, name).parameters and "shape" not in scenario(FAMILY, self._last_preset).parameters:
            new = new.replace(shape=old.shape)
        self._last_preset = name
        self.form.set_parameters(new)
        self._describe()

    def restore_defaults(self) -> None:
        """Set everything back to what the preset says; the starting layer is let go."""
        self.start_from.combo.choose(None)
        self.form.set_parameters(of_preset(self.presets.name))
        self._describe()

    def enter(self, preset: str | None, parameters: CurvatubesParameters) -> Callable[[], None]:
        """Show parameters from elsewhere, for a new pattern; return what puts those before back."""
        source, name = self.start_from.combo.layer, self.presets.name
        old = self.form.parameters if not self.form.problem else of_preset(name)
        self.start_from.combo.choose(None)
        self._last_preset = preset or FIRST
        self.presets.select(self._last_preset)
        self.form.set_parameters(parameters)
        self._describe()

        def back() -> None:
            self.enter(name, old)
            self.start_from.combo.choose(source)

        return back

    def _entered(self) -> tuple[str, CurvatubesParameters] | None:
        taken = self.start_from.combo.layer is not None or bool(self.form.problem)
        return None if taken else (self.presets.name, self.form.parameters)

    def _on_form(self, old: CurvatubesParameters, new: CurvatubesParameters) -> None:
        if self.panel.running:
            live = {name: value for name, value in differences(old, new).items() if name in CurvatubesParameters.live_fields()}
            self.panel.update_live(**live)
        self._say_source()
        self._describe()

    def _on_source(self) -> None:
        """Take grid, voxel size and boundary from the layer, or give them back to the preset."""
        self._reading.drop()
        try:
            taken = self.start_from.taken()
        except ShapelabError as error:
            self._on_unread(str(error))
            return
        if taken is None:
            self._leave_source()
            return
        self.start_from.say(f"Reading {taken.name!r}…")
        self._on_reading(True)
        work = partial(read_with_parameters, self.start_from.reader(taken), self.presets.name)
        self._reading.begin(work, lambda read: self._take(*read), self._on_unread, now=is_small(taken))

    def _on_unread(self, text: str) -> None:
        self.start_from.say(text)
        self._on_reading(False)

    def _take(self, source: Source, parameters: CurvatubesParameters) -> None:
        self._source = source
        self.form.set_parameters(self.form.parameters.replace(**decided_by_layer(parameters)))
        self._say_source()
        self.stay_near.setVisible(True)
        self._describe()
        self._on_reading(False)

    def _say_source(self) -> None:
        """Say what was taken, and whether the interface fits into it."""
        if self._source is not None and not self.form.problem:
            warning = too_thin(self._source.thickness, self.form.parameters.interface_width)
            self.start_from.say(" ".join(part for part in (self._source.note, warning) if part))

    def _leave_source(self) -> None:
        if self._source is not None:
            self.form.set_parameters(self.form.parameters.replace(**decided_by_layer(of_preset(self.presets.name))))
        self._source = None
        self.start_from.say("")
        self.stay_near.setVisible(False)
        self._describe()
        self._on_reading(False)

    def _on_reading(self, reading: bool) -> None:
        """While a layer is read, nothing can be run: the form does not have its grid yet."""
        self.panel.set_ready(not reading and not self.form.problem)

    def _on_diagram_wanted(self, wanted: bool) -> None:
        """Measure the run while it goes on, or its last frame."""
        self.panel.set_analysing(wanted)
        snapshot = self.panel.snapshot
        if wanted and (snapshot is not None or self.panel.running):
            self.diagram.measuring()
        if wanted and not self.panel.running and snapshot is not None:
            parameters = CurvatubesParameters.from_json(snapshot.provenance["parameters"])
            work = partial(diagram_of_run, snapshot.frame, parameters)
            Task(self, work, lambda diagram: self.diagram.show_run(diagram, parameters.unit), self.diagram.note.say)

    def _on_mask_shown(self, wanted: bool) -> None:
        self.panel.set_decoration(with_mask if wanted else None)
        mask = self.panel.layers["mask"] if self.panel.layers is not None else None
        if mask is not None:
            mask.visible = wanted

    def _on_running(self, running: bool) -> None:
        self.form.set_running(running)
        self.start_from.setEnabled(not running)
        allow(self.restore_button, not running, STOP_FIRST)

    # -- inside --------------------------------------------------------------------------------------------------

    @property
    def _title(self) -> str:
        name = scenario(FAMILY, self.presets.name).title.lower()
        return f"{self._source.name} as {name}" if self._source is not None else name

    def _start(self) -> LayerData | None:
        data = self._source.data if self._source is not None else None
        return data if data is not None and data.kind == "labels" else None

    @property
    def _unit(self) -> str:
        """Unit of the run that is shown."""
        return str(self.panel.snapshot.provenance["parameters"]["unit"]) if self.panel.snapshot is not None else ""

    def _live_values(self) -> dict[str, Any]:
        if self.form.problem:
            return {}
        live = CurvatubesParameters.live_fields()
        values = {name: value for name, value in self.form.parameters if name in live}
        return {**values, "fidelity": self.stay_near.value()} if self._source is not None else values

    def _looks(self) -> dict[str, dict[str, Any]]:
        return {"field": _FIELD_LOOK}

    def sizeHint(self) -> QSize:
        """Return a size that leaves the canvas its room on a small screen."""
        return QSize(390, 640)

    def _describe(self) -> None:
        if self.form.problem:
            return
        chosen, parameters = self.presets.scenario, self.form.parameters
        sentences = [chosen.description, aim_in_words(parameters)]
        self.presets.describe(" ".join(part for part in sentences if part), parameters.warning)
        self.diagram.plot.show_target(parameters.minimiser)

    def _connect(self) -> None:
        self.presets.chosen.connect(self.choose_preset)
        self.form.changed.connect(self._on_form)
        self.form.problem_changed.connect(self.panel.set_problem)
        self.form.noticed.connect(lambda text: self.panel.say(text, wrong=True, passing=True))
        self.start_from.changed.connect(self._on_source)
        self.start_from.reading.connect(self._on_reading)
        self.stay_near.changed.connect(lambda: self.panel.update_live(fidelity=self.stay_near.value()))
        self.mask_shown.toggled.connect(self._on_mask_shown)
        self.restore_button.clicked.connect(lambda _=False: self.restore_defaults())
        self.panel.started.connect(lambda: self._on_running(True))
        self.panel.ended.connect(lambda _: self._on_running(False))
        self.panel.found.connect(self.panel.guarded(lambda diagram: self.diagram.show_run(diagram, self._unit)))
        self.diagram.wanted.connect(self._on_diagram_wanted)

    def _build(self) -> None:
        heading = QLabel("<b>Curvatubes</b> — choose a texture, press Run, and change it while it grows.")
        heading.setWordWrap(True)
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(2, 2, 6, 2)
        foot = QHBoxLayout()
        foot.addWidget(self.mask_shown, 1)
        foot.addWidget(self.restore_button)
        for widget in (heading, self.presets, self.start_from, self.stay_near, self.form):
            column.addWidget(widget)
        column.addLayout(foot)
        column.addStretch(1)
        self.stay_near.setVisible(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        self.panel.put_above(content)
        layout.addWidget(self.panel, 1)
        layout.addWidget(self.results)

"""The Tensions dock: labels in; tensions, pressures, classes and misfits out, and a simulation that begins with them."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from napari.layers import Labels, Layer
from qtpy.QtCore import QSize
from qtpy.QtWidgets import QApplication, QFormLayout, QVBoxLayout, QWidget

from napari_shapelab.docks.tensions.copy_as import tension_command, tension_script
from napari_shapelab.docks.tensions.inference import DockOptions, Found, infer
from napari_shapelab.docks.tensions.plan import describe
from napari_shapelab.docks.tensions.result_view import ResultView
from napari_shapelab.settings import last_used, remember
from napari_shapelab.viewer.changes import Changes
from napari_shapelab.viewer.given_labels import given, why_no_labels
from napari_shapelab.viewer.insert import LayerAdder
from napari_shapelab.viewer.shown_frame import time_axis
from napari_shapelab.viewer.view import unwrapped
from napari_shapelab.widgets.button import allow, push_button
from napari_shapelab.widgets.file_dialog import ask_folder, ask_target
from napari_shapelab.widgets.flow_row import FlowRow
from napari_shapelab.widgets.form import Form
from napari_shapelab.widgets.layer_combo import LayerCombo
from napari_shapelab.widgets.scrolled import over_foot
from napari_shapelab.widgets.tab_order import order_tabs
from napari_shapelab.widgets.wrapped_label import WrappedLabel
from napari_shapelab.work.row import WorkRow
from napari_shapelab.work.script_button import Script, ScriptButton
from napari_shapelab.work.task import Task, warm_up
from shapelab.errors import InputError, ShapelabError

__all__ = ["TensionsDock"]

_FAMILY = "tensions"
_FILM = ("film", "width")


class TensionsDock(QWidget):
    """Relative tensions of interfaces and pressures of cells from a segmentation.

    Parameters
    ----------
    napari_viewer
        The viewer.
    """

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__()
        self._viewer = unwrapped(napari_viewer)
        self._adder = LayerAdder(self._viewer, self)
        self._planning: object | None = None
        self._changes = Changes(self._viewer, self, "")
        self.layer = LayerCombo(self._viewer, "choose labels", why_no_labels, (Labels,))
        options = _used_last()
        self.form = Form(options, hidden=_FILM)
        self.film_form = Form(options, only=_FILM, flat=True)
        self.plan = WrappedLabel()
        self.work = WorkRow(self._viewer, "Infer", "Infer tensions and pressures; the labels are not changed.")
        self.result = ResultView(self._viewer)
        self.script_button = ScriptButton(self.script, lambda text, wrong: self.work.say(text, wrong=wrong))
        self.command_button = push_button(
            "Command",
            "Copy a command line (shapelab tensions …) that infers the same; the labels are saved in a folder.",
            self.copy_command,
        )
        self.save_button = push_button("Save table…", "Save the table shown (interfaces or cells) as CSV.", self._ask_and_save)
        self.mesh_button = push_button(
            "Mesh",
            "Add the interfaces in 3-D, coloured by tension, with a panel to move the cells apart and cut them open.",
            lambda: self.result.add_mesh(self.work),
        )
        self.defaults_button = push_button("Defaults", "Set the options back to their defaults.", self.restore_defaults)
        self._build()
        self._connect()
        if options != DockOptions():
            self.work.say("The options are those you used last; “Defaults” resets them.")
        self._offer()
        self._refresh()
        order_tabs(self)
        warm_up("shapelab.infer.warm_up:warm_up")

    @property
    def found(self) -> Found | None:
        """The newest result."""
        return self.result.found

    @property
    def options(self) -> DockOptions:
        """What is entered; ParameterError if it is not allowed."""
        options = self.form.parameters.replace(**self.film_form.values())
        assert isinstance(options, DockOptions)
        return options

    # -- what the user does --------------------------------------------------------------------------------------

    def infer(self) -> None:
        """Begin to infer the tensions of what is chosen."""
        layer = self.layer.layer
        if layer is None:
            self.work.say("Choose a Labels layer first.", wrong=True)
            return
        try:
            options = self.options
            taken = given(layer, self._viewer, film=options.film)
        except ShapelabError as error:
            self.work.say(str(error), wrong=True)
            return

        remember(_FAMILY, "", options.to_json())
        self._changes.follow(layer)

        def work(report: Any, abort: Any) -> Found:
            return infer(taken, options, report, abort)

        self.work.start(work, partial(self._show, layer), f"Inferring the tensions of {layer.name}…", abortable=False)

    def restore_defaults(self) -> None:
        """Set the options back."""
        for form in (self.form, self.film_form):
            form.set_values(DockOptions())
        self._on_layer(self.layer.layer)

    def script(self) -> Script:
        """Return what a script does that infers the same; InputError if nothing is chosen."""
        return tension_script(self._given(), self.options)

    def copy_command(self, folder: str | Path | None = None) -> None:
        """Put a command on the clipboard that infers the same; the labels go into `folder`."""
        try:
            taken, options = self._given(), self.options
        except ShapelabError as error:
            self.work.say(str(error), wrong=True)
            return
        folder = folder or ask_folder(self, "Folder for the labels, which the command reads", save=True)
        if folder:
            Task(
                self, partial(tension_command, taken, options, Path(folder)), self._on_command, lambda text: self.work.say(text, wrong=True)
            )

    def save_table(self, path: str | Path) -> None:
        """Write the table that is shown as CSV; of a film, the rows of all frames."""
        try:
            self.work.say(self.result.save_table(path))
        except ShapelabError as error:
            self.work.say(str(error), wrong=True)

    # -- inside --------------------------------------------------------------------------------------------------

    def _given(self) -> Any:
        layer = self.layer.layer
        if layer is None:
            raise InputError("Choose a Labels layer first.")
        return given(layer, self._viewer, film=self.options.film)

    def _on_command(self, text: str) -> None:
        QApplication.clipboard().setText(text)
        self.work.say("The command is on the clipboard.")

    def _on_layer(self, layer: Layer | None) -> None:
        """Say what to expect of a layer."""
        self.film_form.setVisible(layer is not None and time_axis(layer) >= 0)
        self.plan.setText("")
        self._refresh()
        self._planning = planning = object()
        if layer is None:
            return

        def done(text: str) -> None:
            if self._planning is planning:
                self.plan.setText(text)

        def failed(text: str) -> None:
            done(text)

        try:
            taken = given(layer, self._viewer, film=self.options.film)
        except ShapelabError as error:
            self.plan.setText(str(error))
            return
        unnamed = str(layer.axis_labels[0]).removeprefix("axis").strip(" -").isdigit()  # as napari names axes
        Task(self, partial(describe, taken, unnamed=unnamed), done, failed)

    def _show(self, source: Labels, found: Found) -> None:
        self.result.make_way()
        self._adder.add(found.triples, partial(self._describe, source, found), partial(self.work.say, wrong=True))

    def _describe(self, source: Labels, found: Found, layers: list[Layer]) -> None:
        """Show the numbers; the layers are there."""
        self.result.show_result(source, found, layers)
        if self._changes.text:  # while they were inferred
            self.result.freshness.look_soon()
        self.work.say(str(found.film or found.still))
        self._refresh()

    def _ask_and_save(self) -> None:
        path = ask_target(self, "Save the table", "pressures.csv" if self.result.shows_cells else "tensions.csv", "CSV (*.csv)")
        if path:
            self.save_table(path)

    def _offer(self, event: Any = None) -> None:
        """Choose the active labels, where there is no choice yet."""
        del event
        if self.layer.layer is not None:
            return
        active = self._viewer.layers.selection.active
        ordered = sorted(self._viewer.layers, key=lambda layer: layer is not active)
        free = (layer for layer in ordered if isinstance(layer, Labels) and not why_no_labels(layer) and not _is_result(layer))
        layer = next(free, None)
        if layer is not None:
            self.layer.choose(layer)

    def _refresh(self) -> None:
        ready = self.layer.layer is not None and not self.form.problem and not self.film_form.problem
        missing = "" if self.layer.layer is not None else "Choose labels first."
        self.work.set_ready(ready, missing)
        allow(self.script_button, ready, missing)
        allow(self.command_button, ready, missing)
        found = self.result.found
        allow(self.save_button, found is not None, "Infer tensions first.")
        self.mesh_button.setVisible(found is not None and found.given.frames[0].ndim == 3 and not found.given.film)

    def _connect(self) -> None:
        self.layer.chosen.connect(self._on_layer)
        self.work.pressed.connect(self.infer)
        for form in (self.form, self.film_form):
            form.validity_changed.connect(lambda _: self._refresh())
        self.film_form.changed.connect(lambda _: self._on_layer(self.layer.layer))
        self._viewer.layers.events.inserted.connect(self._offer)

    def _build(self) -> None:
        self.layer.setToolTip("A segmentation: every label is a cell, 0 the medium.")
        rows = QFormLayout()
        rows.setVerticalSpacing(4)
        rows.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        rows.addRow("Labels", self.layer)
        self.film_form.setVisible(False)
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(2, 2, 6, 2)
        column.setSpacing(6)
        column.addWidget(WrappedLabel("<b>Tensions</b> — how strongly interfaces pull and cells push, from a segmentation."))
        column.addLayout(rows)
        for widget in (self.film_form, self.form, self.plan, self.work):
            column.addWidget(widget)
        column.addWidget(self.result, 1)
        buttons = (self.script_button, self.command_button, self.save_button, self.mesh_button, self.defaults_button)
        foot = QWidget()
        foot.setLayout(FlowRow(buttons))
        column.addStretch(0)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        layout.addWidget(over_foot(content, foot))

    def sizeHint(self) -> QSize:
        """Return a size that leaves the canvas its room on a small screen."""
        return QSize(380, 640)


def _used_last() -> DockOptions:
    """Return the options of the last time, the defaults where there are none."""
    kept = last_used(_FAMILY)
    try:
        return DockOptions() if kept is None else DockOptions(**kept[1])
    except (ShapelabError, TypeError):  # of an earlier version
        return DockOptions()


def _is_result(layer: Layer) -> bool:
    return "shapelab" in layer.metadata and layer.metadata["shapelab"].get("model") == "tensions"

"""The Tensions dock: labels in; tensions, pressures, classes and misfits out, and a simulation that begins with them."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from napari.layers import Image, Labels, Layer, Surface
from qtpy.QtCore import QSize, Qt
from qtpy.QtWidgets import QApplication, QFormLayout, QFrame, QHBoxLayout, QScrollArea, QTabWidget, QVBoxLayout, QWidget

from napari_shapelab.docks.tensions.class_plot import ClassPlot
from napari_shapelab.docks.tensions.copy_as import tension_command, tension_script
from napari_shapelab.docks.tensions.freshness import Freshness
from napari_shapelab.docks.tensions.given import describe, given, shown_frame, time_axis, why_no_tissue
from napari_shapelab.docks.tensions.inference import DockOptions, Found, infer
from napari_shapelab.docks.tensions.link import TensionLink
from napari_shapelab.docks.tensions.pictures import REASONS
from napari_shapelab.docks.tensions.tables import CELLS, INTERFACES, cell_rows, interface_rows
from napari_shapelab.viewer.insert import LayerAdder
from napari_shapelab.viewer.view import see, unwrapped
from napari_shapelab.widgets.button import push_button
from napari_shapelab.widgets.file_dialog import ask_folder, ask_target
from napari_shapelab.widgets.form import Form
from napari_shapelab.widgets.layer_combo import LayerCombo
from napari_shapelab.widgets.row_table import RowTable
from napari_shapelab.widgets.wrapped_label import WrappedLabel
from napari_shapelab.work.row import WorkRow
from napari_shapelab.work.script_button import Script, ScriptButton
from napari_shapelab.work.task import Task, warm_up
from shapelab.errors import InputError, ShapelabError
from shapelab.units import shown_unit

__all__ = ["TensionsDock"]

_FILM = ("film", "width")
_OLD = " (out of date)"


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
        self.found: Found | None = None
        self._source: Labels | None = None
        self._newest: list[Layer] = []
        self._adder = LayerAdder(self._viewer, self)
        self._planning: object | None = None
        self.layer = LayerCombo(self._viewer, "choose labels", why_no_tissue, (Labels,))
        self.form = Form(DockOptions(), hidden=_FILM)
        self.film_form = Form(DockOptions(), only=_FILM, flat=True)
        self.plan = WrappedLabel()
        self.work = WorkRow(self._viewer, "Infer", "Infer tensions and pressures; the labels are not changed.")
        self.stale = WrappedLabel()
        self.interfaces = RowTable(INTERFACES, "row", "tension")
        self.cells = RowTable(CELLS, "label", "pressure")
        self.classes = ClassPlot(self._viewer)
        self.hint = WrappedLabel()
        self.tabs = QTabWidget()
        self.link = TensionLink(self._viewer, self.interfaces, self.cells, self._moment)
        self.freshness = Freshness(self._viewer)
        self.script_button = ScriptButton(self.script, lambda text, wrong: self.work.say(text, wrong=wrong))
        self.command_button = push_button(
            "Command",
            "Copy a command line (shapelab tensions …) that infers the same; the labels are saved in a folder.",
            self.copy_command,
        )
        self.save_button = push_button("Save table…", "Save the table that is shown as CSV: interfaces, or cells.", self._ask_and_save)
        self._build()
        self._connect()
        self._offer()
        self._refresh()
        warm_up("shapelab.infer.warm_up:warm_up")

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

        def work(report: Any, abort: Any) -> Found:
            return infer(taken, options, report, abort)

        self.work.start(work, partial(self._show, layer), f"Inferring the tensions of {layer.name}…", abortable=False)

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
        """Write the interfaces, or the cells if their tab is shown, as CSV; of a film, those of all frames."""
        if self.found is None:
            self.work.say("There is nothing to save yet: press Infer first.", wrong=True)
            return
        result = self.found.film or self.found.still
        assert result is not None
        cells = self.tabs.currentWidget() is self.cells
        table = result.cells() if cells else result.table()
        if "label" not in table and cells:
            table = table.reset_index()
        try:
            table.to_csv(path, index=False)
        except OSError as error:
            self.work.say(f"{Path(path).name} cannot be written: {error.strerror or error}.", wrong=True)
            return
        self.work.say(f"Saved {Path(path).name!r}: {len(table)} {'cells' if cells else 'interfaces'}.")

    # -- inside --------------------------------------------------------------------------------------------------

    def _given(self) -> Any:
        layer = self.layer.layer
        if layer is None:
            raise InputError("Choose a Labels layer first.")
        return given(layer, self._viewer, film=self.options.film)

    def _on_command(self, text: str) -> None:
        QApplication.clipboard().setText(text)
        self.work.say("The command is on the clipboard.")

    def _ask_and_save(self) -> None:
        cells = self.tabs.currentWidget() is self.cells
        path = ask_target(self, "Save the table", "pressures.csv" if cells else "tensions.csv", "CSV (*.csv)")
        if path:
            self.save_table(path)

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
        Task(self, partial(describe, taken), done, failed)

    def _show(self, source: Labels, found: Found) -> None:
        before, self._newest = self._newest, []
        for old in before:
            if old in self._viewer.layers:
                old.visible = False
        self._adder.add(found.triples, partial(self._describe, source, found), partial(self.work.say, wrong=True))

    def _describe(self, source: Labels, found: Found, layers: list[Layer]) -> None:
        """Show the numbers; the layers are there."""
        self.found, self._newest, self._source = found, layers, source
        if source in self._viewer.layers:
            source.visible = False  # the pressures lie on it
            self._viewer.layers.selection = {source}
            self.freshness.watch(source, found)
        if found.given.frames[0].ndim == 3 and not found.given.film:
            self._show_in_space()
        self._on_fresh(old=False)
        self._show_moment()
        result = found.film or found.still
        self.work.say(str(result))
        self.tabs.setVisible(True)
        self._refresh()

    def _show_in_space(self) -> None:
        """Turn to three dimensions, and hide images that would cover the surfaces."""
        surfaces = [layer for layer in self._newest if isinstance(layer, Surface)]
        for layer in surfaces[:1]:
            layer.colorbar.visible = True
        for layer in self._viewer.layers:
            if isinstance(layer, Image) and layer.ndim >= 3:
                layer.visible = False
        if self._viewer.dims.ndisplay == 2 and surfaces:
            see(self._viewer, *surfaces)

    def _show_moment(self) -> None:
        """Show the numbers of the frame that is shown."""
        if self.found is None:
            return
        frame = self._moment()
        still, classes = self.found.at(frame), self.found.classes_at(frame)
        self.link.follow(self.found, still, self._newest)
        self.interfaces.show_table(interface_rows(still, classes))
        self.cells.show_table(cell_rows(still, self.found.types))
        self.classes.show_classes(still, classes, self.found.types)
        self.hint.setText("Click a row to go to its interface, or an interface in the picture to find its row.")

    def _moment(self) -> int:
        """Return the frame of a film that is shown."""
        if self.found is None or self.found.film is None or self._source is None:
            return 0
        return min(max(shown_frame(self._source, self._viewer), 0), len(self.found.film) - 1)

    def _on_step(self, event: Any = None) -> None:
        del event
        if self.found is not None and self.found.film is not None:
            self._show_moment()

    def _on_interface(self, row: int) -> None:
        """Say what is known of the selected interface."""
        if self.found is None:
            return
        line = self.found.at(self._moment()).table().iloc[row]
        between = f"Between {line['cell_a'] or 'the medium'} and {line['cell_b']}"
        size = "area" if "area" in line else "length"
        unit = self.found.unit and shown_unit(f"{self.found.unit}{'^2' if size == 'area' else ''}")
        about = f"{size} {line[size]:.3g} {unit or 'px'}"
        if line["undetermined"]:
            self.hint.setText(f"{between}: undetermined, {REASONS[line['undetermined']]}; {about}.")
        else:
            self.hint.setText(f"{between}: tension {line['tension']:.2f} ± {line['error']:.2f}; {about}; misfit {line['misfit']:.2f}.")

    def _on_fresh(self, old: bool) -> None:
        """Mark the result where the labels are no longer those that it was inferred from."""
        self.stale.setText("<b>Out of date</b>: the labels have changed since. Press Infer again." if old else "")
        self.stale.setVisible(old)
        for layer in self._newest:
            if layer in self._viewer.layers:
                name = layer.name.removesuffix(_OLD)
                layer.name = name + _OLD if old else name

    def _offer(self, event: Any = None) -> None:
        """Choose the active labels, where there is no choice yet."""
        del event
        if self.layer.layer is not None:
            return
        active = self._viewer.layers.selection.active
        ordered = sorted(self._viewer.layers, key=lambda layer: layer is not active)
        free = (layer for layer in ordered if isinstance(layer, Labels) and not why_no_tissue(layer) and not _is_result(layer))
        layer = next(free, None)
        if layer is not None:
            self.layer.choose(layer)

    def _refresh(self) -> None:
        ready = self.layer.layer is not None and not self.form.problem and not self.film_form.problem
        self.work.set_ready(ready)
        self.script_button.setEnabled(ready)
        self.command_button.setEnabled(ready)
        self.save_button.setEnabled(self.found is not None)

    def _connect(self) -> None:
        self.layer.chosen.connect(self._on_layer)
        self.work.pressed.connect(self.infer)
        self.interfaces.selected_changed.connect(self._on_interface)
        self.freshness.changed.connect(self._on_fresh)
        for form in (self.form, self.film_form):
            form.validity_changed.connect(lambda _: self._refresh())
        self.film_form.changed.connect(lambda _: self._on_layer(self.layer.layer))
        self._viewer.layers.events.inserted.connect(self._offer)
        self._viewer.dims.events.current_step.connect(self._on_step)

    def _build(self) -> None:
        self.layer.setToolTip("A segmentation: every label is a cell, 0 the medium.")
        rows = QFormLayout()
        rows.setVerticalSpacing(4)
        rows.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        rows.addRow("Labels", self.layer)
        self.tabs.addTab(self.interfaces, "Interfaces")
        self.tabs.addTab(self.cells, "Cells")
        self.tabs.addTab(self.classes, "Classes")
        self.tabs.setVisible(False)
        self.stale.setVisible(False)
        self.film_form.setVisible(False)
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(2, 2, 6, 2)
        column.setSpacing(6)
        column.addWidget(WrappedLabel("<b>Tensions</b> — how strongly interfaces pull and cells push, from a segmentation."))
        column.addLayout(rows)
        for widget in (self.film_form, self.form, self.plan, self.work, self.stale):
            column.addWidget(widget)
        column.addWidget(self.tabs, 1)
        column.addWidget(self.hint)
        foot = QHBoxLayout()
        for button in (self.script_button, self.command_button, self.save_button):
            foot.addWidget(button)
        column.addLayout(foot)
        column.addStretch(0)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(content)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        layout.addWidget(area)

    def sizeHint(self) -> QSize:
        """Return a size that leaves the canvas its room on a small screen."""
        return QSize(380, 640)


def _is_result(layer: Layer) -> bool:
    return "shapelab" in layer.metadata and layer.metadata["shapelab"].get("model") == "tensions"

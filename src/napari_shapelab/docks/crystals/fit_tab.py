"""The Fit tab of the Crystals dock: grains, method, Run; layers, numbers and a table linked to them."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from napari.layers import Labels, Layer, Points, Shapes, Surface
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QPushButton, QVBoxLayout, QWidget

from napari_shapelab.docks.crystals.fit import FitResult, GrainImage, draw_grains, fit_image
from napari_shapelab.docks.crystals.fit_layers import Triple, fit_triples
from napari_shapelab.docks.crystals.grain_link import GrainLink
from napari_shapelab.docks.crystals.grain_source import GrainSource, label_colours
from napari_shapelab.docks.crystals.grain_table import GrainTableView
from napari_shapelab.docks.crystals.saving import SAVE_TIP, SAVED, save_sample
from napari_shapelab.docks.crystals.sharing import SampleSharing
from napari_shapelab.viewer.changes import Changes
from napari_shapelab.viewer.insert import LayerAdder
from napari_shapelab.viewer.layer_data import TakenLayer, take
from napari_shapelab.viewer.layer_units import unit_of
from napari_shapelab.viewer.view import unwrapped
from napari_shapelab.widgets.button import allow
from napari_shapelab.widgets.file_dialog import ask_target
from napari_shapelab.widgets.flow_row import FlowRow
from napari_shapelab.widgets.form import Form
from napari_shapelab.widgets.wrapped_label import WrappedLabel
from napari_shapelab.work.mesh_layer import mesh_button
from napari_shapelab.work.progress import Progress
from napari_shapelab.work.row import WorkRow
from napari_shapelab.work.script_button import CommandButton, Script, ScriptButton
from napari_shapelab.work.task import warm_up
from shapelab.convert.place import Place
from shapelab.crystals.fit_parameters import FitParameters
from shapelab.crystals.sample import KNOWN
from shapelab.errors import InputError, ShapelabError
from shapelab.script import option_words

__all__ = ["CrystalFitTab"]

_KNOWN = (*KNOWN, "symmetry")
"""What a layer of grains may know of them."""
_NO_GRAINS = "Choose a Labels layer with grains, or open a file."
_HINT = "Worst first. Click a row to go to its grain, or a grain in the picture to find its row."


class CrystalFitTab(QWidget):
    """Fit of a diagram to grains.

    Parameters
    ----------
    viewer
        The viewer.
    """

    fitted = Signal(object)
    """A `FitResult` is shown."""

    def __init__(self, viewer: Any) -> None:
        super().__init__()
        self._viewer = unwrapped(viewer)
        self._newest: list[Layer] = []
        self._adder = LayerAdder(self._viewer, self)
        self.result: FitResult | None = None
        self._known: dict[str, Any] = {}
        self._unit = ""
        self._place = Place.of((1.0, 1.0))
        self.source = GrainSource(self._viewer)
        self.form = Form(FitParameters())
        self.work = WorkRow(self._viewer, "Fit", "Fit a diagram to the grains. Earlier results stay in the layer list, hidden.")
        self.summary = WrappedLabel()
        self.table = GrainTableView()
        self.link = GrainLink(self._viewer, self.table)
        self.hint = WrappedLabel(_HINT)
        self.script_button = ScriptButton(self.script, lambda text, wrong: self.work.say(text, wrong=wrong))
        self.mesh_button = mesh_button(self._viewer, self._shown_labels, lambda: self.work)
        self.command_button = CommandButton(self.command, lambda text, wrong: self.work.say(text, wrong=wrong))
        self.save_button = QPushButton("Save…")
        self.save_button.setToolTip(SAVE_TIP)
        self.sharing = SampleSharing(self.work)
        self.foot = QWidget()
        """What stays in sight below, with `sharing`."""
        self._build()
        self._show_results(False)
        warm_up("napari_shapelab.docks.crystals.fit:fit_something_small")
        self.table.selected_changed.connect(self._describe)
        self.work.pressed.connect(self.fit)
        self._changes = Changes(self._viewer, self, "Press Fit again.")
        self._changes.found.connect(self.work.remark)
        self.source.changed.connect(self._refresh)
        self.form.validity_changed.connect(lambda _: self._refresh())
        self.save_button.clicked.connect(lambda _=False: self._ask_and_save())
        self._refresh()

    def fit(self) -> None:
        """Begin the fit of what is chosen."""
        try:
            parameters = self.form.parameters
            assert isinstance(parameters, FitParameters)
            if self.source.table is not None:
                table, name = self.source.table, self.source.name
                colormap = None if table.colours is None else label_colours(table.colours)
                self._changes.follow()
                self.work.start(
                    lambda report, abort: _drawn(draw_grains(name, table, parameters, abort), colormap),
                    partial(self._show, None),
                    "Drawing the table…",
                )
                return
            taken, layer = self.source.taken(), self.source.layer
        except ShapelabError as error:
            self.work.say(str(error), wrong=True)
            return
        assert layer is not None
        like = layer.colormap
        known = {key: layer.metadata[key] for key in _KNOWN if key in layer.metadata}

        def work(report: Any, abort: Any) -> tuple[FitResult, list[Triple]]:
            report(Progress(-1, "Reading the layer…"))
            read = taken.read()
            result = fit_image(GrainImage(read.name, read.data, read.spacing, read.unit, read.notes), parameters, report, abort)
            mirrored = bool(np.linalg.det(read.place.linear) < 0)
            return result, fit_triples(result, read.pixels_place(), like, known, mirrored=mirrored)

        self._changes.follow(layer)
        self.work.start(work, partial(self._show, layer), f"Fitting {layer.name}…")

    def script(self) -> Script:
        """Return what a script does that fits the same; InputError if nothing is chosen."""
        parameters = self.form.parameters
        assert isinstance(parameters, FitParameters)
        tolerance = parameters.tolerance / 100
        if self.source.table is not None:
            if self.source.path is None:
                raise InputError("The grain table is not from a file: a script cannot read it.")
            body = [
                "from shapelab.crystals import read_grain_table",
                "from shapelab.crystals.table_drawing import draw_table",
                "",
                f"table = read_grain_table({str(self.source.path)!r})",
                f"drawing = draw_table(table, {parameters.pixels}, exact={parameters.exact}, tolerance={tolerance!r})",
                "print(drawing.grains)",
            ]
            return Script(body)
        body = [
            "from shapelab.crystals.report import grain_report",
            "",
            "fit = sl.fit_diagram(",
            "    grains.data,",
            f"    {parameters.order},",
            '    grains.meta["scale"],',
            f"    periodic={parameters.boundary == 'periodic'},",
            f'    method="{"likelihood" if parameters.likelihood else "moments"}",',
            f"    exact_volumes={parameters.exact},",
            f"    tolerance={tolerance!r},",
            f"    effort={parameters.effort!r},",
            ")",
            "print(fit.mismatch, fit.volume_error)",
            "print(grain_report(grains.data, fit))",
        ]
        return Script(body, {"grains": self.source.taken()})

    def save_table(self, path: str | Path) -> None:
        """Write all grains as CSV: where and how large they are, their crystals, and the errors of their cells."""
        if self.result is None:
            return
        from shapelab.crystals.saved_table import saved_table, write_saved_table

        try:
            known = [self._known.get(key) for key in ("orientations", "phases")]
            table = saved_table(self.result.table, self.result.moments, self._unit, *known)
            write_saved_table(path, table)
        except ShapelabError as error:
            self.work.say(str(error), wrong=True)
            return
        self.work.say(f"Saved {Path(path).name!r}: {len(table)} grains.")

    def command(self) -> list[str | TakenLayer]:
        """Return the words of the command that fits the same; InputError if nothing is chosen."""
        words: list[str | TakenLayer] = ["shapelab", "fit"]
        if self.source.table is not None and self.source.path is None:
            raise InputError("The grain table is not from a file: a command cannot read it.")
        words.append(self.source.taken() if self.source.table is None else str(self.source.path))
        return [*words, *option_words(self.form.parameters.changed()), "--out", "fit.json"]

    def save(self, path: str | Path) -> None:
        """Save the fit as what the suffix asks for; the window stays responsive meanwhile."""
        result = self.result
        if result is None or Path(path).suffix.lower() == ".csv":
            self.save_table(path)
            return
        save_sample(self.work, partial(result.sample, self._place, self._known), path)

    def _ask_and_save(self) -> None:
        path = ask_target(self, "Save the fit", "grains.csv", SAVED, overwrite=False)
        if path:
            self.save(path)

    def _show(self, source: Labels | None, found: tuple[FitResult, list[Triple]]) -> None:
        result, triples = found
        if triples[0][0].ndim == 3 and self._viewer.dims.ndisplay == 3:
            triples[0][1]["iso_gradient_mode"] = "smooth"
        before, self._newest = self._newest, []
        for old in before:
            if old in self._viewer.layers:
                old.visible = False
        self._adder.add(triples, partial(self._describe_fit, source, result), partial(self.work.say, wrong=True))

    def _describe_fit(self, source: Labels | None, result: FitResult, layers: list[Layer]) -> None:
        """Show the numbers; the layers are there."""
        self.result, self._newest = result, layers
        self._known, self._unit = dict(layers[0].metadata), unit_of(layers[0])
        self._place = take(layers[0], self._viewer).place
        if source is not None and source in self._viewer.layers:
            source.visible = False  # the fit lies on it, in the same colours
        if layers[0] in self._viewer.layers:
            self._viewer.layers.selection = {layers[0]}
        self.sharing.offer(partial(result.sample, self._place, self._known), layers[0].name)
        self.link.follow(result, [layer for layer in (layers[0], source) if isinstance(layer, Labels)])
        self.summary.setText(result.summary)
        self.hint.setText(_HINT)
        self.work.say(f"{_said(layers, source)} {self._changes.text}".strip())
        self._show_results(True)
        self.fitted.emit(self.result)

    def _shown_labels(self) -> list[Layer]:
        return [layer for layer in self._newest[:1] if layer in self._viewer.layers]

    def _describe(self, grain: int) -> None:
        """Say what is known of the selected grain."""
        if self.result is None:
            return
        row = self.result.table.set_index("id").loc[grain]
        parts = [f"Grain {grain}: {row['pixels']} pixels, aspect ratio {row['aspect_ratio']:.2g}", str(row["reason"])]
        self.hint.setText("; ".join(part for part in parts if part) + ".")

    def _show_results(self, shown: bool) -> None:
        for widget in (self.summary, self.table, self.hint, self.save_button):
            widget.setVisible(shown)
        self.mesh_button.setVisible(shown and self._newest[0].data.ndim == 3)

    def _refresh(self) -> None:
        if self.source.name:
            self.work.message.retract(_NO_GRAINS)
        elif not self.work.working:
            self.work.say(_NO_GRAINS)
        ready = bool(self.source.name) and not self.form.problem
        missing = "" if self.source.name else _NO_GRAINS
        self.work.set_ready(ready, missing)
        allow(self.script_button, ready, missing)
        allow(self.command_button, ready, missing)

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(2, 6, 6, 2)
        column.setSpacing(6)
        for widget in (self.source, self.form, self.work, self.summary):
            column.addWidget(widget)
        column.addWidget(self.table, 1)
        column.addWidget(self.hint)
        column.addStretch(0)
        self.foot.setLayout(FlowRow((self.mesh_button, self.script_button, self.command_button, self.save_button)))


def _drawn(result: FitResult, colormap: Any) -> tuple[FitResult, list[Triple]]:
    """Return a drawn table with what shows it; its corner is at 0."""
    place = {"scale": result.spacing, "translate": tuple(0.5 * step for step in result.spacing), "axis_labels": ("y", "x")}
    return result, fit_triples(result, place, colormap)


def _said(layers: list[Layer], source: Layer | None) -> str:
    parts = {Points: "seeds", Shapes: "ellipses", Surface: "ellipsoids"}
    hidden = [parts[type(layer)] for layer in layers if type(layer) in parts]
    if source is not None:
        hidden.append(repr(source.name))
    return f"Added {layers[0].name!r}. Hidden: {', '.join(hidden)}."

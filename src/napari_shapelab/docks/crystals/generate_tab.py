"""The Generate tab of the Crystals dock: fields with a live preview, or "like" a measured sample; statistics side by side."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from napari.layers import Labels, Layer
from napari.utils.colormaps import label_colormap
from qtpy.QtWidgets import QCheckBox, QFormLayout, QHBoxLayout, QPushButton, QTabWidget, QVBoxLayout, QWidget

from napari_shapelab.docks.crystals.generate_script import generate_script
from napari_shapelab.docks.crystals.generation import GeneratedCrystal, generate, preview, quantities, sample_features
from napari_shapelab.docks.crystals.grain_source import label_colours
from napari_shapelab.docks.crystals.preview import CrystalPreview
from napari_shapelab.docks.crystals.saving import SAVE_TIP, SAVED, save_sample
from napari_shapelab.docks.crystals.sharing import SampleSharing
from napari_shapelab.viewer.layer_data import TakenLayer, take
from napari_shapelab.viewer.shapes import why_no_labels
from napari_shapelab.viewer.view import see, unwrapped
from napari_shapelab.widgets.button import allow
from napari_shapelab.widgets.distribution_plot import DistributionPlot
from napari_shapelab.widgets.file_dialog import ask_target
from napari_shapelab.widgets.flow_row import FlowRow
from napari_shapelab.widgets.form import Form
from napari_shapelab.widgets.layer_combo import LayerCombo
from napari_shapelab.widgets.wrapped_label import WrappedLabel
from napari_shapelab.work.mesh_layer import mesh_button
from napari_shapelab.work.row import WorkRow
from napari_shapelab.work.script_button import CommandButton, Script, ScriptButton
from napari_shapelab.work.task import Task
from shapelab.crystals.generate_parameters import UNUSED_WITH_LIKE, GenerateParameters, parameters_like
from shapelab.crystals.population import Population, population_of
from shapelab.errors import InputError, ShapelabError
from shapelab.script import option_words

__all__ = ["CrystalGenerateTab"]


class CrystalGenerateTab(QWidget):
    """New polycrystals.

    Parameters
    ----------
    viewer
        The viewer.
    """

    def __init__(self, viewer: Any) -> None:
        super().__init__()
        self._viewer = unwrapped(viewer)
        self._like: Population | None = None
        self._why_not = ""
        """Why the reference sample cannot be used."""
        self._growing: Labels | None = None
        self._made: Labels | None = None
        self.generated: GeneratedCrystal | None = None
        self.like = LayerCombo(self._viewer, "none: use the fields", why_no_labels)
        self.like.setToolTip("Draw volumes, shapes and directions together from the grains of one of your layers or of a fit.")
        self.form = Form(GenerateParameters())
        self.by_orientation = QCheckBox("Colour by orientation")
        self.by_orientation.setToolTip(
            "Colours of the inverse pole figure (cubic). They are drawn from the reference sample if it has orientations, "
            "and at random otherwise."
        )
        self.preview = CrystalPreview(self._preview)
        self.work = WorkRow(self._viewer, "Generate", "Make a new sample. Earlier samples and fits stay in the layer list, hidden.")
        self.script_button = ScriptButton(self.script, lambda text, wrong: self.work.say(text, wrong=wrong))
        self.mesh_button = mesh_button(self._viewer, self._shown_labels, lambda: self.work)
        self.mesh_button.setVisible(False)
        self.command_button = CommandButton(self.command, lambda text, wrong: self.work.say(text, wrong=wrong))
        self.save_button = QPushButton("Save…")
        self.save_button.setToolTip(SAVE_TIP)
        self.sharing = SampleSharing(self.work)
        allow(self.save_button, False, "Generate a sample first.")
        self.save_button.clicked.connect(lambda _=False: self._ask_and_save())
        self.summary = WrappedLabel()
        self.plot = DistributionPlot(self._viewer)
        self.foot = QWidget()
        """What stays in sight below, with `sharing`."""
        self._build()
        self.like.chosen.connect(self._on_like)
        self.by_orientation.toggled.connect(lambda _: self._colour())
        self.form.changed.connect(lambda _: self.preview.refresh())
        self.form.validity_changed.connect(self.work.set_ready)
        self.work.pressed.connect(self.generate)

    @property
    def parameters(self) -> GenerateParameters:
        """What is entered; ParameterError if it is not allowed."""
        parameters = self.form.parameters
        assert isinstance(parameters, GenerateParameters)
        return parameters

    def generate(self) -> None:
        """Begin to make what is entered."""
        try:
            parameters = self.parameters
        except ShapelabError as error:
            self.work.say(str(error), wrong=True)
            return
        layer, like = self.like.layer, self._like
        if layer is not None and like is None:
            waiting = f"The grains of {layer.name!r} are still being measured: try again in a moment."
            self.work.say(f"{layer.name!r} cannot be the reference: {self._why_not}" if self._why_not else waiting, wrong=True)
            return
        self._growing = None
        name = layer.name if layer is not None else ""
        work: Callable[..., GeneratedCrystal] = partial(generate, parameters, like, name)
        self.work.start(work, partial(self._show, parameters), "Placing the seeds…", advanced=partial(self._grow, parameters))

    def script(self) -> Script:
        """Return what a script does that makes the same sample; InputError if it cannot."""
        layer = self.like.layer
        taken = None if layer is None else take(layer, self._viewer)
        return generate_script(self.parameters, taken, self._like)

    def command(self) -> list[str | TakenLayer]:
        """Return the words of the command that makes the same sample; InputError if a command cannot."""
        if self.like.layer is not None:
            raise InputError("A command takes a reference sample from a file, not from a layer: copy a script.")
        return ["shapelab", "generate", *option_words(self.parameters.changed()), "--out", "sample.tif"]

    def save(self, path: str | Path) -> None:
        """Save the newest sample as what the suffix asks for; the window stays responsive meanwhile."""
        if self.generated is None:
            return
        save_sample(self.work, partial(self.generated.crystal.sample, self.generated.unit), path)

    def _ask_and_save(self) -> None:
        path = ask_target(self, "Save the sample", "sample.vti", SAVED, overwrite=False)
        if path:
            self.save(path)

    def showEvent(self, event: Any) -> None:
        """Make the first preview."""
        super().showEvent(event)
        self.preview.refresh()

    def _preview(self) -> Callable[[], np.ndarray] | None:
        return None if self.form.problem else partial(preview, self.parameters, self._like)

    def _on_like(self, layer: Layer | None) -> None:
        self._like, self._why_not = None, ""
        for name in UNUSED_WITH_LIKE:
            self.form.fields[name].setEnabled(layer is None)
        if layer is None:
            self._say("")
            self.preview.refresh()
            return
        try:
            taken = take(layer, self._viewer)
        except ShapelabError as error:
            self._refuse(layer, str(error))
            return
        self._say(f"Measuring the grains of {layer.name}…")
        known = [layer.metadata.get(key) for key in ("orientations", "symmetries", "phases", "phase_names")]

        def work() -> tuple[Population, TakenLayer]:
            read = taken.read()
            return population_of(read.data, read.spacing, *known), read

        Task(self, work, partial(self._on_population, layer), partial(self._refuse, layer))

    def _refuse(self, layer: Layer, why: str) -> None:
        """Say why a layer cannot be the reference sample."""
        if self.like.layer is layer:
            self._why_not = why
            self._say(why)

    def _on_population(self, layer: Layer, found: tuple[Population, TakenLayer]) -> None:
        if self.like.layer is not layer:
            return
        population, read = found
        self._like = population
        notes = self._take_grid(read, len(population.volumes))
        drawn = "volumes, shapes and directions" if population.orientations is None else "volumes, shapes and crystal orientations"
        sentence = f"{len(population.volumes)} reference grains: {drawn} are drawn together from them."
        self._say(" ".join((sentence, *read.notes, *notes)))
        self.preview.refresh()

    def _take_grid(self, read: TakenLayer, n_grains: int) -> tuple[str, ...]:
        """Let the new sample have the box, pixels and unit of what was read; return what is to be said of it."""
        unit = "" if read.unit == "pixel" else read.unit
        taken, notes = parameters_like(n_grains, read.data.shape, read.spacing, unit)
        self.form.set_values(taken)
        return notes

    def _grow(self, parameters: GenerateParameters, labels: np.ndarray) -> None:
        """Show the sample while it is regularised."""
        if self._growing is None or self._growing not in self._viewer.layers:
            self._growing = self._add(labels, parameters, {})
        else:
            self._growing.data = labels

    def _show(self, parameters: GenerateParameters, generated: GeneratedCrystal) -> None:
        self.generated = generated
        allow(self.save_button, True, "")
        crystal = generated.crystal
        metadata = {"shapelab": generated.provenance, "orientations": crystal.orientations, "periodic": crystal.periodic}
        if crystal.symmetries is not None:
            metadata["symmetries"] = list(crystal.symmetries)
        if crystal.phases is not None:
            metadata |= {"phases": crystal.phases.tolist(), "phase_names": list(crystal.phase_names or ())}
        layer = self._growing
        if layer is None or layer not in self._viewer.layers:
            layer = self._add(crystal.labels, parameters, metadata)
        layer.data = crystal.labels
        layer.metadata = metadata
        layer.features = sample_features(generated.crystal)
        self._made = layer
        if self.by_orientation.isChecked():
            self._colour()
        self.sharing.offer(partial(crystal.sample, generated.unit), layer.name)
        see(self._viewer, layer)
        self.mesh_button.setVisible(layer.data.ndim == 3)
        self.summary.setText(generated.summary)
        source = self.like.layer
        name = source.name if source is not None else "requested"
        self.plot.show_values((name, layer.name), quantities(crystal, generated.like))
        self.summary.show()
        self.tabs.setCurrentWidget(self.plot)
        self.work.say(f"Added {layer.name!r}.")

    def _shown_labels(self) -> list[Layer]:
        return [self._made] if self._made is not None and self._made in self._viewer.layers else []

    def _colour(self) -> None:
        """Colour the newest sample by orientation, or as napari does."""
        layer, generated = self._made, self.generated
        if layer is None or generated is None or layer not in self._viewer.layers:
            return
        colours = label_colours(generated.crystal.colours())
        layer.colormap = colours if self.by_orientation.isChecked() else label_colormap()

    def _say(self, text: str) -> None:
        """Show a sentence under the reference sample; "" hides the line."""
        self.note.setText(text)
        self._rows.setRowVisible(self.note, bool(text))

    def _add(self, labels: np.ndarray, parameters: GenerateParameters, metadata: dict[str, Any]) -> Labels:
        source = self.like.layer
        name = f"{parameters.n_grains} grains" + (f" like {source.name}" if source is not None else "")
        dim = labels.ndim
        layer = Labels(
            labels,
            name=name,
            opacity=1.0,
            scale=(parameters.pixel_size,) * dim,
            units=(parameters.unit,) * dim,
            axis_labels=("z", "y", "x")[-dim:],
            metadata=metadata,
        )
        for old in self._viewer.layers:
            entry = old.metadata.get("shapelab")
            if old is source or (isinstance(entry, dict) and entry.get("model") == "crystals"):
                old.visible = False  # they would shine through beside it
        self._viewer.add_layer(layer)
        return layer

    def _build(self) -> None:
        self._rows = rows = QFormLayout()
        rows.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        rows.setVerticalSpacing(4)
        rows.addRow("Like", self.like)
        self.note = WrappedLabel()
        rows.addRow(self.note)
        self._say("")
        column = QVBoxLayout(self)
        column.setContentsMargins(2, 6, 6, 2)
        column.setSpacing(6)
        column.addLayout(rows)
        self.tabs = QTabWidget()
        self.tabs.addTab(self.preview, "Preview")
        self.tabs.addTab(self.plot, "Statistics")
        choices = QHBoxLayout()
        choices.addWidget(self.by_orientation, 1)
        column.addWidget(self.form)
        column.addLayout(choices)
        for widget in (self.work, self.tabs, self.summary):
            column.addWidget(widget)
        column.addStretch(1)
        self.foot.setLayout(FlowRow((self.mesh_button, self.script_button, self.command_button, self.save_button)))
        self.summary.hide()

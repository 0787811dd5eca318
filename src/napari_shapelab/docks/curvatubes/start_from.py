"""Which layer a run starts from: one of its labels, cropped to the shape, with its voxel size and place."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from napari.layers import Labels, Layer
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QCheckBox, QComboBox, QFormLayout, QLabel, QWidget

from napari_shapelab.run.new_run import NewRun
from napari_shapelab.run.run_place import RunPlace
from napari_shapelab.viewer.layer_data import TakenLayer, take
from napari_shapelab.widgets.layer_combo import LayerCombo
from napari_shapelab.widgets.number_box import ignore_wheel
from napari_shapelab.work.soon import is_small, soon
from shapelab.curvature import Curvatubes
from shapelab.curvature.parameters import CurvatubesParameters
from shapelab.curvature.resolved import thickness_in_voxels
from shapelab.curvature.starting_shape import given
from shapelab.device import require_memory
from shapelab.errors import InputError
from shapelab.simulation import LayerData
from shapelab.units import shown_unit

__all__ = ["Source", "StartFrom", "labels_in", "read_with_parameters", "run_of", "source_of"]

_FINEST = 4
_MARGIN = 8
"""Voxels left around a cropped shape, so that it has room to move."""


@dataclass(frozen=True, eq=False)
class Source:
    """A volume taken from a layer."""

    name: str
    """The layer's name, with the label that was taken."""
    data: LayerData
    place: RunPlace
    """Where the run of it lies: exactly over the layer."""
    note: str
    """What was done with it, for the user."""
    finer: int = 1
    """How many times as fine its grid is as the layer's."""
    thickness: float = math.inf
    """Of its structures [voxels of the grid]."""


def source_of(taken: TakenLayer, label: int | None, crop: bool, finer: int = 1) -> Source:
    """Read a volume; in a thread, as a large one takes a while.

    Parameters
    ----------
    taken
        What was taken from a layer: labels or image, 3-D.
    label
        This label only; None for all that is not 0.
    crop
        Only the box around the shape, with a margin.
    finer
        Voxels in place of one, along each axis.

    Raises
    ------
    InputError
        If it cannot be used, with the reason.
    """
    if taken.ndim != 3:  # its data have been replaced since it was chosen
        raise InputError(f"The layer {taken.name!r} is {taken.ndim}-D: a texture needs a volume.")
    read = taken.read()
    data, spacing = read.data, np.array(read.spacing)
    is_labels = read.kind == "labels"
    corner = np.zeros(3, int)
    if is_labels:
        data = data == label if label is not None else data != 0
        if crop:
            data, corner = _cropped(data, read.name)
    h = float(spacing.min()) / finer
    part = read.place.of_part(
        (corner + 0.5 * (h / spacing - 1)).tolist(), (h / spacing).tolist()
    )  # cubes that begin at the same corner of the box
    if finer > 1:
        require_memory(data.nbytes * finer**3)
        for axis in range(3):
            data = np.repeat(data, finer, axis=axis)
    meta = {"scale": tuple((spacing / finer).tolist()), "units": (read.unit or "pixel",) * 3}
    note = " ".join([*read.notes, _note(data.shape, spacing / finer, shown_unit(read.unit) or "pixels")])
    name = read.name if label is None else f"{read.name} {label}"
    return Source(name, LayerData(read.name, data, read.kind, meta), RunPlace.over(read, part), note, finer)


def labels_in(taken: TakenLayer) -> list[tuple[int, int]]:
    """Return the labels of a layer with their numbers of voxels, without the background."""
    ids, counts = np.unique(taken.read().data, return_counts=True)
    return [(i, n) for i, n in zip(ids.tolist(), counts.tolist(), strict=True) if i > 0]


def _cropped(mask: np.ndarray, name: str) -> tuple[np.ndarray, np.ndarray]:
    if not mask.any():
        raise InputError(f"The layer {name!r} is empty: there is no shape in it to start from.")
    low, high = [], []
    for axis in range(3):
        filled = np.flatnonzero(mask.any(axis=tuple(a for a in range(3) if a != axis)))
        low.append(max(0, int(filled[0]) - _MARGIN))
        high.append(min(mask.shape[axis], int(filled[-1]) + 1 + _MARGIN))
    return mask[tuple(slice(a, b) for a, b in zip(low, high, strict=True))], np.array(low)


def _note(shape: tuple[int, ...], scale: np.ndarray, unit: str) -> str:
    h = scale.min()
    grid = " × ".join(str(max(1, round(n * s / h))) for n, s in zip(shape, scale, strict=True))
    if np.allclose(scale, h, rtol=1e-3, atol=0):
        return f"Grid {grid}, voxels of {h:.4g} {unit}."
    sizes = " × ".join(f"{s:.4g}" for s in scale)
    return f"Voxels of {sizes} {unit} are not cubes: resampled to {h:.4g} {unit}, grid {grid}."


def read_with_parameters(read: Callable[[], Source], preset: str) -> tuple[Source, CurvatubesParameters]:
    """Read a volume; return it with the parameters that follow from it."""
    source = read()
    parameters = Curvatubes(preset, initial=source.data).parameters
    assert isinstance(parameters, CurvatubesParameters)
    thickness = thickness_in_voxels(given(source.data).as_mask())
    return replace(source, thickness=thickness), parameters.replace(resolution=min(1000.0, parameters.resolution * source.finer))


def run_of(read: Callable[[], Source], preset: str, values: dict[str, Any], layer: Layer) -> NewRun:
    """Make the run of a layer's volume; in a thread, if it is large."""
    source = read()
    return NewRun(Curvatubes(preset, initial=source.data, target=source.data, **values), source.place, layer)


class StartFrom(QWidget):
    """Rows of a form: layer, label, crop, and a line that says what is done."""

    changed = Signal()
    """Another layer, label or crop."""
    reading = Signal(bool)
    """A layer is being looked through for its labels (True), or cannot be used (False); `changed` follows otherwise."""

    def __init__(self, viewer: Any) -> None:
        super().__init__()
        self._viewer = viewer
        self._counting: object | None = None
        self.combo = LayerCombo(viewer, "a new pattern")
        self.combo.setToolTip("Grow a new pattern, or let one of your own masks, labels or images evolve.")
        self.label = QComboBox()
        self.label.setToolTip("Which label to start from.")
        ignore_wheel(self.label)
        self.crop = QCheckBox("Crop to the shape")
        self.crop.setToolTip("Compute only the box around the shape, with a margin of 8 voxels: much faster.")
        self.crop.setChecked(True)
        self.grid = QComboBox()
        for k in range(1, _FINEST + 1):
            self.grid.addItem("that of the layer" if k == 1 else f"{k} × as fine", k)
        self.grid.setToolTip("The grid to compute on: 1 to 4 times as fine as the layer along each axis, for thin structures.")
        ignore_wheel(self.grid)
        self.note = QLabel()
        self.note.setWordWrap(True)
        self._layout = QFormLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setVerticalSpacing(4)
        self._layout.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._layout.addRow("Start from", self.combo)
        self._layout.addRow("Label", self.label)
        self._layout.addRow("", self.crop)
        self._layout.addRow("Grid", self.grid)
        self._layout.addRow(self.note)
        self._show(False, False)
        self.combo.chosen.connect(self._on_layer)
        self.label.activated.connect(lambda _: self._on_other())
        self.crop.clicked.connect(lambda _: self._on_other())
        self.grid.activated.connect(lambda _: self._on_other())

    def taken(self) -> TakenLayer | None:
        """Return what was taken of the layer, unread, None for a new pattern; InputError if it cannot be used."""
        return None if self.combo.layer is None else take(self.combo.layer, self._viewer)

    def reader(self, taken: TakenLayer) -> Callable[[], Source]:
        """Return what reads the volume as it is chosen now."""
        return partial(source_of, taken, self.label.currentData(), self.crop.isChecked(), self.grid.currentData())

    def source(self) -> Source | None:
        """Read the volume to start from, None for a new pattern; InputError if it cannot be used."""
        taken = self.taken()
        return None if taken is None else self.reader(taken)()

    def say(self, text: str) -> None:
        """Show a sentence below."""
        self.note.setText(text)
        self._layout.setRowVisible(self.note, bool(text))

    def _on_other(self) -> None:
        """Another label or crop of the same layer."""
        self.changed.emit()

    def _on_layer(self, layer: Layer | None) -> None:
        self.label.clear()
        self.grid.setCurrentIndex(0)
        self._counting = counting = object()
        self._show(False, isinstance(layer, Labels))
        if not isinstance(layer, Labels):
            self.changed.emit()
            return

        def done(found: list[tuple[int, int]]) -> None:
            if self._counting is counting:
                self._offer(layer, found)

        def failed(text: str) -> None:
            if self._counting is counting:
                self.say(text)
                self.reading.emit(False)

        try:
            taken = take(layer, self._viewer)
        except InputError as error:
            failed(str(error))
            return
        self.say(f"Reading {layer.name!r}…")
        self.reading.emit(True)
        soon(self, partial(labels_in, taken), done, failed, now=is_small(taken))

    def _offer(self, layer: Labels, found: list[tuple[int, int]]) -> None:
        self.label.addItem("all together", None)
        for i, count in found:
            self.label.addItem(f"{i}  ({count} voxels)", i)
        several = len(found) > 1
        if several:
            self.label.setCurrentIndex(max(0, self.label.findData(layer.selected_label)))
        self._show(several, True)
        self.changed.emit()

    def _show(self, label: bool, crop: bool) -> None:
        self._layout.setRowVisible(self.label, label)
        self._layout.setRowVisible(self.crop, crop)
        self._layout.setRowVisible(self.grid, self.combo.layer is not None)
        self._layout.setRowVisible(self.note, bool(self.note.text()))

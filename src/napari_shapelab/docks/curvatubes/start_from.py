"""Which layer a run starts from: one of its labels, cropped to the shape, with its voxel size and place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from napari.layers import Labels, Layer
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QCheckBox, QComboBox, QFormLayout, QLabel, QWidget

from napari_shapelab.widgets.layer_combo import LayerCombo, why_no_volume
from napari_shapelab.widgets.number_box import ignore_wheel
from shapelab.errors import InputError
from shapelab.simulation import LayerData
from shapelab.units import short_unit

__all__ = ["Source", "StartFrom", "source_of"]

_MARGIN = 8
"""Voxels kept around a cropped shape, so that it has room to move."""


@dataclass(frozen=True)
class Source:
    """A volume taken from a layer."""

    name: str
    """The layer's name, with the label that was taken."""
    data: LayerData
    translate: tuple[float, ...]
    """Where the centre of the first cubic voxel lies in the world."""
    note: str
    """What was done with it, for the user."""


def source_of(layer: Layer, label: int | None, crop: bool) -> Source:
    """Take a volume from a layer.

    Parameters
    ----------
    layer
        Labels or image, 3-D.
    label
        This label only; None for all that is not 0.
    crop
        Keep only the box around the shape, with a margin.

    Raises
    ------
    InputError
        If it cannot be used, with the reason.
    """
    reason = why_no_volume(layer)
    if reason:
        raise InputError(f"The layer {layer.name!r} cannot be used: {reason}.")
    data = np.asarray(layer.data)
    is_labels = isinstance(layer, Labels)
    if is_labels:
        data = data == label if label is not None else data != 0
    scale = np.asarray(layer.scale, float)[-3:]
    corner = np.zeros(3, int)
    if is_labels and crop:
        data, corner = _cropped(data, layer.name)
    h = float(scale.min())
    translate = np.asarray(layer.translate, float)[-3:] + corner * scale + 0.5 * (h - scale)
    meta = {"scale": tuple(scale.tolist()), "units": (short_unit(str(layer.units[-1])) or "pixel",) * 3}
    kind = "labels" if is_labels else "image"
    note = _note(data.shape, scale, str(meta["units"][0]))
    name = layer.name if label is None else f"{layer.name} {label}"
    return Source(name, LayerData(layer.name, data, kind, meta), tuple(translate.tolist()), note)  # type: ignore[arg-type]


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
    if np.allclose(scale, h, rtol=1e-3):
        return f"Grid {grid}, voxels of {h:.4g} {unit}."
    sizes = " × ".join(f"{s:.4g}" for s in scale)
    return f"Voxels of {sizes} {unit} are not cubes: resampled to {h:.4g} {unit}, grid {grid}."


class StartFrom(QWidget):
    """Rows of a form: layer, label, crop, and a line that says what is done."""

    changed = Signal()
    """Another layer, label or crop."""

    def __init__(self, viewer: Any) -> None:
        super().__init__()
        self.combo = LayerCombo(viewer, "a new pattern")
        self.combo.setToolTip("Grow a new pattern, or let one of your own masks, labels or images evolve.")
        self.label = QComboBox()
        self.label.setToolTip("Which label to take.")
        ignore_wheel(self.label)
        self.crop = QCheckBox("Crop to the shape")
        self.crop.setToolTip("Compute only the box around the shape, with a margin of 8 voxels: much faster.")
        self.crop.setChecked(True)
        self.note = QLabel()
        self.note.setWordWrap(True)
        self._layout = QFormLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setVerticalSpacing(4)
        self._layout.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._layout.addRow("Start from", self.combo)
        self._layout.addRow("Label", self.label)
        self._layout.addRow("", self.crop)
        self._layout.addRow(self.note)
        self._show(False, False)
        self.combo.chosen.connect(self._on_layer)
        self.label.activated.connect(lambda _: self.changed.emit())
        self.crop.clicked.connect(lambda _: self.changed.emit())

    def source(self) -> Source | None:
        """Return the volume to start from, None for a new pattern; InputError if it cannot be used."""
        layer = self.combo.layer
        if layer is None:
            return None
        return source_of(layer, self.label.currentData(), self.crop.isChecked())

    def say(self, text: str) -> None:
        """Show a sentence below."""
        self.note.setText(text)
        self._layout.setRowVisible(self.note, bool(text))

    def _on_layer(self, layer: Layer | None) -> None:
        self.label.clear()
        several = False
        if isinstance(layer, Labels):
            ids, counts = np.unique(np.asarray(layer.data), return_counts=True)
            self.label.addItem("all together", None)
            for i, count in zip(ids.tolist(), counts.tolist(), strict=True):
                if i > 0:
                    self.label.addItem(f"{i}  ({count} voxels)", i)
            several = self.label.count() > 2
            if several:
                self.label.setCurrentIndex(max(0, self.label.findData(layer.selected_label)))
        self._show(several, isinstance(layer, Labels))
        self.changed.emit()

    def _show(self, label: bool, crop: bool) -> None:
        self._layout.setRowVisible(self.label, label)
        self._layout.setRowVisible(self.crop, crop)
        self._layout.setRowVisible(self.note, bool(self.note.text()))

"""Types of the cells of a layer: one of its features, or labels painted over it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from napari.layers import Labels
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QWidget

from napari_shapelab.viewer.features import by_label
from napari_shapelab.viewer.given_labels import given, why_no_labels
from napari_shapelab.viewer.layer_data import TakenLayer
from napari_shapelab.viewer.view import unwrapped
from napari_shapelab.widgets.layer_combo import LayerCombo
from napari_shapelab.widgets.narrow import narrow
from napari_shapelab.widgets.number_box import ignore_wheel
from shapelab.errors import InputError
from shapelab.labels.types import types_of_column, types_painted

__all__ = ["CellTypes", "types_from"]

_NONE = "no types"
_LETTERS = 6
"""Least width of a combo."""


class CellTypes(QWidget):
    """Choice of a feature of the cells' layer, or of another layer whose labels are the types.

    Parameters
    ----------
    viewer
        Whose layers to list.
    """

    def __init__(self, viewer: Any) -> None:
        super().__init__()
        self._viewer = unwrapped(viewer)
        self._cells: Labels | None = None
        self.layer = LayerCombo(self._viewer, "a feature", why_no_labels, (Labels,))
        self.layer.setToolTip("Take the types from a feature of the cells, or from another Labels layer painted over them.")
        self.feature = QComboBox()
        self.feature.setToolTip("The column of the layer's features that gives the type of each cell.")
        ignore_wheel(self.feature)
        for combo in (self.layer, self.feature):  # two beside each other
            narrow(combo, _LETTERS)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.layer, 1)
        row.addWidget(self.feature, 1)
        self.layer.chosen.connect(lambda _: self.follow(self._cells))
        self.follow(None)

    def follow(self, cells: Labels | None) -> None:
        """List the features of a layer; 'type' is chosen where it is there."""
        columns = [] if cells is None else [str(name) for name in cells.features.columns if name != "index"]
        same = cells is self._cells
        before = self.feature.currentText() if same else ""
        self._cells = cells
        self.feature.clear()
        self.feature.addItems([_NONE, *columns])
        self.feature.setCurrentText(before if before in columns else "type" if "type" in columns and not before else _NONE)
        self.feature.setVisible(self.layer.layer is None)

    def reader(self, cells: TakenLayer) -> Callable[[], dict[int, int] | None]:
        """Return what reads the types of these cells, and may be called in a thread; it gives None where there are none.

        Raises
        ------
        InputError
            If the layer of the types cannot be used.
        """
        painted, column = self.layer.layer, self.feature.currentText()
        if painted is not None:
            kinds = given(painted, self._viewer, film=True).frames[0]
            return lambda: types_from(cells.read(), kinds.read())
        if self._cells is None or column == _NONE:
            return lambda: None
        features = by_label(self._cells.features)
        labels, values = features["index"].to_numpy(), features[column].to_numpy(object)
        return lambda: types_of_column(labels, values)


def types_from(cells: TakenLayer, types: TakenLayer) -> dict[int, int]:
    """Return the type of every label: the number that covers most of it in another image.

    Raises
    ------
    InputError
        If the two do not lie pixel on pixel.
    """
    if types.data.shape != cells.data.shape or not types.place.lies_on(cells.place) or types.unit != cells.unit:
        raise InputError(
            f"The layer {types.name!r} does not lie pixel on pixel over {cells.name!r}: types are taken from labels of the same shape "
            f"and place ({' × '.join(map(str, types.data.shape))} and {' × '.join(map(str, cells.data.shape))} pixels)."
        )
    return types_painted(np.asarray(cells.data), np.asarray(types.data))

"""Combo of the viewer's layers that says why one cannot be used."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from napari.layers import Image, Labels, Layer
from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QStandardItem, QStandardItemModel
from qtpy.QtWidgets import QComboBox
from superqt.utils import signals_blocked

from napari_shapelab.viewer.layer_data import spatial_ndim, why_not_taken
from napari_shapelab.viewer.view import unwrapped
from napari_shapelab.widgets.number_box import ignore_wheel

__all__ = ["LayerCombo", "why_no_volume"]


def why_no_volume(layer: Layer) -> str:
    """Return why `layer` is not a volume to start from, "" if it is one; looks at no pixels."""
    if isinstance(layer, Image | Labels) and not getattr(layer, "rgb", False) and spatial_ndim(layer) == 2:
        return "2-D: a texture needs a volume"
    return why_not_taken(layer, (3,), (Image, Labels))


class LayerCombo(QComboBox):
    """Choice of a layer, or none. It follows the viewer, and offers the active layer where that is of use.

    Parameters
    ----------
    viewer
        Whose layers to list.
    none
        What the first entry, no layer, is called.
    why_not
        Returns a reason why a layer cannot be used, "" if it can.
    kinds
        Layers of other kinds are not listed.
    """

    chosen = Signal(object)
    """The layer that is now chosen, or None."""

    def __init__(
        self,
        viewer: Any,
        none: str,
        why_not: Callable[[Layer], str] = why_no_volume,
        kinds: tuple[type[Layer], ...] = (Image, Labels),
    ) -> None:
        super().__init__()
        self._kinds = kinds
        self._viewer, self._none, self._why_not = unwrapped(viewer), none, why_not
        self._layer: Layer | None = None
        self._model = QStandardItemModel(self)
        self.setModel(self._model)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(12)
        ignore_wheel(self)
        for event in ("inserted", "removed", "reordered"):
            getattr(self._viewer.layers.events, event).connect(self._on_layers)
        self.activated.connect(self._on_activated)
        self._fill()

    @property
    def layer(self) -> Layer | None:
        """The layer that is chosen."""
        return self._layer

    def choose(self, layer: Layer | None) -> None:
        """Choose a layer, as a click on it would; one that cannot be used is not chosen."""
        if layer is not None and (layer not in self._viewer.layers or self._why_not(layer)):
            return
        self._layer = layer
        self._fill()
        self.chosen.emit(layer)

    def showPopup(self) -> None:
        """Open the list, with the names that the layers have now."""
        self._fill()
        super().showPopup()

    def _on_activated(self, row: int) -> None:
        self._layer = self._model.item(row).data(Qt.ItemDataRole.UserRole)
        self.chosen.emit(self._layer)

    def _on_layers(self, event: Any = None) -> None:
        del event
        lost = self._layer is not None and self._layer not in self._viewer.layers
        if lost:
            self._layer = None
        self._fill()
        if lost:
            self.chosen.emit(None)

    def _fill(self) -> None:
        with signals_blocked(self):
            self._model.clear()
            self._model.appendRow(self._item(None))
            active = self._viewer.layers.selection.active
            ordered = sorted(self._viewer.layers, key=lambda layer: layer is not active)  # the active one first
            for layer in ordered:
                if isinstance(layer, self._kinds):
                    self._model.appendRow(self._item(layer))
            shown = [self._model.item(row).data(Qt.ItemDataRole.UserRole) for row in range(self._model.rowCount())]
            self.setCurrentIndex(next((row for row, layer in enumerate(shown) if layer is self._layer), 0))

    def _item(self, layer: Layer | None) -> QStandardItem:
        if layer is None:
            return QStandardItem(self._none)
        reason = self._why_not(layer)
        item = QStandardItem(f"{layer.name} ({reason})" if reason else layer.name)
        item.setData(layer, Qt.ItemDataRole.UserRole)
        if reason:
            item.setFlags(Qt.ItemFlag.NoItemFlags)
            item.setToolTip(f"{layer.name} cannot be used: {reason}.")
        return item

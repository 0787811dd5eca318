"""What the panels of the Layers menus have in common: a heading, and the Labels layer that they are about."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from napari.layers import Labels
from qtpy.QtWidgets import QFormLayout, QVBoxLayout, QWidget

from napari_shapelab.viewer.layer_movie import why_no_cells
from napari_shapelab.viewer.tabbed import own_tab
from napari_shapelab.viewer.view import unwrapped
from napari_shapelab.widgets.layer_combo import LayerCombo
from napari_shapelab.widgets.spoken import name_parts
from napari_shapelab.widgets.wrapped_label import WrappedLabel

__all__ = ["LabelsPanel"]


class LabelsPanel(QWidget):
    """A panel of its own tab, of which a viewer has one.

    Parameters
    ----------
    viewer
        Whose layers to take.
    """

    title: ClassVar[str]
    """Name of the tab."""
    heading: ClassVar[str]
    """What it does, in a sentence."""
    wanted: ClassVar[str] = "choose labels"

    def __init__(self, viewer: Any) -> None:
        super().__init__()
        self._viewer = unwrapped(viewer)
        self.layer = LayerCombo(self._viewer, self.wanted, self.why_not, (Labels,))
        self.layer.setToolTip("The Labels layer to take; layers that cannot be taken say why in the list.")
        self._viewer.layers.events.inserted.connect(self.offer)

    @staticmethod
    def why_not(layer: Labels) -> str:
        """Return why a layer cannot be taken, "" if it can."""
        return why_no_cells(layer)

    @classmethod
    def open(cls, viewer: Any) -> Self:
        """Show the viewer's panel in front, on the selected layer if that can be taken."""
        viewer = unwrapped(viewer)
        panel = own_tab(viewer, cls.title, lambda: cls(viewer))
        if viewer.layers.selection.active is not None:
            panel.layer.choose(viewer.layers.selection.active)
        panel.offer()
        name_parts(panel)
        return panel

    def offer(self, event: Any = None) -> None:
        """Choose the active layer, or else one that can be taken, where there is no choice yet."""
        del event
        if self.layer.layer is not None:
            return
        active = self._viewer.layers.selection.active
        ordered = sorted(self._viewer.layers, key=lambda layer: layer is not active)
        self.layer.choose(next((layer for layer in ordered if isinstance(layer, Labels) and not self.why_not(layer)), None))

    @property
    def _missing(self) -> str:
        """What to do first, in a sentence; "" if a layer is chosen."""
        return "" if self.layer.layer is not None else f"{self.wanted[:1].upper()}{self.wanted[1:]} first."

    def _begin(self, column: QVBoxLayout) -> None:
        """Put the heading and the choice of the layer at the top."""
        row = QFormLayout()
        row.addRow("Labels", self.layer)
        column.addWidget(WrappedLabel(self.heading))
        column.addLayout(row)

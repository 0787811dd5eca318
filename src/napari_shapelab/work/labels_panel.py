"""What the panels of the Layers menus have in common: a heading, and the Labels layer that they are about."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from napari.layers import Labels
from qtpy.QtWidgets import QFormLayout, QVBoxLayout, QWidget

from napari_shapelab.viewer.given_labels import why_no_labels
from napari_shapelab.viewer.tabbed import own_tab
from napari_shapelab.viewer.view import unwrapped
from napari_shapelab.widgets.layer_combo import LayerCombo
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

    @staticmethod
    def why_not(layer: Labels) -> str:
        """Return why a layer cannot be taken, "" if it can."""
        return why_no_labels(layer)

    @classmethod
    def open(cls, viewer: Any) -> Self:
        """Show the viewer's panel in front, on the selected layer if that can be taken."""
        viewer = unwrapped(viewer)
        panel = own_tab(viewer, cls.title, lambda: cls(viewer))
        if viewer.layers.selection.active is not None:
            panel.layer.choose(viewer.layers.selection.active)
        return panel

    def _begin(self, column: QVBoxLayout) -> None:
        """Put the heading and the choice of the layer at the top."""
        row = QFormLayout()
        row.addRow("Labels", self.layer)
        column.addWidget(WrappedLabel(self.heading))
        column.addLayout(row)

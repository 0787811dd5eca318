"""The panel of *Layers > Visualize > Make a mesh*: what is being made, Cancel, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from napari.layers import Layer, Surface
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_shapelab.viewer.tabbed import own_tab
from napari_shapelab.viewer.view import unwrapped
from napari_shapelab.widgets.wrapped_label import WrappedLabel
from napari_shapelab.work.mesh_layer import add_meshes, why_no_mesh
from napari_shapelab.work.row import WorkRow

__all__ = ["MeshPanel", "mesh_panel"]

_TITLE = "Make a mesh"


class MeshPanel(QWidget):
    """Makes the meshes of the selected layers.

    Parameters
    ----------
    viewer
        The viewer.
    """

    def __init__(self, viewer: Any) -> None:
        super().__init__()
        self._viewer = viewer
        self.work = WorkRow(viewer, _TITLE, "Add the surfaces of the selected layers, and hide the layers, which would cover them.")
        self.work.pressed.connect(self.make)
        column = QVBoxLayout(self)
        column.addWidget(WrappedLabel(f"<b>{_TITLE}</b> — the surface of every selected mask or field, or the interfaces of its cells."))
        column.addWidget(self.work)
        column.addStretch(1)

    def make(self) -> None:
        """Begin with the selected layers."""
        layers = list(self._viewer.layers.selection)
        if not layers:
            self.work.say("Select a layer with a mask first.", wrong=True)
        elif refused := [why for layer in layers if (why := why_no_mesh(layer))]:
            self.work.say(refused[0], wrong=True)
        else:
            self.add(layers)

    def add(self, layers: Sequence[Layer], failed: Callable[[], None] | None = None) -> None:
        """Add the meshes of layers in place of them; `failed` is called if there will be none, after the reason has been said."""

        def hide(_: Surface) -> None:
            for layer in layers:
                layer.visible = False  # drawn in the same place, it would shine through its mesh

        add_meshes(self._viewer, layers, self.work, made=hide, failed=failed)


def mesh_panel(viewer: Any) -> MeshPanel:
    """Return the viewer's panel, in front."""
    viewer = unwrapped(viewer)
    return own_tab(viewer, _TITLE, lambda: MeshPanel(viewer))

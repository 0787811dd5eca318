"""From a layer to its surface: of several cells the interfaces that they share, else the surface of the one shape."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from napari.layers import Layer, Surface
from qtpy.QtCore import QObject
from qtpy.QtWidgets import QPushButton

from napari_shapelab.viewer.cell_meshes import add_cell_mesh
from napari_shapelab.viewer.layer_data import TakenLayer, take
from napari_shapelab.viewer.shapes import read_shape, why_no_shape
from napari_shapelab.viewer.surfaces import add_surface, compute_surface
from napari_shapelab.viewer.view import unwrapped
from napari_shapelab.widgets.button import push_button
from napari_shapelab.work.cell_mesh import cell_mesh_panel, first_apart
from napari_shapelab.work.task import Task
from shapelab.convert import Mesh
from shapelab.errors import InputError, ShapelabError
from shapelab.mesh import InterfaceMesh, draw, interface_mesh, interface_values

__all__ = ["PairValues", "add_mesh", "mesh_button"]

PairValues = Callable[[np.ndarray], np.ndarray]
"""Labels on both sides of interfaces, (E, 2) -> a value of each, (E,)."""


def add_mesh(
    viewer: Any,
    layer: Layer,
    wrong: Callable[[str], None],
    *,
    tensions: PairValues | None = None,
    prepare: Callable[[np.ndarray], np.ndarray] | None = None,
    name: str = "",
    owner: QObject | None = None,
    made: Callable[[Surface], None] = lambda layer: None,
) -> None:
    """Add the surface of a 3-D mask or field, coloured by its mean curvature; of several cells their interfaces, with a panel.

    Parameters
    ----------
    viewer, layer
        The viewer, and its layer of labels or a field.
    wrong
        Called with a sentence on what cannot be done.
    tensions
        Tensions of interfaces, which colour them.
    prepare
        What is done to the labels first.
    name
        What the cells are called; by default as their layer.
    owner
        Object with which the work ends.
    made
        Called with the new layer.

    Raises
    ------
    ShapelabError
        If the layer has no surface.
    """
    viewer = unwrapped(viewer)
    if not why_no_shape(layer, (2,)):
        raise InputError(f"The layer {layer.name!r} is 2-D: a mesh needs a volume.")
    if reason := why_no_shape(layer, (3,)):
        raise InputError(f"The layer {layer.name!r} cannot be used: {reason}.")
    taken, provenance = replace(take(layer, viewer), name=name or layer.name), layer.metadata.get("shapelab")
    value = "curvature" if tensions is None else "tension"

    def work() -> tuple[TakenLayer, InterfaceMesh | Mesh, Any]:
        read = read_shape(taken)
        if taken.kind == "labels" and _several(read.data):
            mesh = interface_mesh(read.data if prepare is None else prepare(read.data), read.spacing)
            values = interface_values(mesh, None if tensions is None else _of_pairs(mesh, tensions))
            return read, mesh, draw(mesh, values, apart=first_apart(mesh))
        return read, *compute_surface(read.data if taken.kind == "image" else read.data != 0, read.spacing)

    def show(found: tuple[TakenLayer, InterfaceMesh | Mesh, Any]) -> None:
        read, mesh, how = found
        if isinstance(mesh, InterfaceMesh):
            panel = cell_mesh_panel(viewer)
            surface = add_cell_mesh(viewer, how, value, read, provenance)
            panel.show_mesh(surface, mesh, how, value)
        else:
            surface = add_surface(viewer, mesh, how, "mean curvature H", layer.name, read, provenance)
        surface.metadata["notes"] = list(read.notes)
        viewer.dims.ndisplay = 3
        made(surface)

    Task(owner, work, show, wrong)


def mesh_button(viewer: Any, layers: Callable[[], list[Layer]], say: Callable[..., None]) -> QPushButton:
    """Return a button that adds the surfaces of what a dock shows.

    Parameters
    ----------
    viewer
        The viewer.
    layers
        What to draw at the moment of the click.
    say
        Called with a sentence, and whether something is wrong.
    """

    def pressed() -> None:
        chosen = layers()
        if not chosen:
            say("There is nothing to make a mesh of yet.", wrong=True)
        for layer in chosen:
            try:
                add_mesh(viewer, layer, lambda text: say(text, wrong=True), owner=button)
            except ShapelabError as error:
                say(str(error), wrong=True)

    button = push_button(
        "Mesh",
        "Add the surfaces of the cells in 3-D: the interfaces that they share, coloured by curvature, area or pair, "
        "with a panel that moves the cells apart and cuts them open.",
        pressed,
    )
    return button


def _of_pairs(mesh: InterfaceMesh, values: PairValues) -> Mapping[tuple[int, int], float]:
    labels = mesh.ids[mesh.facets().pairs]
    return dict(zip(map(tuple, labels.tolist()), np.asarray(values(labels)).tolist(), strict=True))


def _several(labels: np.ndarray) -> bool:
    """Return whether there is more than one cell."""
    cells = labels[labels != 0]
    return bool(len(cells)) and bool((cells != cells[0]).any())

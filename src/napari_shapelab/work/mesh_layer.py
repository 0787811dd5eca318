"""From layers to their surfaces: of several cells the interfaces that they share, else the surface of the one shape."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from napari.layers import Layer, Surface
from qtpy.QtWidgets import QPushButton

from napari_shapelab.viewer.cell_meshes import add_cell_mesh
from napari_shapelab.viewer.layer_data import TakenLayer, take
from napari_shapelab.viewer.shapes import read_shape, why_no_shape
from napari_shapelab.viewer.surfaces import add_surface, compute_surface
from napari_shapelab.viewer.view import unwrapped
from napari_shapelab.widgets.button import push_button
from napari_shapelab.work.cell_mesh import cell_mesh_panel, first_apart
from napari_shapelab.work.job import Job
from napari_shapelab.work.progress import Progress, Report
from shapelab.convert import Mesh
from shapelab.errors import InputError, ShapelabError
from shapelab.mesh import InterfaceMesh, draw, interface_mesh, interface_values
from shapelab.stopping import check_stop, stoppable

__all__ = ["MeshLook", "PairValues", "add_meshes", "mesh_button", "why_no_mesh"]

PairValues = Callable[[np.ndarray], np.ndarray]
"""Labels on both sides of interfaces, (E, 2) -> a value of each, (E,)."""


@dataclass(frozen=True)
class MeshLook:
    """What the caller knows of the cells whose mesh is made."""

    tensions: PairValues | None = None
    """Tensions of interfaces, which colour them."""
    prepare: Callable[[np.ndarray], np.ndarray] | None = None
    """What is done to the labels first."""
    name: str = ""
    """What the cells are called; by default as their layer."""


@dataclass(frozen=True)
class _Taken:
    """A layer as it was when its mesh was asked for."""

    taken: TakenLayer
    title: str
    provenance: Mapping[str, Any] | None


_Made = tuple[TakenLayer, InterfaceMesh | Mesh, Any]
"""What was read, its mesh, and how that is drawn, or curvatures by name."""


def why_no_mesh(layer: Layer) -> str:
    """Return in a sentence why a layer has no surface, "" if it has one."""
    if not why_no_shape(layer, (2,)):
        return f"The layer {layer.name!r} is 2-D: a mesh needs a volume."
    reason = why_no_shape(layer, (3,))
    return f"The layer {layer.name!r} cannot be used: {reason}." if reason else ""


def add_meshes(
    viewer: Any,
    layers: Sequence[Layer],
    job: Job,
    look: MeshLook | None = None,
    made: Callable[[Surface], None] = lambda layer: None,
    failed: Callable[[], None] | None = None,
) -> None:
    """Add the surfaces of 3-D masks or fields, coloured by their mean curvature; of several cells their interfaces, with a panel.

    Parameters
    ----------
    viewer, layers
        The viewer, and its layers of labels or fields.
    job
        Does the work, shows how far it is, cancels it, and says what came of it.
    look
        What is known of the cells.
    made
        Called with each new layer.
    failed
        Called when there will be none, after the reason has been said.
    """
    viewer, look = unwrapped(viewer), look or MeshLook()
    if job.refuses("The mesh is not made"):
        return
    try:
        plans = [_taken(viewer, layer, look) for layer in layers]
    except ShapelabError as error:
        job.say(str(error), wrong=True)
        return

    def work(report: Report, abort: threading.Event) -> list[_Made]:
        with stoppable(abort):
            found = []
            for k, plan in enumerate(plans):
                report(Progress(k / len(plans) if k else -1, f"Making the mesh of {plan.taken.name!r}…"))
                found.append(_mesh_of(plan.taken, look))
                check_stop()
            return found

    def show(found: list[_Made]) -> None:
        said = []
        for plan, one in zip(plans, found, strict=True):
            surface, sentence = _add(viewer, plan, one, look)
            made(surface)
            said.append(sentence)
        viewer.dims.ndisplay = 3
        job.message.say(" ".join(said), passing=True)

    job.start(work, show, "Making the mesh…", failed=failed, abortable=False)


def mesh_button(viewer: Any, layers: Callable[[], list[Layer]], job: Callable[[], Job]) -> QPushButton:
    """Return a button that adds the surfaces of what a dock shows.

    Parameters
    ----------
    viewer
        The viewer.
    layers
        What to draw at the moment of the click.
    job
        Returns what does the work.
    """

    def pressed() -> None:
        if chosen := layers():
            add_meshes(viewer, chosen, job())
        else:
            job().say("There is nothing to make a mesh of yet.", wrong=True)

    return push_button(
        "Mesh",
        "Add the surfaces of the cells in 3-D: the interfaces that they share, coloured by curvature, area or pair, "
        "with a panel that moves the cells apart and cuts them open.",
        pressed,
    )


def _taken(viewer: Any, layer: Layer, look: MeshLook) -> _Taken:
    if reason := why_no_mesh(layer):
        raise InputError(reason)
    return _Taken(replace(take(layer, viewer), name=look.name or layer.name), layer.name, layer.metadata.get("shapelab"))


def _mesh_of(taken: TakenLayer, look: MeshLook) -> _Made:
    read = read_shape(taken)
    if taken.kind == "labels" and _several(read.data):
        mesh = interface_mesh(read.data if look.prepare is None else look.prepare(read.data), read.spacing)
        values = interface_values(mesh, None if look.tensions is None else _of_pairs(mesh, look.tensions))
        return read, mesh, draw(mesh, values, apart=first_apart(mesh))
    return read, *compute_surface(read.data if taken.kind == "image" else read.data != 0, read.spacing)


def _add(viewer: Any, plan: _Taken, made: _Made, look: MeshLook) -> tuple[Surface, str]:
    """Show a mesh; return its layer and what to say of it."""
    read, mesh, how = made
    value = "curvature" if look.tensions is None else "tension"
    if isinstance(mesh, InterfaceMesh):
        panel = cell_mesh_panel(viewer)
        surface = add_cell_mesh(viewer, how, value, read, plan.provenance)
        panel.show_mesh(surface, mesh, how, value)
        said = f"Added {surface.name!r}: see the panel “Mesh of cells”."
    else:
        surface = add_surface(viewer, mesh, how, "mean curvature H", plan.title, read, plan.provenance)
        said = f"Added {surface.name!r}: {len(mesh.faces):,} triangles."
    surface.metadata["notes"] = list(read.notes)
    return surface, " ".join((said, *read.notes))


def _of_pairs(mesh: InterfaceMesh, values: PairValues) -> Mapping[tuple[int, int], float]:
    labels = mesh.ids[mesh.facets().pairs]
    return dict(zip(map(tuple, labels.tolist()), np.asarray(values(labels)).tolist(), strict=True))


def _several(labels: np.ndarray) -> bool:
    """Return whether there is more than one cell."""
    cells = labels[labels != 0]
    return bool(len(cells)) and bool((cells != cells[0]).any())

"""Cells of a frame as meshes: all interfaces in one, or each cell closed."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np

from shapelab.convert.mesh import Mesh
from shapelab.errors import InputError
from shapelab.frame import LayerData
from shapelab.io.mesh import write_mesh
from shapelab.mesh import InterfaceMesh, closed_cells, draw, interface_mesh
from shapelab.stopping import apart, check_stop

__all__ = ["cell_meshes", "write_interfaces"]


def cell_meshes(labels: LayerData) -> Iterator[tuple[int, Mesh]]:
    """Yield (label, closed mesh in the layer's world) of every cell of 3-D labels; neighbours share their interface."""
    if not np.any(labels.data):
        return
    for label, vertices, faces in closed_cells(_mesh(labels)):
        check_stop()
        yield label, Mesh(vertices, faces)


def write_interfaces(path: str | Path, labels: LayerData) -> Path:
    """Write the interfaces of 3-D labels, those with the medium included, as one mesh.

    PLY and VTK files have at each vertex the labels `cell_a` < `cell_b` on both sides, and the number (`pair`), `area` and
    `curvature` of the interface.

    Raises
    ------
    InputError
        If there is no cell, or the file cannot be written.
    """
    if not np.any(labels.data):
        raise InputError("There is no cell in this frame, so there is no surface to write.")
    drawn = apart(partial(draw, _mesh(labels)))
    sides = dict(zip(("cell_a", "cell_b"), drawn.pairs[drawn.interface].T, strict=True))
    values = sides | {name: drawn.vertex_values(name) for name in drawn.values}
    return write_mesh(path, Mesh(drawn.vertices, drawn.faces), values)


def _mesh(labels: LayerData) -> InterfaceMesh:
    spacing = tuple(float(step) for step in labels.meta.get("scale", (1.0,) * 3))
    return interface_mesh(np.asarray(labels.data), spacing)

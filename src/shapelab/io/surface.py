"""The surface of a frame's phase field as a mesh file, with its curvature."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from shapelab.convert.mesh import Mesh, field_to_mesh
from shapelab.errors import InputError
from shapelab.frame import Frame
from shapelab.io.mesh import write_mesh
from shapelab.measure.curvature import shape_operator
from shapelab.measure.surface import vertex_curvatures
from shapelab.stopping import apart

__all__ = ["write_surface"]


def write_surface(path: str | Path, frame: Frame, name: str = "field") -> Path:
    """Write the zero level of a frame's field, in the field's unit; a PLY file keeps k1, k2, H = k1 + k2 and K = k1 k2.

    Raises
    ------
    InputError
        If the frame has no such field in 3-D, or the file cannot be written.
    """
    if name not in frame or np.ndim(frame[name]) != 3:
        raise InputError(f"This run has no 3-D field {name!r}, so there is no surface to write.")
    layer = frame.layer(name)
    scale = tuple(layer.meta.get("scale", (1.0,) * 3))

    def surface() -> tuple[Mesh, np.ndarray, np.ndarray]:
        mesh = field_to_mesh(layer.data, scale)
        return mesh, *vertex_curvatures(mesh, shape_operator(layer.data, scale), scale)

    mesh, k1, k2 = apart(surface)
    return write_mesh(path, mesh, {"k1": k1, "k2": k2, "H": k1 + k2, "K": k1 * k2})

"""The interfaces of cells as a napari Surface, coloured by what was measured of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from napari.layers import Surface
from napari.utils.colormaps import Colormap, ensure_colormap

from napari_shapelab.viewer.layer_data import TakenLayer
from shapelab.mesh import DrawnMesh
from shapelab.units import shown_unit

__all__ = ["add_cell_mesh", "colour_by", "show_drawn", "single_out", "triangles_of"]

_GREY = (0.6, 0.6, 0.6, 1.0)
_SCALES = {"pair": "hsv", "area": "viridis", "curvature": "coolwarm", "tension": "turbo"}


def add_cell_mesh(viewer: Any, drawn: DrawnMesh, value: str, taken: TakenLayer, provenance: Mapping[str, Any] | None) -> Surface:
    """Add the interfaces where the labels lie that they were made from.

    Parameters
    ----------
    viewer
        The viewer.
    drawn
        The mesh; its vertices are lengths along the axes of `taken`, 0 at the centre of the first voxel.
    value
        Which of its values to show.
    taken
        The labels.
    provenance
        What made the labels, for the metadata.
    """
    mirrored = bool(np.linalg.det(taken.place.linear) < 0)  # normals point outwards in the world, too
    name = f"{taken.name} · interfaces"
    metadata: dict[str, Any] = {"mirrored": mirrored, "unit": taken.unit, "of": taken.name, "named": name}
    if provenance:
        metadata["shapelab"] = dict(provenance)
    layer = Surface(
        (*triangles_of(drawn, mirrored=mirrored), drawn.vertex_values(value)),
        name=name,
        shading="smooth",
        metadata=metadata,
        **taken.lengths_place(),
    )
    viewer.add_layer(layer)
    show_drawn(layer, drawn, value)
    return layer


def triangles_of(drawn: DrawnMesh, *, mirrored: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return vertices and triangles as napari takes them; a mesh without triangles is one point, as napari cannot show none."""
    if not len(drawn.faces):
        return np.zeros((3, 3), np.float32), np.array([[0, 1, 2]], np.int32)
    return drawn.vertices, drawn.faces[:, ::-1] if mirrored else drawn.faces


def show_drawn(layer: Surface, drawn: DrawnMesh, value: str) -> None:
    """Show another drawing of the same cells, coloured by a value."""
    vertices, faces = triangles_of(drawn, mirrored=layer.metadata["mirrored"])
    n = len(vertices)
    values = {name: drawn.vertex_values(name) if len(drawn.faces) else np.zeros(n, np.float32) for name in drawn.values}
    sides = drawn.pairs[drawn.interface] if len(drawn.faces) else np.zeros((n, 2), np.int64)
    layer.data = (vertices, faces, values[value])
    layer.metadata["vertex_values"] = values  # what Save writes
    layer.features = {
        "interface": drawn.interface if len(drawn.faces) else np.zeros(n, int),
        "cell_a": sides[:, 0],
        "cell_b": sides[:, 1],
        **values,
    }
    colour_by(layer, value, drawn.values[value])


def single_out(layer: Surface, value: str, interface: int) -> None:
    """Show one interface in its colour, those of which the value is not known in the highest one, and all others in grey."""
    values = np.nan_to_num(layer.metadata["vertex_values"][value], nan=layer.contrast_limits[1])
    layer.vertex_values = np.where(layer.features["interface"].to_numpy() == interface, values, np.nan)


def colour_by(layer: Surface, value: str, of_interfaces: np.ndarray) -> None:
    """Colour by a value: about 0 for curvature, all but the extremes for others; grey where it is not known."""
    known = of_interfaces[np.isfinite(of_interfaces)]
    low, high = (float(x) for x in np.percentile(known, (2, 98))) if len(known) else (0.0, 1.0)
    if value == "curvature":
        high = max(abs(low), abs(high))
        low = -high
    layer.colormap = Colormap(ensure_colormap(_SCALES.get(value, "viridis")).colors, name=value, nan_color=_GREY)
    layer.contrast_limits = (low, high) if high > low else (low - 0.5, low + 0.5)
    unit = layer.metadata["unit"] or "px"
    shown = {"area": f" ({shown_unit(unit + '^2')})", "curvature": f" ({shown_unit('1/' + unit)})"}.get(value, "")
    if layer.name == layer.metadata["named"]:  # a name that the user has given stays
        layer.name = f"{layer.metadata['of']} · {value} of interfaces{shown}"  # napari's colour bar has no title of its own
        layer.metadata["named"] = layer.name
    layer.colorbar.visible = value != "pair"

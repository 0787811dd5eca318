"""A field or mask to a napari Surface, coloured by curvature."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from napari.layers import Layer, Surface

from napari_shapelab.viewer.layer_data import TakenLayer, take
from shapelab.convert import Mesh, field_to_mesh, mask_to_isotropic_field
from shapelab.measure import shape_operator, vertex_curvatures
from shapelab.units import shown_unit

__all__ = ["COLOURS", "Colour", "add_surface", "compute_surface"]

Colour = Literal["mean curvature H", "Gaussian curvature K", "k1", "k2"]
COLOURS: tuple[Colour, ...] = ("mean curvature H", "Gaussian curvature K", "k1", "k2")


def compute_surface(
    volume: np.ndarray, spacing: tuple[float, ...], boundary: Literal["periodic", "replicate"] = "replicate"
) -> tuple[Mesh, dict[str, np.ndarray]]:
    """Return the mesh of a mask or field, and its curvatures by name [1/unit] ([1/unit^2] for K]; safe in any thread."""
    if volume.dtype == bool:
        field, h = mask_to_isotropic_field(volume, spacing)
        steps: tuple[float, ...] = (h, h, h)
        shift = np.array([0.5 * h - 0.5 * step for step in spacing], np.float32)
    else:
        field, steps, shift = volume, spacing, np.zeros(3, np.float32)
    mesh = field_to_mesh(field, steps)
    k1, k2 = vertex_curvatures(mesh, shape_operator(field, steps, boundary=boundary), steps)
    values = {"mean curvature H": (k1 + k2) / 2, "Gaussian curvature K": k1 * k2, "k1": k1, "k2": k2}
    return Mesh(mesh.vertices + shift, mesh.faces), values


def add_surface(
    viewer: Any,
    mesh: Mesh,
    values: Mapping[str, np.ndarray],
    colour: Colour,
    name: str,
    like: Layer | TakenLayer,
    provenance: Mapping[str, Any] | None,
) -> Layer:
    """Add the mesh where the layer lies that it was made from.

    Parameters
    ----------
    viewer
        The viewer.
    mesh
        Its vertices are lengths along the axes of `like`, 0 at the centre of the first pixel.
    values
        Curvatures of the vertices by name.
    colour
        Which of them to show.
    name
        What the layer is called, before the name of the values.
    like
        What the mesh was made from: the layer, or what was taken from it.
    provenance
        What made it, for the metadata.
    """
    taken = take(like) if isinstance(like, Layer) else like
    shown = np.asarray(values[colour], np.float32)
    unit = shown_unit(f"1/{taken.unit}{'^2' if colour == 'Gaussian curvature K' else ''}") if taken.unit else "1/px"
    most = float(np.percentile(np.abs(shown), 98)) or 0.5
    metadata: dict[str, Any] = {"vertex_values": dict(values)}
    if provenance:
        metadata["shapelab"] = dict(provenance)
    mirrored = np.linalg.det(taken.place.linear) < 0  # normals point outwards in the world, too
    layer = Surface(
        (mesh.vertices, mesh.faces[:, ::-1] if mirrored else mesh.faces, shown),
        name=f"{name} · {colour} ({unit})",  # napari's colour bar has no title of its own
        colormap="coolwarm",  # red bends outwards, blue inwards, and grey not at all
        contrast_limits=(-most, most),
        shading="smooth",
        metadata=metadata,
        **taken.lengths_place(),
    )
    viewer.add_layer(layer)
    layer.colorbar.visible = True
    return layer

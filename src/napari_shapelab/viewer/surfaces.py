"""A field or mask to a napari Surface, coloured by curvature."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from napari.layers import Image, Labels, Layer, Surface

from shapelab.convert import Mesh, field_to_mesh, mask_to_isotropic_field
from shapelab.errors import InputError
from shapelab.measure import shape_operator, vertex_curvatures

__all__ = ["COLOURS", "Colour", "add_surface", "compute_surface", "volume_of"]

Colour = Literal["mean curvature H", "Gaussian curvature K", "k1", "k2"]
COLOURS: tuple[Colour, ...] = ("mean curvature H", "Gaussian curvature K", "k1", "k2")


def volume_of(layer: Layer, label: int | None = None) -> tuple[np.ndarray, tuple[float, ...]]:
    """Return a layer's volume, mask (boolean) or field (float of both signs), and its voxel size.

    Raises
    ------
    InputError
        If the layer is no volume of that kind.
    """
    data = np.asarray(layer.data)
    spacing = tuple(float(step) for step in layer.scale)
    if isinstance(layer, Labels):
        return (data == label if label is not None else data != 0), spacing
    if isinstance(layer, Image) and data.dtype.kind == "f" and data.min() < 0 < data.max():
        return data, spacing
    raise InputError(f"The layer {layer.name!r} is neither a mask (Labels) nor a field that is positive inside and negative outside.")


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
    values = {"mean curvature H": k1 + k2, "Gaussian curvature K": k1 * k2, "k1": k1, "k2": k2}
    return Mesh(mesh.vertices + shift, mesh.faces), values


def add_surface(
    viewer: Any, mesh: Mesh, values: Mapping[str, np.ndarray], colour: Colour, name: str, like: Layer, provenance: Mapping[str, Any] | None
) -> Layer:
    """Add the mesh beside the layer `like` that it was made from."""
    shown = np.asarray(values[colour], np.float32)
    low, high = (float(bound) for bound in np.percentile(shown, (2, 98)))
    limits = (low, high) if high > low else (low - 0.5, low + 0.5)
    metadata: dict[str, Any] = {"vertex_values": dict(values)}
    if provenance:
        metadata["shapelab"] = dict(provenance)
    layer = Surface(
        (mesh.vertices, mesh.faces, shown),
        name=f"{name} · {colour}",
        colormap="turbo",
        contrast_limits=limits,
        shading="smooth",
        translate=tuple(like.translate[-3:]),
        units=like.units[-3:],
        axis_labels=like.axis_labels[-3:],
        metadata=metadata,
    )
    viewer.add_layer(layer)
    layer.colorbar.visible = True
    return layer

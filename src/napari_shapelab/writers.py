"""napari writers: surfaces as PLY, OBJ or STL; images and labels as NIfTI; cells as finite elements, and for other programs.

What is seen is written, or refused in words.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from napari.layers import Image, Labels, Layer, Surface

from napari_shapelab.viewer.axes import split_axes
from napari_shapelab.viewer.layer_data import TakenLayer, place_of, take
from napari_shapelab.viewer.notice import say_in_status
from shapelab.arguments import as_array
from shapelab.convert import Mesh
from shapelab.convert.place import Place
from shapelab.crystals.sample import KNOWN, GrainSample
from shapelab.errors import InputError, ShapelabError
from shapelab.frame import LayerKind
from shapelab.io import write_mesh
from shapelab.io.damask import material_file
from shapelab.io.fem import write_tetrahedra, write_triangles
from shapelab.io.nifti import write_nifti
from shapelab.labels.check import as_labels
from shapelab.mesh import conforming_tetrahedra, conforming_triangles

__all__ = [
    "LayerNotWrittenError",
    "write_image_nifti",
    "write_labels_elements",
    "write_labels_grains",
    "write_labels_nifti",
    "write_surface",
]

_PLACE = ("name", "scale", "translate", "rotate", "shear", "affine", "units", "axis_labels")


class LayerNotWrittenError(RuntimeError):
    """A layer cannot be written as asked; its text can be shown to a user.

    No ValueError, as those of the science are: napari takes one for a sign that there is no writer.
    """


def write_surface(path: str, data: Any, meta: Mapping[str, Any]) -> list[str]:
    """Write a Surface layer where it lies; its colours go into PLY and OBJ, its values and all curvatures into PLY."""
    try:
        layer = Surface(tuple(data), **_placed(meta))
        taken = _whole(layer, len(np.asarray(data[0])))
        values = dict(meta.get("metadata", {}).get("vertex_values", {}))
        vertices, faces, *rest = taken.data
        if len(data) > 2 and not values and np.ndim(rest[0]) == 1:
            values = {"value": rest[0]}
        colours = meta.get("vertex_colors")
        if colours is not None:
            colours = np.rint(np.clip(np.asarray(colours, float), 0, 1) * 255).astype(np.uint8)
        mesh = Mesh(taken.place.world(vertices), np.asarray(faces))
        return [str(write_mesh(path, mesh, values, colours))]
    except ShapelabError as error:
        raise LayerNotWrittenError(str(error)) from error


def write_image_nifti(path: str, data: Any, meta: Mapping[str, Any]) -> list[str]:
    """Write an Image layer as NIfTI, with its voxel size, place and unit."""
    return _nifti(path, data, meta, "image")


def write_labels_nifti(path: str, data: Any, meta: Mapping[str, Any]) -> list[str]:
    """Write a Labels layer as NIfTI, with its voxel size, place and unit; every id stays as it is."""
    return _nifti(path, data, meta, "labels")


def write_labels_elements(path: str, data: Any, meta: Mapping[str, Any]) -> list[str]:
    """Write the cells of a Labels layer as triangles or tetrahedra for finite elements; lengths are along its axes."""
    try:
        layer = Labels(data, multiscale=bool(meta.get("multiscale")), **_placed(meta))
        taken = _whole(layer, math.prod(layer.level_shapes[0] if layer.multiscale else np.shape(data))).read()
        periodic = bool(meta.get("metadata", {}).get("periodic"))
        if taken.ndim == 3:
            return [str(write_tetrahedra(path, conforming_tetrahedra(taken.data, taken.spacing, periodic=periodic)))]
        return [str(write_triangles(path, conforming_triangles(taken.data, taken.spacing, periodic=periodic)))]
    except ShapelabError as error:
        raise LayerNotWrittenError(str(error)) from error


def write_labels_grains(path: str, data: Any, meta: Mapping[str, Any]) -> list[str]:
    """Write the grains of a Labels layer for the program that the suffix belongs to, with the orientations and phases that it knows."""
    try:
        layer = Labels(data, multiscale=bool(meta.get("multiscale")), **_placed(meta))
        taken = _whole(layer, math.prod(layer.level_shapes[0] if layer.multiscale else np.shape(data))).read()
        known = meta.get("metadata", {})
        parts = {key: known[key] for key in KNOWN if key in known}
        sample = GrainSample(as_labels(taken.data), taken.place, **parts, periodic=bool(known.get("periodic")))
        say_in_status(" ".join(sample.save(path)))
        return [path, str(material_file(path))] if Path(path).suffix.lower() == ".vti" else [path]
    except ShapelabError as error:
        raise LayerNotWrittenError(str(error)) from error


def _nifti(path: str, data: Any, meta: Mapping[str, Any], kind: LayerKind) -> list[str]:
    try:
        rgb, multiscale = bool(meta.get("rgb")), bool(meta.get("multiscale"))
        layer = Image(data, rgb=rgb, multiscale=multiscale, contrast_limits=(0, 1), **_placed(meta))
        taken = _whole(layer, math.prod(layer.level_shapes[0] if multiscale else np.shape(data)))
        return [str(write_nifti(path, *_with_slice(layer, taken), kind))]
    except ShapelabError as error:
        raise LayerNotWrittenError(str(error)) from error


def _with_slice(layer: Image, taken: TakenLayer) -> tuple[np.ndarray, Place]:
    """Return array and place; a stack of one slice stays one, so that the file says where the slice is."""
    data = as_array(layer.name, taken.data)
    in_space = len(set(map(str, layer.units))) == 1 and not split_axes(layer)[1]
    if taken.ndim != 2 or layer.ndim != 3 or layer.multiscale or not in_space:
        return data, taken.place
    place = Place.from_meta(place_of(layer), 3, taken.unit)
    return (data, taken.place) if place is None else (as_array(layer.name, layer.data), place)


def _placed(meta: Mapping[str, Any]) -> dict[str, Any]:
    return {key: meta[key] for key in _PLACE if meta.get(key) is not None}


def _whole(layer: Layer, count: int) -> TakenLayer:
    """Return all that the layer shows, not one frame or a coarser level of it."""
    taken = take(layer)
    size = len(taken.data[0]) if taken.kind == "surface" else math.prod(taken.data.shape)
    if size < count:
        raise InputError(f"The layer {layer.name!r} does not fit into one such file: {' '.join(taken.notes)} Duplicate the part you want.")
    return taken

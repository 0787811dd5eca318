"""What a user hands in as a layer: ours, napari's triple, or an array with coordinates; its place in one unit, on straight axes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from shapelab.arguments import as_array
from shapelab.arrays import has_coordinates, plain_array
from shapelab.convert.coordinates import layer_of_coordinates
from shapelab.convert.place import Place, straightened
from shapelab.errors import InputError
from shapelab.frame import LayerData, require_space
from shapelab.units import conversion, short_unit

__all__ = ["as_layer", "parts_of", "place_of_layer", "straight_layer", "unit_of_layer"]


def as_layer(source: Any) -> Any:
    """Return a layer where `source` is one: a `LayerData`, napari's ``(data, meta, kind)``, or an array with coordinates.

    Anything else is returned as it is.
    """
    if isinstance(source, tuple) and len(source) == 3 and isinstance(source[1], Mapping) and isinstance(source[2], str):
        data, meta, kind = source
        return LayerData(str(meta.get("name", kind)), data, kind, dict(meta))  # type: ignore[arg-type]
    return layer_of_coordinates(source) if has_coordinates(source) else source


def straight_layer(source: Any) -> tuple[Any, tuple[str, ...]]:
    """Return an image or labels on perpendicular axes whose voxel size, in one unit, is in ``meta["scale"]``.

    Parameters
    ----------
    source
        As in `as_layer`; what is no layer is returned as it is.

    Returns
    -------
    layer, notes
        What was done, in sentences: a sheared layer is resampled.

    Raises
    ------
    InputError
        If the layer has frames or channels, or its place or units cannot be understood.
    """
    layer = as_layer(source)
    if not isinstance(layer, LayerData) or layer.kind not in ("image", "labels"):
        return plain_array("labels", layer), ()
    require_space(layer)
    if not {"scale", "translate", "affine", "rotate", "shear", "units"} & layer.meta.keys():
        return replace(layer, data=plain_array(layer.name, layer.data)), ()
    array = as_array(layer.name, layer.data)
    smooth = layer.kind == "image" and array.dtype.kind == "f" and bool((array < 0).any())
    array, place, note = straightened(array, place_of_layer(layer, array.ndim), smooth=smooth)
    dropped = ("scale", "translate", "affine", "rotate", "shear", "units")
    meta = {name: value for name, value in layer.meta.items() if name not in dropped}
    meta |= place.meta()
    if layer.meta.get("units") is not None:
        meta["units"] = (unit_of_layer(layer) or "pixel",) * array.ndim
    return replace(layer, data=array, meta=meta), (note,) if note else ()


def parts_of(source: Any) -> tuple[Any, Mapping[str, Any], str | None]:
    """Return array, ``meta`` and kind of what `straight_layer` makes of `source`; no ``meta`` and no kind of what is no layer."""
    layer, _ = straight_layer(source)
    return (layer.data, layer.meta, layer.kind) if isinstance(layer, LayerData) else (layer, {}, None)


def place_of_layer(layer: LayerData, ndim: int) -> Place:
    """Return where a layer lies, all axes in the unit of the last one.

    Raises
    ------
    InputError
        If what the layer states does not fit its axes, or its units cannot be converted into each other.
    """
    try:
        scale = np.broadcast_to(np.asarray(layer.meta.get("scale", 1.0), float), ndim).tolist()
        place = Place.from_meta(layer.meta, ndim) or Place.of(scale)
        if place.ndim != ndim:
            raise ValueError
    except ValueError as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"The scale or place of the layer {layer.name!r} does not fit its {ndim} axes.") from None
    units = layer.meta.get("units")
    if units is None or isinstance(units, str) or len({short_unit(str(one)) for one in units}) == 1:
        return place
    if len(units) != ndim:
        raise InputError(f"The layer {layer.name!r} has {ndim} axes and states {len(units)} units ({', '.join(map(str, units))}).")
    matrix = place.matrix.copy()
    matrix[:-1] *= np.array([conversion(str(one), str(units[-1])) for one in units])[:, None]
    return Place(matrix)


def unit_of_layer(layer: LayerData) -> str:
    """Return the short name of the unit of a layer's last axis, "" for pixels."""
    units = layer.meta.get("units")
    if units is None or not len(units):
        return ""
    return short_unit(str(units if isinstance(units, str) else units[-1]))

"""What a user hands in to be measured: an array, an array with coordinates, a mesh, or a layer with its place."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from shapelab.arguments import as_array
from shapelab.convert.labelled import has_coordinates, spacing_and_unit
from shapelab.convert.mesh import Mesh
from shapelab.convert.place import Place, straightened
from shapelab.convert.spacing import Spacing, as_spacing
from shapelab.errors import InputError
from shapelab.frame import LayerData, require_space
from shapelab.units import conversion, short_unit

__all__ = ["Given", "given"]


class Given(NamedTuple):
    """An array or mesh with all that is known of it."""

    data: Any
    """Array of numbers, or Mesh."""
    spacing: Spacing
    """Voxel size of an array [unit]."""
    unit: str
    sure: bool
    """Whether whole numbers are known to be ids."""
    place: Place | None = None
    """Where an array lies, if it is a layer's."""
    notes: tuple[str, ...] = ()


def given(x: Any, spacing: Spacing | None, unit: str, *, labels: bool) -> Given:
    """Return what `x` is; `spacing` and `unit` count more than its own.

    Raises
    ------
    InputError
        If it is a layer of points or the like, has frames or channels, or no array.
    """
    if isinstance(x, LayerData):
        return _of_layer(x, spacing, unit, labels)
    if isinstance(x, Mesh):
        return Given(x, 1.0, unit, labels)
    if has_coordinates(x):
        own, own_unit = spacing_and_unit(x)
        spacing, unit = own if spacing is None else spacing, unit or own_unit
    return Given(as_array("x", x), 1.0 if spacing is None else spacing, unit, labels)


def _of_layer(layer: LayerData, spacing: Spacing | None, unit: str, labels: bool) -> Given:
    require_space(layer)
    if layer.kind not in ("image", "labels", "surface"):
        raise InputError(f"Images, labels and surfaces can be measured; the layer {layer.name!r} is of the kind {layer.kind}.")
    if layer.meta.get("rgb"):
        raise InputError(f"The layer {layer.name!r} is a colour image: take one channel, or segment it first.")
    array = None if layer.kind == "surface" else as_array(layer.name, layer.data)
    ndim = np.shape(layer.data[0])[-1] if array is None else array.ndim
    place, own_unit = _place(layer, spacing, ndim)
    unit = unit or own_unit
    if array is None:
        vertices = place.world(np.asarray(layer.data[0], float))
        return Given(Mesh(vertices, np.asarray(layer.data[1])), 1.0, unit, labels)
    array, place, note = straightened(array, place, smooth=array.dtype.kind == "f" and bool((array < 0).any()))
    return Given(array, place.spacing, unit, labels or layer.kind == "labels", place, (note,) if note else ())


def _place(layer: LayerData, spacing: Spacing | None, ndim: int) -> tuple[Place, str]:
    """Return where a layer lies, in one unit, and that unit."""
    if spacing is not None:
        return Place.of(as_spacing(spacing, ndim)), _last_unit(layer)
    try:
        scale = np.broadcast_to(np.asarray(layer.meta.get("scale", 1.0), float), ndim).tolist()
        place = Place.from_meta(layer.meta, ndim) or Place.of(scale)
    except ValueError as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"The scale or place of the layer {layer.name!r} does not fit its {ndim} axes.") from None
    units = layer.meta.get("units")
    if units is None or isinstance(units, str) or len({short_unit(str(one)) for one in units}) == 1:
        return place, _last_unit(layer)
    factors = [conversion(str(one), str(units[-1])) for one in units]
    matrix = place.matrix.copy()
    matrix[:-1] *= np.array(factors)[:, None]
    return Place(matrix), _last_unit(layer)


def _last_unit(layer: LayerData) -> str:
    units = layer.meta.get("units")
    return short_unit(str(units if isinstance(units, str) else units[-1])) if units is not None and len(units) else ""

"""What a user hands in to be measured: an array, an array with coordinates, a mesh, or a layer with its place."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from shapelab.arguments import as_array
from shapelab.arrays import is_lazy
from shapelab.convert.given_layer import as_layer, place_of_layer, unit_of_layer
from shapelab.convert.mesh import Mesh
from shapelab.convert.place import Place, straightened
from shapelab.convert.spacing import Spacing, as_spacing
from shapelab.errors import InputError
from shapelab.frame import LayerData, require_space
from shapelab.units import is_length, short_unit, shown_unit

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
    axes: tuple[object, ...] = ()
    """Names of an array's axes, where they are known."""


def given(x: Any, spacing: Spacing | None, unit: str, *, labels: bool) -> Given:
    """Return what `x` is; `spacing` and `unit` count more than its own.

    Raises
    ------
    InputError
        If it is a layer of points or the like, has frames or channels, or no array.
    """
    x = as_layer(x)
    if isinstance(x, LayerData):
        return _of_layer(x, spacing, unit, labels)
    if isinstance(x, Mesh):
        return Given(x, 1.0, unit, labels)
    return Given(x if _stays_lazy(x) else as_array("x", x), 1.0 if spacing is None else spacing, unit, labels)


def _of_layer(layer: LayerData, spacing: Spacing | None, unit: str, labels: bool) -> Given:
    require_space(layer)
    if layer.kind not in ("image", "labels", "surface"):
        raise InputError(f"Images, labels and surfaces can be measured; the layer {layer.name!r} is of the kind {layer.kind}.")
    if layer.meta.get("rgb"):
        raise InputError(f"The layer {layer.name!r} is a colour image: take one channel, or segment it first.")
    own = unit_of_layer(layer)
    if spacing is None and is_length(own) and short_unit(unit) not in ("", own):
        raise InputError(f"unit is that of a voxel size: {layer.name!r} states its lengths in {shown_unit(own)}; give both, or neither.")
    unit = unit or own
    if layer.kind == "surface":
        vertices = np.asarray(layer.data[0], float)
        place = _place(layer, spacing, vertices.shape[-1])
        return Given(Mesh(place.world(vertices), np.asarray(layer.data[1])), 1.0, unit, labels)
    place, note = _place(layer, spacing, np.ndim(layer.data)), ""
    array = layer.data
    if not (_stays_lazy(array) and place.is_straight):
        array = as_array(layer.name, array)
        smooth = array.dtype.kind == "f" and bool((array < 0).any())
        array, place, note = straightened(array, place, smooth=smooth)
    axes = tuple(layer.meta.get("axis_labels") or ())
    return Given(array, place.spacing, unit, labels or layer.kind == "labels", place, (note,) if note else (), axes)


def _stays_lazy(array: Any) -> bool:
    """Return whether an array in chunks may hold labels, which are read some planes at a time."""
    return is_lazy(array) and len(array.shape) == 3 and np.dtype(array.dtype).kind in "iu"


def _place(layer: LayerData, spacing: Spacing | None, ndim: int) -> Place:
    """Return where a layer lies, in one unit."""
    return place_of_layer(layer, ndim) if spacing is None else Place.of(as_spacing(spacing, ndim))

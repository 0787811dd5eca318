"""What users hand in to be compared: arrays, layers, meshes, points, mixtures, tables; recognised and checked once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from shapelab.arguments import checked, one_array
from shapelab.arrays import require_finite
from shapelab.compare.sinkhorn import WeightedPoints
from shapelab.convert.given_layer import as_layer, place_of_layer, unit_of_layer
from shapelab.convert.mesh import Mesh
from shapelab.convert.mesh_cleaning import clean_mesh
from shapelab.convert.mixture import GaussianMixture
from shapelab.convert.place import Place
from shapelab.convert.points import PointCloud
from shapelab.convert.spacing import Spacing, as_spacing
from shapelab.errors import InputError
from shapelab.frame import LayerData, require_space
from shapelab.labels.check import refuse_grey, refuse_grey_floats
from shapelab.measure.diagram import CurvatureDiagram

__all__ = ["Kind", "Shape", "as_shape"]

Kind = Literal["mask", "labels", "field", "surface", "points", "mixture", "diagram", "table"]


@dataclass(frozen=True)
class Shape:
    """One of the two things that are compared."""

    kind: Kind
    data: Any
    """Array (mask: bool; labels: integers; field: floats), Mesh, WeightedPoints, GaussianMixture, CurvatureDiagram or table."""
    spacing: tuple[float, ...] = ()
    """Voxel size of an array."""
    origin: tuple[float, ...] | None = None
    """Centre of an array's first voxel if it is known, as that of a layer is."""
    turn: np.ndarray | None = None
    """Matrix (d + 1, d + 1) from lengths along an array's axes to the world, None if these are the axes of the world."""
    own: tuple[np.ndarray, tuple[float, ...]] | None = None
    """The array and voxel size before it was resampled: statistics of its cells are taken from these."""
    unit: str = ""
    notes: tuple[str, ...] = field(default=())

    @property
    def is_grid(self) -> bool:
        """Whether it is an array of voxels."""
        return self.kind in ("mask", "labels", "field")

    @property
    def own_grid(self) -> tuple[np.ndarray, tuple[float, ...]]:
        """An array and its voxel size as they were handed in."""
        return (self.data, self.spacing) if self.own is None else self.own

    @property
    def ndim(self) -> int:
        """Number of axes of an array; dimension of points and surfaces; 0 for what lies nowhere."""
        if self.is_grid:
            return int(self.data.ndim)
        return int(self.data.points.shape[1]) if self.kind == "points" else 3 if self.kind == "surface" else 0

    @property
    def mask(self) -> np.ndarray:
        """Where an array is inside."""
        return np.asarray(self.data > 0 if self.kind == "field" else self.data != 0)


@checked()
def as_shape(data: Any, spacing: Spacing | None = None, unit: str = "", *, labels: bool = False) -> Shape:
    """Recognise what `data` is.

    Parameters
    ----------
    data
        - boolean array, or numbers with one value beside 0: a mask; more values: labels; floats of both signs: a
          phase field. (z, y, x) or (y, x);
        - (vertices, faces) with or without values: a surface;
        - floats (n, 2) or (n, 3), a `PointCloud`, or (points, weights): points;
        - a `GaussianMixture`, a `CurvatureDiagram`, a table of cells, or a `LayerData` of any of these kinds.
    spacing
        Voxel size of an array; that of a layer is in its ``meta["scale"]``, which `spacing` overrides. Points and
        surfaces are in physical units, those of a layer are scaled.
    unit
        Name of the unit, if the layer does not say it.
    labels
        Whole numbers are ids of objects, even if they look like the brightness of a grey image, which is refused
        otherwise; a labels layer says so itself.
    """
    data = as_layer(data)
    if isinstance(data, LayerData):
        return _from_layer(data, spacing, unit, labels)
    if isinstance(data, Shape):
        return data
    for known, kind in ((GaussianMixture, "mixture"), (CurvatureDiagram, "diagram")):
        if isinstance(data, known):
            return Shape(kind, data, unit=unit)  # type: ignore[arg-type]
    if hasattr(data, "columns") and hasattr(data, "index"):
        return Shape("table", data, unit=unit or str(data.attrs.get("unit", "")))
    if isinstance(data, PointCloud):
        return Shape("points", WeightedPoints(np.asarray(data.points, float), np.asarray(data.weights, float)), unit=unit)
    if isinstance(data, WeightedPoints):
        return Shape("points", data, unit=unit)
    if isinstance(data, tuple | list) and 2 <= len(data) <= 3 and np.ndim(data[0]) == 2:
        return _from_pair(data, unit)
    array = one_array("data", data)
    if array.ndim == 2 and array.dtype.kind == "f" and array.shape[1] in (2, 3) and len(array) > 3:
        return Shape("points", WeightedPoints(array.astype(float), np.ones(len(array))), unit=unit)
    return _from_array(array, 1.0 if spacing is None else spacing, unit, labels)


def _from_layer(layer: LayerData, spacing: Spacing | None, unit: str, labels: bool) -> Shape:
    require_space(layer)
    meta: Mapping[str, Any] = layer.meta if spacing is None else {**layer.meta, "scale": spacing}
    units = meta.get("units")
    own = (unit_of_layer(layer) or "pixel") if units is not None and len(units) else unit
    name = unit if unit and spacing is not None else own  # the unit is that of the voxel size that was given
    try:
        data = _points(layer.data) if layer.kind == "points" else layer.data
        shape = as_shape(data, 1.0, name, labels=labels or layer.kind == "labels")
    except InputError as error:
        raise InputError(f"Layer '{layer.name}': {error}") from None
    if not shape.ndim:
        return shape
    place = place_of_layer(replace(layer, meta=meta), shape.ndim)
    if shape.is_grid:
        placed = any(meta.get(key) is not None for key in ("translate", "affine", "rotate", "shear"))
        return _placed(shape, place) if placed else replace(shape, spacing=place.spacing)
    if shape.kind == "surface":
        return replace(shape, data=Mesh(place.world(shape.data.vertices), shape.data.faces))
    return replace(shape, data=WeightedPoints(place.world(shape.data.points), shape.data.weights))


def _points(data: Any) -> Any:
    """Return the points of a layer, each as heavy as the others; few of them or whole numbers would pass for an image."""
    if isinstance(data, tuple | WeightedPoints | PointCloud):
        return data
    points = np.asarray(data, float)
    if not len(points):
        raise InputError("It is empty: there are no points in it to compare.")
    return WeightedPoints(points, np.ones(len(points)))


def _placed(shape: Shape, place: Place) -> Shape:
    """Return an image where its layer lies."""
    if place.is_aligned:
        return replace(shape, spacing=place.spacing, origin=tuple(place.origin.tolist()))
    return replace(shape, spacing=place.spacing, origin=(0.0,) * place.ndim, turn=place.turn)


def _from_pair(data: Any, unit: str) -> Shape:
    first, second = np.asarray(data[0], dtype=float), np.asarray(data[1])
    if second.ndim == 1:
        return Shape("points", WeightedPoints(first, second.astype(float)), unit=unit)
    clean = clean_mesh(Mesh(first, second))
    return Shape("surface", clean.mesh, unit=unit, notes=clean.notes)


def _from_array(array: np.ndarray, spacing: Spacing, unit: str, sure: bool) -> Shape:
    if array.ndim == 2 and not len(array):
        raise InputError("It is empty: there are no points or pixels in it to compare.")
    if array.ndim not in (2, 3) or array.size == 0 or array.dtype.kind not in "buif":
        raise InputError(
            "Only 2-D and 3-D images, surfaces, points, mixtures and tables can be compared; "
            f"received an array of shape {array.shape}, dtype {array.dtype}."
        )
    steps = as_spacing(spacing, array.ndim)
    if array.dtype.kind == "f":
        require_finite("image", array)
        if array.min() < 0 < array.max():
            return Shape("field", array, steps, unit=unit)
        if np.any(array != np.rint(array)):
            refuse_grey_floats(array.min(), array.max())
        array = array.astype(np.int64)
    if array.dtype != bool and array.min() < 0:
        raise InputError(f"Labels must not be negative (0 is the background); the smallest here is {array.min()}.")
    if not array.any():
        raise InputError("The image is empty: every voxel is 0, the background, so there is nothing to compare.")
    if array.dtype == bool or np.all((array == 0) | (array == array.max())):
        return Shape("mask", array != 0, steps, unit=unit)
    if not sure:
        refuse_grey(array)
    return Shape("labels", array, steps, unit=unit)

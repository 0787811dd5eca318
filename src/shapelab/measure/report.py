"""`measure`: one call for a mask, a phase field or a label image, 2-D or 3-D."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from shapelab.arguments import as_array, checked
from shapelab.arrays import is_lazy, require_finite
from shapelab.convert.field import Boundary
from shapelab.convert.mesh import Mesh
from shapelab.convert.spacing import Spacing
from shapelab.errors import InputError
from shapelab.labels.check import as_labels, refuse_grey, refuse_grey_floats
from shapelab.labels.lazy import sample_planes
from shapelab.labels.planes import as_label_planes
from shapelab.limits import between
from shapelab.measure.effective import effective_properties
from shapelab.measure.given import given
from shapelab.measure.labels import measure_labels, placed_centroids
from shapelab.measure.planar import measure_planar
from shapelab.measure.solid import measure_solid
from shapelab.measure.surface import measure_surface
from shapelab.stopping import done_apart

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["measure"]


@checked(smoothing=between(0, 100))
@done_apart
def measure(
    x: Any,
    spacing: Spacing | None = None,
    *,
    unit: str = "",
    label: int | None = None,
    labels: bool = False,
    smoothing: float = 2.0,
    eps: float | None = None,
    boundary: Boundary = "replicate",
    effective: bool | Sequence[str] = False,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any] | pd.DataFrame:
    """Measure a shape.

    Parameters
    ----------
    x
        - a boolean mask, or integers with one value beside 0, or any label image with `label`: one shape;
        - a phase field (floats of both signs, the surface at 0, positive inside): one shape;
        - a label image with several labels: a table, one row per label;
        - a `Mesh`: one surface;
        - a `LayerData` of these (`shapelab.io.read_image`), with its own voxel size, unit and place.

        (z, y, x) or (y, x). Whole numbers that look like the brightness of a grey image are refused. Volumes with several
        labels may be larger than the memory (`measure_labels`).
    spacing
        Voxel size, one number or one per axis [physical unit]; by default that of the layer, or 1.
    unit
        Name of the unit of `spacing`, to be reported.
    label
        Measure this label of a label image as one shape.
    labels
        Whole numbers are ids of objects, whatever they look like; a labels layer says so itself.
    smoothing
        Standard deviation of the Gaussian that smooths a mask's signed distance before its curvature is taken
        [cubic voxels]; a field is taken as it is.
    eps
        Interface width of a field [physical unit], for the diffuse curvatures; by default estimated from its profile.
    boundary
        "periodic" if the field or the cells go on beyond the box, else "replicate".
    effective
        Whether one shape's effective properties are measured, too: sizes of struts and pores, chords, tortuosity, correlation
        (`effective_properties`), or the names of those to measure. They take most of the time.
    progress
        Called while effective properties are measured, or a volume with several labels is read piece by piece; see `measure_labels`.

    Returns
    -------
    dict
        For one shape; see `shapelab.measure.solid.measure_solid`, `shapelab.measure.planar.measure_planar` and
        `shapelab.measure.surface.measure_surface`. Under "warnings" it lists, in sentences, what limits the numbers.
    DataFrame
        For several labels; see `measure_labels`. Centroids of a layer's labels lie in the world, as its place says.

    Raises
    ------
    InputError
        If `x` is empty, full, has NaN, has another number of axes, or is a grey image; or the spacing is not positive.
    """
    known = given(x, spacing, unit, labels=labels or label is not None)
    array, steps, unit = known.data, known.spacing, known.unit
    if isinstance(array, Mesh):
        return measure_surface(array, unit=unit)
    if array.ndim not in (2, 3):
        raise InputError(f"Only 2-D and 3-D shapes can be measured; received an array of shape {array.shape}.")
    if 0 in array.shape:
        raise InputError(f"The array is empty: its shape is {array.shape}.")
    if is_lazy(array) and (label is not None or not _has_several(array, sure=known.sure)):
        array = as_array("x", array)
    shape = None if is_lazy(array) else _one_shape(array, label, sure=known.sure)
    if shape is None:
        if effective:
            raise InputError("Effective properties describe one shape, and these are several labels: choose one, or give a mask.")
        table = measure_labels(array, steps, periodic=boundary == "periodic", progress=progress)
        if known.place is not None:
            table = placed_centroids(table, known.place, known.axes)
        table.attrs.update(unit=unit, warnings=[*known.notes])
        return table
    measured = measure_solid if array.ndim == 3 else measure_planar
    report = measured(shape, steps, unit=unit, smoothing=smoothing, eps=eps, boundary=boundary)
    if effective:
        report |= effective_properties(shape > 0, steps, names=None if effective is True else effective, progress=progress)
    return {**report, "warnings": [*known.notes, *report["warnings"]]}


def _has_several(array: Any, *, sure: bool) -> bool:
    """Tell whether whole numbers that are read piece by piece are several labels, refusing grey images."""
    planes, first = as_label_planes(array), 0
    for begin, end in planes.blocks():
        part = planes.read(begin, end)
        first = first or int(part.max())
        if ((part != 0) & (part != first)).any():
            if not sure:
                refuse_grey(sample_planes(array))
            return True
    return False


def _one_shape(array: np.ndarray, label: int | None, *, sure: bool) -> np.ndarray | None:
    """Return the mask or field if `array` is one shape, None if it has several labels."""
    if array.dtype.kind == "f":
        require_finite("image", array)
        low, high = float(array.min()), float(array.max())
        if low < 0 < high and label is None:
            jumps = np.all((array == low) | (array == high))  # no width from which curvature could be taken: a mask
            return np.asarray(array > 0) if jumps else array
        if set(np.unique(array).tolist()) <= {0.0, 1.0}:
            return np.asarray(array == 1)
        if np.all(array == np.rint(array)):
            if low >= 0 and high < 2**53:
                refuse_grey(array.astype(np.int64))
            as_labels(array)  # says how to convert them
        refuse_grey_floats(low, high)
    if array.dtype == bool:
        return array
    labels = as_labels(array)
    if label is not None:
        if label == 0:
            raise InputError(f"Label 0 is the background: choose one of {_names(np.unique(labels))}.")
        if not (mask := labels == label).any():
            raise InputError(f"The label image has no label {label}; it has {_names(np.unique(labels))}.")
        return np.asarray(mask)
    top = labels.max()
    if np.all((labels == 0) | (labels == top)):
        return np.asarray(labels == top)
    if not sure:
        refuse_grey(labels)
    return None


def _names(ids: np.ndarray, most: int = 12) -> str:
    shown = [str(i) for i in ids[ids > 0].tolist()]
    return ", ".join(shown[:most]) + (f" and {len(shown) - most} more" if len(shown) > most else "")

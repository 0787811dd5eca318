"""The one place that turns a napari layer into an array with its place: what is computed on is what is seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from napari.layers import Image, Labels, Layer, Points, Surface

from napari_shapelab.viewer.axes import axis_name, flat_axis, split_axes, value_axes
from napari_shapelab.viewer.features import by_label
from napari_shapelab.viewer.layer_units import factor, is_length, is_pixel, named
from napari_shapelab.viewer.pyramid import level_of
from napari_shapelab.viewer.shown_frame import frame_of
from shapelab.arguments import as_array
from shapelab.convert.place import Place, straightened
from shapelab.errors import InputError
from shapelab.frame import LayerData, LayerKind
from shapelab.io.placed import are_channels_last
from shapelab.labels.lazy import LazyPart, lazily
from shapelab.units import short_unit

__all__ = ["TakenLayer", "is_two_valued", "place_of", "spatial_ndim", "take", "why_not_taken"]

_MIXED = 1e-9
"""Part of a step along one axis that goes along another, up to which it is rounding."""
_KINDS: tuple[tuple[type[Layer], LayerKind], ...] = ((Labels, "labels"), (Image, "image"), (Points, "points"), (Surface, "surface"))


@dataclass(frozen=True, eq=False)
class TakenLayer:
    """What was taken from a layer: the array that is seen (one frame, one channel), and where it lies.

    Taking is cheap and touches no pixels; `read` computes (a dask array, a sheared grid) and belongs into a thread.
    """

    name: str
    kind: LayerKind
    data: Any
    """Spatial axes only: an array, maybe lazy; points (n, d) [pixels]; a surface's (vertices, faces[, values])."""
    place: Place
    """Where it lies, all axes in one unit."""
    axes: tuple[str, ...]
    """Names of the spatial axes."""
    notes: tuple[str, ...] = ()
    """What was done to take it, one sentence each."""
    units: tuple[Any, ...] = ()
    """The layer's own units of these axes."""
    factors: tuple[float, ...] = ()
    """What turns a length of the layer's world, axis by axis, into the unit of `place`."""
    height: float | None = None
    """Where the plane of a stack of one slice lies along the axis that was left out [unit]; None for all else."""
    features: Any = None
    """The layer's own table, of Labels: one row for each label, which is in the column ``index``."""
    periodic: bool = False
    """Whether it is the picture of a run in a box whose opposite sides are joined."""

    @property
    def ndim(self) -> int:
        """Number of spatial axes."""
        return self.place.ndim

    @property
    def spacing(self) -> tuple[float, ...]:
        """Voxel size along each axis [unit]."""
        return self.place.spacing

    @property
    def unit(self) -> str:
        """Unit of length, "" for pixels."""
        return self.place.unit

    def read(self) -> TakenLayer:
        """Return the same with its data in memory, on axes that are perpendicular; call it outside the window's thread.

        Raises
        ------
        OutOfMemoryError
            If it is an array in chunks that does not fit.
        """
        if self.kind not in ("labels", "image"):
            return self
        array = as_array(self.name, self.data)
        smooth = self.kind == "image" and array.dtype.kind == "f" and not self.place.is_straight and not is_two_valued(array)
        array, place, note = straightened(array, self.place, smooth=smooth)
        notes = (*self.notes, note) if note else self.notes
        return replace(self, data=array, place=place, notes=notes)

    def layer_data(self) -> LayerData:
        """Return it as the science takes it, with its place in the world [unit]."""
        meta: dict[str, Any] = {**self.place.meta(), "units": (self.unit or "pixel",) * self.ndim, "axis_labels": self.axes}
        data = tuple(self.data)[:2] if self.kind == "surface" else self.data
        return LayerData(self.name, data, self.kind, meta)

    def pixels_place(self, part: Place | None = None) -> dict[str, Any]:
        """Return the settings of a layer whose data are in pixels of this one, or of a part of it."""
        return self._settings((part or self.place).matrix)

    def lengths_place(self, part: Place | None = None) -> dict[str, Any]:
        """Return the settings of a layer whose data are lengths along this one's axes, 0 at the centre of its first pixel."""
        return self._settings((part or self.place).turn)

    def run_transform(self, part: Place | None = None) -> np.ndarray:
        """Return the ``affine`` of layers that have a scale of their own and begin at the first pixel of this one."""
        return self._to_world((part or self.place).turn)

    def _to_world(self, matrix: np.ndarray) -> np.ndarray:
        out = np.array(matrix)
        out[:-1] /= np.array(self.factors)[:, None]
        return out

    def _settings(self, matrix: np.ndarray) -> dict[str, Any]:
        place = Place(self._to_world(matrix))
        return {**place.meta(), "units": self.units, "axis_labels": self.axes}


def take(layer: Layer, viewer: Any = None, *, frame: int | None = None, full: bool = False, film: bool = False) -> TakenLayer:
    """Take what a layer shows.

    Parameters
    ----------
    layer
        Labels, image, points or surface.
    viewer
        Its viewer: of a layer over time or with channels, the frame and channel that it shows are taken (the first
        ones where there is no viewer).
    frame
        This frame instead.
    full
        Whether the full resolution is taken although it may not fit into memory: for what reads it piece by piece.
    film
        Whether the data are a `LazyPart` whatever the array is, of which other frames can be cut.

    Returns
    -------
    TakenLayer
        In full resolution where it fits into memory, with every axis in one unit.

    Raises
    ------
    InputError
        If the layer cannot be taken, with the reason.
    """
    reason = why_not_taken(layer)
    if reason:
        raise InputError(f"The layer {layer.name!r} cannot be used: {reason}.")
    kind = next(kind for type_, kind in _KINDS if isinstance(layer, type_))
    matrix = _data_to_world(layer)
    spatial, others = split_axes(layer)
    data, notes = layer.data, list[str]()
    if getattr(layer, "multiscale", False):
        data, matrix, notes = level_of(layer, matrix, spatial, full=full)
    data = LazyPart.of(data) if film else lazily(data)  # cutting a frame out of Zarr would read it
    if others:
        data, chosen = frame_of(layer, data, kind, others, viewer, frame)
        notes += chosen
    flat = flat_axis(layer, spatial)
    if flat is not None:  # a stack of one slice is a plane
        data = data[tuple(0 if axis == flat else slice(None) for axis in spatial)]
        spatial.remove(flat)
    if spatial != list(range(layer.ndim - len(spatial), layer.ndim)):
        notes.append(_beside(layer, spatial))
    rows = [*spatial, layer.ndim]
    inner = matrix[np.ix_(rows, rows)]
    if kind == "points":
        data = np.asarray(data)[:, spatial]
    elif kind == "surface":
        data = (np.asarray(data[0])[:, [axis - value_axes(layer) for axis in spatial]], *data[1:])
    units = tuple(layer.units[axis] for axis in spatial)
    target = named(units[-1])
    factors = tuple(factor(unit, target) for unit in units)
    height = None if flat is None else float(matrix[flat, -1]) * factor(layer.units[flat], target)
    inner[:-1] *= np.array(factors)[:, None]
    place = Place(inner, short_unit(str(target)))
    axes = tuple(str(layer.axis_labels[axis]) for axis in spatial)
    features = by_label(layer.features) if kind == "labels" else None
    return TakenLayer(layer.name, kind, data, place, axes, tuple(notes), units, factors, height, features, _is_periodic(layer, spatial))


def why_not_taken(layer: Layer, ndims: Sequence[int] = (2, 3), kinds: tuple[type[Layer], ...] = (Labels, Image, Points, Surface)) -> str:
    """Return why a layer cannot be taken, "" if it can; looks at no pixels.

    Parameters
    ----------
    layer
        Any layer.
    ndims
        Numbers of spatial axes that are allowed.
    kinds
        Types of layers that are allowed.
    """
    if not isinstance(layer, kinds):
        return f"it is neither {' nor '.join(_NAMES[kind] for kind in kinds)}" if len(kinds) > 1 else f"it is not {_NAMES[kinds[0]]}"
    if getattr(layer, "rgb", False):
        return "it is a colour image: split its channels or segment it first"
    if isinstance(layer, Labels | Image) and str(layer.axis_labels[-1]) == "-1":  # nobody has named the axes
        shape = layer.level_shapes[0] if layer.multiscale else layer.data.shape
        if are_channels_last(shape):
            return (
                f"its last axis has only {shape[-1]} entries, as channels have: take one channel as a layer of its own, "
                "or name the axes (layer.axis_labels), if they are z, y and x"
            )
    spatial, others = split_axes(layer)
    shares = np.abs(_data_to_world(layer)[:-1, :-1])
    shares /= np.maximum(shares.max(axis=1, keepdims=True), 1e-300)  # seconds, channels and lengths are numbers of different sizes
    mixed = max(shares[np.ix_(spatial, others)].max(initial=0), shares[np.ix_(others, spatial)].max(initial=0))
    if mixed > _MIXED:
        return "its transform mixes time or channels with space"
    flat = flat_axis(layer, spatial)
    if flat is not None and shares[flat, [axis for axis in spatial if axis != flat]].max() > _MIXED:
        return "it is a single slice that is tilted out of the plane of the other axes: undo its rotation, or give it more slices"
    n = spatial_ndim(layer)
    if n not in ndims:
        wanted = " or ".join(f"{k}-D" for k in ndims)
        more = f" besides {', '.join(axis_name(layer, axis) for axis in others)}" if others else ""
        return f"it is {n}-D{more}, and {wanted} is needed"
    units = [layer.units[axis] for axis in spatial]
    if strange := next((unit for unit in units if not is_length(unit)), None):
        return f"its axes are in {strange}, which is not a length: set its units to a length or to pixels first (layer.units)"
    if any(is_pixel(unit) != is_pixel(units[-1]) for unit in units):
        return f"its axes have units that cannot be converted into each other ({', '.join(map(str, units))}): set them alike first"
    return ""


_NAMES: dict[type[Layer], str] = {Labels: "a Labels layer", Image: "an image", Points: "a Points layer", Surface: "a surface"}


def spatial_ndim(layer: Layer) -> int:
    """Return the number of spatial axes; a stack of one slice has two."""
    spatial, _ = split_axes(layer)
    return len(spatial) - (flat_axis(layer, spatial) is not None)


def is_two_valued(array: np.ndarray) -> bool:
    """Return whether an array holds two values at most, as a mask does."""
    return not array.size or bool(((array == array.min()) | (array == array.max())).all())


def place_of(layer: Layer) -> dict[str, Any]:
    """Return the settings of a layer whose data lie on the same pixels as those of `layer`, all axes included."""
    place = Place(_data_to_world(layer))
    return {**place.meta(), "units": layer.units, "axis_labels": layer.axis_labels}


def _data_to_world(layer: Layer) -> np.ndarray:
    """Return the matrix from pixels to napari's world, scale, rotation, shear, translation and affine included."""
    origin = np.array(layer.data_to_world(np.zeros(layer.ndim)), float)
    matrix = np.eye(layer.ndim + 1)
    for axis, one in enumerate(np.eye(layer.ndim)):
        matrix[:-1, axis] = np.array(layer.data_to_world(one), float) - origin
    matrix[:-1, -1] = origin
    return matrix


def _is_periodic(layer: Layer, spatial: Sequence[int]) -> bool:
    """Return whether a layer shows the whole box of a run whose opposite sides are joined."""
    origin = layer.metadata.get("shapelab")
    if not isinstance(origin, dict) or not origin.get("periodic") or not isinstance(layer, Labels | Image):
        return False
    given = origin.get("parameters")
    shape = given.get("shape", ()) if isinstance(given, dict) else ()
    whole = layer.level_shapes[0] if layer.multiscale else layer.data.shape
    times = [whole[axis] / n for axis, n in zip(spatial, shape, strict=False)]  # drawn that much finer
    return len(shape) == len(spatial) and len(set(times)) == 1 and times[0] == int(times[0])


def _beside(layer: Layer, spatial: Sequence[int]) -> str:
    """Say that results of this layer will not lie over it: napari draws layers of fewer axes along its last ones."""
    names = [str(label) for label in layer.axis_labels]
    kept = " and ".join(names[axis] for axis in spatial)
    return (
        f"Its axes are {', '.join(names)}: results have {kept} alone, which napari draws along its last axes, so they do not lie over it. "
        "Move the other axis to the front for that (numpy.moveaxis)."
    )

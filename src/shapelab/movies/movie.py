"""What a movie of cells is: label images over time, with the size of a voxel and the time of each frame."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any

import numpy as np

from shapelab.arguments import checked
from shapelab.arrays import has_coordinates, is_lazy
from shapelab.axis_names import axis_meanings
from shapelab.convert.coordinates import layer_of_coordinates
from shapelab.convert.given_layer import as_layer, place_of_layer, unit_of_layer
from shapelab.convert.place import Place
from shapelab.convert.spacing import Spacing, as_spacing
from shapelab.errors import InputError
from shapelab.frame import Frame, LayerData
from shapelab.io import Run
from shapelab.io.run import UNKNOWN_BOX
from shapelab.labels.check import as_labels, refuse_grey
from shapelab.limits import above
from shapelab.mesh import as_periodic
from shapelab.movies.time_of_layer import time_first, times_of_layer
from shapelab.short_repr import short_repr
from shapelab.units import conversion, is_length, seconds

__all__ = ["Movie", "MovieSource", "as_movie"]

MovieSource = Annotated[Any, "checked by as_movie"]
"""An array (t, y, x) or (t, z, y, x) of labels, a list of label images, a layer over time, a saved run of cells, or the frames of one."""


_UNKNOWN_FRAMES = "Frames of a run do not state whether its box is periodic: it was assumed not to be; set periodic=True if it is."


@short_repr
@dataclass(frozen=True, eq=False)
class Movie:
    """Label images of equal shape, one per frame, which are read when they are asked for."""

    source: Any = field(repr=False)
    """What each frame is read from: anything that is indexed by frame and gives arrays."""
    shape: tuple[int, ...]
    """Of one frame."""
    place: Place
    """Where a frame lies in space."""
    times: np.ndarray
    """Time of each frame [time_unit]."""
    unit: str = ""
    time_unit: str = "frame"
    periodic: tuple[bool, ...] = ()
    """Along which axes the cells go on beyond the box."""
    sure: bool = False
    """Whether the numbers are known to be ids, not the brightness of a grey image."""
    notes: tuple[str, ...] = ()
    """What had to be assumed, in sentences."""

    def __len__(self) -> int:
        return len(self.times)

    def __iter__(self) -> Iterator[np.ndarray]:
        return (self[index] for index in range(len(self)))

    def __getitem__(self, index: int) -> np.ndarray:
        """Return the labels of one frame.

        Raises
        ------
        InputError
            If they are no labels, or have another shape than the first frame; the sentence names the frame.
        """
        try:
            labels = as_labels(self.source[index], empty=True)
            if not self.sure and index == 0:
                refuse_grey(labels)
        except InputError as error:
            raise InputError(f"Frame {index}: {error}") from None
        if labels.shape != self.shape:
            raise InputError(f"Frame {index} has shape {labels.shape} but frame 0 has {self.shape}: all frames must be of one size.")
        return labels

    def layer(self, index: int) -> LayerData:
        """Return one frame as a labels layer, with its place in space."""
        meta = {**self.place.meta(), "units": (self.unit or "pixel",) * self.ndim}
        return LayerData(f"frame {index}", self[index], "labels", meta)

    def with_labels(self, labels: np.ndarray) -> Movie:
        """Return the same movie with other labels (t, y, x) or (t, z, y, x), such as those of `link_cells`."""
        return replace(self, source=labels, shape=tuple(labels.shape[1:]), sure=True)

    @property
    def ndim(self) -> int:
        """Number of axes of a frame."""
        return len(self.shape)

    @property
    def spacing(self) -> tuple[float, ...]:
        """Size of a voxel [unit]."""
        return self.place.spacing

    @property
    def box(self) -> np.ndarray:
        """Length of the box along each periodic axis [unit], 0 along the others."""
        return np.where(self.periodic, np.array(self.shape) * self.spacing, 0.0)


@checked(interval=above(0))
def as_movie(
    source: MovieSource,
    spacing: Spacing | None = None,
    *,
    interval: float | None = None,
    times: Sequence[float] | None = None,
    unit: str = "",
    time_unit: str = "",
    periodic: bool | Sequence[bool] | None = None,
) -> Movie:
    """Return `source` as a movie.

    Parameters
    ----------
    source
        - an array (t, y, x) or (t, z, y, x) of labels, also from dask or Zarr: frames are read one at a time;
        - a list of label images;
        - a `LayerData` whose first axis is time, or the one that its ``axis_labels`` call so, with its own voxel size, interval and
          units, or an xarray DataArray of such axes;
        - a saved run of cells (`shapelab.io.load_run`);
        - the frames of a run: a list of them, or what ``simulation.run(steps, every=…)`` yields.
    spacing
        Voxel size, one number or one per axis of space [unit]; by default that of the layer or run, else 1.
    interval
        Time between two frames [time_unit]; by default that of the layer or run, else 1.
    times
        Time of each frame [time_unit], ascending, where frames are not equally far apart.
    unit, time_unit
        Units; by default those of the layer or run, else pixels and frames. What the layer or run states in another unit is
        converted to these, `spacing`, `interval` and `times` are in them.
    periodic
        Whether the cells go on beyond the box, for all axes or one by one; by default as in the run, else not.

    Raises
    ------
    InputError
        If there are no frames, no labels, or the axes are others.
    """
    movie = _read(source)
    if interval is None and times is None:
        _require_order(movie.times)
    movie = _in_units(movie, unit if spacing is None else "", time_unit if interval is None and times is None else "")
    if spacing is not None:
        movie = replace(movie, place=Place.of(as_spacing(spacing, movie.ndim)))
    if interval is not None and times is not None:
        raise InputError("Frames have an interval or times of their own: give one of the two.")
    if interval is not None:
        times = (np.arange(len(movie)) * interval).tolist()
    if times is not None:
        movie = replace(movie, times=_ascending(times, len(movie)), time_unit=movie.time_unit.removesuffix("frame"))
    if periodic is not None:
        movie = replace(movie, periodic=as_periodic(periodic, movie.ndim), notes=())
    return replace(movie, unit=unit or movie.unit, time_unit=time_unit or movie.time_unit)


def _in_units(movie: Movie, unit: str, time_unit: str) -> Movie:
    """Return a movie that states its place and times in other units, in these; where one is unknown, nothing can be converted."""
    if is_length(unit) and is_length(movie.unit):
        matrix = movie.place.matrix.copy()
        matrix[:-1] *= conversion(movie.unit, unit)
        movie = replace(movie, place=Place(matrix))
    old, new = seconds(movie.time_unit), seconds(time_unit)
    return movie if old is None or new is None else replace(movie, times=movie.times * (old / new))


def _require_order(times: np.ndarray) -> None:
    """Raise an error if frames do not follow each other in time, as where two runs were put together."""
    wrong = np.flatnonzero(~(np.diff(times) > 0))
    if len(wrong):
        k = int(wrong[0])
        raise InputError(
            f"Frame {k + 1} was taken at time {times[k + 1]:g}, and the frame before it at {times[k]:g}: leave out what is there twice, "
            "or give times of your own (interval, times)."
        )


def _ascending(times: Sequence[float], frames: int) -> np.ndarray:
    """Return the times of frames, each later than the one before."""
    given = np.asarray(times, float)
    if given.shape != (frames,):
        raise InputError(f"times must have one entry for each of the {frames} frames; received {given.size}.")
    if not np.isfinite(given).all() or (np.diff(given) <= 0).any():
        raise InputError("times must be finite, and each later than the one before.")
    return given


def _read(source: Any) -> Movie:
    if has_coordinates(source) and axis_meanings(source.dims)[:1] == ("time",):
        return _of_coordinates(source)
    source = as_layer(source)
    if isinstance(source, Movie):
        return source
    if isinstance(source, Run):
        return _of_run(source)
    if isinstance(source, LayerData):
        return _of_layer(source)
    if isinstance(source, Sequence):
        return _of_frames(source)
    if isinstance(source, Iterator):  # the frames of a run that is under way: the cells are kept, the rest is not
        return _of_frames([_lightened(frame) if isinstance(frame, Frame) else frame for frame in source])
    if not hasattr(source, "shape"):
        raise InputError(f"A movie is an array, a list of label images, a layer or a run; received {type(source).__name__}.")
    return _of_array(source)


def _of_array(array: Any, sure: bool = False) -> Movie:
    shape = tuple(map(int, array.shape))
    if len(shape) not in (3, 4):
        raise InputError(f"A movie has the axes (t, y, x) or (t, z, y, x); received an array of shape {shape}.")
    if 0 in shape:
        raise InputError(f"The movie is empty: its shape is {shape}.")
    ndim = len(shape) - 1
    return Movie(array, shape[1:], Place.of((1.0,) * ndim), np.arange(shape[0], dtype=float), periodic=(False,) * ndim, sure=sure)


def _of_frames(frames: Sequence[Any]) -> Movie:
    if not len(frames):
        raise InputError("There are no frames.")
    times = None
    if all(isinstance(frame, Frame) for frame in frames):
        times = np.array([frame.time for frame in frames], float)
        frames = [_cells(frame) for frame in frames]
    frames = [as_layer(frame) for frame in frames]
    first = frames[0]
    movie = _of_array(_Stack(frames), sure=all(isinstance(frame, LayerData) and frame.kind == "labels" for frame in frames))
    if not isinstance(first, LayerData):
        return movie
    movie = replace(movie, place=place_of_layer(first, movie.ndim), unit=unit_of_layer(first))
    for number, frame in enumerate(frames):
        _require_place(movie, number, frame)
    return movie if times is None else replace(movie, times=times, time_unit="", notes=(_UNKNOWN_FRAMES,))


def _require_place(movie: Movie, number: int, frame: Any) -> None:
    """Raise an error if a frame says that it lies elsewhere than the first, or has other voxels."""
    if not isinstance(frame, LayerData) or movie.shape != np.shape(frame.data):
        return  # an array says nothing of its place, and what has another shape is refused where it is read
    place, unit = place_of_layer(frame, movie.ndim), unit_of_layer(frame)
    if unit != movie.unit or not np.allclose(place.matrix, movie.place.matrix, rtol=1e-6, atol=1e-9 * max(movie.spacing)):
        voxels = [" x ".join(f"{one:g}" for one in each.spacing) for each in (place, movie.place)]
        raise InputError(
            f"Frame {number} has voxels of {voxels[0]} {unit or 'pixel'} from {place.origin.tolist()} on, frame 0 of {voxels[1]} "
            f"{movie.unit or 'pixel'} from {movie.place.origin.tolist()} on: all frames must lie in one place. Give arrays and the spacing."
        )


class _Stack:
    """A list of images or layers as one array (t, …), not copied."""

    def __init__(self, frames: Sequence[Any]) -> None:
        self._frames = frames
        self.shape = (len(frames), *np.shape(self[0]))

    def __getitem__(self, index: int) -> Any:
        frame = self._frames[index]
        return frame.data if isinstance(frame, LayerData) else frame


def _of_coordinates(data: Any) -> Movie:
    """Return an array with coordinates (xarray) whose first axis is time as a movie: times in seconds where they are dates."""
    still = layer_of_coordinates(data.isel({data.dims[0]: 0}))
    movie = _of_array(data.data if is_lazy(data.data) else data.values)
    movie = replace(movie, place=place_of_layer(still, movie.ndim), unit=unit_of_layer(still))
    if data.dims[0] not in data.coords:
        return movie
    coordinate = data.coords[data.dims[0]]
    times, unit = np.asarray(coordinate.values), str(coordinate.attrs.get("units") or "")
    if times.dtype.kind in "mM":
        times, unit = (times - times[0]) / np.timedelta64(1, "s"), "second"
    if times.dtype.kind not in "iuf":
        raise InputError(f"The coordinates along {data.dims[0]!r} are not times (dtype {times.dtype}).")
    return replace(movie, times=_ascending(times.tolist(), len(movie)), time_unit=unit)


def _of_layer(layer: LayerData) -> Movie:
    if layer.kind not in ("labels", "image"):
        raise InputError(f"A movie is made of labels; the layer {layer.name!r} is of the kind {layer.kind}.")
    layer = time_first(layer)
    movie = _of_array(layer.data, sure=layer.kind == "labels")
    times, time_unit, still = times_of_layer(layer, len(movie))
    return replace(movie, place=place_of_layer(still, movie.ndim), times=times, unit=unit_of_layer(still), time_unit=time_unit)


def _of_run(run: Run) -> Movie:
    item = next((item for item in run.record.layers if item.kind == "labels" and item.name == "cells"), None)
    if item is None:
        raise InputError(f"The run {run.path.name} has no cells: it is a movie of {', '.join(one.name for one in run.record.layers)}.")
    movie = _of_array(run.array(item), sure=True)
    still = LayerData(item.name, movie.source, "labels", item.meta)
    return replace(
        movie,
        place=place_of_layer(still, movie.ndim),
        times=np.array(run.record.times[: len(run)], float),
        unit=unit_of_layer(still),
        time_unit=run.time_unit,
        periodic=(bool(run.periodic),) * movie.ndim,
        notes=(f"{run.path.name}: {UNKNOWN_BOX}",) if run.periodic is None else (),
    )


def _lightened(frame: Frame) -> Frame:
    return replace(frame, layers=(_cells(frame),))


def _cells(frame: Frame) -> LayerData:
    if "cells" not in frame:
        raise InputError(f"The frame of step {frame.step} has no cells; it has {', '.join(layer.name for layer in frame)}.")
    return frame.layer("cells")

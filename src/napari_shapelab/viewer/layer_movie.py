"""The frames of a Labels layer as the science takes a movie."""

from __future__ import annotations

from typing import Any

import numpy as np
from napari.layers import Labels, Layer

from napari_shapelab.viewer.axes import axis_name, split_axes
from napari_shapelab.viewer.given_labels import FrameImages, Given, why_no_labels
from napari_shapelab.viewer.layer_data import place_of
from napari_shapelab.viewer.shared_units import show_index
from napari_shapelab.viewer.shown_frame import time_axis
from shapelab.movies import Movie

__all__ = ["along_time", "movie_of", "on_all_axes", "place_over_time", "show_movie_frame", "times_of", "why_no_cells", "why_no_movie"]


def why_no_movie(layer: Labels) -> str:
    """Return why a layer is no movie of cells, "" if it is one; looks at no pixels."""
    reason = why_no_labels(layer)
    if reason:
        return reason
    return _without_time(layer) if time_axis(layer) < 0 else _backwards(layer)


def why_no_cells(layer: Layer) -> str:
    """Return why a layer holds neither cells nor a movie of them whose time runs forwards, "" if it may; looks at no pixels."""
    return why_no_labels(layer) or (_backwards(layer) if isinstance(layer, Labels) else "")


def _backwards(layer: Labels) -> str:
    time = time_axis(layer)
    if time < 0 or along_time(layer, time)[1] > 0:
        return ""
    return "its time runs backwards, as its scale is negative: reverse its frames first"


def _without_time(layer: Labels) -> str:
    """Return why no axis of a layer is its time."""
    shape = layer.level_shapes[0] if layer.multiscale else layer.data.shape
    sizes = {axis_name(layer, axis): int(shape[axis]) for axis in split_axes(layer)[1]}
    if sizes.get("time") == 1:
        return "it has only one frame"
    if others := [name for name, size in sizes.items() if "time" in sizes and size > 1 and name not in ("time", "channels")]:
        return f"it has {' and '.join(others)} besides time: make one position a layer of its own"
    return "it has no time axis besides 2 or 3 axes of space: name it t (layer.axis_labels)"


def times_of(layer: Labels) -> tuple[np.ndarray, str]:
    """Return the time of each frame and its unit: of a saved run its own, else where the slider shows it; of a still image 0."""
    time = time_axis(layer)
    if time < 0:
        return np.zeros(1), "frame"
    shape = layer.level_shapes[0] if layer.multiscale else layer.data.shape
    frames = int(shape[time])
    start, step = along_time(layer, time)
    origin = layer.metadata.get("shapelab")
    own = origin.get("times") if isinstance(origin, dict) else None
    if (start, step) == (0.0, 1.0) and isinstance(own, list) and len(own) == frames:
        return np.array(own, float), str(origin.get("time_unit", ""))
    timed = layer.units[time].dimensionality == {"[time]": 1}
    unit = str(layer.units[time]) if timed else "frame" if (start, step) == (0.0, 1.0) else ""
    return start + np.arange(frames) * step, unit


def along_time(layer: Labels, time: int) -> tuple[float, float]:
    """Return where the first frame lies in the layer's world along the axis of time, and how far it is to the next."""
    first, second = np.zeros(layer.ndim), np.zeros(layer.ndim)
    second[time] = 1
    start, after = (float(layer.data_to_world(point)[time]) for point in (first, second))
    return start, after - start


def place_over_time(layer: Layer) -> dict[str, Any]:
    """Return the settings of a layer whose data have the steps of a run before the pixels of `layer`."""
    place = place_of(layer)
    out = {"units": ("pixel", *place["units"]), "axis_labels": ("step", *place["axis_labels"]), "scale": (1.0, *place["scale"])}
    if "affine" not in place:
        return {**out, "translate": (0.0, *place["translate"])}
    affine = np.eye(layer.ndim + 2)
    affine[1:, 1:] = place["affine"]
    return {**out, "affine": affine}


def movie_of(taken: Given, times: tuple[np.ndarray, str]) -> Movie:
    """Return the frames of a layer, or its one image, as the science takes them; they are read when they are asked for."""
    first = taken.frames[0]
    return Movie(
        FrameImages(taken.frames),
        tuple(int(n) for n in np.shape(first.data)),
        first.place,
        times[0],
        first.unit,
        times[1],
        (first.periodic,) * first.ndim,
        sure=True,
    )


def on_all_axes(array: np.ndarray, taken: Given) -> np.ndarray:
    """Return an array with the axes of the whole layer, in their order; of length 1 along those that are neither time nor space.

    Parameters
    ----------
    array
        The frames (t, y, x) or (t, z, y, x), or a still image (y, x) or (z, y, x).
    taken
        What was taken from the layer.
    """
    axes = (taken.time, *taken.axes) if array.ndim > len(taken.axes) else taken.axes
    ordered = array.transpose(np.argsort(axes))  # time need not be the first axis of the layer
    return np.expand_dims(ordered, tuple(axis for axis in range(taken.ndim) if axis not in axes))


def show_movie_frame(layer: Labels, viewer: Any, frame: int) -> None:
    """Move napari's slider to a frame of a layer over time."""
    show_index(viewer, layer, time_axis(layer), frame)

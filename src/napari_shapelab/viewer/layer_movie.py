"""The frames of a Labels layer as the science takes a movie."""

from __future__ import annotations

from typing import Any

import numpy as np
from napari.layers import Labels

from napari_shapelab.viewer.given_labels import FrameImages, Given, why_no_labels
from napari_shapelab.viewer.shown_frame import time_axis
from shapelab.movies import Movie

__all__ = ["full_shape", "movie_of", "show_movie_frame", "times_of", "why_no_movie"]


def why_no_movie(layer: Labels) -> str:
    """Return why a layer is no movie of cells, "" if it is one; looks at no pixels."""
    reason = why_no_labels(layer)
    if reason:
        return reason
    time = time_axis(layer)
    if time < 0:
        return "it has no axis of time beside 2 or 3 axes of space: name it t (layer.axis_labels)"
    return "" if time == 0 else "time is not its first axis: reorder its axes first"


def times_of(layer: Labels) -> tuple[np.ndarray, str]:
    """Return the time of each frame, where the slider shows it, and its unit; of a still image 0."""
    time = time_axis(layer)
    if time < 0:
        return np.zeros(1), "frame"
    step = float(np.abs(layer.scale[time])) or 1.0
    timed = layer.units[time].dimensionality == {"[time]": 1}
    return np.arange(layer.data.shape[time]) * step + float(layer.translate[time]), str(layer.units[time]) if timed else "frame"


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


def full_shape(shape: tuple[int, ...], taken: Given) -> list[int]:
    """Return the lengths of the whole layer's axes, 1 along those that are neither time nor space.

    Parameters
    ----------
    shape
        Of the frames (t, y, x) or (t, z, y, x), or of a still image (y, x) or (z, y, x).
    taken
        What was taken from the layer.
    """
    sizes = [1] * taken.ndim
    axes = (taken.time, *taken.axes) if len(shape) > len(taken.axes) else taken.axes
    for axis, n in zip(axes, shape, strict=True):
        sizes[axis] = n
    return sizes


def show_movie_frame(layer: Labels, viewer: Any, frame: int) -> None:
    """Move napari's slider to a frame of a layer."""
    point = np.zeros(layer.ndim)
    point[0] = frame
    viewer.dims.set_point(viewer.dims.ndim - layer.ndim, float(layer.data_to_world(point)[0]))

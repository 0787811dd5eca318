"""A single label image as a movie of one frame."""

from __future__ import annotations

from typing import Any

from shapelab.axis_names import axis_meanings
from shapelab.convert.given_layer import as_layer
from shapelab.frame import Frame, LayerData
from shapelab.movies.movie import Movie

__all__ = ["as_film"]


def as_film(source: Any) -> Any:
    """Return a single label image as a list of one, for `as_movie`; what is a movie already stays.

    Single images are 2-D arrays, frames of runs, and layers without time. A 3-D array is a movie (t, y, x).
    """
    source = as_layer(source)
    if isinstance(source, Movie):
        return source
    if isinstance(source, Frame):
        return [source]
    if isinstance(source, LayerData):
        axes = [str(axis) for axis in source.meta.get("axis_labels") or ()]
        shape = getattr(source.data, "shape", ())
        return [source] if len(shape) == 2 or (len(axes) == len(shape) == 3 and "time" not in axis_meanings(axes)) else source
    return [source] if hasattr(source, "shape") and len(source.shape) == 2 else source

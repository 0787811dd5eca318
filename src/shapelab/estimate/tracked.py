"""Paths and sizes of the cells of a movie, frame by frame: what direct estimates and summary statistics look at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from shapelab.convert.place import straightened
from shapelab.errors import InputError
from shapelab.labels.moments import cell_moments
from shapelab.measure.labels import middles
from shapelab.movies import Movie
from shapelab.movies.intervals import mean_interval
from shapelab.stopping import check_stop

__all__ = ["Tracked", "track"]


@dataclass(frozen=True, eq=False)
class Tracked:
    """Cells by label, N in T frames; NaN where a cell is not there."""

    ids: np.ndarray
    """(N,)"""
    places: np.ndarray
    """(N, T, d) centroids [unit], unwrapped through periodic sides."""
    sizes: np.ndarray
    """(N, T) areas or volumes [unit^d]."""
    shapes: np.ndarray
    """(N, T, d, d) covariances [unit^2]."""
    at_border: np.ndarray
    """(N, T) whether a cell reaches the border of the image, beyond which nothing is known."""
    times: np.ndarray
    """(T,)"""
    box: np.ndarray
    """(d,) length of the box along periodic axes [unit], 0 along others."""

    @property
    def step(self) -> float:
        """Mean time between two frames."""
        return mean_interval(self.times)

    @property
    def radius(self) -> float:
        """Radius of a ball of the mean size [unit]."""
        size = float(np.nanmean(self.sizes))
        return float(np.sqrt(size / np.pi)) if self.places.shape[2] == 2 else float((3 * size / (4 * np.pi)) ** (1 / 3))


def track(movie: Movie, progress: Callable[[int, int], None] | None = None) -> Tracked:
    """Return the paths and sizes of all cells, which keep their labels from frame to frame."""
    rows, ndim = [], movie.ndim
    for number, labels in enumerate(movie):
        check_stop()
        array, place, _ = straightened(labels, movie.place, smooth=False)
        periodic = movie.periodic if array is labels else (False,) * ndim
        ids, index = np.unique(array, return_inverse=True)
        cells = ids[ids != 0]
        index = index.reshape(array.shape) - int(len(cells) < len(ids))
        near = middles(index, len(cells), place.spacing, periodic)
        size, centre, shape = cell_moments(index, len(cells), place.spacing, *near)
        rows.append((cells.astype(np.int64), size, centre, shape, _touching(index, len(cells), periodic)))
        if progress is not None:
            progress(number + 1, len(movie))
    ids = np.unique(np.concatenate([row[0] for row in rows])) if rows else np.zeros(0, np.int64)
    if not len(ids):
        raise InputError("The movie has no cells: every frame is 0, the background.")
    n, t = len(ids), len(rows)
    found = Tracked(
        ids,
        np.full((n, t, ndim), np.nan),
        np.full((n, t), np.nan),
        np.full((n, t, ndim, ndim), np.nan),
        np.zeros((n, t), bool),
        np.asarray(movie.times, float),
        movie.box,
    )
    for number, (cells, size, centre, shape, border) in enumerate(rows):
        at = np.searchsorted(ids, cells)
        found.sizes[at, number], found.places[at, number] = size, centre
        found.shapes[at, number], found.at_border[at, number] = shape, border
    _unwrap(found.places, movie.box)
    return found


def _touching(index: np.ndarray, n: int, periodic: tuple[bool, ...]) -> np.ndarray:
    touching = np.zeros(n + 1, bool)  # the last one stands for the background, -1
    for axis in range(index.ndim):
        if not periodic[axis]:
            touching[np.moveaxis(index, axis, 0)[[0, -1]].ravel()] = True
    return touching[:n]


def _unwrap(places: np.ndarray, box: np.ndarray) -> None:
    """Continue paths through periodic sides, in place; across a gap they go the short way."""
    if not box.any():
        return
    wide = np.where(box > 0, box, 1.0)
    last = places[:, 0].copy()
    for number in range(1, places.shape[1]):
        step = places[:, number] - last
        places[:, number] -= np.where(box > 0, np.round(np.nan_to_num(step) / wide) * box, 0)
        last = np.where(np.isfinite(places[:, number]), places[:, number], last)

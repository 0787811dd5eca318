"""Two movies in the Compare dock: the work, and a tab with curves whose cursor follows napari's slider."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import numpy as np
from napari.layers import Labels, Layer

import shapelab
from napari_shapelab.docks.compare.comparison import CompareParameters, Comparison
from napari_shapelab.viewer.given_labels import Given, given
from napari_shapelab.viewer.layer_data import place_of
from napari_shapelab.viewer.layer_movie import along_time, movie_of, on_all_axes, times_of
from napari_shapelab.viewer.recorded import film_of, why_no_film
from napari_shapelab.work.progress import Progress, Report
from napari_shapelab.work.script_button import Script
from shapelab.compare import MovieComparison, compare_movies
from shapelab.convert.place import Place
from shapelab.errors import InputError
from shapelab.frame import LayerData
from shapelab.stopping import stoppable

__all__ = ["MovieWork", "are_movies", "distributions_at", "pair_at"]

_PLACE = ("scale", "translate", "affine")


def are_movies(*layers: Layer | None) -> bool:
    """Return whether all of these are movies of cells."""
    return all(layer is not None and not why_no_film(layer) for layer in layers)


class MovieWork:
    """All frames of two layers, taken on the window's thread and compared on another.

    Parameters
    ----------
    a, b
        Labels over time.
    viewer
        In which they are.
    parameters
        What to compute.
    link
        Give each cell one label first.

    Raises
    ------
    InputError
        If a layer is no movie: why.
    """

    def __init__(self, a: Labels, b: Labels, viewer: Any, parameters: CompareParameters, link: bool) -> None:
        for side, layer in (("A", a), ("B", b)):
            if reason := why_no_film(layer):
                raise InputError(f"{side} cannot be compared over time: {reason}.")
        films = [film_of(layer, viewer) for layer in (a, b)]
        self.film = films[0]
        """A, over time: the layer whose frames the slider goes through."""
        self._taken = tuple(given(layer, viewer, film=True) for layer in films)
        self.movies = tuple(movie_of(taken, times_of(layer)) for taken, layer in zip(self._taken, films, strict=True))
        self._place, self._names = place_of(self.film), (a.name, b.name)
        self._along = along_time(self.film, self._taken[0].time)
        self._parameters, self._link = parameters, link

    def script(self) -> Script:
        """Return what a script does that compares the same."""
        options = {"link": self._link, "exclude_border": self._parameters.exclude_border, "names": self._names}
        body = [f"found = sl.compare_movies(a, b, {', '.join(f'{name}={value!r}' for name, value in options.items())})", "print(found)"]
        tables = [f"print(found.{name}.to_string())" for name in ("summary", "pooled", "frames")]
        return Script([*body, *tables], movies=dict(zip("ab", self.movies, strict=True)))

    def __call__(self, report: Report, abort: threading.Event) -> Comparison:
        """Compare them."""
        with stoppable(abort):
            found = compare_movies(
                self.movies[0],
                self.movies[1],
                link=self._link,
                exclude_border=self._parameters.exclude_border,
                names=self._names,
                progress=lambda part, text: report(Progress(part, text)),
            )
            difference = None
            if self._parameters.difference:
                report(Progress(0.95, "Finding where they differ…"))
                difference = _in_layer(found.difference(), self._taken[0], self._place, self._frames_at(found.pairs.a))
        result = {**found.report(), "compared": "movies"}
        provenance = {
            "model": "compare",
            "a": self._names[0],
            "b": self._names[1],
            "parameters": dict(found.parameters),
            "version": shapelab.__version__,
            "notes": list(found.notes),
        }
        return Comparison(self._names, result, difference, provenance, found)

    def _frames_at(self, frames: np.ndarray) -> tuple[float, float]:
        """Return where the first of these frames of A lies on the axis of time of its layer, and how far it is to the next, on average."""
        start, step = self._along
        stride = float(np.diff(frames).mean()) if len(frames) > 1 else 1.0
        return start + step * float(frames[0]), step * stride


def _in_layer(difference: LayerData, taken: Given, place: dict[str, Any], along: tuple[float, float]) -> LayerData:
    """Return a difference (t, y, x) or (t, z, y, x) with all axes of the layer A, in its units; `along` is that of time."""
    found = _matrix({name: difference.meta[name] for name in _PLACE if name in difference.meta}, 1 + len(taken.axes))
    pixels = taken.frames[0].pixels_place(Place(found[1:, 1:]))
    whole = _matrix(place, taken.ndim)
    rows = [*taken.axes, taken.ndim]
    whole[np.ix_(rows, rows)] = _matrix(pixels, len(taken.axes))
    whole[taken.time, [-1, taken.time]] = along
    settings = {**Place(whole).meta(), "units": place["units"], "axis_labels": place["axis_labels"]}
    meta = {name: value for name, value in difference.meta.items() if name not in (*_PLACE, "units", "axis_labels", "metadata")}
    return LayerData(difference.name, on_all_axes(difference.data, taken), "labels", meta | settings)


def _matrix(meta: Mapping[str, Any], ndim: int) -> np.ndarray:
    """Return the matrix from the pixels of a layer of which `meta` says the place."""
    place = Place.from_meta(meta, ndim)
    return (Place.of(meta["scale"]) if place is None else place).matrix.copy()


def pair_at(found: MovieComparison, frame: int) -> int:
    """Return the pair whose frame of A is nearest to this one."""
    return int(np.abs(found.pairs.a - frame).argmin())


def distributions_at(found: MovieComparison, pair: int) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return quantity -> (values of A's cells in that pair of frames, of B's)."""
    tables = [side.table[side.table["frame"] == int(frames[pair])] for side, frames in ((found.a, found.pairs.a), (found.b, found.pairs.b))]
    names = found.pooled["quantity"].tolist()
    return {str(name): (tables[0][name].to_numpy(float), tables[1][name].to_numpy(float)) for name in names}

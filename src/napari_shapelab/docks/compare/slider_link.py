"""The curves of two movies follow napari's slider, and move it."""

from __future__ import annotations

from typing import Any

from napari.layers import Labels, Layer
from qtpy.QtCore import QObject

from napari_shapelab.docks.compare.results import ComparisonResults
from napari_shapelab.viewer.layer_movie import show_movie_frame
from napari_shapelab.viewer.shown_frame import shown_frame
from shapelab.compare import MovieComparison

__all__ = ["SliderLink"]


class SliderLink(QObject):
    """Keeps the frame that is shown and the cursor of the curves together.

    Parameters
    ----------
    viewer
        Whose slider to follow.
    results
        With the curves; the link lives as long as they do.
    """

    def __init__(self, viewer: Any, results: ComparisonResults) -> None:
        super().__init__(results)
        self._viewer, self._results = viewer, results
        self._layer: Layer | None = None
        self._found: MovieComparison | None = None
        results.over_time.chosen.connect(self._go)
        viewer.dims.events.current_step.connect(self._on_frame)

    def follow(self, layer: Layer | None, found: MovieComparison | None) -> None:
        """Follow the frames of A, a layer over time; None for nothing to follow."""
        self._layer, self._found = layer, found
        self._on_frame()

    def _movie(self) -> Labels | None:
        there = isinstance(self._layer, Labels) and self._layer in self._viewer.layers
        return self._layer if there and isinstance(self._layer, Labels) else None

    def _on_frame(self, event: Any = None) -> None:
        del event
        if self._found is None:
            return
        movie = self._movie()
        self._results.show_frame(-1 if movie is None else shown_frame(movie, self._viewer))

    def _go(self, pair: int) -> None:
        movie = self._movie()
        if movie is not None and self._found is not None:
            show_movie_frame(movie, self._viewer, int(self._found.pairs.a[pair]))

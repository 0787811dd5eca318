"""Tells when the labels are no longer those that a result was inferred from."""

from __future__ import annotations

from typing import Any

import numpy as np
from napari.layers import Labels
from qtpy.QtCore import QObject, QTimer, Signal

from napari_shapelab.docks.tensions.inference import Found
from napari_shapelab.viewer.given_labels import Given, given
from napari_shapelab.work.task import Task
from shapelab.errors import ShapelabError

__all__ = ["Freshness"]

_PATIENCE = 400
"""Time without a change after which the labels are looked at [ms]."""
_EVENTS = ("data", "set_data", "paint", "labels_update", "visible", "scale", "affine", "rotate", "shear", "units", "axis_labels")


class Freshness(QObject):
    """Watches one layer.

    Parameters
    ----------
    viewer
        The viewer.
    """

    changed = Signal(bool)
    """Whether the result is out of date."""

    def __init__(self, viewer: Any) -> None:
        super().__init__()
        self._viewer = viewer
        self._layer: Labels | None = None
        self._found: Found | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_PATIENCE)
        self._timer.timeout.connect(self._look)

    def watch(self, layer: Labels | None, found: Found | None) -> None:
        """Watch the layer that a result came from; None for nothing."""
        if self._layer is not None:
            for name in _EVENTS:
                getattr(self._layer.events, name).disconnect(self._on_event)
        self._timer.stop()
        self._layer, self._found = layer, found
        if layer is not None:
            for name in _EVENTS:
                getattr(layer.events, name).connect(self._on_event)

    def look_soon(self) -> None:
        """Look at the labels once nothing has changed for a moment."""
        self._timer.start()

    def _on_event(self, event: Any = None) -> None:
        del event
        self.look_soon()

    def _look(self) -> None:
        layer, found = self._layer, self._found
        if layer is None or found is None:
            return
        try:
            now = given(layer, self._viewer, film=found.given.film, frame=found.given.frame)
        except ShapelabError:
            self.changed.emit(True)
            return

        def done(old: bool) -> None:
            if found is self._found:
                self.changed.emit(old)

        Task(self, lambda: _differs(found, now), done, lambda _: done(True))


def _differs(found: Found, now: Given) -> bool:
    """Return whether the labels, or the size of their voxels, are others."""
    if len(now.frames) != len(found.given.frames) or not np.allclose(now.spacing, found.given.spacing, atol=0):
        return True
    stills = found.film.frames if found.film is not None else (found.still,)
    return any(still is None or still.out_of_date(frame.read().data) for still, frame in zip(stills, now.frames, strict=True))

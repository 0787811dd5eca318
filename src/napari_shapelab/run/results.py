"""What the runs of one dock have left in the viewer: hidden at the next run, removed in one click, never in the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from weakref import WeakSet

import numpy as np
from napari.layers import Layer

from napari_shapelab.run.layers import RunLayers
from napari_shapelab.run.outcome import Checkpoint, Snapshot
from napari_shapelab.viewer.view import see, unwrapped
from shapelab.simulation import Simulation

__all__ = ["EarlierRuns", "Shown"]


@dataclass
class Shown:
    """What the panel shows, and can resume: put back if another run ends before its first frame."""

    layers: RunLayers | None = None
    snapshot: Snapshot | None = None
    checkpoint: Checkpoint | None = None
    again: Callable[[], Simulation] | None = None
    title: str = ""
    status: str = "Ready."


_docks: WeakSet[EarlierRuns] = WeakSet()
"""Those of all docks that are open."""


class EarlierRuns:
    """The layers of the runs before the present one, and the user's own layer that it covers.

    Parameters
    ----------
    viewer
        The viewer.
    running
        Tells whether the dock's run goes on.
    """

    def __init__(self, viewer: Any, running: Callable[[], bool]) -> None:
        self.viewer = unwrapped(viewer)
        self._running = running
        self._shown: RunLayers | None = None
        self._aside: list[Layer] = []
        _docks.add(self)
        self._runs: list[RunLayers] = []
        self._source: Layer | None = None
        self._over: Layer | None = None
        self._seen: tuple[Any, ...] = ()
        self.viewer.layers.events.removed.connect(self._on_removed)

    def add(self, run: RunLayers) -> None:
        """Hide a run and its results: another one is shown."""
        run.hide()
        self._runs.append(run)
        self.show_source()

    def layers(self) -> list[Layer]:
        """Return what can be removed."""
        return [layer for run in self._runs for layer in run.removable()]

    def remove(self) -> int:
        """Remove the layers of the earlier runs; return how many there were. What the user has painted stays."""
        found = self.layers()
        for layer in found:
            self.viewer.layers.remove(layer)
        self._runs = []
        return len(found)

    def make_way(self, layers: RunLayers, source: Layer | None, note: str) -> str:
        """Select a new run and show the whole of it, unless it lies where the last one lay; return what to say of it."""
        main = layers.main
        if main is None:
            return note
        self.viewer.layers.selection.active = main
        self._shown, self._aside = layers, []
        for other in [other for other in _docks if other is not self and other.viewer is self.viewer]:
            other.step_aside()
        place = (main.ndim, *map(str, main.units), *(f"{end:.9g}" for end in np.ravel(main.extent.world)))
        if place != self._seen or self.viewer.dims.ndisplay != min(main.ndim, 3):
            see(self.viewer, *layers.layers())
        self._seen = place
        if source is None:
            return note
        if not source.visible:
            return note
        self._source, self._over = source, main
        source.visible = False
        main.events.visible.connect(self._on_visible)
        said = f"{source.name!r} is hidden under its run: click the eye of {main.name!r} to see it again."
        return " ".join(part for part in (note, said) if part)

    def step_aside(self) -> None:
        """Hide the last run and its results, unless it goes on: a run of another dock is shown."""
        if self._shown is not None and not self._running():
            self._aside += [layer for layer in self._shown.all_layers() if layer.visible]
            self._shown.hide()

    def come_back(self) -> None:
        """Show again what has stepped aside: its run is resumed."""
        aside, self._aside = self._aside, []
        for layer in aside:
            layer.visible = True

    def show_source(self) -> None:
        """Show the user's own layer again."""
        source, over, self._source, self._over = self._source, self._over, None, None
        if over is not None:
            over.events.visible.disconnect(self._on_visible)
        if source is not None and source in self.viewer.layers:
            source.visible = True

    def _on_visible(self, event: Any) -> None:
        """One of the two is seen: the user's own layer while the run is hidden, with its mesh, and the other way round."""
        if self._source is not None and self._source in self.viewer.layers:
            covered = self._shown is not None and self._shown.shows_results()
            self._source.visible = not (event.source.visible or covered)

    def _on_removed(self, event: Any) -> None:
        if self._over is not None and event.value is self._over:
            self.show_source()

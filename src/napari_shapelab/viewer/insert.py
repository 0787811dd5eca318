"""Layers made and added one by one, with the window's own work in between: each takes napari a tenth of a second."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from napari.layers import Layer
from qtpy.QtCore import QObject, QTimer

from napari_shapelab.viewer.view import see, unwrapped
from shapelab.errors import ShapelabError

__all__ = ["LayerAdder", "insert_layer"]

_log = logging.getLogger(__name__)


class LayerAdder(QTimer):
    """Makes layers and adds them to a viewer without holding up its window.

    Parameters
    ----------
    viewer
        The viewer.
    owner
        When it is gone, nothing more is added.
    """

    def __init__(self, viewer: Any, owner: QObject) -> None:
        super().__init__(owner)
        self._viewer = unwrapped(viewer)
        self._waiting: list[Callable[[], None]] = []
        self.setInterval(0)
        self.timeout.connect(self._next)

    def add(
        self, triples: Sequence[tuple[Any, dict[str, Any], str]], done: Callable[[list[Layer]], None], failed: Callable[[str], None]
    ) -> None:
        """Make and add layers, the first of them at once.

        Parameters
        ----------
        triples
            Data, settings and type of each.
        done
            Called with the layers when all are there.
        failed
            Called with a sentence if one of them, or `done`, raises; nothing more is added then.
        """
        made: list[Layer] = []

        def make(triple: tuple[Any, dict[str, Any], str]) -> None:
            made.append(self._viewer.add_layer(Layer.create(*triple)))

        def guarded(step: Callable[[], None]) -> None:
            try:
                step()
            except Exception as error:  # told to the user, whatever it is: the dock must stay usable
                if not isinstance(error, ShapelabError):
                    _log.exception("A layer cannot be added")
                self._waiting.clear()
                failed(str(error) if isinstance(error, ShapelabError) else f"A layer cannot be shown ({type(error).__name__}: {error}).")

        steps = [partial(make, triple) for triple in triples]
        self._waiting += [partial(guarded, step) for step in (*steps, partial(done, made))]
        self._next()
        self.start()

    def _next(self) -> None:
        if not self._waiting:
            self.stop()
            return
        self._waiting.pop(0)()


def insert_layer(viewer: Any, layer: Layer, below: Layer | None = None) -> None:
    """Add a layer, on top or below another one, and keep the selection; a volume in an empty viewer is seen from a corner."""
    layers = viewer.layers
    was_empty = not layers
    selected = set(layers.selection)
    if was_empty and layer.ndim >= 3 and viewer.dims.ndisplay == 2:
        viewer.dims.ndisplay = 3
    layers.insert(len(layers) if below is None else layers.index(below), layer)
    if was_empty and layer.ndim >= 3:
        see(viewer, layer)
    if selected:
        layers.selection = selected

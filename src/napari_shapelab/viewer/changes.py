"""Tells when layers are no longer those that something was computed from: other pixels, another place, or removed."""

from __future__ import annotations

from typing import Any
from weakref import ref

from napari.layers import Layer
from qtpy.QtCore import QObject, Signal

__all__ = ["Changes"]

_EVENTS = ("data", "paint", "labels_update", "scale", "translate", "rotate", "shear", "affine", "units", "axis_labels")


class Changes(QObject):
    """Follows some layers.

    Parameters
    ----------
    viewer
        In which they are.
    owner
        With which it ends.
    again
        What to do when one has changed, as a sentence.
    """

    found = Signal(str)
    """The first change, in sentences."""

    def __init__(self, viewer: Any, owner: QObject, again: str) -> None:
        super().__init__(owner)
        self._again = again
        self._layers: tuple[ref[Layer], ...] = ()
        self.text = ""
        """What has changed since `follow`, in sentences; "" for nothing."""
        viewer.layers.events.removed.connect(self._on_removed)

    def follow(self, *layers: Layer) -> None:
        """Follow these layers, as they are now, and no others any more."""
        for layer in (one() for one in self._layers):
            for event in _events_of(layer):
                event.disconnect(self._on_changed)
        for layer in layers:
            for event in _events_of(layer):
                event.connect(self._on_changed)
        self._layers, self.text = tuple(map(ref, layers)), ""

    def _on_changed(self, event: Any) -> None:
        self._tell(f"{event.source.name!r} has been changed since. {self._again}")

    def _on_removed(self, event: Any) -> None:
        if any(event.value is one() for one in self._layers):
            self._tell(f"{event.value.name!r} has been removed since.")

    def _tell(self, text: str) -> None:
        if not self.text:
            self.text = text
            self.found.emit(text)


def _events_of(layer: Layer | None) -> list[Any]:
    """Return the events of a layer after which it is another one; none of one that is gone."""
    return [] if layer is None else [layer.events[name] for name in _EVENTS if name in layer.events.emitters]

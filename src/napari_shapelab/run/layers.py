"""The layers of one run: made once, then updated in place; followed by object, never by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from napari.layers import Labels, Layer

from napari_shapelab.viewer.insert import insert_layer
from napari_shapelab.viewer.view import unwrapped
from shapelab.simulation import Frame, LayerData

__all__ = ["RunLayers"]

_RECREATED = 1
"""How often a layer that the user deletes during a run comes back."""


@dataclass
class _Slot:
    layer: Layer
    waiting: tuple[LayerData, Mapping[str, Any]] | None = None
    """Newest data that is not shown yet, because the layer is hidden."""
    removals: int = 0


class RunLayers:
    """The layers of one run in a viewer.

    Contrast, colours and visibility are set when a layer is made and belong to the user from then on. A layer that
    the user deletes comes back once, then stays away. A hidden layer is not updated until it is shown.

    Parameters
    ----------
    viewer
        napari's viewer, or its model.
    title
        What the layers' names begin with: "tubes" makes "tubes · field".
    looks
        Layer name -> settings that a new layer begins with, over those of the frame (a colormap, a place…).
    """

    def __init__(self, viewer: Any, title: str, looks: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        self._viewer = unwrapped(viewer)
        self._title = title
        self._looks = looks or {}
        self._slots: dict[str, _Slot] = {}
        self._held: set[str] = set()
        self._alive = False
        self.follow()

    def __getitem__(self, name: str) -> Layer | None:
        """Return the layer made for a frame's layer `name`, None if there is none in the viewer."""
        slot = self._slots.get(name)
        return slot.layer if slot is not None and slot.layer in self._viewer.layers else None

    def __len__(self) -> int:
        """Return how many layers have been made."""
        return len(self._slots)

    def layers(self) -> list[Layer]:
        """Return the layers that are in the viewer."""
        return [slot.layer for slot in self._slots.values() if slot.layer in self._viewer.layers]

    def show(self, frame: Frame, provenance: Mapping[str, Any]) -> None:
        """Show `frame`: update its layers, make those that are missing."""
        if not self._alive:
            return
        for item in frame:
            slot = self._slots.get(item.name)
            if slot is None:
                self._slots[item.name] = _Slot(self._add(item, provenance))
            elif slot.layer not in self._viewer.layers:
                self._bring_back(slot, item, provenance)
            elif slot.layer.visible and item.name not in self._held:
                _apply(slot.layer, item, provenance)
            else:
                slot.waiting = (item, provenance)

    def hold(self, name: str) -> None:
        """Leave the layer of this name as it is, while the user drags something in it."""
        self._held.add(name)

    def let_go(self, name: str) -> None:
        """Update the layer of this name again."""
        self._held.discard(name)
        if name in self._slots:
            self._catch_up(self._slots[name])

    def follow(self) -> None:
        """Follow what the user does with the layers (again, for a run that goes on)."""
        if self._alive:
            return
        self._alive = True
        self._viewer.layers.events.removed.connect(self._on_removed)
        for slot in self._slots.values():
            self._watch(slot.layer)

    def _watch(self, layer: Layer) -> None:
        layer.events.visible.connect(self._on_visible)
        if isinstance(layer, Labels):
            layer.editable = False  # the next frame would paint over what the user paints

    def release(self) -> None:
        """Stop following: the layers stay as they are. Hidden ones receive what they have missed."""
        for slot in self._slots.values():
            self._catch_up(slot)
            slot.layer.editable = True
            slot.layer.events.visible.disconnect(self._on_visible)
        self._viewer.layers.events.removed.disconnect(self._on_removed)
        self._alive = False

    def _add(self, item: LayerData, provenance: Mapping[str, Any]) -> Layer:
        data, meta, kind = item.as_tuple()
        meta.update(self._looks.get(item.name, {}))
        meta["name"] = f"{self._title} · {item.name}"
        meta["metadata"] = {**meta.get("metadata", {}), "shapelab": dict(provenance)}
        layer = Layer.create(data, meta, kind)
        insert_layer(self._viewer, layer)
        self._watch(layer)
        return layer

    def _bring_back(self, slot: _Slot, item: LayerData, provenance: Mapping[str, Any]) -> None:
        if slot.removals <= _RECREATED:
            _apply(slot.layer, item, provenance)
            insert_layer(self._viewer, slot.layer)

    def _catch_up(self, slot: _Slot) -> None:
        if slot.waiting is not None:
            waiting, slot.waiting = slot.waiting, None
            _apply(slot.layer, *waiting)

    def _on_visible(self, event: Any) -> None:
        for slot in self._slots.values():
            if slot.layer is event.source and slot.layer.visible:
                self._catch_up(slot)

    def _on_removed(self, event: Any) -> None:
        for slot in self._slots.values():
            if slot.layer is event.value:
                slot.removals += 1


def _apply(layer: Layer, item: LayerData, provenance: Mapping[str, Any]) -> None:
    editable = layer.editable
    layer.data = item.data
    if layer.editable != editable:  # assigning data makes labels editable again
        layer.editable = editable
    if "features" in item.meta:
        layer.features = item.meta["features"]
    layer.metadata["shapelab"] = dict(provenance)

"""The layers of one run: made once, then updated in place; followed by object, never by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from napari.layers import Labels, Layer

from napari_shapelab.run.run_place import RunPlace, place_beside
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
    painted: bool = False
    """The user has painted in it since the run ended."""


class RunLayers:
    """The layers of one run in a viewer.

    Contrast, colours and visibility are set when a layer is made and belong to the user from then on. A layer that
    the user deletes comes back once, then stays away. A hidden layer is not updated until it is shown. While the run
    goes on its labels are locked; afterwards they can be painted, and what was painted is never overwritten.

    Parameters
    ----------
    viewer
        napari's viewer, or its model.
    title
        What the layers' names begin with: "tubes" makes "tubes · field".
    looks
        Layer name -> settings that a new layer begins with, over those of the frame (a colormap…).
    place
        Where all of them lie in the world: over the layer that the run came from; None for a place of their own.
    """

    def __init__(
        self, viewer: Any, title: str, looks: Mapping[str, Mapping[str, Any]] | None = None, place: RunPlace | None = None
    ) -> None:
        self._viewer = unwrapped(viewer)
        self._title = title
        self._looks = looks or {}
        self._place = place
        self._slots: dict[str, _Slot] = {}
        self._held: set[str] = set()
        self._results: list[Layer] = []
        self._own: list[Layer] = []
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

    @property
    def main(self) -> Layer | None:
        """The layer that says most: the first one of a frame."""
        return next(iter(self.layers()), None)

    # -- results that belong to the run --------------------------------------------------------------------------

    def adopt(self, layer: Layer, *, own: bool = False) -> None:
        """Count a layer that was made from the run (a mesh, a mask) as one of its results, which are hidden with it.

        Parameters
        ----------
        layer
            The layer.
        own
            It is the user's own from now on, to paint in: it is never removed with the run.
        """
        (self._own if own else self._results).append(layer)

    def shows_results(self) -> bool:
        """Return whether one of its results is seen."""
        return any(layer.visible for layer in self._results if layer in self._viewer.layers)

    def all_layers(self) -> list[Layer]:
        """Return the layers of the run and of all its results."""
        return [*self.layers(), *self._results, *self._own]

    def hide(self) -> None:
        """Hide the run and all results of it."""
        for layer in self.all_layers():
            layer.visible = False

    def removable(self) -> list[Layer]:
        """Return the layers in the viewer that can be made again, and that nobody has painted in."""
        ours = [slot.layer for slot in self._slots.values() if not slot.painted]
        return [layer for layer in (*ours, *self._results) if layer in self._viewer.layers]

    # -- frames --------------------------------------------------------------------------------------------------

    def show(self, frame: Frame, provenance: Mapping[str, Any]) -> None:
        """Show `frame`: update its layers, make those that are missing; one that cannot be shown does not stop the others."""
        if not self._alive:
            return
        first: Exception | None = None
        for item in frame:
            try:
                self._show(item, provenance)
            except Exception as error:  # raised below, once the others are shown
                first = first or error
        if first is not None:
            raise first

    def hold(self, name: str) -> None:
        """Leave the layer of this name as it is, while the user drags something in it."""
        self._held.add(name)

    def let_go(self, name: str) -> None:
        """Update the layer of this name again."""
        self._held.discard(name)
        if name in self._slots:
            self._catch_up(self._slots[name])

    def follow(self) -> None:
        """Follow what the user does with the layers (again, for a run that is resumed)."""
        if self._alive:
            return
        self._alive = True
        self._viewer.layers.events.removed.connect(self._on_removed)
        for name in [name for name, slot in self._slots.items() if slot.painted]:
            layer = self._slots.pop(name).layer
            layer.name = f"{layer.name} · painted"
            self._own.append(layer)
        for slot in self._slots.values():
            self._watch(slot.layer)

    def release(self) -> None:
        """Stop following: the layers stay as they are, to paint in. Hidden ones receive what they have missed."""
        if not self._alive:
            return
        self._alive = False
        self._viewer.layers.events.removed.disconnect(self._on_removed)
        for slot in self._slots.values():
            self._catch_up(slot)
            slot.layer.events.visible.disconnect(self._on_visible)
            if isinstance(slot.layer, Labels):
                if not slot.layer.data.flags.writeable:  # a frame, that nobody may write to
                    slot.layer.data = np.array(slot.layer.data)
                slot.layer.events.paint.connect(self._on_paint)
            slot.layer.editable = True

    # -- inside --------------------------------------------------------------------------------------------------

    def _show(self, item: LayerData, provenance: Mapping[str, Any]) -> None:
        slot = self._slots.get(item.name)
        if slot is None:
            self._slots[item.name] = _Slot(self._add(item, provenance))
        elif slot.layer not in self._viewer.layers:
            self._bring_back(slot, item, provenance)
        elif slot.layer.visible and item.name not in self._held:
            _apply(slot.layer, item, provenance, self._viewer)
        else:
            slot.waiting = (item, provenance)

    def _watch(self, layer: Layer) -> None:
        layer.events.visible.connect(self._on_visible)
        if isinstance(layer, Labels):
            layer.events.paint.disconnect(self._on_paint)
            layer.editable = False  # the next frame would paint over what the user paints

    def _add(self, item: LayerData, provenance: Mapping[str, Any]) -> Layer:
        data, meta, kind = item.as_tuple()
        if self._place is None:
            self._place = place_beside(self._viewer, item.meta)
        meta.update(self._looks.get(item.name, {}))
        meta.update(self._place.settings(meta))
        meta["name"] = f"{self._title} · {item.name}"
        meta["metadata"] = {**meta.get("metadata", {}), "shapelab": {**provenance, "layer": item.name}}
        layer = Layer.create(data, meta, kind)
        above = next((one for one in self.layers() if isinstance(one, Labels)), None) if kind == "image" else None
        insert_layer(self._viewer, layer, above)  # what cells live in lies behind them
        self._watch(layer)
        return layer

    def _bring_back(self, slot: _Slot, item: LayerData, provenance: Mapping[str, Any]) -> None:
        if slot.removals <= _RECREATED:
            _apply(slot.layer, item, provenance, self._viewer)
            insert_layer(self._viewer, slot.layer)

    def _catch_up(self, slot: _Slot) -> None:
        if slot.waiting is not None:
            waiting, slot.waiting = slot.waiting, None
            _apply(slot.layer, *waiting, self._viewer)

    def _on_visible(self, event: Any) -> None:
        for slot in self._slots.values():
            if slot.layer is event.source and slot.layer.visible:
                self._catch_up(slot)

    def _on_removed(self, event: Any) -> None:
        for slot in self._slots.values():
            if slot.layer is event.value:
                slot.removals += 1

    def _on_paint(self, event: Any) -> None:
        for slot in self._slots.values():
            if slot.layer is event.source:
                slot.painted = True


def _apply(layer: Layer, item: LayerData, provenance: Mapping[str, Any], viewer: Any) -> None:
    editable, recount = layer.editable, getattr(viewer, "_on_layers_change", None)
    if layer.data is item.data:  # walls that stay: nothing to draw again
        pass
    elif recount is None or np.shape(layer.data) != np.shape(item.data):
        layer.data = item.data
    else:  # it fills the box as before: counting the axes of all layers again would take napari longer than the update itself
        with layer.events.data.blocker(recount):
            layer.data = item.data
    if layer.editable != editable:  # assigning data makes labels editable again
        layer.editable = editable
    if "features" in item.meta:
        layer.features = item.meta["features"]
    layer.metadata["shapelab"] = {**provenance, "layer": item.name}

"""Frames: what may be seen of a simulation, as plain arrays that nobody writes to again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from shapelab.axis_names import axis_meanings
from shapelab.errors import InputError
from shapelab.short_repr import short_repr

__all__ = ["Frame", "LayerData", "LayerKind", "fine_grid", "frozen", "require_space"]

LayerKind = Literal["image", "labels", "points", "surface", "vectors", "tracks", "shapes"]


@short_repr
@dataclass(frozen=True, eq=False)
class LayerData:
    """One layer: the ecosystem's triple ``(data, meta, kind)``, made without a viewer.

    `meta` holds what napari's ``add_<kind>`` accepts: ``scale``, ``units``, ``axis_labels``, ``features``, contrast
    and colour hints, and for a surface nothing else, as its data is ``(vertices, faces[, values])``.
    """

    name: str
    data: Any
    kind: LayerKind
    meta: Mapping[str, Any] = field(default_factory=dict)

    def as_tuple(self) -> tuple[Any, dict[str, Any], str]:
        """Return napari's ``(data, meta, kind)`` with the name in ``meta``."""
        shape: tuple[int, ...] = np.shape(self.data) if self.kind == "image" else ()
        grey = {"rgb": False} if len(shape) > 2 and shape[-1] in (3, 4) else {}  # a viewer would take a last axis so short for colours
        return self.data, {"name": self.name, **grey, **self.meta}, self.kind


@short_repr
@dataclass(frozen=True, eq=False)
class Frame:
    """What a simulation shows after a step: its layers and scalars."""

    step: int
    """Number of steps taken."""
    time: float
    """Time of the model, in its own unit."""
    layers: tuple[LayerData, ...]
    scalars: Mapping[str, float]
    """Observables for the live plot: energy, volume error, order parameter…"""
    notices: tuple[str, ...] = ()
    """What the user should know of this step, in sentences: a tolerance that is not met, a step that was shortened."""

    def __getitem__(self, name: str) -> Any:
        """Return the data of the layer `name`."""
        return self.layer(name).data

    def __contains__(self, name: object) -> bool:
        return any(layer.name == name for layer in self.layers)

    def __iter__(self) -> Iterator[LayerData]:
        return iter(self.layers)

    def layer(self, name: str) -> LayerData:
        """Return the layer `name`; KeyError names the layers that there are."""
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise KeyError(f"no layer {name!r} in this frame; there are {[layer.name for layer in self.layers]}")


def require_space(layer: LayerData) -> None:
    """Refuse an image over time or with channels, where one shape in space is wanted.

    Raises
    ------
    InputError
        If ``meta["axis_labels"]`` names an axis that is none of space.
    """
    labels = [str(label) for label in layer.meta.get("axis_labels") or ()]
    if layer.kind not in ("image", "labels") or len(labels) != len(np.shape(layer.data)):
        return
    for at, meaning in enumerate(axis_meanings(labels)):
        if meaning == "space":
            continue
        name, last = {"time": "frame", "channel": "channel"}.get(meaning, "position"), np.shape(layer.data)[at] - 1
        how = f"read_image(path, {name}=0) in Python, --{name} 0 on the command line" if name != "position" else f"along {labels[at]}"
        raise InputError(f"'{layer.name}' has the axes {', '.join(labels)}: choose one {name}, from 0 to {last} ({how}).")


def frozen(array: np.ndarray) -> np.ndarray:
    """Return a copy of `array` that refuses writing."""
    copy = np.array(array, copy=True)
    copy.setflags(write=False)
    return copy


def fine_grid(grid: dict[str, Any], fineness: int) -> dict[str, Any]:
    """Return the place of a finer image over one with the scale of `grid`: both fill the same box."""
    if fineness == 1:
        return grid
    scale = np.asarray(grid["scale"], float)
    # the first pixel of either has its centre half a pixel from the corner of the box
    return {**grid, "scale": tuple((scale / fineness).tolist()), "translate": tuple((scale * (0.5 / fineness - 0.5)).tolist())}

"""The label images of a layer: one of them, or the frames of a movie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from napari.layers import Labels, Layer

from napari_shapelab.viewer.axes import split_axes
from napari_shapelab.viewer.layer_data import TakenLayer, place_of, take, why_not_taken
from napari_shapelab.viewer.shown_frame import shown_frame, time_axis
from shapelab.errors import InputError

__all__ = ["FrameImages", "Given", "given", "why_no_labels"]


@dataclass(frozen=True, eq=False)
class Given:
    """One label image, or the frames of a movie."""

    frames: Sequence[TakenLayer]
    film: bool
    place: dict[str, Any]
    """Settings of a layer on the pixels of the whole layer, time included."""
    axes: tuple[int, ...]
    """Which axes of the layer are space."""
    time: int
    """Which one is time; -1 for a still image."""
    frame: int
    """Which frame a still image was, of a layer over time."""
    ndim: int
    """Number of axes of the layer."""
    name: str
    beside: tuple[str, ...] = ()
    """Why what has the axes of space alone does not lie over the layer, in a sentence; empty where it does."""

    @property
    def spacing(self) -> tuple[float, ...]:
        """Voxel size [unit]."""
        return self.frames[0].spacing

    @property
    def notes(self) -> str:
        """What was left out to take it, in sentences, each after a blank; "" if nothing was."""
        return "".join(f" {note}" for note in self.frames[0].notes)

    def in_layer(self, positions: np.ndarray, frame: int) -> np.ndarray:
        """Return positions [unit] as pixels of the whole layer, whose other axes stand at this frame."""
        result = np.zeros((*positions.shape[:-1], self.ndim))
        result[..., list(self.axes)] = positions / np.array(self.spacing)
        result[..., self.time] = frame
        return result


def why_no_labels(layer: Layer) -> str:
    """Return why a layer holds no cells, "" if it may; looks at no pixels."""
    if not isinstance(layer, Labels):
        return "it is not a Labels layer: segment it into Labels first"
    return why_not_taken(layer, kinds=(Labels,))


def given(layer: Labels, viewer: Any, *, film: bool, frame: int | None = None) -> Given:
    """Take label images: of one frame, the one that is shown, or `frame`. No pixels are touched.

    Raises
    ------
    InputError
        If that is not possible.
    """
    time = time_axis(layer) if film else -1
    shape = layer.level_shapes[0] if getattr(layer, "multiscale", False) else layer.data.shape
    first = take(layer, viewer, frame=0, film=True) if time >= 0 else take(layer, viewer, frame=frame if time_axis(layer) >= 0 else None)
    frame = shown_frame(layer, viewer) if frame is None else frame
    if time >= 0 and not first.place.is_straight:
        raise InputError(f"The layer {layer.name!r} is sheared: a movie can be taken only on perpendicular axes. Choose one frame instead.")
    spatial, _ = split_axes(layer)
    axes = tuple(axis for axis in spatial if int(shape[axis]) > 1 or first.ndim == len(spatial))
    beside = tuple(note for note in first.notes if note.startswith("Its axes are"))
    notes = tuple(note for note in first.notes if time < 0 or not (note in beside or note.startswith("Only frame")))
    first = replace(first, notes=notes)
    frames = _Frames(first, time, int(shape[time])) if time >= 0 else (first,)
    return Given(frames, time >= 0, place_of(layer), axes, time, frame, layer.ndim, layer.name, beside)


class _Frames(Sequence[TakenLayer]):
    """The frames of a layer, each cut out when it is asked for: a movie of thousands must not keep the window waiting."""

    def __init__(self, first: TakenLayer, time: int, count: int) -> None:
        self._first, self._time, self._count = first, time, count

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, number: Any) -> Any:
        if isinstance(number, slice):
            return [self[one] for one in range(self._count)[number]]
        return replace(self._first, data=self._first.data.at(self._time, range(self._count)[number]))


class FrameImages(Sequence[np.ndarray]):
    """Label images of a movie, read one by one."""

    def __init__(self, frames: Sequence[TakenLayer]) -> None:
        self._frames = frames

    def __len__(self) -> int:
        return len(self._frames)

    def __getitem__(self, number: Any) -> Any:
        return np.asarray(self._frames[number].read().data)

"""A run whose layers show one frame at a time: all frames of it that are saved, as a layer over time."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from napari.layers import Labels, Layer
from qtpy.QtWidgets import QApplication, QWidget

from napari_shapelab.viewer.folder_layers import layers_of, run_triples, update_layers
from napari_shapelab.viewer.insert import insert_layer
from napari_shapelab.viewer.layer_movie import place_over_time, why_no_movie
from shapelab.errors import InputError
from shapelab.io import load_run
from shapelab.io.presence import is_folder

__all__ = ["FrameSaver", "as_still", "film_of", "saver_of", "why_no_film"]

_CELLS = "cells"
_MOVING = (_CELLS, "seeds", "velocity")
"""Layers of a run that are others in each frame."""


class FrameSaver(QWidget):
    """The part of a dock that can save the frames of a run whose layers are in the viewer."""

    @abstractmethod
    def saves(self, layer: Layer) -> bool:
        """Return whether `layer` shows the run of this dock."""

    @abstractmethod
    def save_frames(self) -> str:
        """Save the frames from now on; return a sentence that says which, and what to do next."""


def saver_of(layer: Layer) -> FrameSaver | None:
    """Return what can save the frames of the run that a layer shows; None if nothing can, or they are saved."""
    if not _is_present_frame(layer) or "recording" in layer.metadata["shapelab"]:
        return None
    savers = (widget for widget in QApplication.allWidgets() if isinstance(widget, FrameSaver))
    return next((saver for saver in savers if saver.saves(layer)), None)


def why_no_film(layer: Labels) -> str:
    """Return why a layer is neither a movie of cells nor a run of them, "" if it is one; looks at no pixels."""
    return "" if _is_present_frame(layer) else why_no_movie(layer)


def film_of(layer: Labels, viewer: Any) -> Labels:
    """Return a layer over time: `layer` itself, or of a run all frames that are saved so far, which take its place in the viewer.

    Raises
    ------
    InputError
        If too few frames of the run are saved, or they cannot be read: what to do.
    """
    if not _is_present_frame(layer):
        return layer
    folder = layer.metadata["shapelab"].get("recording")
    if folder is None or not is_folder(Path(folder)):
        raise InputError(
            f"Only the current frame of the run {layer.name!r} is in memory: tick Save every in its Record tab, then let it run."
        )
    run = load_run(folder)
    if len(run) < 2:
        raise InputError(f"Only one frame of the run {layer.name!r} is saved so far: let it run for a while.")
    there = [one for one in layers_of(viewer, run) if isinstance(one, Labels) and one.metadata["shapelab"].get("layer") == _CELLS]
    if there:
        update_layers([*there], run)
        return there[0]
    data, meta, kind = next(triple for triple in run_triples(run) if triple[1]["metadata"]["shapelab"]["layer"] == _CELLS)
    if tuple(data.shape[1:]) == tuple(layer.data.shape):
        place = place_over_time(layer)
        first = place["units"][1] if layer.ndim == 3 else place["units"][0]  # as of the layers of a run folder
        meta = {**meta, **place, "units": (first, *place["units"][1:]), "axis_labels": ("t", *place["axis_labels"][1:])}
    film = Layer.create(data, meta, kind)
    for present in viewer.layers:  # it would be seen between the cells of other frames
        origin = present.metadata.get("shapelab")
        if isinstance(origin, dict) and origin.get("recording") == folder and origin.get("layer") in _MOVING:
            present.visible = False
    insert_layer(viewer, film)
    film.editable = False  # painting would not reach the disk
    assert isinstance(film, Labels)
    return film


def as_still(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return the metadata of a copy of one frame of a run, which stays that frame: it is no longer the run's own."""
    origin = {name: value for name, value in metadata.get("shapelab", {}).items() if name not in ("layer", "recording")}
    return {**metadata, "shapelab": origin}


def _is_present_frame(layer: Layer) -> bool:
    """Return whether a layer shows the cells of a run, one frame at a time."""
    origin = layer.metadata.get("shapelab")
    return isinstance(layer, Labels) and isinstance(origin, dict) and origin.get("layer") == _CELLS and "run" not in origin

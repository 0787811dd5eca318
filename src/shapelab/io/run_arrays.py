"""The growing arrays of a run that is being written: images and labels, as OME-Zarr."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from shapelab.errors import InputError
from shapelab.frame import Frame, LayerData
from shapelab.io.ngff import chunk_files, create_group, create_series, multiscales, open_array
from shapelab.io.record import LayerRecord, layer_record

__all__ = ["RunArrays"]

_AHEAD = 16
"""Frames by which an array grows at once: growing costs as much as writing. What the record does not list is cut at the end."""


class RunArrays:
    """The arrays (t, …) of a run folder.

    Parameters
    ----------
    folder
        Folder of the run.
    records
        Its layers.
    """

    def __init__(self, folder: Path, records: list[LayerRecord]) -> None:
        self._folder = folder
        self._arrays: dict[str, Any] = {
            item.path: open_array(folder / item.path / "0", writable=True) for item in records if item.kind != "points"
        }

    @staticmethod
    def create(folder: Path, frame: Frame) -> list[LayerRecord]:
        """Make the folders of a new run; return the records of the layers that it holds."""
        taken: set[str] = set()
        kept = [(item, record) for item in frame.layers if (record := layer_record(item, taken))]
        volumes = [(item, record) for item, record in kept if item.kind != "points"]
        root = {"multiscales": [_multiscales(item, f"{record.path}/0") for item, record in volumes[:1]]}
        create_group(folder, root if volumes else {})
        names = [record.path.split("/")[1] for item, record in volumes if item.kind == "labels"]
        if names:
            create_group(folder / "labels", {"labels": names})
        for item, record in volumes:
            extra = {"image-label": {"source": {"image": "../../"}}} if item.kind == "labels" else {}
            create_group(folder / record.path, {"multiscales": [_multiscales(item, "0")], **extra})
            data = np.asarray(item.data)
            create_series(folder / record.path / "0", data.shape, np.uint8 if data.dtype == bool else data.dtype)
        (folder / "checkpoints").mkdir()
        (folder / "points").mkdir()
        return [record for _, record in kept]

    def write(self, record: LayerRecord, data: np.ndarray, index: int) -> Iterator[Path]:
        """Write one frame of a layer; return the files that it is in."""
        array = self._arrays[record.path]
        if data.shape != array.shape[1:]:
            raise InputError(f"The layer {record.name!r} changed its shape from {array.shape[1:]} to {data.shape}: save it as a new run.")
        if not np.can_cast(data.dtype, array.dtype, "same_kind") or (
            data.size and data.dtype.kind in "iu" and _overflows(data, array.dtype)
        ):
            raise InputError(f"The layer {record.name!r} changed its numbers from {array.dtype} to {data.dtype}: save it as a new run.")
        place = self._folder / record.path / "0"
        if index >= array.shape[0]:
            array.resize((index + _AHEAD, *data.shape))
            yield place / "zarr.json"
        array[index] = data
        yield from chunk_files(place, array.shape, array.chunks, index)

    def files(self, index: int) -> list[Path]:
        """Return the files that a frame's images and labels are in."""
        places = ((self._folder / path / "0", array) for path, array in self._arrays.items())
        return [file for place, array in places for file in chunk_files(place, array.shape, array.chunks, index)]

    def cut(self, frames: int) -> None:
        """Drop what lies beyond the complete frames."""
        for array in self._arrays.values():
            array.resize((frames, *array.shape[1:]))


def _overflows(data: np.ndarray, dtype: np.dtype[Any]) -> bool:
    """Tell whether whole numbers do not fit, such as the ids of more and more cells."""
    if data.dtype.kind not in "iu" or dtype.kind not in "iu" or np.can_cast(data.dtype, dtype) or not data.size:
        return False
    known = np.iinfo(dtype)
    return int(data.min()) < known.min or int(data.max()) > known.max


def _multiscales(layer: LayerData, path: str) -> dict[str, Any]:
    ndim = np.ndim(layer.data)
    meta = layer.meta
    scale = tuple(meta.get("scale", (1.0,) * ndim))
    translate = tuple(meta.get("translate", (0.0,) * ndim))
    unit = str(meta.get("units", ("pixel",))[-1]) if not isinstance(meta.get("units"), str) else str(meta["units"])
    return multiscales(layer.name, path, "t" + "zyx"[-ndim:], (1.0, *scale), (0.0, *translate), unit)

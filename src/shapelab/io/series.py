"""A layer over time on the disk: each frame is looked at before it is unpacked, and a damaged one is told in a sentence."""

from __future__ import annotations

import math
import stat
from pathlib import Path
from typing import Any

import numpy as np

from shapelab.errors import InputError, OutOfMemoryError
from shapelab.io.ngff import LARGEST_CHUNK, chunk_files, open_array
from shapelab.io.zstandard import unpacked_size

__all__ = ["Series"]

_PACKINGS: tuple[list[str], ...] = ([], ["zstd"], ["crc32c"], ["zstd", "crc32c"])
"""How a chunk may be packed; those without checksums are of runs that earlier versions kept."""
_CHECKSUM = 4
"""Bytes of a checksum at the end of a chunk."""


class Series:
    """An array (t, …) of a run folder, read by frames; `dask.array.from_array` takes it as it is.

    Only what `RunWriter` writes is accepted: one frame per chunk or several chunks per frame, plain or packed with
    Zstandard, with its checksum or (earlier) without, in ordinary files that unpack to exactly the size of a chunk, of
    at most 64 MB, so that no small file fills the memory.

    Parameters
    ----------
    folder
        Folder of the Zarr array.

    Raises
    ------
    InputError
        If it is missing, damaged, or packed in another way.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._name = f"{folder.parent.name}/{folder.name}"
        self._array = array = open_array(folder)
        self.shape: tuple[int, ...] = tuple(array.shape)
        self.dtype: np.dtype[Any] = array.dtype
        self.ndim = len(self.shape)
        try:
            layout = array.metadata.to_dict()
            names = [codec["name"] for codec in layout["codecs"]]
            keys = layout["chunk_key_encoding"]
            plain = keys["name"] == "default" and keys["configuration"]["separator"] == "/"
            self.chunks: tuple[int, ...] = tuple(int(n) for n in layout["chunk_grid"]["configuration"]["chunk_shape"])
        except (KeyError, TypeError, AttributeError) as error:
            raise InputError(f"{self._name} is damaged: its zarr.json does not say how it is stored.") from error
        self._packed, self._tail = "zstd" in names, _CHECKSUM if "crc32c" in names else 0
        known = names[:1] == ["bytes"] and names[1:] in _PACKINGS
        if not known or not plain or len(self.chunks) != self.ndim or self.chunks[0] != 1 or min(self.chunks, default=0) < 1:
            raise InputError(
                f"{self._name} is not stored in the way that shapelab does (chunks {self.chunks}, {' + '.join(names)}): refused."
            )
        self._chunk_bytes = math.prod(self.chunks) * self.dtype.itemsize
        if self._chunk_bytes > LARGEST_CHUNK:
            raise InputError(f"{self._name} claims chunks of {self._chunk_bytes / 1e9:.3g} GB, more than shapelab writes: refused.")

    @property
    def nbytes(self) -> int:
        """Size in memory, if all of it were read."""
        return math.prod(self.shape) * self.dtype.itemsize

    def __getitem__(self, index: Any) -> np.ndarray:
        first = index[0] if isinstance(index, tuple) else index
        frames = range(self.shape[0])[first]
        for frame in [frames] if isinstance(frames, int) else frames:
            self._check(frame)
        try:
            with _one_at_a_time():
                return np.asarray(self._array[index])
        except MemoryError as error:
            raise OutOfMemoryError(f"There is not enough memory for the frame {first} of {self._name}.") from error
        except Exception as error:  # decoders raise anything on damaged files
            raise InputError(f"The frame {first} of {self._name} is damaged.{self._others(first)}") from error

    def _check(self, frame: int) -> None:
        """Refuse a frame that a small or strange file would blow up."""
        for file in chunk_files(self._folder, self.shape, self.chunks, frame):
            try:
                known = file.lstat()
                regular = stat.S_ISREG(known.st_mode)
                size = unpacked_size(file) if self._packed and regular else known.st_size - self._tail
            except OSError as error:
                raise InputError(f"The frame {frame} of {self._name} is missing or cannot be read.") from error
            if not regular or size != self._chunk_bytes:
                raise InputError(f"The frame {frame} of {self._name} is damaged.")

    def _others(self, frame: object) -> str:
        return (
            " Its checksum is not that of what was written; the other frames can be read." if self._tail and isinstance(frame, int) else ""
        )


def _one_at_a_time() -> Any:
    """Have Zarr unpack one chunk after the other: ten at once would hold ten times the memory."""
    import zarr

    return zarr.config.set({"async.concurrency": 1})

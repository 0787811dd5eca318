"""Arrays of Zarr from elsewhere: what a chunk unpacks to is looked at before it is unpacked, so that a small file fills no memory."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from shapelab.errors import InputError
from shapelab.io.unpacking import SLACK, Count, count_bz2, count_deflate, count_lzma
from shapelab.io.zstandard import unpacked_size

__all__ = ["CheckedArray"]


class CheckedArray:
    """An array of Zarr in a folder, which is read like it.

    Parameters
    ----------
    array
        The array.
    folder
        Where its chunks are.
    """

    def __init__(self, array: Any, folder: Path) -> None:
        self._array, self._folder = array, folder
        self.shape: tuple[int, ...] = tuple(int(n) for n in array.shape)
        self.chunks: tuple[int, ...] = tuple(int(n) for n in array.chunks)
        self.dtype: np.dtype[Any] = np.dtype(array.dtype)
        self.ndim = len(self.shape)
        self.metadata: Any = array.metadata
        self._counted = _COUNTED.get(_packing(array.metadata))

    def __getitem__(self, index: Any) -> np.ndarray:
        if self._counted is not None:
            most = math.prod(self.chunks) * self.dtype.itemsize + SLACK
            for file in self._files(index if isinstance(index, tuple) else (index,)):
                if self._counted(file, most) > most:
                    raise InputError(f"The chunk {file.name} of {self._folder.name} unpacks to far more than a chunk: refused.")
        return np.asarray(self._array[index])

    def _files(self, index: tuple[Any, ...]) -> Iterator[Path]:
        """Yield the files of the chunks that are read for an index of numbers and slices."""
        places = []
        for axis, (n, chunk) in enumerate(zip(self.shape, self.chunks, strict=True)):
            one = index[axis] if axis < len(index) else slice(None)
            taken = range(n)[one] if isinstance(one, slice) else range(n)[one : one + 1]
            places.append(range(min(taken) // chunk, max(taken) // chunk + 1) if len(taken) else range(0))
        for place in itertools.product(*places):
            file = self._folder / self.metadata.encode_chunk_key(place)
            if file.is_file():
                yield file


def _packing(metadata: Any) -> str:
    """Return the name of the one codec that packs the bytes of a chunk, "" if there is none or it is not known."""
    if hasattr(metadata, "compressor"):
        return str(getattr(metadata.compressor, "codec_id", ""))
    names = [str(codec.to_dict().get("name", "")).removeprefix("numcodecs.") for codec in metadata.codecs]
    packing = [name for name in names if name in _COUNTED]
    return packing[0] if len(packing) == 1 and "sharding_indexed" not in names else ""


def _unpacked(of_stream: Count) -> Callable[[Path, int], int]:
    def count(file: Path, most: int) -> int:
        """Return what a file unpacks to, or a number above `most`."""
        with file.open("rb") as stream:
            return of_stream(stream, most)

    return count


def _stated(first: int) -> Callable[[Path, int], int]:
    def count(file: Path, most: int) -> int:
        """Return what the head of a file states that it unpacks to."""
        del most
        with file.open("rb") as stream:
            return int.from_bytes(stream.read(first + 4)[first:], "little")

    return count


_COUNTED: dict[str, Callable[[Path, int], int]] = {
    "zlib": _unpacked(count_deflate),
    "gzip": _unpacked(count_deflate),
    "bz2": _unpacked(count_bz2),
    "lzma": _unpacked(count_lzma),
    "blosc": _stated(4),
    "lz4": _stated(0),
    "zstd": lambda file, most: unpacked_size(file) or 0,
}
"""Name of a codec -> how much a file of it unpacks to, as it states or as it turns out, and counting stops above `most`."""

"""Arrays of Zarr from elsewhere: no chunk unpacks to more than one holds, and shards are what they say: a small file fills no memory."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from shapelab.errors import InputError
from shapelab.io.guarded_codecs import PACKINGS, guarded
from shapelab.io.unpacking import SLACK

__all__ = ["CheckedArray"]


class CheckedArray:
    """An array of Zarr in a folder, which is read like it.

    Parameters
    ----------
    array
        The array.
    folder
        Where its chunks are.

    Raises
    ------
    InputError
        If its chunks are packed twice, or lie in shards within shards.
    """

    def __init__(self, array: Any, folder: Path) -> None:
        self._array, self._folder = array, folder
        self.shape: tuple[int, ...] = tuple(int(n) for n in array.shape)
        self.chunks: tuple[int, ...] = tuple(int(n) for n in array.chunks)
        self.dtype: np.dtype[Any] = np.dtype(array.dtype)
        self.ndim = len(self.shape)
        self.metadata: Any = array.metadata
        packed, self._shards = _packing(array.metadata, folder.name)
        if packed:
            self._array = guarded(array, packed, math.prod(self.chunks) * self.dtype.itemsize + SLACK, folder.name)

    def __getitem__(self, index: Any) -> np.ndarray:
        if self._shards is not None:
            self._check_shards(self._shards, index if isinstance(index, tuple) else (index,))
        return np.asarray(self._array[index])

    def _check_shards(self, shards: _Shards, index: tuple[Any, ...]) -> None:
        """Refuse damaged lists of chunks in the shards that are read for an index of numbers and slices."""
        places = []
        for axis, (n, whole) in enumerate(zip(self.shape, shards.shape, strict=True)):
            one = index[axis] if axis < len(index) else slice(None)
            taken = range(n)[one] if isinstance(one, slice) else range(n)[one : one + 1]
            places.append(range(min(taken) // whole, max(taken) // whole + 1) if len(taken) else range(0))
        count = math.prod(whole // one for whole, one in zip(shards.shape, self.chunks, strict=True))
        for place in itertools.product(*places):
            file = self._folder / self.metadata.encode_chunk_key(place)
            if file.is_file():
                shards.check(file, count)


@dataclass(frozen=True)
class _Shards:
    """Files that hold several chunks and an index of them (ZEP 2)."""

    shape: tuple[int, ...]
    """Of what a file holds."""
    at_end: bool
    """Whether the index is the end of the file, and not its beginning."""
    tail: int
    """Bytes of the checksum of the index."""

    def check(self, file: Path, count: int) -> None:
        """Raise InputError where one of the `count` chunks in a file would lie outside of it."""
        length = 16 * count + self.tail
        size = file.stat().st_size
        if length > size:
            raise InputError(f"The shard {file.name} is damaged: its index is cut off.")
        with file.open("rb") as stream:
            stream.seek(size - length if self.at_end else 0)
            index = np.frombuffer(stream.read(length - self.tail), "<u8").reshape(count, 2)
        begins, counts = index[~(index == _EMPTY).all(axis=1)].T
        if ((begins > size) | (counts > size - np.minimum(begins, size))).any():
            raise InputError(f"The shard {file.name} is damaged: its index states a chunk beyond its end.")


_EMPTY = 2**64 - 1
"""Place and length of a chunk that a shard does not hold."""


def _packing(metadata: Any, name: str) -> tuple[str, _Shards | None]:
    """Return the name of the codec that packs the bytes of a chunk, "" if there is none or it is not known, and how shards hold them."""
    if hasattr(metadata, "compressor"):
        return _only([*(metadata.filters or ()), metadata.compressor], name), None
    codecs = [codec.to_dict() for codec in metadata.codecs]
    outer = next((codec["configuration"] for codec in codecs if codec["name"] == _SHARDS), None)
    if outer is None:
        return _only(codecs, name), None
    inner, index = ([dict(codec) for codec in outer[key]] for key in ("codecs", "index_codecs"))
    known = {"bytes", "crc32c"} >= {codec["name"] for codec in index}
    big = any(dict(codec.get("configuration") or {}).get("endian") == "big" for codec in index)
    if len(codecs) > 1 or any(codec["name"] == _SHARDS for codec in inner) or not known or big:
        raise InputError(f"{name} holds its chunks in shards that are packed once more, or list them in a way that cannot be read.")
    shape = tuple(int(n) for n in metadata.chunk_grid.chunk_shape)
    return _only(inner, name), _Shards(
        shape, "start" not in str(outer["index_location"]), 4 * any(one["name"] == "crc32c" for one in index)
    )


_SHARDS = "sharding_indexed"


def _only(codecs: Sequence[Any], name: str) -> str:
    """Return the name of the codec that packs, "" if there is none; raises InputError if there are several."""
    names = [str(codec["name"] if isinstance(codec, dict) else getattr(codec, "codec_id", "")) for codec in codecs]
    packing = [one for one in (one.removeprefix("numcodecs.") for one in names) if one in PACKINGS]
    if len(packing) > 1:
        raise InputError(
            f"{name} packs its chunks more than once ({', '.join(packing)}), so that what they unpack to is not known: refused."
        )
    return packing[0] if packing else ""

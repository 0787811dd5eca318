"""Arrays of Zarr from elsewhere: what a chunk unpacks to is looked at before it is unpacked, so that a small file fills no memory."""

from __future__ import annotations

import io
import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from shapelab.errors import InputError
from shapelab.io.unpacking import SLACK, Count, count_bz2, count_deflate, count_lzma
from shapelab.io.zstandard import count_zstandard

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
        self._counted = _COUNTED.get(packed)

    def __getitem__(self, index: Any) -> np.ndarray:
        if self._counted is not None:
            most = math.prod(self.chunks) * self.dtype.itemsize + SLACK
            for file, stream in self._pieces(index if isinstance(index, tuple) else (index,)):
                if self._counted(stream, most) > most:
                    raise InputError(f"The chunk {file.name} of {self._folder.name} unpacks to far more than a chunk: refused.")
        return np.asarray(self._array[index])

    def _pieces(self, index: tuple[Any, ...]) -> Iterator[tuple[Path, IO[bytes]]]:
        """Yield the file and the packed bytes of the chunks that are read for an index of numbers and slices."""
        places = []
        for axis, (n, chunk) in enumerate(zip(self.shape, self.chunks, strict=True)):
            one = index[axis] if axis < len(index) else slice(None)
            taken = range(n)[one] if isinstance(one, slice) else range(n)[one : one + 1]
            places.append(range(min(taken) // chunk, max(taken) // chunk + 1) if len(taken) else range(0))
        shards = self._shards
        if shards is None:
            for place in itertools.product(*places):
                file = self._folder / self.metadata.encode_chunk_key(place)
                if file.is_file():
                    with file.open("rb") as stream:
                        yield file, stream
            return
        counts = [whole // one for whole, one in zip(shards.shape, self.chunks, strict=True)]
        within = [range(place.start // n, (place.stop - 1) // n + 1) if place else place for place, n in zip(places, counts, strict=True)]
        for shard in itertools.product(*within):
            file = self._folder / self.metadata.encode_chunk_key(shard)
            if file.is_file():
                inner = [
                    range(max(place.start - n * at, 0), min(place.stop - n * at, n))
                    for place, n, at in zip(places, counts, shard, strict=True)
                ]
                yield from ((file, stream) for stream in shards.pieces(file, counts, inner))


@dataclass(frozen=True)
class _Shards:
    """Files that hold several chunks and an index of them (ZEP 2)."""

    shape: tuple[int, ...]
    """Of what a file holds."""
    at_end: bool
    """Whether the index is the end of the file, and not its beginning."""
    tail: int
    """Bytes of the checksum of the index."""

    def pieces(self, file: Path, counts: Sequence[int], inner: Sequence[range]) -> Iterator[IO[bytes]]:
        """Yield the packed bytes of the chunks `inner` of the `counts` in a file; raises InputError where they lie outside of it."""
        length = 16 * math.prod(counts) + self.tail
        size = file.stat().st_size
        if length > size:
            raise InputError(f"The shard {file.name} is damaged: its index is cut off.")
        with file.open("rb") as stream:
            stream.seek(size - length if self.at_end else 0)
            index = np.frombuffer(stream.read(length - self.tail), "<u8").reshape(*counts, 2)
            for place in itertools.product(*inner):
                begin, count = (int(number) for number in index[place])
                if begin == count == _EMPTY:
                    continue
                if begin + count > size:
                    raise InputError(f"The shard {file.name} is damaged: its index states a chunk beyond its end.")
                stream.seek(begin)
                yield io.BytesIO(stream.read(count))


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
    packing = [one for one in (one.removeprefix("numcodecs.") for one in names) if one in _COUNTED]
    if len(packing) > 1:
        raise InputError(
            f"{name} packs its chunks more than once ({', '.join(packing)}), so that what they unpack to is not known: refused."
        )
    return packing[0] if packing else ""


def _stated(first: int) -> Count:
    def count(stream: IO[bytes], most: int) -> int:
        """Return what the head of a chunk states that it unpacks to."""
        del most
        return int.from_bytes(stream.read(first + 4)[first:], "little")

    return count


_COUNTED: dict[str, Count] = {
    "zlib": count_deflate,
    "gzip": count_deflate,
    "bz2": count_bz2,
    "lzma": count_lzma,
    "blosc": _stated(4),
    "lz4": _stated(0),
    "zstd": count_zstandard,
}
"""Name of a codec -> how much its bytes unpack to, as they state or as it turns out, and counting stops above `most`."""

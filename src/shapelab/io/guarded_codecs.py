"""Codecs of Zarr that unpack a chunk once, and no further than a chunk goes: a small file fills no memory."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import IO, Any

from numcodecs.abc import Codec as Codec2
from zarr import Array
from zarr.abc.codec import BytesBytesCodec
from zarr.codecs import ShardingCodec

from shapelab.errors import InputError
from shapelab.io.unpacking import UNPACK
from shapelab.io.zstandard import count_zstandard

__all__ = ["PACKINGS", "guarded"]


def _stated(first: int) -> Callable[[IO[bytes], int], int]:
    def count(stream: IO[bytes], most: int) -> int:
        """Return what the head of a chunk states that it unpacks to."""
        del most
        return int.from_bytes(stream.read(first + 4)[first:], "little")

    return count


_STATED = {"blosc": _stated(4), "lz4": _stated(0), "zstd": count_zstandard}
"""Name of a codec -> how much its bytes state that they unpack to."""
PACKINGS = frozenset({*_STATED, *UNPACK})
"""Codecs that pack."""


@dataclass(frozen=True)
class _Guard:
    """Unpacks what a codec has packed."""

    packing: str
    """Name of the codec."""
    most: int
    """Bytes that a chunk may have."""
    name: str
    """Of the array."""

    def unpack(self, packed: bytes) -> bytes | None:
        """Return what bytes unpack to; None where they state that it is not too much, so that the codec itself may go on.

        Raises
        ------
        InputError
            If it is too much.
        """
        if self.packing in UNPACK:
            if (found := UNPACK[self.packing](packed, self.most)) is not None:
                return found
        elif _STATED[self.packing](io.BytesIO(packed), self.most) <= self.most:
            return None
        raise InputError(f"{self.name} has a chunk that unpacks to far more than a chunk has: refused.")


class _Guarded2(Codec2):
    """A codec of Zarr 2 that is guarded; only for reading."""

    codec_id = "guarded"

    def __init__(self, codec: Any, guard: _Guard) -> None:
        self._codec, self._guard = codec, guard

    def encode(self, buf: Any) -> Any:
        """Pack, as the codec itself does."""
        return self._codec.encode(buf)

    def decode(self, buf: Any, out: Any = None) -> Any:
        """Unpack."""
        found = self._guard.unpack(bytes(buf))
        return self._codec.decode(buf, out) if found is None else found

    def get_config(self) -> Any:
        return self._codec.get_config()


@dataclass(frozen=True)
class _Guarded3(BytesBytesCodec):
    """A codec of Zarr 3 that is guarded; only for reading."""

    codec: Any
    guard: _Guard
    is_fixed_size = False

    async def decode(self, chunks_and_specs: Iterable[tuple[Any, Any]]) -> Iterable[Any]:
        """Unpack chunks; None is one that is not there."""
        return [None if chunk is None else await self._one(chunk, spec) for chunk, spec in chunks_and_specs]

    async def _one(self, chunk: Any, spec: Any) -> Any:
        found = await asyncio.to_thread(self.guard.unpack, chunk.to_bytes())
        if found is not None:
            return spec.prototype.buffer.from_bytes(found)
        (unpacked,) = await self.codec.decode([(chunk, spec)])
        return unpacked

    def compute_encoded_size(self, input_byte_length: int, chunk_spec: Any) -> int:
        return int(self.codec.compute_encoded_size(input_byte_length, chunk_spec))

    def to_dict(self) -> Any:
        return self.codec.to_dict()


def guarded(array: Any, packing: str, most: int, name: str) -> Any:
    """Return an array of Zarr as it is, but for the codec `packing`: it unpacks to `most` bytes at the most, or raises InputError."""
    guard, metadata = _Guard(packing, most, name), array.metadata
    if hasattr(metadata, "compressor"):
        one, several = (_guarded2(codecs, guard) for codecs in ((metadata.compressor,), metadata.filters or ()))
        changed = replace(metadata, compressor=one[0], filters=several or None)
    else:
        changed = replace(metadata, codecs=_guarded3(metadata.codecs, guard))
    opened = array.async_array
    return Array(replace(opened, metadata=changed))


def _guarded2(codecs: Iterable[Any], guard: _Guard) -> tuple[Any, ...]:
    return tuple(_Guarded2(codec, guard) if getattr(codec, "codec_id", "") == guard.packing else codec for codec in codecs)


def _guarded3(codecs: Iterable[Any], guard: _Guard) -> tuple[Any, ...]:
    return tuple(_changed3(codec, guard) for codec in codecs)


def _changed3(codec: Any, guard: _Guard) -> Any:
    if isinstance(codec, ShardingCodec):
        return replace(codec, codecs=_guarded3(codec.codecs, guard))
    name = str(codec.to_dict()["name"]).removeprefix("numcodecs.")
    return _Guarded3(codec, guard) if name == guard.packing else codec

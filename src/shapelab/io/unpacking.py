"""What packed bytes unpack to: counted piece by piece before they are unpacked as a whole, or unpacked no further than is allowed."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable
from typing import IO, Any

__all__ = ["LARGEST_FACTOR", "SLACK", "UNPACK", "Unpack", "count_deflate", "may_fill_memory"]

SLACK = 65_536
"""Bytes that a chunk may unpack to beyond what it holds: filters add some."""
LARGEST_FACTOR = 1040
"""Largest ratio of unpacked to deflated bytes."""
_HARMLESS = 50_000_000
"""Bytes that need not be counted."""
_PIECE = 1_000_000
"""Bytes that are unpacked at a time."""

Unpack = Callable[[bytes, int], bytes | None]
"""From packed bytes to what they unpack to; None if that is more than the given number, and no more than that is unpacked."""


def count_deflate(stream: IO[bytes], most: int) -> int:
    """Return what a stream of zlib or gzip unpacks to, or a number above `most`, from which on nobody needs to know."""
    unpacking, total, waiting = _deflated(), 0, stream.read(_PIECE)
    while total <= most:
        piece = unpacking.decompress(waiting, _PIECE)
        total += len(piece)
        if unpacking.eof:  # another one may follow
            unpacking, waiting = _deflated(), unpacking.unused_data or stream.read(_PIECE)
            if not waiting:
                break
            continue
        waiting = unpacking.unconsumed_tail
        if not waiting and not (waiting := stream.read(_PIECE)) and not piece:
            break
    return total


def _deflated() -> Any:
    return zlib.decompressobj(wbits=47)


def _unpacking(make: Callable[[], Any]) -> Unpack:
    def unpack(packed: bytes, most: int) -> bytes | None:
        parts, left, waiting = list[bytes](), most + 1, packed
        unpacking = make()
        while left > 0:
            parts.append(unpacking.decompress(waiting, left))
            left -= len(parts[-1])
            if not unpacking.eof:  # cut off, or too much
                break
            if not (waiting := unpacking.unused_data):
                break
            unpacking = make()  # another one follows
        return b"".join(parts) if left > 0 else None

    return unpack


UNPACK: dict[str, Unpack] = {
    "zlib": _unpacking(_deflated),
    "gzip": _unpacking(_deflated),
    "bz2": _unpacking(bz2.BZ2Decompressor),
    "lzma": _unpacking(lzma.LZMADecompressor),
}
"""Packings that do not state what they unpack to."""


def may_fill_memory(size: int, most: int) -> bool:
    """Return whether deflated bytes of this size can unpack to so much more than `most` that it is worth counting."""
    return LARGEST_FACTOR * size > most + _HARMLESS

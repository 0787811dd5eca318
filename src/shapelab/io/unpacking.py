"""What packed bytes unpack to, counted piece by piece before they are unpacked as a whole."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable
from typing import IO, Any

__all__ = ["LARGEST_FACTOR", "SLACK", "Count", "count_bz2", "count_deflate", "count_lzma", "may_fill_memory"]

SLACK = 65_536
"""Bytes that a chunk may unpack to beyond what it holds: filters add some."""
LARGEST_FACTOR = 1040
"""Times its size that deflated bytes unpack to at the most."""
_HARMLESS = 50_000_000
"""Bytes that need not be counted."""
_PIECE = 1_000_000
"""Bytes that are unpacked at a time."""

Count = Callable[[IO[bytes], int], int]
"""From a stream to what it unpacks to, or a number above the given one, from which on nobody needs to know."""


def _counted(make: Callable[[], Any]) -> Count:
    def count(stream: IO[bytes], most: int) -> int:
        unpacking, total, waiting = make(), 0, stream.read(_PIECE)
        while total <= most:
            piece = unpacking.decompress(waiting, _PIECE)
            total += len(piece)
            if unpacking.eof:  # another one may follow
                unpacking, waiting = make(), unpacking.unused_data or stream.read(_PIECE)
                if not waiting:
                    break
                continue
            waiting = getattr(unpacking, "unconsumed_tail", b"")
            if not waiting and getattr(unpacking, "needs_input", True) and not (waiting := stream.read(_PIECE)) and not piece:
                break
        return total

    return count


count_deflate = _counted(lambda: zlib.decompressobj(wbits=47))
"""Zlib and gzip."""
count_bz2 = _counted(bz2.BZ2Decompressor)
count_lzma = _counted(lzma.LZMADecompressor)


def may_fill_memory(size: int, most: int) -> bool:
    """Return whether deflated bytes of this size can unpack to so much more than `most` that it is worth counting."""
    return LARGEST_FACTOR * size > most + _HARMLESS

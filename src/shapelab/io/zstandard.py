"""What Zstandard frames state of themselves (RFC 8878)."""

from __future__ import annotations

from pathlib import Path
from typing import IO

__all__ = ["count_zstandard", "unpacked_size"]

_MAGIC = b"\x28\xb5\x2f\xfd"
"""First bytes of a frame."""
_LARGEST_BLOCK = 1 << 17
"""Most bytes that a packed block can unpack to (3.1.1.2.4)."""
_SKIPPED = 0x184D2A50
"""First of the sixteen numbers that begin a frame to be skipped (3.1.2)."""
_HARMLESS = 20_000_000
"""Bytes that need not be counted where only a bound of them is known."""


def unpacked_size(file: Path) -> int | None:
    """Return the size that a file says it unpacks to, None if it does not say (3.1.1.1)."""
    with file.open("rb") as stream:
        head = stream.read(18)
    found = _head(head)
    return None if found is None else found[0]


def count_zstandard(stream: IO[bytes], most: int) -> int:
    """Return what a stream of frames unpacks to, or a number above `most`.

    Packed blocks of frames that state no size count as they are at the largest, and 20 MB less in all.
    """
    known = bound = 0
    while (total := known + max(0, bound - _HARMLESS)) <= most:
        head = stream.read(18)
        if len(head) >= 8 and _SKIPPED <= int.from_bytes(head[:4], "little") <= _SKIPPED + 15:
            stream.seek(8 - len(head) + int.from_bytes(head[4:8], "little"), 1)
            continue
        found = _head(head)
        if found is None:
            break
        size, length = found
        stream.seek(length - len(head), 1)
        exact, packed = _blocks(stream)
        known += exact if size is None else size
        bound += packed if size is None else 0
        stream.seek(4 * bool(head[4] & 4), 1)  # a checksum
    return total


def _head(head: bytes) -> tuple[int | None, int] | None:
    """Return the size that a frame states (None if it does not), and the length of its head; None if it is no frame."""
    if head[:4] != _MAGIC or len(head) < 6:
        return None
    descriptor = head[4]
    single = bool(descriptor & 0x20)
    begin = 5 + (not single) + (0, 1, 2, 4)[descriptor & 3]
    length = (1 if single else 0, 2, 4, 8)[descriptor >> 6]
    size = int.from_bytes(head[begin : begin + length], "little")
    return (None if length == 0 else size + 256 * (length == 2)), begin + length


def _blocks(stream: IO[bytes]) -> tuple[int, int]:
    """Go to the end of the last block of a frame; return what plain and repeated ones unpack to, and packed ones at most (3.1.1.2)."""
    exact, packed, last = 0, 0, False
    while not last:
        head = stream.read(3)
        if len(head) < 3:
            break
        number = int.from_bytes(head, "little")
        last, kind, size = bool(number & 1), number >> 1 & 3, number >> 3
        exact += size if kind < 2 else 0
        packed += _LARGEST_BLOCK if kind == 2 else 0
        stream.seek(1 if kind == 1 else size, 1)
    return exact, packed

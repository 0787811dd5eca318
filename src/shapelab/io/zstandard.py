"""What a Zstandard file states of itself (RFC 8878)."""

from __future__ import annotations

from pathlib import Path

__all__ = ["unpacked_size"]

_MAGIC = b"\x28\xb5\x2f\xfd"
"""First bytes of a frame."""


def unpacked_size(file: Path) -> int | None:
    """Return the size that a file says it unpacks to, None if it does not say (3.1.1.1)."""
    with file.open("rb") as stream:
        head = stream.read(18)
    if head[:4] != _MAGIC or len(head) < 6:
        return None
    descriptor = head[4]
    single = bool(descriptor & 0x20)
    begin = 5 + (not single) + (0, 1, 2, 4)[descriptor & 3]
    length = (1 if single else 0, 2, 4, 8)[descriptor >> 6]
    size = int.from_bytes(head[begin : begin + length], "little")
    return None if length == 0 else size + 256 * (length == 2)

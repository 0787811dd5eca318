"""Arrays as the bytes of a page: rounded to few bits, predicted from their neighbours or the frame before, gzipped, base64.

`bytes.js` undoes it. A frame is stored in one of three ways, whichever is smallest: as it is, as differences along every axis
(which a smooth field makes small), or as differences from the frame before, at most `RESTART` - 1 times in a row.
"""

from __future__ import annotations

import base64
import gzip
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from shapelab.stopping import check_stop

__all__ = ["AS_IT_IS", "FROM_BEFORE", "FROM_NEIGHBOURS", "RESTART", "Blobs", "Chunks", "Column", "folded", "pack_columns", "quantised"]

AS_IT_IS, FROM_NEIGHBOURS, FROM_BEFORE = 0, 1, 2
"""How a frame is stored."""
RESTART = 8
"""Frames after which one is stored without the frame before: the most that a jump in time has to read."""


def quantised(values: np.ndarray, low: float, high: float, bits: int) -> np.ndarray:
    """Return whole numbers from 0 to ``2**bits - 1`` (uint8 or uint32) for values from `low` to `high`; what is outside is cut off."""
    top = 2**bits - 1
    scaled = (np.asarray(values, np.float64) - low) * (top / (high - low) if high > low else 0.0)
    whole = np.rint(np.clip(np.nan_to_num(scaled), 0, top))
    return np.asarray(whole.astype(np.uint8 if bits <= 8 else np.uint32))


@dataclass
class Chunks:
    """Gzipped pieces, one after another; equal ones are stored once."""

    parts: list[bytes] = field(default_factory=list)
    places: list[tuple[int, int, int]] = field(default_factory=list)
    """Start, end [bytes] and way of each frame."""
    _known: dict[bytes, tuple[int, int, int]] = field(default_factory=dict)
    _size: int = 0
    _before: np.ndarray | None = None
    _since: int = 0

    def add_frame(self, whole: np.ndarray) -> None:
        """Add an array of whole numbers (uint8, uint16 or uint32) in the way that takes least."""
        check_stop()
        ways = {AS_IT_IS: whole}
        if whole.dtype == np.uint8:
            ways[FROM_NEIGHBOURS] = _differences(whole)
        before = self._before
        if before is not None and before.shape == whole.shape and before.dtype == whole.dtype and self._since < RESTART - 1:
            ways[FROM_BEFORE] = whole - before
        zipped = {way: _zip(array) for way, array in ways.items()}
        way = min(zipped, key=lambda known: len(zipped[known]))
        self._since = self._since + 1 if way == FROM_BEFORE else 0
        self._before = whole
        self._add(zipped[way], way)

    def add_bytes(self, raw: bytes) -> None:
        """Add plain bytes."""
        check_stop()
        self._add(gzip.compress(raw, 9, mtime=0), AS_IT_IS)

    def _add(self, zipped: bytes, way: int) -> None:
        key = bytes([way]) + zipped
        place = self._known.get(key) if way != FROM_BEFORE else None
        if place is None:
            place = (self._size, self._size + len(zipped), way)
            self.parts.append(zipped)
            self._known[key] = place
            self._size += len(zipped)
        self.places.append(place)

    def text(self) -> str:
        """Return all pieces as base64."""
        return base64.b64encode(b"".join(self.parts)).decode("ascii")


class Blobs(list[str]):
    """The texts of all chunks of a page."""

    def take(self, chunks: Chunks) -> dict[str, Any]:
        """Add chunks; return where the page finds them."""
        self.append(chunks.text())
        return {"blob": len(self) - 1, "places": chunks.places}

    def take_cells(self, chunks: Sequence[Chunks], described: dict[str, Any]) -> dict[str, Any]:
        """Add the columns and the walls of flat cells; return the layer that shows them."""
        columns, walls = chunks
        return {"name": "cells", **described, **self.take(columns), "walls": self.take(walls)}


def _zip(array: np.ndarray) -> bytes:
    """Gzip whole numbers: all lowest bytes first, then the next ones."""
    little = np.ascontiguousarray(array.astype(array.dtype.newbyteorder("<"), copy=False))
    planes = little.reshape(-1).view(np.uint8).reshape(-1, array.dtype.itemsize).T
    return gzip.compress(np.ascontiguousarray(planes).tobytes(), 9, mtime=0)


def _differences(whole: np.ndarray) -> np.ndarray:
    for axis in range(whole.ndim):
        first = np.take(whole, [0], axis)
        whole = np.concatenate([first, np.diff(whole, axis=axis)], axis)  # modulo 256
    return whole


@dataclass(frozen=True)
class Column:
    """One number per row and frame."""

    name: str
    frames: list[np.ndarray]
    low: float | None = None
    """Range of the values; None for the one that they have."""
    high: float | None = None
    exact: bool = False
    """Whether the values are whole numbers below 2^24 that must stay as they are."""


def pack_columns(columns: Iterable[Column], bits: int) -> tuple[Chunks, list[dict[str, Any]]]:
    """Return the columns, one chunk each, and what is needed to read them: name, bits, range.

    A column whose values never change is stored as one row or one frame; the others as differences in time where the number of
    rows stays. Rounding is to `bits` bits of the range.
    """
    chunks, described = Chunks(), []
    for column in columns:
        frames = [np.asarray(frame, np.float64) for frame in column.frames]
        everything = np.concatenate(frames) if frames else np.zeros(0)
        if (len(everything) and (everything == everything[0]).all()) or not len(everything):
            described.append({"name": column.name, "value": float(everything[0]) if len(everything) else 0.0})
            continue
        low = float(everything.min()) if column.low is None else column.low
        high = float(everything.max()) if column.high is None else column.high
        of_column = bits
        if column.exact:
            low, high, of_column = 0.0, float(2**24 - 1), 24
        whole = [quantised(frame, low, high, of_column).astype(np.uint32) for frame in frames]
        once = all(np.array_equal(frame, whole[0]) for frame in whole)
        kept = whole[:1] if once else [
            frame - before if before is not None and before.shape == frame.shape else frame
            for before, frame in zip([None, *whole[:-1]], whole, strict=True)
        ]  # fmt: skip
        chunks.add_bytes(folded(np.concatenate(kept)))
        described.append({"name": column.name, "low": low, "high": high, "bits": of_column, "once": once, "chunk": len(chunks.places) - 1})
    return chunks, described


def folded(differences: np.ndarray) -> bytes:
    """Return signed numbers as bytes in which small ones of either sign are small, all lowest bytes first."""
    signed = differences.astype(np.int32)
    return _planes(((signed << 1) ^ (signed >> 31)).astype(np.uint32))


def _planes(numbers: np.ndarray) -> bytes:
    return np.ascontiguousarray(numbers.astype("<u4").view(np.uint8).reshape(-1, 4).T).tobytes()

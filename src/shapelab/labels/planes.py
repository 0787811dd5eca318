"""Label images that need not fit into memory: read some planes at a time, never as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated, Any

import numpy as np

from shapelab.arrays import is_lazy, plain_array
from shapelab.device import available_memory
from shapelab.errors import InputError, ShapelabError
from shapelab.labels.check import as_labels
from shapelab.stopping import check_stop

__all__ = ["LARGE", "LabelPixels", "LabelPlanes", "as_label_planes"]

LabelPixels = Annotated[Any, "checked by as_label_planes"]
"""Annotation: a label image, 2-D or 3-D, in memory or lazy (dask, Zarr), of which some planes at a time are read."""

LARGE = 2**26
"""Voxels from which on arrays in memory, too, are measured some planes at a time."""
_BUDGET = 400_000_000
"""What the planes that are worked on at a time may take [bytes]."""
_HELD = 12
"""Bytes per voxel that they take beside those read: cell numbers, numbers of nodes, a copy."""
_KIND = "A label image must hold whole numbers; received dtype {}."


@dataclass(frozen=True, eq=False)
class LabelPlanes:
    """A label image whose first axis is read piece by piece; a 2-D image is one plane."""

    source: Any = field(repr=False)
    """Array or lazy array, 2-D or 3-D."""
    shape: tuple[int, ...]
    """Of the image."""
    dtype: np.dtype[Any]

    @property
    def streams(self) -> bool:
        """Whether the image is read piece by piece: lazy volumes, and large ones."""
        return len(self.shape) == 3 and (is_lazy(self.source) or int(np.prod(self.shape)) > LARGE)

    @property
    def solid_shape(self) -> tuple[int, int, int]:
        """Shape as (z, y, x), with one plane in 2-D."""
        return (1,) * (3 - len(self.shape)) + self.shape  # type: ignore[return-value]

    @property
    def thickness(self) -> int:
        """Planes that are worked on at a time: whole chunks where they fit."""
        depth, *plane = self.solid_shape
        budget = min(_BUDGET, available_memory() // 8)
        most = int(max(1, budget // (int(np.prod(plane)) * (self.dtype.itemsize + _HELD))))
        chunk = _chunk(self.source) if len(self.shape) == 3 else 1
        return min(depth, most // chunk * chunk if most >= chunk else most)

    def blocks(self) -> Iterator[tuple[int, int]]:
        """Yield the first and last + 1 plane of each piece, looking whether to stop."""
        depth, step = self.solid_shape[0], self.thickness
        for first in range(0, depth, step):
            check_stop()
            yield first, min(depth, first + step)

    def whole(self) -> np.ndarray:
        """Return the whole image.

        Raises
        ------
        OutOfMemoryError
            If it does not fit into memory.
        InputError
            If it is no label image.
        """
        return as_labels(self.source)

    def read(self, first: int, last: int) -> np.ndarray:
        """Return the planes `first` … `last` - 1, (z, y, x).

        Raises
        ------
        InputError
            If a label is negative, or the planes cannot be read.
        """
        part = self.source if len(self.shape) == 2 else _read(self.source, first, last)
        array = np.asarray(plain_array("labels", part)).reshape(-1, *self.solid_shape[1:])
        if array.dtype.kind == "i" and (low := int(array.min(initial=0))) < 0:
            raise InputError(f"Labels must not be negative: they lie between 0 (the background) and {2**64 - 1}; there is a {low}.")
        return array


def as_label_planes(labels: Any) -> LabelPlanes:
    """Return a label image that is read piece by piece; of a lazy array nothing is read yet.

    Raises
    ------
    InputError
        If it is no label image.
    """
    if isinstance(labels, LabelPlanes):
        return labels
    if not is_lazy(labels):
        array = as_labels(labels)
        return LabelPlanes(array, array.shape, array.dtype)
    shape, dtype = tuple(int(n) for n in labels.shape), np.dtype(labels.dtype)
    if len(shape) not in (2, 3):
        raise InputError(f"A label image must be 2-D or 3-D, with axes (y, x) or (z, y, x); received an array of shape {shape}.")
    if 0 in shape:
        raise InputError(f"The label image is empty: its shape is {shape}.")
    if dtype.kind == "f":
        raise InputError("Labels must be whole numbers and these are floats: convert them with labels.astype(int), or threshold the image.")
    if dtype.kind not in "bui":
        raise InputError(_KIND.format(dtype))
    return LabelPlanes(labels, shape, dtype)


def _read(source: Any, first: int, last: int) -> np.ndarray:
    try:
        return np.asarray(source[first:last])
    except (ShapelabError, MemoryError):
        raise
    except Exception as error:  # a damaged file raises anything, here for the first time
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
        raise InputError(f"The planes {first} to {last - 1} cannot be read; the file may be damaged ({reason}).") from error


def _chunk(source: Any) -> int:
    """Return how many planes a chunk of a lazy array has."""
    chunks = getattr(source, "chunks", None)
    if not chunks or isinstance(source, np.ndarray):
        return 1
    first = chunks[0]
    return int(max(first)) if isinstance(first, tuple) else int(first)

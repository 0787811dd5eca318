"""Parts of arrays in chunks, cut out without being read."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from shapelab.arrays import is_lazy

__all__ = ["LazyPart", "lazily", "sample_planes"]

_LOOKED_AT, _WIDTH = 8, 1024
"""Planes of a large image that are looked at, and how much of each."""


@dataclass(frozen=True, eq=False)
class LazyPart:
    """A part of an array in chunks, which is read when it becomes an array: `numpy.asarray`.

    Arrays of Zarr and HDF5 read what is cut out of them at once; dask writes a graph of all its chunks for every part.
    """

    source: Any = field(repr=False)
    """Array of Zarr or HDF5; of a movie whose frames are cut out one by one, any array."""
    places: tuple[range | int, ...]
    """Along each of its axes what is taken."""

    @classmethod
    def of(cls, source: Any) -> LazyPart:
        """Return the whole of an array of any kind as a part of it."""
        return source if isinstance(source, cls) else cls(source, tuple(range(int(n)) for n in source.shape))

    def at(self, axis: int, place: int) -> LazyPart:
        """Return the same part at another place along an axis of the source along which one place was taken."""
        return replace(self, places=(*self.places[:axis], place, *self.places[axis + 1 :]))

    @property
    def _kept(self) -> list[int]:
        return [axis for axis, place in enumerate(self.places) if isinstance(place, range)]

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of entries along each axis that is left."""
        return tuple(len(place) for place in self.places if isinstance(place, range))

    @property
    def ndim(self) -> int:
        """Number of axes that are left."""
        return len(self.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of its numbers."""
        kind: np.dtype[Any] = np.dtype(self.source.dtype)
        return kind

    @property
    def chunks(self) -> tuple[int, ...]:
        """Entries of a chunk along each axis that is left."""
        of_dask, chunks = getattr(self.source, "chunksize", None), getattr(self.source, "chunks", None)
        chunks = of_dask or chunks or self.source.shape
        return tuple(int(chunks[axis]) for axis in self._kept)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> LazyPart:
        """Return a part of it, for numbers, slices and an ellipsis."""
        keys = list(key) if isinstance(key, tuple) else [key]
        if Ellipsis in keys:
            at = keys.index(Ellipsis)
            keys[at : at + 1] = [slice(None)] * (self.ndim - len(keys) + 1)
        places = list(self.places)
        for axis, one in zip(self._kept, keys, strict=False):
            kept = self.places[axis]
            assert isinstance(kept, range)
            places[axis] = kept[one]
        return LazyPart(self.source, tuple(places))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """Read it."""
        index, flipped = [], []
        for place in self.places:
            if isinstance(place, range) and place.step < 0:  # Zarr reads forwards only
                index.append(slice(place[-1], place[0] + 1, -place.step) if len(place) else slice(0, 0))
                flipped.append(slice(None, None, -1))
            elif isinstance(place, range):
                index.append(slice(place.start, place.stop, place.step))
                flipped.append(slice(None))
            else:
                index.append(place)  # type: ignore[arg-type]
        array = np.asarray(self.source[tuple(index)])[tuple(flipped)]
        return array if dtype is None else array.astype(dtype)

    def transpose(self, order: Any) -> Any:
        """Return it with its axes in another order, as an array of dask."""
        import dask.array as da

        return da.from_array(self, chunks=self.chunks).transpose(order)  # type: ignore[no-untyped-call]


def lazily(data: Any) -> Any:
    """Return an array in chunks whose parts are read when they become arrays, and not when they are cut out."""
    if not is_lazy(data) or isinstance(data, LazyPart) or hasattr(data, "__dask_graph__"):
        return data
    return LazyPart.of(data)


def sample_planes(data: Any) -> np.ndarray:
    """Return a few planes of an array in chunks, at most 8, by which one can tell what it shows; those that hold something."""
    data = lazily(data)
    lead = tuple(int(n) for n in data.shape[:-2])
    count = int(np.prod(lead))
    width = tuple(slice(max(0, (n - _WIDTH) // 2), max(0, (n - _WIDTH) // 2) + _WIDTH) for n in data.shape[-2:])
    places = {int(place) for place in np.linspace(0, count - 1, 3 * _LOOKED_AT)}
    planes: list[np.ndarray] = []
    for place in sorted(places, key=lambda one: abs(one - count // 2)):  # from the middle, where something is
        plane = np.asarray(data[(*(int(i) for i in np.unravel_index(place, lead)), *width)])
        if plane.any():
            planes.append(plane)
        if len(planes) == _LOOKED_AT:
            break
    return np.stack(planes) if planes else np.zeros((1, 1, 1), data.dtype)

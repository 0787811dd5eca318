"""A label image of any size as planes of cell numbers with one layer round it: `shapelab.mesh.dense`, some planes at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from shapelab.errors import InputError
from shapelab.labels.planes import LabelPlanes
from shapelab.labels.sums import LabelSums
from shapelab.mesh.dense import fill, layout
from shapelab.stopping import check_stop
from shapelab.threads import over_ranges, ranges

__all__ = ["PaddedPlanes", "padded_planes"]

_TABLE = 2**26
"""Labels below are looked up in a table, larger ones by sorting."""


@dataclass(frozen=True, eq=False)
class PaddedPlanes:
    """What `shapelab.mesh.dense.DenseLabels` holds, but for its array, which is read plane by plane."""

    source: LabelPlanes
    ids: np.ndarray
    """Label of each cell number, (K,); ids[0] is 0, the medium, present or not."""
    counts: np.ndarray
    """Voxels of each cell number, (K,) int64."""
    indices: list[np.ndarray] = field(repr=False)
    """Index in the image of each layer along each axis, -1 for the medium round it."""
    offset: np.ndarray
    real: np.ndarray
    border: np.ndarray
    period: np.ndarray

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape of the whole padded array."""
        z, y, x = map(len, self.indices)
        return z, y, x

    def blocks(self) -> Iterator[tuple[int, int]]:
        """Yield the first and last + 1 slab of each piece, looking whether to stop."""
        step, slabs = self.source.thickness, len(self.indices[0])
        for first in range(0, slabs, step):
            check_stop()
            yield first, min(slabs, first + step)

    def read(self, first: int, last: int, out: np.ndarray) -> None:
        """Fill `out`, (last - first, y, x) int32, with the padded planes `first` … `last` - 1."""
        zs = self.indices[0][first:last]
        cuts = np.flatnonzero((np.diff(zs) != 1) | (zs[:-1] < 0)) + 1  # where a periodic box begins again, and where the image ends
        for part in np.split(np.arange(len(zs)), cuts):
            a, b = int(part[0]), int(part[-1]) + 1
            if zs[a] < 0:
                out[a:b] = 0
                continue
            small, table = self._numbered(self.source.read(int(zs[a]), int(zs[a]) + b - a))
            here = np.arange(b - a)
            over_ranges(fill, ranges(b - a, 1), small, table, here, *self.indices[1:], out[a:b])

    def local(self, first: int, last: int, lead: int) -> tuple[np.ndarray, np.ndarray]:
        """Return `real` and `border` of the planes `first` … `last` - 1 alone, with `lead` more planes before them."""
        real, border = self.real.copy(), self.border.copy()
        real[0] -= first - lead
        border[0] &= (first == 0 and not lead, last == len(self.indices[0]))
        return real, border

    def _numbered(self, part: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return planes as int32 and the cell number of each of their values."""
        if int(self.ids[-1]) >= _TABLE:
            rows = np.searchsorted(self.ids, part.astype(self.ids.dtype)).astype(np.int32)
            return rows, np.arange(len(self.ids), dtype=np.int32)
        table = np.zeros(int(self.ids[-1]) + 1, np.int32)
        table[self.ids] = np.arange(len(self.ids))
        return np.ascontiguousarray(part, np.int32), table


def padded_planes(source: LabelPlanes, sums: LabelSums, periodic: tuple[bool, ...], *, closed: bool) -> PaddedPlanes:
    """Return the planes from which the net of a volume is made.

    Raises
    ------
    InputError
        If there is nothing but background.
    """
    ids, counts = sums.ids, sums.counts
    some = ids != 0
    if not some.any():
        raise InputError("The label image is empty: every voxel is 0, the background.")
    empty = bool(some.all())
    if empty:
        ids, counts = np.concatenate([np.zeros(1, ids.dtype), ids]), np.concatenate([[0], counts])
    extents = [(0, n) if empty else (int(sums.low[some, i].min()), int(sums.high[some, i].max()) + 1) for i, n in enumerate(source.shape)]
    return PaddedPlanes(source, ids, counts, *layout(source.shape, extents, periodic, closed=closed))

"""Windows around seeds, in which the costs of cells are tabulated."""

from __future__ import annotations

import numpy as np

from shapelab.transport import Domain

__all__ = ["FAR", "REACH", "windows_around"]

FAR = 1e30
"""Cost outside the window of a cell."""
REACH = 3.0
"""Half side of a window in radii: no lobe comes near it."""


def windows_around(grid: Domain, seeds: np.ndarray, reach: np.ndarray) -> np.ndarray:
    """Return the pixels (N, d, 2), from and to, within `reach` (N,) of the seeds along each axis.

    Along periodic axes they may begin below 0 or end beyond the last pixel (which go on at the other side), but they are never
    longer than the axis.
    """
    spacing, shape = np.asarray(grid.spacing), np.array(grid.shape)
    low = np.floor((seeds - reach[:, None]) / spacing).astype(np.int64)
    high = np.ceil((seeds + reach[:, None]) / spacing).astype(np.int64)
    middle = np.floor(seeds / spacing).astype(np.int64)
    wraps = np.asarray(grid.periodic)
    low = np.where(wraps, np.maximum(low, middle - shape // 2), np.maximum(low, 0))
    high = np.where(wraps, np.minimum(high, low + shape), np.minimum(high, shape))
    return np.stack([low, high], axis=-1)

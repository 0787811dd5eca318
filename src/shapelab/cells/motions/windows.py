"""Windows around seeds, in which biased costs are tabulated; beyond them costs stand at a level that no pixel of the cell reaches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from shapelab.threads import over_ranges, ranges
from shapelab.transport import Domain
from shapelab.transport.cost_table import CostTable

__all__ = ["windowed"]

_LEVEL = 2.2
"""Distance in radii at which the unbiased cost has the level at which all costs end."""


def windowed(
    kernel: Callable[..., Any], grid: Domain, seeds: np.ndarray, table: CostTable, largest: np.ndarray, *arguments: Any
) -> np.ndarray:
    """Return the costs ``(N, pixels)``, float32, of isotropic costs that are cheaper by a bias, up to a level.

    Parameters
    ----------
    kernel
        ``kernel(slot, first, last, out, windows, seeds, spacing, scales, half_powers, levels, *arguments)`` fills the windows of the
        cells first..last.
    table
        The costs without bias.
    largest
        (N,) largest bias of each cell, anywhere: a window reaches to where even the most favoured point costs the level.
    """
    levels = table.scale * (_LEVEL * table.radius) ** table.exponent
    reach = _LEVEL * table.radius * np.exp(np.minimum(largest / table.exponent, 50.0))
    out = np.empty((len(seeds), *grid.shape), np.float32)
    out[:] = levels.astype(np.float32).reshape(-1, *(1,) * grid.ndim)
    windows, spacing = _windows_around(grid, seeds, reach), np.asarray(grid.spacing)
    over_ranges(kernel, ranges(len(seeds), 1), out, windows, seeds, spacing, table.scale, table.exponent / 2, levels, *arguments)
    return out.reshape(len(seeds), -1)


def _windows_around(grid: Domain, seeds: np.ndarray, reach: np.ndarray) -> np.ndarray:
    """Return the pixels (N, d, 2), from and to, within `reach` (N,) of the seeds along each axis.

    Along periodic axes they may begin below 0 or end beyond the last pixel (which go on at the other side), but they are never
    longer than the axis.
    """
    spacing, shape = np.asarray(grid.spacing), np.array(grid.shape)
    reach = np.minimum(reach, 2 * grid.size.max())[:, None]
    low = np.floor((seeds - reach) / spacing).astype(np.int64)
    high = np.ceil((seeds + reach) / spacing).astype(np.int64)
    middle, wraps = np.floor(seeds / spacing).astype(np.int64), np.asarray(grid.periodic)
    low = np.where(wraps, np.maximum(low, middle - shape // 2), np.maximum(low, 0))
    high = np.where(wraps, np.minimum(high, low + shape), np.minimum(high, shape))
    return np.stack([low, high], axis=-1)

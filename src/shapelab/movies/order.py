"""Order of the cells of one frame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from shapelab.measure.order import hexatic_orders, nematic_order, polar_order

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["order_of"]

_FEWEST = 7
"""A cell and its six neighbours."""


def order_of(cells: pd.DataFrame, axes: Sequence[str], box: np.ndarray) -> pd.Series:
    """Return `nematic_order`, `hexatic_order` (2-D) and `polar_order` of the cells of a frame, NaN where there are too few."""
    import pandas as pd

    found = {"nematic_order": nematic_order(cells[[f"axis_{axis}" for axis in axes]].to_numpy(float))}
    if len(axes) == 2:
        found["hexatic_order"] = _hexatic(cells, axes, box)
    moves = cells[[f"velocity_{axis}" for axis in axes]].to_numpy(float)
    speeds = np.linalg.norm(moves, axis=1)
    moving = speeds > 0
    found["polar_order"] = polar_order(moves[moving] / speeds[moving, None]) if moving.any() else np.nan
    return pd.Series(found)


def _hexatic(cells: pd.DataFrame, axes: Sequence[str], box: np.ndarray) -> float:
    """Return the mean over the cells that lie inside, whose neighbours are all there; over all where none does."""
    if len(cells) < _FEWEST:
        return np.nan
    orders = hexatic_orders(cells[[f"centroid_{axis}" for axis in axes]].to_numpy(float), box)
    inside = ~cells["touches_border"].to_numpy(bool)
    return float(orders[inside].mean() if inside.any() else orders.mean())

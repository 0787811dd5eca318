"""The rows of the table of a comparison, as a reader calls them, with their units."""

from __future__ import annotations

from shapelab.measure import unit_of
from shapelab.measure.units import shown_name
from shapelab.units import shown_unit

__all__ = ["row_name"]

_NAMES = {
    "dice": "Dice overlap",
    "iou": "intersection over union",
    "boundary_f1": "boundary F1 score",
    "hausdorff": "Hausdorff distance",
    "hausdorff_95": "Hausdorff distance (95 %)",
    "mean_surface_distance": "mean surface distance",
    "curvature_distance": "distance of curvatures",
    "sinkhorn_divergence": "Sinkhorn divergence",
    "transport_distance": "transport distance",
    "adjusted_rand": "adjusted Rand index",
    "split_bits": "split cells [bits]",
    "merge_bits": "merged cells [bits]",
    "variation_of_information": "variation of information [bits]",
    "labels": "cells",
}
_POWERS = {
    "hausdorff": 1,
    "hausdorff_95": 1,
    "mean_surface_distance": 1,
    "curvature_distance": -1,
    "sinkhorn_divergence": 2,
    "transport_distance": 1,
    "thickness": 1,
}
"""Units of what `shapelab.measure` does not know."""
_AXES = {2: ("long", "short"), 3: ("long", "middle", "short")}


def row_name(key: str, unit: str, ndim: int, *, mean: bool = False) -> str:
    """Return what a row is called.

    Parameters
    ----------
    key
        Name of the number, as `shapelab.compare` gives it.
    unit
        Unit of length, "" for pixels.
    ndim
        Number of axes of space.
    mean
        Whether it is the mean over cells.
    """
    name = _NAMES.get(key) or shown_name(key)
    if key.startswith("semi_axis_"):
        name = f"{_AXES[ndim][int(key[-1]) - 1]} semi-axis"
    power = ndim - 1 if key == "contact_area" else _POWERS.get(key, 0)
    if key == "contact_area" and ndim == 2:
        name = "contact length"
    symbol = unit_of(key, unit) if not power else f"{unit}^{power}" if power > 1 else unit if power == 1 else f"1/{unit}"
    shown = shown_unit(symbol) if unit and symbol else ""
    name = f"mean {name}" if mean and not name.startswith("mean ") else name
    return f"{name} [{shown}]" if shown else name

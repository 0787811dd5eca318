"""The rows of the table of a comparison, as a reader calls them, with their units."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from shapelab.measure import unit_of
from shapelab.measure.units import shown_name
from shapelab.movies import Event
from shapelab.units import short_unit, shown_time, shown_unit

__all__ = ["comparison_rows"]

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
    "split_bits": "split cells (bits)",
    "merge_bits": "merged cells (bits)",
    "variation_of_information": "variation of information (bits)",
    "labels": "cells",
    "msd exponent": "exponent of displacements",
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


def comparison_rows(result: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Return the numbers between the two, those of the first and those of the second, by the names that readers know.

    Parameters
    ----------
    result
        What `shapelab.compare.compare` returned, or `MovieComparison.report`.
    """
    if result["compared"] == "movies":
        return _movie_rows(result)
    between: dict[str, Any] = {}
    sides: tuple[dict[str, Any], dict[str, Any]] = ({}, {})
    unit, ndim = short_unit(result["unit"]), len(result.get("spacing") or (1, 1, 1))
    for name, value in result.items():
        if not isinstance(value, int | float | np.number) or isinstance(value, bool):
            continue
        stem, _, side = name.rpartition("_")
        if stem and side in ("a", "b"):
            sides[side == "b"][_row_name(stem, unit, ndim)] = value if np.isfinite(value) else None
            between.setdefault(_row_name(stem, unit, ndim), None)
        elif name.endswith("_difference"):
            between[_row_name(name.removesuffix("_difference"), unit, ndim)] = f"{value:+.4g}" if np.isfinite(value) else None
        elif name != "blur":
            between[_row_name(name, unit, ndim)] = value
    populations = result.get("populations")
    if populations is not None:
        for name, row in populations.iterrows():
            key = _row_name(str(name), unit, ndim, mean=True)
            between[key] = f"KS {row['ks']:.2f}"
            sides[0][key], sides[1][key] = row["mean_a"], row["mean_b"]
    return between, *sides


def _movie_rows(result: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Return the rows of two movies: numbers of each as a whole, and the distributions over all paired frames."""
    unit, time = short_unit(result["unit"]), shown_time(result["time_unit"]) or "1"
    speed = f"({shown_unit(unit) or 'pixel'}/{time})"
    ndim = 3 if (result["pooled"]["quantity"] == "volume").any() else 2
    between: dict[str, Any] = {}
    sides: tuple[dict[str, Any], dict[str, Any]] = ({}, {})
    for row in result["pooled"].to_dict("records"):
        name = f"speed {speed}" if row["quantity"] == "speed" else _row_name(str(row["quantity"]), unit, ndim)
        between[name] = f"KS {row['ks']:.2f}"
        sides[0][name], sides[1][name] = row["mean_a"], row["mean_b"]
    for row in result["summary"].to_dict("records"):
        name = str(row["number"])
        if name.startswith("mean "):
            continue  # as of the cells, above
        name = f"{Event(name.removesuffix(' rate')).plural} (1/(cell {time}))" if name.endswith(" rate") else _NAMES.get(name, name)
        between[name] = f"{row['difference']:+.3g}" if np.isfinite(row["difference"]) else None
        sides[0][name], sides[1][name] = row["a"], row["b"]
    return between, *sides


def _row_name(key: str, unit: str, ndim: int, *, mean: bool = False) -> str:
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
    return f"{name} ({shown})" if shown else name

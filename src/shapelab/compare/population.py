"""Statistics of a population of cells with error bars, and how two populations differ."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from shapelab.arguments import as_rows, checked
from shapelab.errors import InputError
from shapelab.limits import between
from shapelab.measure.kolmogorov import ks_test
from shapelab.measure.order import nematic_order

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["compare_populations", "orientation_order", "population", "population_columns", "population_numbers"]

_FEWEST_CELLS = 5
"""Where fewer cells than that lie wholly inside one of the images, those at the border are kept in both."""
_PLACES = ("centroid_", "axis_", "semi_axis_2", "semi_axis_3", "orientation")
"""Columns whose mean over cells says nothing of their shape."""


@checked(bootstrap=between(1, 1_000_000), confidence=between(0.01, 0.9999), seed=between(0, 2**63))
def population(
    table: pd.DataFrame, *, exclude_border: bool = True, bootstrap: int = 500, confidence: float = 0.95, seed: int = 0
) -> pd.DataFrame:
    """Return mean, spread and bootstrap interval of every statistic of a table of cells.

    Parameters
    ----------
    table
        One row per cell: `shapelab.compare.cell_statistics`, `shapelab.measure.measure_labels`, or any table of numbers.
    exclude_border
        Leave out the cells that the border of the image cuts.
    bootstrap
        Resamplings of the cells (Efron, Ann. Stat. 7, 1 (1979)).
    confidence
        Confidence of the interval.
    seed
        Seed of the resampling.

    Returns
    -------
    DataFrame
        One row per statistic: `n` (cells with a value), `mean`, `low`, `high` (interval of the mean), `sd`, `cv`
        (sd/mean), `median`. The row `orientation_order` is the nematic order of the long axes: 0 if random, 1 if parallel.
        ``attrs`` holds the numbers of cells used and left out.
    """
    import pandas as pd

    _check(bootstrap, confidence)
    cells = _kept(table, exclude_border)
    rng = np.random.default_rng(seed)
    tails = [50 * (1 - confidence), 50 * (1 + confidence)]
    rows = {}
    for name in population_columns(cells):
        values = cells[name].dropna().to_numpy(dtype=float)
        if values.size == 0:
            continue
        low, high = np.percentile(_resampled(values, np.mean, bootstrap, rng), tails)
        mean, sd = float(values.mean()), float(values.std(ddof=1)) if values.size > 1 else float("nan")
        rows[name] = (values.size, mean, low, high, sd, sd / mean if mean else float("nan"), float(np.median(values)))
    if len(axes := _axes(cells)):
        low, high = np.percentile(_resampled(axes, orientation_order, bootstrap, rng), tails)
        rows["orientation_order"] = (len(axes), orientation_order(axes), low, high, *(float("nan"),) * 3)
    columns = ["n", "mean", "low", "high", "sd", "cv", "median"]
    result = pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("statistic")
    result.attrs |= {
        "cells": len(cells),
        "left_out": len(table) - len(cells),
        "confidence": confidence,
        "bootstrap": bootstrap,
        "seed": seed,
    }
    return result


@checked(bootstrap=between(1, 1_000_000), confidence=between(0.01, 0.9999), seed=between(0, 2**63))
def compare_populations(
    a: pd.DataFrame,
    b: pd.DataFrame,
    *,
    exclude_border: bool = True,
    bootstrap: int = 500,
    confidence: float = 0.95,
    seed: int = 0,
) -> pd.DataFrame:
    """Return how the cells of two tables differ, statistic by statistic.

    Parameters
    ----------
    a, b, exclude_border, bootstrap, confidence, seed
        As in `population`.

    Returns
    -------
    DataFrame
        One row per statistic that both tables have: `mean_a`, `mean_b`, `difference` (b - a) with its bootstrap interval
        `low`, `high`; `ks`, the Kolmogorov-Smirnov distance between the distributions, and its asymptotic
        `p_value`, not corrected for the number of statistics.
    """
    import pandas as pd

    _check(bootstrap, confidence)
    a, b = _kept(a, exclude_border), _kept(b, exclude_border)
    rng = np.random.default_rng(seed)
    rows = {}
    for name in [name for name in population_columns(a) if name in set(population_columns(b))]:
        x, y = (cells[name].dropna().to_numpy(dtype=float) for cells in (a, b))
        if x.size == 0 or y.size == 0:
            continue
        draws = _resampled(y, np.mean, bootstrap, rng) - _resampled(x, np.mean, bootstrap, rng)
        low, high = np.percentile(draws, [50 * (1 - confidence), 50 * (1 + confidence)])
        rows[name] = (x.mean(), y.mean(), y.mean() - x.mean(), low, high, *ks_test(x, y))
    if not rows:
        raise InputError(f"The two tables have no statistic in common: one has {list(a.columns)}, the other {list(b.columns)}.")
    columns = ["mean_a", "mean_b", "difference", "low", "high", "ks", "p_value"]
    result = pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("statistic")
    result.attrs |= {
        "exclude_border": exclude_border,
        "cells_a": len(a),
        "cells_b": len(b),
        "confidence": confidence,
        "bootstrap": bootstrap,
        "seed": seed,
    }
    return result


@checked()
def orientation_order(axes: np.ndarray) -> float:
    """Return the nematic order of unit vectors (n, d): (d lambda - 1)/(d - 1), lambda the largest eigenvalue of <n n^T>.

    1 if all are parallel, 0 if they are isotropic; n random ones read about 1/sqrt(n).
    """
    axes = as_rows("axes", axes)
    if axes.shape[1] < 2:
        raise InputError("The axes have one coordinate each: directions need two or three.")
    return nematic_order(axes)


def population_columns(table: pd.DataFrame) -> list[str]:
    """Return the columns of numbers whose distribution describes the cells."""
    return [str(name) for name, column in table.items() if column.dtype.kind in "iuf" and not str(name).startswith(_PLACES)]


def _kept(table: pd.DataFrame, exclude_border: bool) -> pd.DataFrame:
    if len(table) == 0:
        raise InputError("The table of cells is empty.")
    if not exclude_border or "touches_border" not in table:
        return table
    cells = table[~table["touches_border"].astype(bool)]
    if len(cells) == 0:
        raise InputError(f"All {len(table)} cells touch the border of the image: use exclude_border=False to keep them.")
    return cells


def _axes(table: pd.DataFrame) -> np.ndarray:
    """Long axes (n, d), empty if the table has none."""
    names = [name for name in ("axis_z", "axis_y", "axis_x") if name in table]
    return table[names].to_numpy(dtype=float) if names else np.empty((0, 0))


def _resampled(values: np.ndarray, statistic: Callable[[np.ndarray], float], times: int, rng: np.random.Generator) -> np.ndarray:
    return np.array([statistic(values[rng.integers(0, len(values), len(values))]) for _ in range(times)])


def _check(bootstrap: int, confidence: float) -> None:
    if bootstrap < 1:
        raise InputError(f"At least one bootstrap resampling is needed; received {bootstrap}.")
    if not 0 < confidence < 1:
        raise InputError(f"The confidence must lie between 0 and 1, such as 0.95; received {confidence!r}.")


def population_numbers(a: Any, b: Any, options: dict[str, Any], notes: list[str]) -> dict[str, Any]:
    """Return the statistics of two tables of cells and how they differ; `notes` is told what was left out."""
    tables, exclude = (a, b), options["exclude_border"]
    if exclude:
        border = [int(t["touches_border"].sum()) if "touches_border" in t else 0 for t in tables]
        exclude = all(len(t) - n >= min(_FEWEST_CELLS, len(t)) for n, t in zip(border, tables, strict=True))
        cut = f"{border[0]} of {len(a)} and {border[1]} of {len(b)}"
        notes.append(
            f"Cells at the border of the image are left out of the statistics: {cut}."
            if exclude
            else f"Nearly all cells touch the border of the image ({cut}), so they stay in the statistics."
        )
    numbers = [population(t, exclude_border=exclude, seed=options["seed"]) for t in tables]
    both = compare_populations(a, b, exclude_border=exclude, seed=options["seed"])
    return {"population_a": numbers[0], "population_b": numbers[1], "populations": both}

"""How the cells of two movies differ: distributions in each pair of frames and over all of them, rates of events, displacements."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from shapelab.compare.movie_pairs import FramePairs
from shapelab.measure.kolmogorov import ks_test
from shapelab.movies import CellsOverTime, Event
from shapelab.movies.displacement import exponent_of
from shapelab.stopping import check_stop

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["displacements_of", "distributions_of", "inner_cells", "pooled_of", "quantities_of", "summary_of"]

_FEWEST = 5
"""Cells that lie wholly inside each frame on average, below which those at the border are kept."""
_INTERVAL = (2.5, 97.5)
"""Percentiles of an interval of 95 %."""


def quantities_of(found: CellsOverTime) -> list[str]:
    """Return the columns whose distributions are compared."""
    in_space = "volume" in found.table
    return ["volume" if in_space else "area", "sphericity" if in_space else "circularity", "elongation", "neighbours", "speed"]


def inner_cells(a: CellsOverTime, b: CellsOverTime, exclude_border: bool) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    """Return both tables without the cells that the border cuts, unless hardly any are left, and what was done."""
    tables = [a.table, b.table]
    if not exclude_border:
        return tables[0], tables[1], []
    cut = [table["touches_border"].astype(bool) for table in tables]
    if not any(one.any() for one in cut):
        return tables[0], tables[1], []
    if any((~one).sum() < _FEWEST * table["frame"].nunique() for one, table in zip(cut, tables, strict=True)):
        return tables[0], tables[1], ["Nearly all cells touch the border of the image, so they stay in the distributions."]
    shares = " and ".join(f"{one.sum()} of {len(one)}" for one in cut)
    kept = [table[~one] for table, one in zip(tables, cut, strict=True)]
    return kept[0], kept[1], [f"Cells at the border of the image are left out of the distributions: {shares}, counted in all frames."]


def distributions_of(
    a: pd.DataFrame, b: pd.DataFrame, pairs: FramePairs, names: Sequence[str], bootstrap: int, rng: np.random.Generator
) -> pd.DataFrame:
    """Return how the distributions differ in every pair of frames: one row per pair and quantity."""
    import pandas as pd

    frames = [dict(tuple(table.groupby("frame"))) for table in (a, b)]
    rows = []
    for first, second, time in zip(pairs.a.tolist(), pairs.b.tolist(), pairs.times.tolist(), strict=True):
        check_stop()
        cells = [by_frame.get(frame) for by_frame, frame in zip(frames, (first, second), strict=True)]
        if cells[0] is None or cells[1] is None:
            continue
        for name in names:
            found = _distance([_groups(table, name, each=True) for table in cells if table is not None], bootstrap, rng)
            if found:
                rows.append({"frame_a": first, "frame_b": second, "time": time, "quantity": name, **found})
    return pd.DataFrame(rows, columns=["frame_a", "frame_b", "time", "quantity", *_COLUMNS])


def pooled_of(
    a: pd.DataFrame, b: pd.DataFrame, pairs: FramePairs, names: Sequence[str], bootstrap: int, rng: np.random.Generator
) -> pd.DataFrame:
    """Return how the distributions over all paired frames differ; whole cells are resampled, as a cell is like itself a frame later."""
    import pandas as pd

    tables = [table[table["frame"].isin(frames)] for table, frames in ((a, pairs.a), (b, pairs.b))]
    rows = {}
    for name in names:
        check_stop()
        found = _distance([_groups(table, name, each=False) for table in tables], bootstrap, rng)
        if found:
            rows[name] = found
    return pd.DataFrame.from_dict(rows, orient="index", columns=list(_COLUMNS)).rename_axis("quantity").reset_index()


_COLUMNS = ("n_a", "n_b", "mean_a", "mean_b", "ks", "p_value", "wasserstein", "low", "high")


def _groups(table: pd.DataFrame, name: str, *, each: bool) -> list[np.ndarray]:
    """Return the known values of a quantity, cell by cell, or (`each`) one by one."""
    known = table[["label", name]].dropna()
    values = known[name].to_numpy(float)
    if each:
        return list(values[:, None])
    order = np.argsort(known["label"].to_numpy(), kind="stable")
    ends = np.flatnonzero(np.diff(known["label"].to_numpy()[order])) + 1
    return np.split(values[order], ends) if len(values) else []


def _distance(groups: Sequence[list[np.ndarray]], bootstrap: int, rng: np.random.Generator) -> dict[str, float]:
    """Return KS and Wasserstein distance with the bootstrap interval of the latter; nothing where one side has no value.

    The interval is the basic one, about twice the distance minus its resampled values, and not below 0: resampling adds noise,
    which makes distances larger. It holds the truth in 9 of 10 samples of 30 cells, in 8 of 10 where the distance is that of chance.
    """
    from scipy.stats import wasserstein_distance

    if not groups[0] or not groups[1]:
        return {}
    x, y = (np.concatenate(group) for group in groups)
    distance = float(wasserstein_distance(x, y))
    draws = [wasserstein_distance(*(_resampled(group, rng) for group in groups)) for _ in range(bootstrap)]
    low, high = np.maximum(2 * distance - np.percentile(draws, _INTERVAL[::-1]), 0.0) if draws else (np.nan, np.nan)
    numbers = (len(x), len(y), x.mean(), y.mean(), *ks_test(x, y), distance, low, high)
    return {name: value if name.startswith("n_") else float(value) for name, value in zip(_COLUMNS, numbers, strict=True)}


def _resampled(group: list[np.ndarray], rng: np.random.Generator) -> np.ndarray:
    return np.concatenate([group[i] for i in rng.integers(0, len(group), len(group))])


def displacements_of(a: CellsOverTime, b: CellsOverTime) -> tuple[pd.DataFrame, list[float]]:
    """Return the mean squared displacements of both, with the column `movie` (a or b), and the exponents."""
    import pandas as pd

    both = [found.mean_squared_displacement() for found in (a, b)]
    table = pd.concat([one.assign(movie=side) for side, one in zip("ab", both, strict=True)], ignore_index=True)
    table.insert(0, "movie", table.pop("movie"))
    return table, [exponent_of(one) for one in both]


def summary_of(a: CellsOverTime, b: CellsOverTime, exponents: Sequence[float]) -> pd.DataFrame:
    """Return one row per number of a whole movie: `a`, `b`, `difference` (b - a), and of rates their intervals of 95 %.

    Rates are events per cell and unit of time, with the interval of a Poisson count; orders and means are over the frames.
    """
    import pandas as pd

    rows = {"cells": [_plain(float(found.per_frame()["cells"].mean())) for found in (a, b)]}
    for kind in (kind for kind in Event if kind is not Event.NEW_LABEL):  # which befalls the labels, not the cells
        rows[f"{kind.value} rate"] = [_rate(found, kind) for found in (a, b)]
    rows["msd exponent"] = [_plain(value) for value in exponents]
    frames = [found.per_frame() for found in (a, b)]
    for name in ("mean_speed", "nematic_order", "hexatic_order", "polar_order", "mean_elongation"):
        if all(name in one for one in frames):
            rows[name.replace("_", " ")] = [_plain(float(one[name].mean())) for one in frames]
    columns = ["a", "b", "difference", "low_a", "high_a", "low_b", "high_b"]
    values = {name: (x[0], y[0], y[0] - x[0], x[1], x[2], y[1], y[2]) for name, (x, y) in rows.items()}
    return pd.DataFrame.from_dict(values, orient="index", columns=columns).rename_axis("number").reset_index()


def _plain(value: float) -> tuple[float, float, float]:
    return (value, float("nan"), float("nan"))


def _rate(found: CellsOverTime, kind: Event) -> tuple[float, float, float]:
    """Return how often an event befalls a cell in a unit of time, and the interval of the rate."""
    from scipy.stats import chi2

    cells = found.per_frame()["cells"].to_numpy(float)
    exposure = float((cells[:-1] * np.diff(found.times)).sum())
    if exposure <= 0:
        return _plain(float("nan"))
    count = int((found.events["kind"] == kind.value).sum())
    tail = _INTERVAL[0] / 100
    low = chi2.ppf(tail, 2 * count) / 2 if count else 0.0
    return (count / exposure, float(low / exposure), float(chi2.ppf(1 - tail, 2 * count + 2) / 2 / exposure))

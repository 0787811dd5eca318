"""How cells grow and divide, from their volumes over time, with intervals."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import numpy as np

from shapelab.arguments import checked
from shapelab.convert.spacing import Spacing
from shapelab.errors import InputError
from shapelab.estimate.estimates import BOOTSTRAP, Estimates, resampled
from shapelab.estimate.estimates import interval as interval_of
from shapelab.estimate.followed import leaps, require_tracks
from shapelab.estimate.tracked import Tracked, track
from shapelab.limits import above
from shapelab.movies import Movie, as_movie
from shapelab.movies.events import Event, Events
from shapelab.movies.following import swaps
from shapelab.movies.movie import MovieSource
from shapelab.stopping import check_stop, done_apart
from shapelab.units import shown_time

__all__ = ["estimate_growth", "pieces_of_tracks"]

_FRAMES = 4
"""Fewest frames of a piece of track that tell a rate."""
_EXACT = 1e-20
"""Sum of squared residuals, as parts of the volume, that are rounding."""


@checked(interval=above(0), **BOOTSTRAP)
@done_apart
def estimate_growth(
    movie: MovieSource,
    spacing: Spacing | None = None,
    *,
    interval: float | None = None,
    unit: str = "",
    time_unit: str = "",
    periodic: bool | Sequence[bool] | None = None,
    level: float = 0.9,
    resamples: int = 400,
    seed: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Estimates:
    """Estimate how fast cells grow and divide.

    Each track is cut at its divisions and where its size or place leaps, and frames in which a cell reaches the border of the
    image are left out. In each piece of at least 4 frames, log V is regressed on time (exponential growth) and V as well (linear
    growth); the rates are means over the pieces, each counting as long as it lasts. Intervals are percentiles of a bootstrap over
    pieces.

    Parameters
    ----------
    movie, spacing, interval, unit, time_unit, periodic, level, resamples, seed, progress
        As in `shapelab.estimate.estimate_motion`.

    Returns
    -------
    Estimates
        `growth_rate` [1/time], `doubling_time` [time], `gain` [unit^d/time], `variation`, the standard deviation of the cells'
        growth rates as a part of their mean, and `division_rate`, divisions per cell and time. Its curve has one row per
        piece: `label`, `first`, `last` frame, `rate`, `gain`.

    Raises
    ------
    InputError
        If no cell is there for 4 frames in a row.
    """
    import pandas as pd

    source = as_movie(movie, spacing, interval=interval, unit=unit, time_unit=time_unit, periodic=periodic)
    cells = track(source, progress)
    require_tracks(cells)
    divisions, whole = _divisions(source)
    pieces = pieces_of_tracks(cells, divisions)
    if len(pieces) < 2:
        raise InputError(f"Growth needs at least 2 cells that are whole in {_FRAMES} frames in a row; there are {len(pieces)}.")
    table = pd.DataFrame([_slopes(cells, *piece) for piece in pieces])
    draws = resampled(len(table), resamples, seed)
    shares = draws * table["duration"].to_numpy()
    shares = shares / shares.sum(1, keepdims=True)
    rate, gain = shares @ table["rate"].to_numpy(), shares @ table["gain"].to_numpy()
    noise = shares @ table["error"].to_numpy() ** 2
    spread = np.sqrt(np.maximum(shares @ table["rate"].to_numpy() ** 2 - rate**2 - noise, 0))
    per = shown_time(source.time_unit) or "time"
    there = np.isfinite(cells.sizes) @ _around(cells.times)
    who = resampled(len(there), resamples, seed)
    n = len(table)
    found = (
        interval_of("growth_rate", rate, n, level, f"1/{per}"),
        interval_of("doubling_time", np.where(rate > 0, np.log(2) / np.where(rate > 0, rate, 1), np.inf), n, level, per),
        interval_of("gain", gain, n, level, f"{source.unit or 'pixel'}^{source.ndim}/{per}"),
        interval_of("variation", spread / np.maximum(np.abs(rate), 1e-300), n, level),
        interval_of("division_rate", who @ whole(cells.ids) / (who @ there), len(there), level, f"1/{per}"),
    )
    curve = table[["label", "first", "last", "rate", "gain"]]
    return Estimates("Growth", found, level, len(table), (*source.notes, *_law(table), *_doubts(rate)), curve)


def pieces_of_tracks(cells: Tracked, divisions: dict[int, list[int]]) -> list[tuple[int, int, int]]:
    """Return (row, first, last + 1 frame) of every piece of a track between divisions, leaps, gaps and the border of the image."""
    pieces, broken = [], leaps(cells) | swaps(cells.places, cells.radius, cells.box)
    for row, label in enumerate(cells.ids.tolist()):
        good = np.isfinite(cells.sizes[row]) & ~cells.at_border[row]
        changes = np.flatnonzero((np.diff(good.astype(int)) != 0) | broken[row]) + 1
        cuts = {0, len(good), *divisions.get(label, ()), *changes.tolist()}
        ends = sorted(cuts)
        pieces += [(row, a, b) for a, b in itertools.pairwise(ends) if good[a] and b - a >= _FRAMES]
    return pieces


def _divisions(movie: Movie) -> tuple[dict[int, list[int]], Callable[[np.ndarray], np.ndarray]]:
    """Return label -> frames in which it divides, and a function that counts the divisions of each label."""
    events = Events(movie.times, movie.periodic, 0)
    for labels in movie:
        check_stop()
        events.add(labels)
    table = events.table()
    found: dict[int, list[int]] = {}
    for label, frame in table.loc[table["kind"] == Event.DIVISION.value, ["label", "frame"]].itertuples(index=False):
        found.setdefault(int(label), []).append(int(frame))
    return found, lambda ids: np.array([len(found.get(int(label), ())) for label in ids], float)


def _around(times: np.ndarray) -> np.ndarray:
    """Return the time that each frame stands for, (T,): half of that to its neighbours, and nothing before the first and after the last."""
    halves = np.diff(times) / 2
    return np.asarray(np.r_[halves, 0.0] + np.r_[0.0, halves])


def _slopes(cells: Tracked, row: int, first: int, last: int) -> dict[str, float]:
    """Return both regressions of a piece, and how well they fit: residuals as parts of the volume."""
    time, size = cells.times[first:last], cells.sizes[row, first:last]
    away = time - time.mean()
    square = away @ away
    rate, gain = away @ np.log(size) / square, away @ size / square
    bent = np.log(size) - np.log(size).mean() - rate * away
    straight = (size - size.mean() - gain * away) / size.mean()
    n = len(time)
    return {
        "label": int(cells.ids[row]),
        "first": first,
        "last": last - 1,
        "rate": float(rate),
        "gain": float(gain),
        "error": float(np.sqrt(bent @ bent / max(n - 2, 1) / square)),
        "duration": float(time[-1] - time[0]),
        "exponential": float(bent @ bent),
        "linear": float(straight @ straight),
    }


def _law(table: object) -> list[str]:
    exponential, linear = (float(table[name].sum()) for name in ("exponential", "linear"))  # type: ignore[index]
    if max(exponential, linear) < _EXACT:
        return []
    if min(exponential, linear) > 0.9 * max(exponential, linear):
        return ["Exponential and linear growth fit equally well."]
    return ["Exponential growth fits better than linear." if exponential < linear else "Linear growth fits better than exponential."]


def _doubts(rate: np.ndarray) -> list[str]:
    low, high = np.quantile(rate[1:], [0.05, 0.95])
    return ["The cells do not grow or shrink measurably."] if low - 1e-12 < 0 < high + 1e-12 else []

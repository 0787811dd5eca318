"""How far cells get in a time: mean squared displacement against the lag, and its exponent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from shapelab.movies.intervals import median_interval

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["displacements", "exponent_of"]

_EARLY = 4
"""One over the part of the lags that the exponent is fitted to: later ones are means over few starts."""


def displacements(paths: np.ndarray, times: np.ndarray) -> pd.DataFrame:
    """Return the mean squared displacement of all cells against the lag.

    Parameters
    ----------
    paths
        Rows (label, frame, z, y, x), sorted by label and frame, unwrapped through periodic sides.
    times
        Time of each frame, ascending.

    Returns
    -------
    DataFrame
        `lag` [intervals], `time`, `msd`, `pairs` (cells times starts), `exponent` (slope of log msd over log time around the lag: 1 of
        a random walk, 2 of straight paths; NaN where nothing has moved). An interval is the time between two frames, the median one
        where they differ: then pairs of frames count for the lag that is nearest to the time between them, and `time` is their mean.
    """
    import pandas as pd

    frames = len(times)
    unit = median_interval(times)
    waits = times[None] - times[:, None]
    lags = np.maximum(np.rint(waits / unit).astype(int), 1)
    most = int(lags.max(initial=0)) + 1
    sums, spans, counts = np.zeros(most), np.zeros(most), np.zeros(most, int)
    for cell in np.split(paths, np.flatnonzero(np.diff(paths[:, 0])) + 1):
        places = np.full((frames, paths.shape[1] - 2), np.nan)
        places[cell[:, 1].astype(int)] = cell[:, 2:]
        for between in range(1, frames):
            squares = ((places[between:] - places[:-between]) ** 2).sum(1)
            known = np.isfinite(squares)
            lag = lags.diagonal(between)[known]
            np.add.at(sums, lag, squares[known])
            np.add.at(spans, lag, waits.diagonal(between)[known])
            np.add.at(counts, lag, 1)
    lag = np.flatnonzero(counts)
    msd, time = sums[lag] / counts[lag], spans[lag] / counts[lag]
    return pd.DataFrame({"lag": lag, "time": time, "msd": msd, "pairs": counts[lag], "exponent": _slopes(time, msd)})


def exponent_of(msd: pd.DataFrame) -> float:
    """Return the exponent of a table of `displacements`: the slope of log msd over log time in its first quarter, at least three lags.

    NaN where there are fewer than two lags, or nothing has moved.
    """
    first = msd.iloc[: max(3, len(msd) // _EARLY)]
    first = first[first["msd"] > 0]
    if len(first) < 2:
        return float("nan")
    weights = np.sqrt(first["pairs"].to_numpy(float))
    return float(np.polyfit(np.log(first["time"]), np.log(first["msd"]), 1, w=weights)[0])


def _slopes(times: np.ndarray, msd: np.ndarray) -> np.ndarray:
    """Return the slope of log msd over log time around each lag."""
    x = np.log(times)
    with np.errstate(divide="ignore", invalid="ignore"):
        y = np.where(msd > 0, np.log(msd), np.nan)
        return np.gradient(y, x) if len(x) > 1 else np.full(len(x), np.nan)

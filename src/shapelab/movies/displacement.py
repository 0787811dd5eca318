"""How far cells get in a time: mean squared displacement against the lag, and its exponent."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["displacements", "exponent_of"]

_EARLY = 4
"""One over the part of the lags that the exponent is fitted to: later ones are means over few starts."""


def displacements(paths: np.ndarray, frames: int, interval: float) -> pd.DataFrame:
    """Return the mean squared displacement of all cells against the lag.

    Parameters
    ----------
    paths
        Rows (label, frame, z, y, x), sorted by label and frame, unwrapped through periodic sides.
    frames
        Number of frames of the movie.
    interval
        Time between two frames.

    Returns
    -------
    DataFrame
        `lag` [frames], `time`, `msd`, `pairs` (cells times starts), `exponent` (slope of log msd over log time around the lag: 1 of
        a random walk, 2 of straight paths; NaN where nothing has moved).
    """
    import pandas as pd

    sums, counts = np.zeros(frames), np.zeros(frames, int)
    for cell in np.split(paths, np.flatnonzero(np.diff(paths[:, 0])) + 1):
        places = np.full((frames, paths.shape[1] - 2), np.nan)
        places[cell[:, 1].astype(int)] = cell[:, 2:]
        for lag in range(1, frames):
            squares = ((places[lag:] - places[:-lag]) ** 2).sum(1)
            known = np.isfinite(squares)
            sums[lag] += squares[known].sum()
            counts[lag] += known.sum()
    lags = np.flatnonzero(counts)
    msd = sums[lags] / counts[lags]
    return pd.DataFrame({"lag": lags, "time": lags * interval, "msd": msd, "pairs": counts[lags], "exponent": _slopes(lags, msd)})


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


def _slopes(lags: Iterable[int], msd: np.ndarray) -> np.ndarray:
    """Return the slope of log msd over log lag around each lag."""
    x = np.log(np.asarray(lags, float))
    with np.errstate(divide="ignore", invalid="ignore"):
        y = np.where(msd > 0, np.log(msd), np.nan)
        return np.gradient(y, x) if len(x) > 1 else np.full(len(x), np.nan)

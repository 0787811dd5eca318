"""How cells move, from their tracks: speed, persistence and turning of a persistent random walk, with intervals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from shapelab.arguments import checked
from shapelab.convert.spacing import Spacing
from shapelab.errors import InputError
from shapelab.estimate.estimates import BOOTSTRAP, Estimates, resampled
from shapelab.estimate.estimates import interval as interval_of
from shapelab.estimate.followed import displacements_of, require_tracks
from shapelab.estimate.tracked import track
from shapelab.estimate.walk import Pace, Walk, displacement_products, fit_walks
from shapelab.limits import above
from shapelab.movies import as_movie
from shapelab.movies.movie import MovieSource
from shapelab.stopping import done_apart
from shapelab.units import shown_time

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["estimate_motion", "independent_cells", "walks_of"]

_FRAMES = 5
"""Fewest frames that tell a speed from a persistence."""
_LAGS = 30
_FEW = 4
"""Lags that fewer than one of so many cells know do not count."""
_TOGETHER = 0.8
"""Effective part of the cells below which it is said that they move together."""


@checked(interval=above(0), **BOOTSTRAP)
@done_apart
def estimate_motion(
    movie: MovieSource,
    spacing: Spacing | None = None,
    *,
    interval: float | None = None,
    unit: str = "",
    time_unit: str = "",
    periodic: bool | Sequence[bool] | None = None,
    remove_drift: bool = False,
    level: float = 0.9,
    resamples: int = 400,
    seed: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Estimates:
    """Estimate how cells move: speed, persistence time, rotational diffusion, and how precisely the centres are known.

    Between frames a cell that keeps its speed v and forgets its direction within a time P is displaced by u_k with

        <u_k · u_k>     = 2 v² P (T - P (1 - e^{-T/P})) + 2 d s²
        <u_k · u_{k+1}> = v² P² (1 - e^{-T/P})² - d s²
        <u_k · u_{k+m}> = v² P² (1 - e^{-T/P})² e^{-(m-1) T/P}

    where T is the time between frames and s the error of a centroid along an axis (R. Fürth, Z. Phys. 2, 244 (1920)). Where
    frames are not evenly spaced, each pair of displacements has the times of its own frames. Generalised least squares
    (`shapelab.estimate.walk.fit_walks`) give v, P and s; the rotational diffusion is D = 1/((d - 1) P), and cells that tumble do
    so at the rate 1/P. Intervals are those of a bootstrap over cells; where cells move together, of as many cells as would
    tell as much if each moved by itself.

    Parameters
    ----------
    movie, spacing, interval, unit, time_unit, periodic
        As in `shapelab.movies.as_movie`. Labels must follow the cells (else `shapelab.movies.link_cells` first).
    remove_drift
        Subtract the mean displacement of all cells in each frame, such as that of a stage.
    level
        Share of cases in which an interval should contain the true value.
    resamples
        Bootstrap samples.
    seed
        Random seed of the bootstrap.
    progress
        Called with the number of frames done and the total.

    Returns
    -------
    Estimates
        `speed` [unit/time], `persistence` [time], `rotational_diffusion` [1/time], `turning_rate` [1/time], `position_error` [unit]
        and `diffusion`, v² P/d, [unit²/time]; its curve has the columns `lag`, `time`, `measured`, `fitted`.
        The numbers are those of cells among their neighbours: in a crowd they are slower, and turn faster, than one alone.

    Raises
    ------
    InputError
        If there are fewer than 5 frames, or labels do not follow the cells.
    """
    source = as_movie(movie, spacing, interval=interval, unit=unit, time_unit=time_unit, periodic=periodic)
    if len(source) < _FRAMES:
        raise InputError(f"Motion needs a movie of at least {_FRAMES} frames; this one has {len(source)}.")
    cells = track(source, progress)
    require_tracks(cells)
    moved = displacements_of(cells)
    steps = moved.steps
    if remove_drift:
        steps = _without_drift(steps)
    steps = steps[np.isfinite(steps[:, :, 0]).any(1)]
    if len(steps) < 2:
        raise InputError("No two cells keep their label from frame to frame: link them first (shapelab.movies.link_cells, --link).")
    if not np.nanmax(np.abs(steps)):
        raise InputError("No cell moves from frame to frame: there is no motion to estimate.")
    walk, effective, curve = walks_of(steps, cells.times, resamples, seed)
    speed, persistence, error = walk.speed, walk.persistence, np.sqrt(np.maximum(walk.error_square, 0))
    n, d = len(steps), source.ndim
    per = shown_time(source.time_unit) or "time"
    length = source.unit or "pixel"
    values = {
        "speed": (speed, f"{length}/{per}"),
        "persistence": (persistence, per),
        "rotational_diffusion": (1 / ((d - 1) * persistence), f"1/{per}"),
        "turning_rate": (1 / persistence, f"1/{per}"),
        "diffusion": (speed**2 * persistence / d, f"{length}^2/{per}"),
        "position_error": (error, length),
    }
    notes = [*source.notes, *moved.notes, *_doubts(persistence[0], cells.step, cells.times)]
    if effective < _TOGETHER * n:
        notes.append(f"Cells move together: {n} of them carry as much information as {effective:.0f} that move independently.")
    found = tuple(interval_of(name, given, effective, level, unit_of, positive=True) for name, (given, unit_of) in values.items())
    return Estimates("Motion", found, level, n, tuple(notes), curve)


def walks_of(steps: np.ndarray, times: np.ndarray, resamples: int, seed: int) -> tuple[Walk, float, pd.DataFrame]:
    """Return the walks that fit displacements best: of all cells first, and of each bootstrap sample.

    Parameters
    ----------
    steps
        Displacements (N, T - 1, d); may hold NaN.
    times
        Of the frames, (T,).
    resamples, seed
        Bootstrap samples, and their random seed.

    Returns
    -------
    walk, effective, curve
        The walks (resamples + 1,), how many cells that move by themselves would tell as much, and the products of displacements
        with the columns `lag`, `time`, `measured`, `fitted`.

    Raises
    ------
    InputError
        If no two cells are there in 4 frames in a row.
    """
    import pandas as pd

    n, frames, d = len(steps), steps.shape[1] + 1, steps.shape[2]
    sums, counts = displacement_products(steps, min(_LAGS, frames // 2))
    lags = int(np.flatnonzero((counts > 0).sum(0) >= max(2, n / _FEW)).max(initial=0))
    if lags < 2 or not (counts[:, 1:3] > 0).any(0).all():
        raise InputError(
            "Motion needs cells that are followed through at least 4 frames in a row, whole and without dividing: link them first "
            "(shapelab.movies.link_cells, --link), or take a longer movie."
        )
    sums, counts = sums[:, : lags + 1], counts[:, : lags + 1]
    pace = Pace.of(times, steps, lags)
    effective = _independent(steps, pace, lags)
    draws = resampled(n, resamples, seed, of=effective)
    walk = fit_walks(draws @ sums / np.maximum(draws @ counts, 1), pace, d)
    measured = sums.sum(0) / np.maximum(counts.sum(0), 1)
    curve = {"lag": np.arange(lags + 1), "time": pace.mean(pace.apart()), "measured": measured, "fitted": walk.curve(pace, d)}
    return walk, effective, pd.DataFrame(curve)


def _without_drift(steps: np.ndarray) -> np.ndarray:
    """Return displacements less the mean of all cells in each frame; it holds a part of each cell's own, which is made up for."""
    there = np.isfinite(steps[:, :, 0]).sum(0)
    alone = there < 2
    mean = np.nansum(steps, axis=0) / np.maximum(there, 1)[:, None]
    scale = np.where(alone, np.nan, np.sqrt(there / np.maximum(there - 1, 1)))
    return np.asarray((steps - mean) * scale[:, None])


def independent_cells(steps: np.ndarray, means: np.ndarray) -> float:
    """Return how many cells that move by themselves would tell as much as these, between 2 and N.

    N / (1 + (N - 1) r²), with r² the mean square correlation of the paths of two cells (C. S. Bretherton et al., J. Clim. 12, 1990
    (1999)), less what chance makes of it in paths of this length and persistence.

    Parameters
    ----------
    steps
        Displacements (N, T - 1, d); may hold NaN.
    means
        Mean of u_k · u_{k+m}, (lags + 1,).
    """
    n, _, d = steps.shape
    known = np.isfinite(steps[:, :, 0]).astype(float)
    flat = np.nan_to_num(steps).reshape(n, -1)
    together, common = flat @ flat.T, known @ known.T
    apart = ~np.eye(n, dtype=bool) & (common > 1)
    if not apart.any():
        return float(n)
    square = float(((together[apart] / common[apart]) ** 2 * common[apart]).sum() / common[apart].sum())
    length = float(common[apart].sum() / apart.sum())
    lags = np.arange(1, len(means))
    chance = (means[0] ** 2 + 2 * float((np.maximum(1 - lags / length, 0) * means[1:] ** 2).sum())) / (length * d)
    excess = max(square - chance, 0.0) / max(float(means[0]) ** 2, 1e-300)
    return float(max(2.0, n / (1 + (n - 1) * min(excess, 1.0))))


def _independent(steps: np.ndarray, pace: Pace, lags: int) -> float:
    """Return how many cells that move by themselves would tell as much; long waits count no more than short ones."""
    even = steps * (pace.step / np.diff(pace.times))[:, None]
    sums, counts = displacement_products(even, lags)
    return independent_cells(even, sums.sum(0) / np.maximum(counts.sum(0), 1))


def _doubts(persistence: float, step: float, times: np.ndarray) -> list[str]:
    notes = []
    if persistence > 0.5 * (times[-1] - times[0]):
        notes.append("Cells keep their direction for longer than half the movie: the persistence is poorly determined.")
    elif persistence < 0.5 * step:
        notes.append("Cells forget their direction within a frame: only their diffusion can be estimated, not speed and persistence.")
    return notes

"""How cells move, from their tracks: speed, persistence and turning of a persistent random walk, with intervals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from shapelab.arguments import checked
from shapelab.convert.spacing import Spacing
from shapelab.errors import InputError
from shapelab.estimate.estimates import BOOTSTRAP, Estimates, resampled
from shapelab.estimate.estimates import interval as interval_of
from shapelab.estimate.tracked import track
from shapelab.limits import above
from shapelab.movies import as_movie
from shapelab.movies.movie import MovieSource
from shapelab.stopping import done_apart
from shapelab.units import shown_time

__all__ = ["Pace", "displacement_products", "estimate_motion", "independent_cells"]

_FRAMES = 5
"""Fewest frames that tell a speed from a persistence."""
_LAGS = 30
_GRID = 160
"""Persistence times that are tried."""
_PIECES = 4
"""Pieces of each track whose scatter says how precise each product is."""
_TOGETHER = 0.8
"""Effective part of the cells below which it is said that they move together."""


@dataclass(frozen=True, eq=False)
class Pace:
    """When frames were taken, which need not be at equal intervals, and which pairs of displacements are known."""

    times: np.ndarray
    """(T,)"""
    known: np.ndarray
    """(lags + 1, T - 1) in how many cells u_k and u_{k+m} are known; 0 where there is no such pair."""

    @classmethod
    def of(cls, times: np.ndarray, steps: np.ndarray, lags: int) -> Pace:
        """Return that of displacements (N, T - 1, d), which may hold NaN."""
        known = np.zeros((lags + 1, steps.shape[1]))
        for lag in range(lags + 1):
            known[lag, : steps.shape[1] - lag] = np.isfinite(_products(steps, lag)).sum(0)
        return cls(np.asarray(times, float), known)

    @property
    def step(self) -> float:
        """Mean time between two frames."""
        return float(np.diff(self.times).mean())

    def mean(self, values: np.ndarray) -> np.ndarray:
        """Return the mean of values (lags + 1, T - 1) over all pairs that are known, (lags + 1,)."""
        return np.asarray((self.known * values).sum(1) / np.maximum(self.known.sum(1), 1))

    def apart(self) -> np.ndarray:
        """Return the time from the beginning of u_k to that of u_{k+m}, (lags + 1, T - 1); 0 beyond the last frame."""
        begins = self.times[:-1]
        later = np.arange(len(begins)) + np.arange(len(self.known))[:, None]
        return np.asarray(np.where(later < len(begins), begins[np.minimum(later, len(begins) - 1)] - begins, 0.0))

    def walk(self, persistence: float) -> np.ndarray:
        """Return the mean products of displacements of a walk of speed 1, (lags + 1,)."""
        waits = np.diff(self.times)
        gone = 1 - np.exp(-waits / persistence)
        later = np.minimum(np.arange(len(waits)) + np.arange(len(self.known))[:, None], len(waits) - 1)
        values = gone * gone[later] * np.exp(-np.maximum(self.apart() - waits, 0.0) / persistence) * persistence**2
        values[0] = 2 * persistence * (waits - persistence * gone)
        return self.mean(values)


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
    frames are not evenly spaced, each pair of displacements has the times of its own frames. Least squares, weighted by the
    scatter between pieces of tracks, give v, P and s; the rotational diffusion is D = 1/((d - 1) P), and cells that tumble do so
    at the rate 1/P. Intervals are percentiles of a bootstrap over cells; where cells move together, of as many cells as would
    tell as much if each moved by itself.

    Parameters
    ----------
    movie, spacing, interval, unit, time_unit, periodic
        As in `shapelab.movies.as_movie`. Labels must follow the cells (else `shapelab.movies.link_cells` first).
    remove_drift
        Take away the mean displacement of all cells in each frame, such as that of a stage.
    level
        Share of cases in which an interval should contain the true value.
    resamples
        Bootstrap samples.
    seed
        Of the bootstrap.
    progress
        Called with the number of frames done and that of all.

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
    import pandas as pd

    source = as_movie(movie, spacing, interval=interval, unit=unit, time_unit=time_unit, periodic=periodic)
    if len(source) < _FRAMES:
        raise InputError(f"Motion needs a movie of at least {_FRAMES} frames; this one has {len(source)}.")
    cells = track(source, progress)
    steps = np.diff(cells.places, axis=1)
    if remove_drift:
        steps = steps - np.nanmean(steps, axis=0, keepdims=True)
    steps = steps[np.isfinite(steps[:, :, 0]).any(1)]
    if len(steps) < 2:
        raise InputError("No two cells keep their label from frame to frame: link them first (shapelab.movies.link_cells, --link).")
    if not np.nanmax(np.abs(steps)):
        raise InputError("No cell moves from frame to frame: there is no motion to estimate.")
    lags, n, d = min(_LAGS, len(source) // 2), len(steps), source.ndim
    sums, counts = displacement_products(steps, lags)
    pace = Pace.of(cells.times, steps, lags)
    effective = _independent(steps, pace, lags)
    draws = resampled(n, resamples, seed, of=effective)
    speed, persistence, error, fitted = _fit(draws @ sums / np.maximum(draws @ counts, 1), _precision(steps, lags), pace, d)
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
    notes = [*source.notes, *_doubts(persistence[0], cells.step, cells.times)]
    if effective < _TOGETHER * n:
        notes.append(f"Cells move together: {n} of them tell as much as {effective:.0f} that move independently.")
    measured = sums.sum(0) / np.maximum(counts.sum(0), 1)
    curve = pd.DataFrame({"lag": np.arange(lags + 1), "time": pace.mean(pace.apart()), "measured": measured, "fitted": fitted})
    found = tuple(interval_of(name, given, effective, level, unit_of) for name, (given, unit_of) in values.items())
    return Estimates("Motion", found, level, n, tuple(notes), curve)


def displacement_products(steps: np.ndarray, lags: int) -> tuple[np.ndarray, np.ndarray]:
    """Return sums (N, lags + 1) of u_k · u_{k+m} of each cell, and how many terms they have; `steps` (N, T - 1, d) may hold NaN."""
    products = [_products(steps, lag) for lag in range(lags + 1)]
    return np.stack([np.nansum(one, axis=1) for one in products], axis=1), np.stack([np.isfinite(one).sum(1) for one in products], axis=1)


def independent_cells(steps: np.ndarray, products: np.ndarray) -> float:
    """Return how many cells that move by themselves would tell as much as these, between 2 and N.

    N / (1 + (N - 1) r²), with r² the mean square correlation of the paths of two cells (C. S. Bretherton et al., J. Clim. 12, 1990
    (1999)), less what chance makes of it in paths of this length and persistence.

    Parameters
    ----------
    steps
        Displacements (N, T - 1, d); may hold NaN.
    products
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
    lags = np.arange(1, len(products))
    chance = (products[0] ** 2 + 2 * float((np.maximum(1 - lags / length, 0) * products[1:] ** 2).sum())) / (length * d)
    excess = max(square - chance, 0.0) / max(float(products[0]) ** 2, 1e-300)
    return float(max(2.0, n / (1 + (n - 1) * min(excess, 1.0))))


def _independent(steps: np.ndarray, pace: Pace, lags: int) -> float:
    """Return how many cells that move by themselves would tell as much; long waits count no more than short ones."""
    even = steps * (pace.step / np.diff(pace.times))[:, None]
    sums, counts = displacement_products(even, lags)
    return independent_cells(even, sums.sum(0) / np.maximum(counts.sum(0), 1))


def _products(steps: np.ndarray, lag: int) -> np.ndarray:
    """Return u_k · u_{k+m} of each cell, (N, T - 1 - m); NaN where one is unknown."""
    return np.asarray((steps[:, : steps.shape[1] - lag] * steps[:, lag:]).sum(2))


def _precision(steps: np.ndarray, lags: int) -> np.ndarray:
    """Return the weight of each lag, (lags + 1,): one over the scatter of its products between pieces of tracks.

    Pieces of tracks are more than cells: a scatter between few cells is itself uncertain, and would favour lags where they
    happen to agree.
    """
    scatter = []
    for lag in range(lags + 1):
        pieces = np.array_split(_products(steps, lag), _PIECES, axis=1)
        known = [np.isfinite(piece).sum(1) for piece in pieces]
        means = np.concatenate([np.nansum(piece, axis=1) / np.maximum(count, 1) for piece, count in zip(pieces, known, strict=True)])
        scatter.append(means[np.concatenate(known) > 0].var())
    found = np.array(scatter)
    return np.asarray(1 / np.maximum(found, 1e-12 * found.max() + 1e-300))


def _fit(products: np.ndarray, weights: np.ndarray, pace: Pace, d: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return speed, persistence and position error for each row of mean products (B, lags + 1), and the curve of the first row."""
    tried = np.geomspace(0.1 * pace.step, 20 * pace.step * products.shape[1], _GRID)
    noise = np.zeros(products.shape[1])
    noise[0], noise[1] = 2 * d, -d
    misfits, powers, errors = [], [], []
    for persistence in tried:
        walk = pace.walk(persistence)
        power, error = _least_squares(products, walk, noise, weights)
        misfits.append((products - power[:, None] * walk - error[:, None] * noise) ** 2 @ weights)
        powers.append(power)
        errors.append(error)
    best = np.argmin(misfits, axis=0)
    rows = np.arange(len(products))
    fine = _refined(np.array(misfits), best, np.log(tried))
    power, error = np.array(powers)[best, rows], np.array(errors)[best, rows]
    curve = power[0] * pace.walk(tried[best[0]]) + error[0] * noise
    return np.sqrt(power), np.exp(fine), np.sqrt(error), curve


def _least_squares(products: np.ndarray, walk: np.ndarray, noise: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return v² and s², neither below 0, for each row."""
    aa, ab, bb = (weights * walk) @ walk, (weights * walk) @ noise, (weights * noise) @ noise
    ya, yb = products @ (weights * walk), products @ (weights * noise)
    power, error = (bb * ya - ab * yb) / (aa * bb - ab**2), (aa * yb - ab * ya) / (aa * bb - ab**2)
    power, error = np.where(error < 0, ya / aa, power), np.maximum(error, 0)
    return np.maximum(power, 0), np.where(power < 0, np.maximum(yb / bb, 0), error)


def _refined(misfits: np.ndarray, best: np.ndarray, axis: np.ndarray) -> np.ndarray:
    """Return where a parabola through the three lowest points has its minimum."""
    inner = np.clip(best, 1, len(axis) - 2)
    rows = np.arange(len(best))
    before, at, after = (misfits[inner + shift, rows] for shift in (-1, 0, 1))
    bend = before - 2 * at + after
    shift = np.where(bend > 0, 0.5 * (before - after) / np.where(bend > 0, bend, 1), 0)
    found = axis[inner] + np.clip(shift, -1, 1) * (axis[1] - axis[0])
    return np.asarray(np.where(inner == best, found, axis[best]))


def _doubts(persistence: float, step: float, times: np.ndarray) -> list[str]:
    notes = []
    if persistence > 0.5 * (times[-1] - times[0]):
        notes.append("Cells keep their direction for longer than half the movie: the persistence is poorly determined.")
    elif persistence < 0.5 * step:
        notes.append("Cells forget their direction within a frame: only their diffusion can be estimated, not speed and persistence.")
    return notes

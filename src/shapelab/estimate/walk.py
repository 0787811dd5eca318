"""The persistent random walk: products of displacements, how well some frames of some cells tell them, and the walk that fits them best."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shapelab.movies.intervals import mean_interval

__all__ = ["Pace", "Walk", "displacement_products", "fit_walks", "products"]

_GRID, _STRAIGHT = 140, 40
"""Persistence times that are tried, up to 20 times the longest lag, and beyond, where paths are straight."""
_ROUNDS = 3
"""After which the weights, which need the walk that they are to find, no longer change it."""
_COVERED = 120
"""Frames that the weights are computed from: how lags depend on each other is the same in all."""
_SURE = 1e-8
"""Part of the largest variance below which a combination of lags is taken to be no surer."""


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
            known[lag, : steps.shape[1] - lag] = np.isfinite(products(steps, lag)).sum(0)
        return cls(np.asarray(times, float), known)

    @property
    def step(self) -> float:
        """Mean time between two frames."""
        return mean_interval(self.times)

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

    def covariance(self, walk: Walk, d: int) -> np.ndarray:
        """Return the covariance of the mean products of displacements, (lags + 1, lags + 1), 0 at lags that no cell is known at.

        It is that of a Gaussian walk, whose fourth moments are products of second ones (L. Isserlis, Biometrika 12, 134 (1918)).
        """
        begin = self._best_known()
        known, times = self.known[:, begin : begin + _COVERED], self.times[begin : begin + _COVERED + 1]
        each, n, lags = _displacement_covariance(times, walk, d), len(times) - 1, len(known)
        found = np.zeros((lags, lags))
        for m in range(lags):
            for q in range(m, lags):
                a, b = n - m, n - q
                if min(a, b) < 1 or not known[m].any() or not known[q].any():
                    continue
                both = np.minimum(known[m, :a, None], known[q, None, :b])
                moments = each[:a, :b] * each[m:, q:] + each[:a, q:] * each[m:, :b]
                found[m, q] = found[q, m] = d * float((both * moments).sum()) / (known[m].sum() * known[q].sum())
        return found

    def _best_known(self) -> int:
        """Return the first of the frames in which most cells are known."""
        frames = min(_COVERED, self.known.shape[1])
        return int(np.argmax(np.convolve(self.known[0], np.ones(frames), "valid")))


@dataclass(frozen=True, eq=False)
class Walk:
    """Persistent random walks, one or several."""

    speed: np.ndarray
    persistence: np.ndarray
    error_square: np.ndarray
    """Square of the error of a position along an axis; that of a fit is below 0 by chance where there is no error."""

    def curve(self, pace: Pace, d: int) -> np.ndarray:
        """Return the mean products of displacements of the first one, (lags + 1,)."""
        return np.asarray(self.speed[0] ** 2 * pace.walk(self.persistence[0]) + self.error_square[0] * _noise(len(pace.known), d))


def displacement_products(steps: np.ndarray, lags: int) -> tuple[np.ndarray, np.ndarray]:
    """Return sums (N, lags + 1) of u_k · u_{k+m} of each cell, and how many terms they have; `steps` (N, T - 1, d) may hold NaN."""
    found = [products(steps, lag) for lag in range(lags + 1)]
    return np.stack([np.nansum(one, axis=1) for one in found], axis=1), np.stack([np.isfinite(one).sum(1) for one in found], axis=1)


def products(steps: np.ndarray, lag: int) -> np.ndarray:
    """Return u_k · u_{k+m} of each cell, (N, T - 1 - m); NaN where one is unknown."""
    return np.asarray((steps[:, : steps.shape[1] - lag] * steps[:, lag:]).sum(2))


def fit_walks(means: np.ndarray, pace: Pace, d: int) -> Walk:
    """Return the walk that fits each row of mean products (B, lags + 1) best.

    Generalised least squares: products of neighbouring lags share their displacements, and taken as if they did not, the persistence
    scatters twice as much (X. Michalet and A. J. Berglund, Phys. Rev. E 85, 061916 (2012), for diffusion). Their covariance is that of
    the walk that fits the first row, with its errors of positions and its times (J. N. Pedersen et al., Phys. Rev. E 94, 062401
    (2016)), found by turns. The square of the error may come out negative: a bootstrap of what is held at a bound is not honest
    (D. W. K. Andrews, Econometrica 68, 399 (2000)).
    """
    power = 0.5 * abs(float(means[0, 0])) / pace.walk(2 * pace.step)[0]
    first = Walk(np.sqrt([power]), np.array([2 * pace.step]), np.array([0.125 / d * abs(float(means[0, 0]))]))
    for _ in range(_ROUNDS):
        root = _whitening(pace.covariance(first, d))
        first = _fit(means[:1], root, pace, d)
    return _fit(means, root, pace, d)


def _displacement_covariance(times: np.ndarray, walk: Walk, d: int) -> np.ndarray:
    """Return <u_k u_l> along an axis, (T - 1, T - 1)."""
    speed, persistence, error = float(walk.speed[0]), float(walk.persistence[0]), max(float(walk.error_square[0]), 0.0)
    waits, n = np.diff(times), len(times) - 1
    gone = persistence * (1 - np.exp(-waits / persistence))
    before, after = np.minimum(*np.indices((n, n))), np.maximum(*np.indices((n, n)))
    apart = np.maximum(times[after] - times[before] - waits[before], 0.0)
    found = speed**2 / d * gone[before] * gone[after] * np.exp(-apart / persistence)
    found[np.arange(n), np.arange(n)] = 2 * speed**2 * persistence / d * (waits - gone) + 2 * error
    found[np.arange(n - 1), np.arange(1, n)] -= error
    found[np.arange(1, n), np.arange(n - 1)] -= error
    return np.asarray(found)


def _whitening(covariance: np.ndarray) -> np.ndarray:
    """Return the matrix (K, lags + 1) that makes independent numbers of scatter 1 of products; lags without variance do not count."""
    known = np.flatnonzero(np.diag(covariance) > 0)
    scatter = np.sqrt(np.diag(covariance)[known])
    values, vectors = np.linalg.eigh(covariance[np.ix_(known, known)] / np.outer(scatter, scatter))
    root = np.zeros((len(known), len(covariance)))
    root[:, known] = (vectors / np.sqrt(np.maximum(values, _SURE * values[-1]))).T / scatter
    return root


def _noise(lags: int, d: int) -> np.ndarray:
    """Return the mean products of displacements that errors of positions of 1 make."""
    noise = np.zeros(lags)
    noise[0], noise[1] = 2 * d, -d
    return noise


def _fit(means: np.ndarray, root: np.ndarray, pace: Pace, d: int) -> Walk:
    """Return the walk for each row of products, whitened by `root`: the best of a grid of persistence times, and between them."""
    tried = _tried(pace)
    white, noise = means @ root.T, root @ _noise(means.shape[1], d)
    misfits, powers, errors = np.empty((3, len(tried), len(means)))
    for i, persistence in enumerate(tried):
        walk = root @ pace.walk(persistence)
        powers[i], errors[i] = _least_squares(white, walk, noise)
        misfits[i] = ((white - powers[i][:, None] * walk - errors[i][:, None] * noise) ** 2).sum(1)
    place = _lowest(misfits)
    power, error = _between(powers, place), _between(errors, place)
    return Walk(np.sqrt(power), np.exp(np.interp(place, np.arange(len(tried)), np.log(tried))), error)


def _tried(pace: Pace) -> np.ndarray:
    """Return the persistence times that are tried, ascending.

    They end far beyond what can be seen: were the longest one to bend a straight path at all, a lower speed would fit it better.
    """
    longest = 20 * pace.step * len(pace.known)
    seen, straight = np.geomspace(0.1 * pace.step, longest, _GRID), np.geomspace(longest, 1e5 * longest, _STRAIGHT + 1)
    return np.asarray(np.r_[seen, straight[1:]])


def _least_squares(white: np.ndarray, walk: np.ndarray, noise: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return v², not below 0, and s² for each row."""
    aa, ab, bb = walk @ walk, walk @ noise, noise @ noise
    ya, yb = white @ walk, white @ noise
    power, error = (bb * ya - ab * yb) / (aa * bb - ab**2), (aa * yb - ab * ya) / (aa * bb - ab**2)
    return np.maximum(power, 0), np.where(power < 0, yb / bb, error)


def _lowest(misfits: np.ndarray) -> np.ndarray:
    """Return where along the first axis each column is lowest: the bottom of a parabola through three points."""
    best = np.argmin(misfits, axis=0)
    inner = np.clip(best, 1, len(misfits) - 2)
    before, at, after = (misfits[inner + shift, np.arange(misfits.shape[1])] for shift in (-1, 0, 1))
    bend = before - 2 * at + after
    shift = np.where(bend > 0, 0.5 * (before - after) / np.where(bend > 0, bend, 1), 0)
    return np.asarray(np.where(inner == best, inner + np.clip(shift, -1, 1), best))


def _between(values: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Return each column of `values` at a place between its rows."""
    low = np.minimum(place.astype(int), len(values) - 2)
    columns, part = np.arange(values.shape[1]), place - low
    return np.asarray((1 - part) * values[low, columns] + part * values[low + 1, columns])

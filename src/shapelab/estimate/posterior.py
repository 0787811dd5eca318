"""Sequential Monte Carlo without a likelihood: draws that come ever closer to what was observed, and what they tell.

Each round draws parameters round those that fit so far (a kernel with twice their covariance, M. A. Beaumont et al.,
Biometrika 96, 983 (2009)) and a tenth from the prior. Every draw counts, weighted by the prior over the mixture of all rounds
(J.-M. Cornuet et al., Scand. J. Stat. 39, 798 (2012)). How close a draw came is measured on the parameters that a regression on
the statistics predicts (P. Fearnhead and D. Prangle, J. R. Stat. Soc. B 74, 419 (2012)); the closest ones are corrected by
local linear regression (M. A. Beaumont, W. Zhang, D. J. Balding, Genetics 162, 2025 (2002)).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["Closest", "Draws", "Prior", "closest_to", "log_proposal", "propose", "weighted_quantile"]

_FROM_PRIOR = 0.1
"""Part of each round that is drawn from the prior."""
_LARGE_RATIO = 8.0
"""Ratio of the ends of a range from which it is uniform in the logarithm."""
_EDGE = 1e-9
_GUESSES, _INSIDE = 64, 5.0
"""Points that stand for a guess, and how far out (z) they may lie."""


@dataclass(frozen=True)
class Prior:
    """Uniform ranges of parameters; in the logarithm where the range spans a factor of 8 or more.

    All work is done on z = log(u/(1 - u)) of each parameter's place u in its range, so that no draw leaves it.
    """

    names: tuple[str, ...]
    low: np.ndarray
    high: np.ndarray

    @classmethod
    def of(cls, ranges: Sequence[tuple[str, float, float]]) -> Prior:
        """Return the prior of (name, lowest, highest)."""
        return cls(tuple(name for name, _, _ in ranges), np.array([low for _, low, _ in ranges]), np.array([high for *_, high in ranges]))

    @property
    def in_logarithm(self) -> np.ndarray:
        """Which parameters are uniform in their logarithm."""
        return (self.low > 0) & (self.high >= _LARGE_RATIO * np.where(self.low > 0, self.low, 1))

    def values(self, z: np.ndarray) -> np.ndarray:
        """Return parameters (n, k) of z (n, k)."""
        u = 1 / (1 + np.exp(-np.clip(z, -40, 40)))
        log = self.in_logarithm
        ratio = np.where(log, self.high / np.where(log, self.low, 1), 1)
        return np.asarray(np.where(log, self.low * ratio**u, self.low + u * (self.high - self.low)))

    def places(self, values: np.ndarray) -> np.ndarray:
        """Return z (n, k) of parameters (n, k)."""
        log = self.in_logarithm
        ratio = np.where(log, self.high / np.where(log, self.low, 1), np.e)
        u = np.where(
            log, np.log(np.where(log, values / np.where(log, self.low, 1), 1)) / np.log(ratio), (values - self.low) / (self.high - self.low)
        )
        u = np.clip(u, _EDGE, 1 - _EDGE)
        return np.asarray(np.log(u / (1 - u)))

    def draw(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Return `n` draws of z."""
        return rng.logistic(size=(n, len(self.names)))

    @staticmethod
    def log_density(z: np.ndarray) -> np.ndarray:
        """Return the logarithm of the density of z (n,)."""
        return np.asarray((-np.abs(z) - 2 * np.log1p(np.exp(-np.abs(z)))).sum(1))


@dataclass(frozen=True, eq=False)
class Draws:
    """All draws so far with their statistics, and what was observed."""

    prior: Prior
    z: np.ndarray
    """(n, k) where the parameters lie in their ranges."""
    statistics: np.ndarray
    """(n, m); NaN rows failed."""
    observed: np.ndarray
    """(m,)"""
    log_proposal: np.ndarray
    """(n,) logarithm of the density of the mixture that all draws come from."""

    def closest(self, count: int) -> Closest:
        """Return the `count` draws that came closest to what was observed."""
        rows = np.flatnonzero(np.isfinite(self.statistics).all(1))
        z = self.z[rows]
        predicted, expected = _predictions(*_standardised(self.statistics[rows], self.observed), z)
        scale = np.sqrt(((predicted - z) ** 2).mean(axis=0)) + 1e-9
        distance = np.sqrt((((predicted - expected) / scale) ** 2).sum(1))
        order = np.argsort(distance, kind="stable")[:count]
        expected = np.clip(expected, predicted[order].min(axis=0), predicted[order].max(axis=0))  # beyond them nothing was learnt
        reach = float(distance[order[-1]]) * (1 + 1e-9) + 1e-12
        weights = _normalised(self.prior.log_density(z[order]) - self.log_proposal[rows][order])
        weights = weights * np.maximum(1 - (distance[order] / reach) ** 2, 1e-3)
        weights = weights / weights.sum()
        fit = _Ridge.of(predicted[order], z[order], weights)
        effective, free = 1 / (weights**2).sum(), z.shape[1] + 1
        missed = fit.left_out * np.sqrt(1 + free / max(effective - free, 1.0))  # few draws tell their own spread too small
        corrected = np.clip(fit.at(expected) + missed, z.min(axis=0), z.max(axis=0))
        return Closest(rows[order], z[order], corrected, weights, distance[order])


@dataclass(frozen=True, eq=False)
class Closest:
    """The draws that came closest."""

    rows: np.ndarray
    z: np.ndarray
    corrected: np.ndarray
    """z as it would be with exactly the observed statistics, by local linear regression."""
    weights: np.ndarray
    """Sum 1."""
    distance: np.ndarray

    @property
    def effective(self) -> float:
        """How many draws of equal weight would tell as much."""
        return float(1 / (self.weights**2).sum())

    def covariance(self) -> np.ndarray:
        """Return twice the weighted covariance of what is known so far, the kernel of the next round."""
        mean = self.weights @ self.corrected
        away = self.corrected - mean
        found = np.einsum("n,ni,nj->ij", self.weights, away, away) / max(1 - (self.weights**2).sum(), 1e-3)
        return np.asarray(2 * found + 1e-4 * np.eye(len(mean)))


def propose(prior: Prior, closest: Closest, n: int, rng: np.random.Generator) -> np.ndarray:
    """Return `n` draws of z round those that came closest, a tenth of them from the prior."""
    around = rng.choice(len(closest.rows), size=n, p=closest.weights)
    moved = closest.corrected[around] + rng.multivariate_normal(np.zeros(len(prior.names)), closest.covariance(), size=n)
    fresh = rng.random(n) < _FROM_PRIOR
    return np.asarray(np.where(fresh[:, None], prior.draw(n, rng), np.clip(moved, -12, 12)))


def closest_to(prior: Prior, known: Mapping[str, tuple[float, float]], rng: np.random.Generator) -> Closest:
    """Return a guess to propose round: values and spreads of some parameters, the others anywhere in their ranges."""
    z = prior.draw(_GUESSES, rng)
    for column, name in enumerate(prior.names):
        if name in known:
            value, spread = known[name]
            values = np.broadcast_to(0.5 * (prior.low + prior.high), z.shape).copy()
            values[:, column] = np.clip(rng.normal(value, spread, len(z)), prior.low[column], prior.high[column])
            z[:, column] = np.clip(prior.places(values)[:, column], -_INSIDE, _INSIDE)
    return Closest(np.arange(len(z)), z, z, np.full(len(z), 1 / len(z)), np.zeros(len(z)))


def log_proposal(prior: Prior, closest: Closest, z: np.ndarray) -> np.ndarray:
    """Return the logarithm of the density with which `propose` draws z (n,)."""
    covariance = closest.covariance()
    inverse, log_determinant = np.linalg.inv(covariance), float(np.linalg.slogdet(2 * np.pi * covariance)[1])
    away = z[:, None, :] - closest.corrected[None]
    exponents = -0.5 * np.einsum("nki,ij,nkj->nk", away, inverse, away) - 0.5 * log_determinant
    near = np.logaddexp.reduce(exponents + np.log(closest.weights + 1e-300), axis=1)
    return np.asarray(np.logaddexp(np.log(1 - _FROM_PRIOR) + near, np.log(_FROM_PRIOR) + prior.log_density(z)))


def weighted_quantile(values: np.ndarray, weights: np.ndarray, parts: Sequence[float]) -> np.ndarray:
    """Return quantiles of weighted values, interpolated between the middles of their weights."""
    order = np.argsort(values)
    total = np.cumsum(weights[order])
    middles = (total - 0.5 * weights[order]) / total[-1]
    return np.asarray(np.interp(parts, middles, values[order]))


def _normalised(logarithms: np.ndarray) -> np.ndarray:
    weights = np.exp(logarithms - logarithms.max())
    return np.asarray(weights / weights.sum())


def _standardised(statistics: np.ndarray, observed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return statistics and what was observed in units of their spread over the draws; those that are all alike are 0."""
    middle = np.median(statistics, axis=0)
    spread = 1.4826 * np.median(np.abs(statistics - middle), axis=0)
    spread = np.where(spread > 0, spread, statistics.std(axis=0))
    known = spread > 1e-12
    safe = np.where(known, spread, 1)
    clip = 8.0
    return np.clip((statistics - middle) / safe * known, -clip, clip), np.clip((observed - middle) / safe * known, -clip, clip)


def _predictions(features: np.ndarray, target: np.ndarray, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return what a regression makes of the statistics of each draw, learnt from the others, and of what was observed."""
    bent, bent_target = np.hstack([features, features**2]), np.hstack([target, target**2])
    fit = _Ridge.of(bent, z, np.full(len(z), 1 / len(z)))
    return z - fit.left_out, fit.at(bent_target)


@dataclass(frozen=True, eq=False)
class _Ridge:
    """A weighted ridge regression: left-out rows decide on the ridge, and how far features that tell little are held back."""

    slopes: np.ndarray
    intercept: np.ndarray
    left_out: np.ndarray
    """(n, k) what each row misses the prediction by that the others make of it."""

    def at(self, features: np.ndarray) -> np.ndarray:
        """Return the prediction."""
        return np.asarray(features @ self.slopes + self.intercept)

    @classmethod
    def of(cls, features: np.ndarray, targets: np.ndarray, weights: np.ndarray) -> _Ridge:
        """Fit; `weights` (n,) sum 1."""
        centre, middle = weights @ features, weights @ targets
        root = np.sqrt(weights)[:, None]
        local, away = features - centre, targets - middle
        slopes, left = np.zeros((features.shape[1], targets.shape[1])), np.zeros_like(targets)
        for column in range(targets.shape[1]):
            least = np.inf
            trust = _told_by_each(local, away[:, column], weights)
            for scaling in (np.ones_like(trust), np.sqrt(trust), trust):
                u, s, vt = np.linalg.svd(local * scaling * root, full_matrices=False)
                aim = u.T @ (away[:, column] * root[:, 0])
                for ridge in np.geomspace(1e-5, 3, 14) * max(float(s[0]) ** 2, 1e-12):
                    leverage = np.minimum((u**2 * (s**2 / (s**2 + ridge))).sum(1) + weights, 0.99)
                    slope = scaling * (vt.T @ (s / (s**2 + ridge) * aim))
                    missed = (away[:, column] - local @ slope) / (1 - leverage)
                    error = float(weights @ missed**2)
                    if error < least:
                        least, slopes[:, column], left[:, column] = error, slope, missed
        return cls(slopes, middle - centre @ slopes, left)


def _told_by_each(local: np.ndarray, away: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return how much each feature by itself tells of a target, beyond what chance does: 0 to 1."""
    together = (weights @ (local * away[:, None])) ** 2
    alone = (weights @ local**2) * (weights @ away**2)
    part = together / np.maximum(alone, 1e-300)
    return np.asarray(np.clip(part - 2 * (weights**2).sum(), 1e-3, 1))

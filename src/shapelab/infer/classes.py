"""Classes of tensions: weak, middle and strong interfaces, told apart where the errors allow it.

A mixture of normal distributions in which every value has an error of its own (J. Bovy, D. Hogg and S. Roweis, Ann. Appl.
Stat. 5 (2011)): mixtures without them take the noise of pixels for classes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from shapelab.arguments import checked
from shapelab.infer.result import Tensions
from shapelab.limits import between
from shapelab.short_repr import short_repr
from shapelab.units import percent

__all__ = ["TensionClasses", "tension_classes"]

_ROUNDS = 300
_SETTLED = 1e-7
_LEAST_SPREAD = 0.02
"""Least standard deviation of a class [mean tension]."""
_FEW = 8
"""Fewer tensions than this for each class are no classes."""


@short_repr
@dataclass(frozen=True, eq=False)
class TensionClasses:
    """A mixture of normal distributions, weakest first."""

    means: np.ndarray
    """(k,) [mean tension]."""
    spreads: np.ndarray
    """Standard deviations, errors of the inference taken off, (k,)."""
    shares: np.ndarray
    """Of the interfaces, (k,)."""
    classes: np.ndarray
    """Class of each interface, -1 where its tension is undetermined, (E,)."""

    def density(self, at: np.ndarray, error: float = 0.0) -> np.ndarray:
        """Return the density of each class at some tensions, (k, n); `error` widens them as measuring does."""
        spreads = np.hypot(self.spreads, error)[:, None]
        result: np.ndarray = self.shares[:, None] * _normal(np.asarray(at, float) - self.means[:, None], spreads)
        return result

    def __str__(self) -> str:
        if not len(self.means):
            return "No tension is determined."
        parts = [
            f"{mean:.2f} ± {spread:.2f} ({percent(share)})"
            for mean, spread, share in zip(self.means, self.spreads, self.shares, strict=True)
        ]
        return f"{len(parts)} class{'es' if len(parts) > 1 else ''} of tension: {', '.join(parts)}."


@checked(most=between(1, 6))
def tension_classes(tensions: Tensions, most: int = 3) -> TensionClasses:
    """Return the classes that the tensions fall into; one, unless more tell the data better (by the Bayesian information criterion).

    Parameters
    ----------
    tensions
        From `infer_tensions`.
    most
        Most classes.
    """
    known = np.flatnonzero(tensions.determined)
    of = np.full(len(tensions.tensions), -1)
    if not len(known):
        return TensionClasses(np.zeros(0), np.zeros(0), np.zeros(0), of)
    values, errors = tensions.tensions[known], tensions.errors[known]
    fits = [_fit(values, errors, k) for k in range(1, 1 + max(1, min(most, len(known) // _FEW)))]
    scores = [likelihood - 0.5 * (3 * k - 1) * math.log(len(known)) for k, (*_, likelihood) in enumerate(fits, 1)]
    means, spreads, shares, _ = fits[int(np.argmax(scores))]
    order = np.argsort(means)
    means, spreads, shares = means[order], spreads[order], shares[order]
    of[known] = np.argmax(_weighted(values, errors, means, spreads, shares), axis=0)
    return TensionClasses(means, spreads, shares, of)


def _fit(x: np.ndarray, errors: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Expectation maximisation from the quantiles: means, spreads, shares and the logarithm of the likelihood."""
    means = np.quantile(x, (np.arange(k) + 0.5) / k)
    spreads, shares = np.full(k, max(float(x.std()) / k, _LEAST_SPREAD)), np.full(k, 1 / k)
    before = -np.inf
    for _ in range(_ROUNDS):
        part = _weighted(x, errors, means, spreads, shares)
        total = np.maximum(part.sum(0), 1e-300)
        likelihood = float(np.log(total).sum())
        member = part / total
        shares = np.maximum(member.mean(1), 1e-6)
        trust = spreads[:, None] ** 2 / (spreads[:, None] ** 2 + errors**2)
        best = means[:, None] + trust * (x - means[:, None])  # where the value itself lies, knowing its error
        weight = np.maximum(member.sum(1), 1e-12)
        means = (member * best).sum(1) / weight
        spreads = np.sqrt((member * ((best - means[:, None]) ** 2 + trust * errors**2)).sum(1) / weight)
        spreads = np.maximum(spreads, _LEAST_SPREAD)
        if likelihood - before < _SETTLED * len(x):
            break
        before = likelihood
    return means, spreads, shares / shares.sum(), likelihood


def _weighted(x: np.ndarray, errors: np.ndarray, means: np.ndarray, spreads: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Share times density of each class at each value, (k, n)."""
    result: np.ndarray = shares[:, None] * _normal(x - means[:, None], np.hypot(spreads[:, None], errors))
    return result


def _normal(away: np.ndarray, spread: np.ndarray) -> np.ndarray:
    result: np.ndarray = np.exp(-0.5 * (away / spread) ** 2) / (math.sqrt(2 * math.pi) * spread)
    return result

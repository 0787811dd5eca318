"""Numbers with intervals: what an estimate returns, and the bootstrap over cells behind it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from shapelab.errors import InputError
from shapelab.limits import at_least, between
from shapelab.short_repr import short_repr
from shapelab.units import shown_unit

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["BOOTSTRAP", "Estimate", "Estimates", "interval", "resampled"]

BOOTSTRAP = {"level": between(0.5, 0.999), "resamples": at_least(50), "seed": at_least(0)}
"""Limits of the arguments that all estimates by bootstrap have."""


@dataclass(frozen=True)
class Estimate:
    """A number, and the interval that holds the truth in a given part of cases."""

    name: str
    value: float
    low: float
    high: float
    unit: str = ""

    def __str__(self) -> str:
        unit = f" {shown_unit(self.unit) or self.unit}" if self.unit else ""
        return f"{self.name.replace('_', ' ')} {_rounded(self.value)}{unit} ({_rounded(self.low)} to {_rounded(self.high)})"


def _rounded(value: float) -> str:
    """Return three digits of a number, as people write it: 1600, not 1.6e+03."""
    return f"{float(f'{value:.3g}'):g}"


@short_repr
@dataclass(frozen=True, eq=False)
class Estimates:
    """What was estimated from some cells."""

    what: str
    """Motion, growth or shape."""
    found: tuple[Estimate, ...]
    level: float
    """Part of cases in which an interval holds the truth."""
    cells: int
    """How many cells, or pieces of tracks, it rests on."""
    notes: tuple[str, ...] = ()
    """What limits the numbers, in sentences."""
    curve: pd.DataFrame | None = field(default=None, repr=False)
    """What was fitted: the columns say what was measured and what the fit makes of it."""

    def __getitem__(self, name: str) -> Estimate:
        """Return one number by its name."""
        for one in self.found:
            if one.name == name:
                return one
        raise InputError(f"There is no estimate {name!r}; there are {', '.join(one.name for one in self.found)}.")

    def __str__(self) -> str:
        head = f"{self.what}, {self.cells} cells, {100 * self.level:g} % intervals: {'; '.join(map(str, self.found))}."
        return " ".join([head, *self.notes])

    def table(self) -> pd.DataFrame:
        """Return one row per number: `name`, `value`, `low`, `high`, `unit`."""
        import pandas as pd

        return pd.DataFrame([{"name": e.name, "value": e.value, "low": e.low, "high": e.high, "unit": e.unit} for e in self.found])


def resampled(n: int, times: int, seed: int, *, of: float | None = None) -> np.ndarray:
    """Return how often each of `n` cells counts in each of some bootstrap samples, (times + 1, n); the cells themselves come first.

    Samples are of `n` cells, or of fewer where cells are not independent: of as many as are.
    """
    rng = np.random.default_rng(seed)
    draws = rng.multinomial(n if of is None else max(2, round(of)), np.full(n, 1 / n), size=times)
    return np.vstack([np.ones((1, n), int), draws])


def interval(name: str, values: np.ndarray, cells: float, level: float, unit: str = "", *, positive: bool = False) -> Estimate:
    """Return the estimate of the first of `values`, and its interval from the others, the bootstrap samples.

    Both kinds make up for the narrow spread of samples of few independent cells (T. C. Hesterberg, Am. Stat. 69, 371 (2015)): as
    percentiles, the "expanded percentile interval"; of what is `positive`, such as times and speeds, the t interval with bootstrap
    standard error, of the logarithm, which holds the truth more often where cells are few.
    """
    from scipy.stats import norm, t

    finite = values[1:][np.isfinite(values[1:])]
    if not len(finite):
        return Estimate(name, float(values[0]), float("nan"), float("nan"), unit)
    n = max(cells, 2.0)
    wide = float(np.sqrt(n / (n - 1)) * t.ppf(0.5 + level / 2, n - 1))
    if positive and values[0] > 0 and (finite > 0).all():
        factor = np.exp(wide * np.log(finite).std())
        return Estimate(name, float(values[0]), float(values[0] / factor), float(values[0] * factor), unit)
    tail = float(norm.cdf(-wide))
    low, high = np.quantile(finite, [tail, 1 - tail])
    return Estimate(name, float(values[0]), float(min(low, values[0])), float(max(high, values[0])), unit)

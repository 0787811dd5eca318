"""Pictures of a posterior: each parameter by itself, and pairs of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from shapelab.estimate.estimates import Estimate

__all__ = ["Posterior", "has_pictures", "save_posterior"]

_COLOUR = "#2b6cb0"
_LEAST, _MOST = 0.01, 0.5
"""Parts of a range: least that is shown beside an interval, and from which on all of it is shown."""


@dataclass(frozen=True, eq=False)
class Posterior:
    """What is known of some parameters."""

    names: tuple[str, ...]
    low: np.ndarray
    high: np.ndarray
    """(k,) ends of the ranges that were looked in."""
    tried: np.ndarray
    """(n, k) parameters of all runs."""
    values: np.ndarray
    """(m, k) posterior samples."""
    weights: np.ndarray
    """(m,) sum 1."""
    found: Sequence[Estimate]

    def label(self, column: int) -> str:
        """Return the name of a parameter with its unit."""
        one = self.found[column]
        return f"{one.name.replace('_', ' ')} ({one.unit})" if one.unit else one.name.replace("_", " ")

    def looked_in(self, column: int) -> str:
        """Return the range that was looked in, as it stands beside a picture that may show less of it."""
        return f"range {self.low[column]:.3g} to {self.high[column]:.3g}"

    def window(self, column: int) -> tuple[float, float]:
        """Return the part of the range that pictures show: the interval and as much on both sides, or all if that is most of it."""
        low, high, one = float(self.low[column]), float(self.high[column]), self.found[column]
        beside = max(one.high - one.low, _LEAST * (high - low))
        near = max(low, one.low - beside), min(high, one.high + beside)
        return near if near[1] - near[0] < _MOST * (high - low) else (low, high)

    def density(self, column: int, points: int = 120) -> tuple[np.ndarray, np.ndarray]:
        """Return values of a parameter in its window, and how probable they are (a Gaussian kernel; D. W. Scott, 1992)."""
        where = np.linspace(*self.window(column), points)
        values = self.values[:, column]
        mean = self.weights @ values
        spread = float(np.sqrt(max(self.weights @ (values - mean) ** 2, 0)))
        width = max(1.06 * spread * float((self.weights**2).sum()) ** 0.2, 0.5 * (where[1] - where[0]))
        heights = np.exp(-0.5 * ((where[:, None] - values) / width) ** 2) @ self.weights / (width * np.sqrt(2 * np.pi))
        return where, heights


def has_pictures() -> bool:
    """Tell whether matplotlib is installed."""
    return find_spec("matplotlib") is not None


def save_posterior(posterior: Posterior, partial: Path) -> None:
    """Write a picture: densities with their intervals on the diagonal, pairs below it; grey are all runs that were made."""
    from matplotlib.figure import Figure

    n = len(posterior.names)
    figure = Figure(figsize=(2.4 * n + 0.8, 2.2 * n + 0.6), layout="constrained")
    axes: Any = figure.subplots(n, n, squeeze=False)
    for row in range(n):
        for column in range(n):
            _panel(posterior, axes[row, column], row, column)
    figure.savefig(partial, dpi=130)


def _panel(posterior: Posterior, axes: Any, row: int, column: int) -> None:
    if column > row:
        axes.set_visible(False)
        return
    axes.set_xlim(*posterior.window(column))
    if row == column:
        where, heights = posterior.density(row)
        one = posterior.found[row]
        axes.plot(where, heights, color=_COLOUR)
        axes.axvspan(one.low, one.high, color=_COLOUR, alpha=0.15)
        axes.axvline(one.value, color=_COLOUR)
        axes.set_yticks([])
    else:
        axes.scatter(posterior.tried[:, column], posterior.tried[:, row], s=2, color="0.8")
        size = 600 * posterior.weights / max(posterior.weights.max(), 1e-12) / 12
        axes.scatter(posterior.values[:, column], posterior.values[:, row], s=size, color=_COLOUR, alpha=0.7)
        axes.set_ylim(*posterior.window(row))
    if row == len(posterior.names) - 1:
        axes.set_xlabel(f"{posterior.label(column)}\n{posterior.looked_in(column)}")
    if column == 0 and row > 0:
        axes.set_ylabel(posterior.label(row))

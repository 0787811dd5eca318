"""Values that a number may take, for the check of arguments."""

from __future__ import annotations

import typing

import numpy as np

__all__ = ["Limits", "above", "at_least", "between"]


class Limits(typing.NamedTuple):
    """Values that a number, or each of several, may take."""

    low: float = -np.inf
    high: float = np.inf
    open_low: bool = False

    def allow(self, value: float) -> bool:
        """Tell whether `value` is allowed."""
        return (value > self.low if self.open_low else value >= self.low) and value <= self.high

    def __str__(self) -> str:
        if np.isfinite(self.high):
            return f"from {self.low:g} to {self.high:g}" if not self.open_low else f"above {self.low:g}, up to {self.high:g}"
        return f"above {self.low:g}" if self.open_low else f"{self.low:g} or more"


def above(low: float, high: float = np.inf) -> Limits:
    """Return limits: more than `low`, at most `high`."""
    return Limits(low, high, open_low=True)


def at_least(low: float) -> Limits:
    """Return limits: `low` or more."""
    return Limits(low)


def between(low: float, high: float) -> Limits:
    """Return limits: from `low` to `high`, both included."""
    return Limits(low, high)

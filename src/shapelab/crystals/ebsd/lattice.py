"""Rows and columns from coordinates: the step of an axis, and the number of each point along it."""

from __future__ import annotations

import math

import numpy as np

__all__ = ["NotALatticeError", "axis_indices", "usable_step"]

_OFF = 0.3
"""Part of a step by which a coordinate may miss its place: files round, stages drift."""
_MOST = 10**7
"""Steps along an axis; more are a damaged coordinate."""


class NotALatticeError(Exception):
    """Coordinates that do not lie at multiples of a step; holds the index of the first value that does not."""

    def __init__(self, value: float) -> None:
        super().__init__(value)
        self.value = value


def usable_step(value: float | None) -> float | None:
    """Return a step that can be one, None for 0, negative ones and what is not a number."""
    return float(value) if value is not None and math.isfinite(value) and value > 0 else None


def axis_indices(values: np.ndarray, stated: float | None) -> tuple[np.ndarray, float | None]:
    """Return the number of each value along its axis, from 0, and the step.

    Parameters
    ----------
    values
        One coordinate of each point, in any order.
    stated
        Step that the file's header states, if any: taken where the values agree with it.

    Raises
    ------
    NotALatticeError
        If the values do not lie at multiples of a step.
    """
    levels, inverse = np.unique(values, return_inverse=True)
    if len(levels) == 1:
        return np.zeros(len(values), np.int64), stated
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # of damaged files, whose coordinates are then refused
        return _numbered(levels, inverse, stated)


def _numbered(levels: np.ndarray, inverse: np.ndarray, stated: float | None) -> tuple[np.ndarray, float | None]:
    numbers = None if stated is None else _counted(levels, stated)
    if numbers is None:
        numbers = _by_gaps(levels)
    numbers //= np.gcd.reduce(numbers)  # a step that divides the true one fits as well
    centred = numbers - numbers.mean()
    step = float(centred @ (levels - levels.mean()) / (centred @ centred))
    if stated is not None and abs(step - stated) <= 2e-3 * stated:
        step = stated
    return numbers[inverse], float(f"{step:.7g}")


def _counted(levels: np.ndarray, step: float) -> np.ndarray | None:
    """Return the levels in steps, None if they do not lie at multiples of it."""
    exact = (levels - levels[0]) / step
    if exact[-1] > _MOST:
        return None
    near = np.round(exact)
    return near.astype(np.int64) if np.abs(exact - near).max() < _OFF and near[-1] > 0 else None


def _by_gaps(levels: np.ndarray) -> np.ndarray:
    """Count along the levels: each gap is one median gap, or several; much smaller ones are noise of the same level."""
    gaps = np.diff(levels)
    noise = 4e-7 * float(np.median(np.abs(levels)))  # of numbers in single precision
    step = float(np.median(gaps[gaps > min(noise, gaps.max() / 2)]))
    many = np.round(gaps / step)
    off = (np.abs(gaps / step - many) > _OFF) | (many > _MOST)
    if off.any():
        raise NotALatticeError(float(levels[1 + int(np.argmax(off))]))
    numbers = np.concatenate([[0], np.cumsum(many)])
    if numbers[-1] > _MOST:
        raise NotALatticeError(float(levels[-1]))
    return numbers.astype(np.int64)

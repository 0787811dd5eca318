"""What can be estimated of cells directly, by name."""

from __future__ import annotations

from collections.abc import Callable

from shapelab.errors import InputError
from shapelab.estimate import Estimates, estimate_growth, estimate_motion, estimate_shape, estimate_tensions
from shapelab.movies import Movie

__all__ = ["DIRECT"]


Types = Callable[[], dict[int, int] | None]
"""Reads the types of the cells; None where there are none."""


def _tensions(movie: Movie, types: Types) -> Estimates:
    found = types()
    if found is None:
        raise InputError("Tensions are those between two types of cells: choose where the types come from first.")
    return estimate_tensions(movie, found)


DIRECT: dict[str, Callable[[Movie, Types], Estimates]] = {
    "Motion": lambda movie, _: estimate_motion(movie),
    "Growth": lambda movie, _: estimate_growth(movie),
    "Shape": lambda movie, _: estimate_shape(movie),
    "Tensions": _tensions,
}
"""Takes the movie, and what reads the types of its cells."""

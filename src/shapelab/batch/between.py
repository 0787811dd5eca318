"""Parameters between those of several members."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from shapelab.arguments import as_rows, checked
from shapelab.errors import InputError
from shapelab.limits import at_least

__all__ = ["between", "weights_at"]


@checked()
def between(parameters: Sequence[Mapping[str, Any]], weights: Sequence[float]) -> dict[str, Any]:
    """Return the weighted mean of parameters; what is not a decimal number is that of the heaviest.

    Parameters
    ----------
    parameters
        Those of each member, with the same names.
    weights
        Not negative; their sum need not be 1.
    """
    share = np.asarray(weights, float)
    if len(parameters) == 0 or share.shape != (len(parameters),) or share.min() < 0 or not share.sum() > 0:
        raise InputError("Choose at least one member, with weights that are not negative nor all zero.")
    share = share / share.sum()
    heaviest = parameters[int(share.argmax())]
    mixed = dict(heaviest)
    for name, value in heaviest.items():
        values = [item.get(name) for item in parameters]
        if isinstance(value, float) and all(isinstance(v, int | float) and not isinstance(v, bool) for v in values):
            mixed[name] = float(share @ np.array(values, float))
    return mixed


@checked(nearest=at_least(1))
def weights_at(place: Sequence[float], places: np.ndarray, *, nearest: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Return (indices, weights) of the `nearest` members around a place of the map, by inverse squared distance."""
    rows, one = as_rows("places", places), as_rows("place", [place])
    if rows.shape[1] != one.shape[1]:
        raise InputError(f"The place has {one.shape[1]} coordinates and the places {rows.shape[1]}: they must have as many.")
    distance = np.linalg.norm(rows - one, axis=1)
    order = np.argsort(distance, kind="stable")[:nearest]
    if distance[order[0]] < 1e-9 * (distance.max() or 1.0):
        return order[:1], np.ones(1)
    weight = 1 / distance[order] ** 2
    return order, weight / weight.sum()

"""Tensions for a simulation that begins with them: of every pair of cells, positive, none left out."""

from __future__ import annotations

import numpy as np

from shapelab.arguments import checked
from shapelab.errors import InputError
from shapelab.infer.cell_types import CellTypes
from shapelab.infer.result import Tensions
from shapelab.limits import between

__all__ = ["tensions_of_pairs"]

_LEAST = 0.1
"""Least tension that a simulation is given [mean tension]."""
_ALL_PAIRS = 400
"""Most cells for which pairs that do not touch yet are listed too."""


@checked(least=between(0.01, 1))
def tensions_of_pairs(
    tensions: Tensions, types: CellTypes | None = None, *, by_type: bool = False, least: float = _LEAST
) -> dict[tuple[int, int], float]:
    """Return the tension of each pair of labels, 0 for the medium, as `shapelab.Foam` takes them.

    Parameters
    ----------
    tensions
        From `infer_tensions`.
    types
        From `cell_types`: what is undetermined, or does not touch yet, takes the tension of its pair of types; without
        them, the mean.
    by_type
        Give every interface the tension of its pair of types, not its own.
    least
        Smaller tensions, and negative ones, which only noise makes, are raised to this [mean tension].

    Raises
    ------
    InputError
        If no tension is determined, or there are no types to take tensions from.
    """
    if not tensions.determined.any():
        raise InputError("No tension is determined: there is nothing to simulate with.")
    if by_type and types is None:
        raise InputError("Tensions by type need the types of the cells (cell_types).")
    labels = tensions.mesh.ids
    kind = np.zeros(len(labels), int)
    table = np.full((2, 2), np.nan)
    if types is not None:
        kind[1:], table = types.types, types.table
    k = len(table) - 1
    kind[0] = k
    table = np.where(np.isfinite(table), table, 1.0)
    pairs = tensions.pairs
    if len(labels) <= _ALL_PAIRS:
        a, b = np.triu_indices(len(labels), 1)
        pairs = np.stack([labels[a], labels[b]], axis=1)
    place = {int(label): number for number, label in enumerate(labels.tolist())}
    result = {(int(a), int(b)): float(table[kind[place[int(a)]], kind[place[int(b)]]]) for a, b in pairs.tolist()}
    if not by_type:
        own = zip(tensions.pairs.tolist(), tensions.tensions, strict=True)
        result |= {(int(a), int(b)): float(value) for (a, b), value in own if np.isfinite(value)}
    return {pair: max(value, least) for pair, value in result.items()}

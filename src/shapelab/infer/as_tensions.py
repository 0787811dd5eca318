"""Tensions for a simulation that begins with them: of every pair of cells, positive, and such that no third cell comes between."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from shapelab.arguments import checked
from shapelab.errors import InputError
from shapelab.infer.cell_types import CellTypes
from shapelab.infer.result import Tensions

__all__ = ["PairTensions", "tensions_of_pairs"]

_LEAST = 0.3
"""Least tension that a simulation is given [mean tension]."""
_ALL_PAIRS = 400
"""Most cells for which pairs that do not touch yet are listed too."""
_CLOSURE = 0.95
"""A tension is kept below this part of the way round by any third cell, beyond which that cell would come between."""
_PASSES = 6

_Expected = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Numbers of two cells -> the tension to expect between them."""


@dataclass(frozen=True, eq=False)
class PairTensions:
    """Tensions as `shapelab.Foam` takes them."""

    values: dict[tuple[int, int], float]
    """Of each pair of labels, 0 for the medium [mean tension]."""
    notes: tuple[str, ...]
    """What was changed, in sentences."""


@checked()
def tensions_of_pairs(tensions: Tensions, types: CellTypes | None = None, *, by_type: bool = False) -> PairTensions:
    """Return the tension of each pair of labels for a simulation that begins with the inferred ones.

    At rest no tension exceeds the sum of the two on the way round by a third cell; noise may make one that does, and the
    third cell would run in between: such tensions are lowered. Those below 0.3 are raised to it, as cells whose walls hardly
    pull come apart in a simulation.

    Parameters
    ----------
    tensions
        From `infer_tensions`.
    types
        From `cell_types`: what is undetermined, or does not touch yet, takes the tension of its pair of types if no third
        cell would come between; without them, the mean.
    by_type
        Give every interface the tension of its pair of types, not its own.

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
    a, b = np.searchsorted(labels, tensions.pairs).T
    expected = _by_type(len(labels), types)
    if by_type:
        return PairTensions(_listed(labels, expected, a, b), ())
    own = np.where(tensions.determined, tensions.tensions, expected(a, b))
    raised = int((own < _LEAST).sum())
    own = np.maximum(own, _LEAST)
    notes = [f"{raised} tensions below {_LEAST:g} were raised to it."] if raised else []
    if len(labels) > _ALL_PAIRS:
        return PairTensions(_as_pairs(labels, a, b, own), tuple(notes))
    table, touching = expected(*np.indices((len(labels),) * 2)), np.zeros((len(labels),) * 2, bool)
    for i, j in ((a, b), (b, a)):
        table[i, j], touching[i, j] = own, True
    table = _closed(table, touching)
    lowered = int((table[a, b] < 0.999 * own).sum())
    if lowered:
        notes.append(f"{lowered} tensions were lowered: a third cell would have come between the two.")
    i, j = np.triu_indices(len(labels), 1)
    return PairTensions(_as_pairs(labels, i, j, table[i, j]), tuple(notes))


def _by_type(count: int, types: CellTypes | None) -> _Expected:
    """Return a function of two cells' numbers: the tension of their types, or 1."""
    kind, table = np.zeros(count, int), np.ones((2, 2))
    if types is not None:
        kind[1:], table = types.types, np.where(np.isfinite(types.table), types.table, 1.0)
    kind[0] = len(table) - 1
    table = np.maximum(table, _LEAST)
    return lambda a, b: table[kind[a], kind[b]]


def _closed(table: np.ndarray, touching: np.ndarray) -> np.ndarray:
    """Return a table in which no third cell comes between two: tensions of cells that do not touch are raised, then the rest lowered."""
    table = table.copy()
    most = float(table[touching].max())
    apart = ~touching
    table[apart] = np.maximum(table[apart], 0.5 * most / _CLOSURE)
    known = np.where(touching, table, np.nan)
    least = np.zeros_like(table)
    for c in range(len(table)):
        least = np.fmax(least, np.abs(known[:, c][:, None] - known[c][None, :]) / _CLOSURE)
    table[apart] = np.maximum(table[apart], np.minimum(least[apart], most))
    for _ in range(_PASSES):
        before = table.copy()
        for c in range(len(table)):
            round_ = table[:, c][:, None] + table[c][None, :]
            round_[c, :] = round_[:, c] = np.inf
            table = np.minimum(table, _CLOSURE * round_)
        if np.array_equal(table, before):
            break
    np.fill_diagonal(table, 0)
    return table


def _listed(labels: np.ndarray, expected: _Expected, a: np.ndarray, b: np.ndarray) -> dict[tuple[int, int], float]:
    if len(labels) <= _ALL_PAIRS:
        a, b = np.triu_indices(len(labels), 1)
    return _as_pairs(labels, a, b, expected(a, b))


def _as_pairs(labels: np.ndarray, a: np.ndarray, b: np.ndarray, values: np.ndarray) -> dict[tuple[int, int], float]:
    return {(int(i), int(j)): float(value) for i, j, value in zip(labels[a].tolist(), labels[b].tolist(), values, strict=True)}

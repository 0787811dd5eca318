"""Tables of tensions: what is one, what it makes the foam do, and in which sentences that is said before a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from shapelab.arguments import as_array, checked
from shapelab.errors import ArgumentError, InputError

__all__ = ["MEDIUM", "explain_tensions", "is_metric", "pair_table", "type_table"]

_CLOSURE = 0.97
"""Of a way round by a third cell: a tension above that much of it is closed there, see `shapelab.foam.candidates`."""
_SAID = 5
MEDIUM = "the medium"


def type_table(first: float, second: float, between: float, first_medium: float, second_medium: float) -> np.ndarray:
    """Return the table (3, 3) of two types: the medium, the first and the second."""
    return np.array([[0.0, first_medium, second_medium], [first_medium, first, between], [second_medium, between, second]])


def is_metric(table: np.ndarray, *, several: bool, medium: bool = True) -> bool:
    """Tell whether every tension is well below that of the way round by any third cell.

    Parameters
    ----------
    table
        (T, T), the medium first; tensions between two cells of one kind on the diagonal.
    several
        Whether there may be several cells of one kind.
    medium
        Whether the first kind is the medium, of which there is one.
    """
    return not any(True for _ in _ways_round(table, several=several, medium=medium))


@checked()
def explain_tensions(table: Any, names: Sequence[str], *, several: bool = True, medium: bool = True) -> tuple[str, ...]:
    """Return what a table of tensions leads to that a user may not expect, in sentences; none for a table that is well posed.

    Parameters
    ----------
    table
        (T, T), the medium first; tensions between two cells of one kind on the diagonal.
    names
        What to call each kind: "the medium", "type 1"…
    several
        Whether there may be several cells of one kind.
    medium
        Whether the first kind is the medium, of which there is one.

    Raises
    ------
    ArgumentError
        If the table is not square, or names are missing.
    """
    values = as_array("table", table).astype(float)
    if values.shape != (len(names), len(names)):
        raise ArgumentError(f"table has shape {values.shape} and there are {len(names)} names: each must have a row and a column.")
    said: list[str] = []
    more = 0
    for a, b, c, ratio in _ways_round(values, several=several, medium=medium):
        if len(said) == _SAID:
            more += 1
            continue
        said.append(_sentence(values, names, a, b, c, ratio))
    return (*said, f"{more} more pairs of tensions are of this kind.") if more else tuple(said)


def _sentence(table: np.ndarray, names: Sequence[str], a: int, b: int, c: int, ratio: float) -> str:
    pair = f"two cells of {names[a]}" if a == b else f"{names[a]} and {names[b]}"
    third = names[c] if names[c] == MEDIUM or c not in (a, b) else f"another cell of {names[c]}"
    numbers = f"{table[a, b]:.3g} against {table[a, c]:.3g} + {table[c, b]:.3g}"
    if ratio >= 1:
        return f"{third[0].upper()}{third[1:]} comes between {pair} ({numbers}): it wets them completely, so they lose contact."
    return f"{third[0].upper()}{third[1:]} nearly comes between {pair} ({numbers}): their contacts are unsteady, and pieces may come off."


def _ways_round(table: np.ndarray, *, several: bool, medium: bool) -> Iterator[tuple[int, int, int, float]]:
    """Yield (a, b, c, ratio) where the tension of a and b is more than 0.97 times that of the way round by c."""
    n = len(table)
    for c in range(n):
        way = table[:, c][:, None] + table[c][None, :]
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.where(way > 0, table / way, 0.0)
        wrong = np.triu(ratio > _CLOSURE, 0 if several else 1)
        wrong[0, 0] &= not medium
        if (c == 0 and medium) or not several:
            wrong[c, :] = wrong[:, c] = False
        for a, b in np.argwhere(wrong).tolist():
            yield a, b, c, float(ratio[a, b])


def pair_table(tensions: Any, ids: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return the table of tensions between the cells `ids`, (K, K) with the medium (0) first, and what was filled in.

    Parameters
    ----------
    tensions
        Pairs of labels -> tension, as ``{(1, 2): 0.8, (0, 1): 1.1}``; a result of `shapelab.infer_tensions`; or an array (K, K) in
        the order of `ids`. What is missing or not finite is the mean of the others.
    ids
        (K,) the medium's 0, and the labels of the cells, rising.

    Raises
    ------
    InputError
        If a tension is not positive, the array has the wrong shape or is not symmetric, or nothing is known.
    """
    if hasattr(tensions, "pairs") and hasattr(tensions, "tensions"):
        tensions = {(int(a), int(b)): float(t) for (a, b), t in zip(tensions.pairs.tolist(), tensions.tensions, strict=True)}
    n = len(ids)
    if isinstance(tensions, Mapping):
        table = np.full((n, n), np.nan)
        place = {int(i): k for k, i in enumerate(ids.tolist())}
        for pair, value in tensions.items():
            a, b = _pair(pair)
            if a in place and b in place and a != b:
                table[place[a], place[b]] = table[place[b], place[a]] = _number(value, f"{a} and {b}")
    else:
        table = _array(tensions, n)
    return _filled(table)


def _pair(pair: Any) -> tuple[int, int]:
    try:
        a, b = pair
        return int(a), int(b)
    except (TypeError, ValueError):
        raise InputError(f"Tensions are given by pairs of labels, such as {{(1, 2): 0.8}}; received the key {pair!r}.") from None


def _number(value: Any, cells: str) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise InputError(f"The tension of {cells} must be a number; received {value!r}.") from None


def _array(tensions: Any, n: int) -> np.ndarray:
    try:
        table = np.array(tensions, float)
    except (TypeError, ValueError):
        raise InputError("Tensions must be numbers: pairs of labels with theirs, an array, or a result of infer_tensions.") from None
    if table.shape != (n, n):
        raise InputError(
            f"The table of tensions has shape {table.shape}; {n - 1} cells and the medium need {(n, n)}: the medium first, then the "
            "labels in their order."
        )
    both = np.isfinite(table) & np.isfinite(table.T)
    if not np.allclose(table[both], table.T[both], rtol=1e-6, atol=0):
        raise InputError("The table of tensions must be symmetric: the tension of a and b is that of b and a.")
    return np.where(np.isfinite(table), table, table.T)


def _filled(table: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    """Fill in what is not known; on the diagonal, which cells that divide will need, the mean of the row."""
    table = table.copy()
    table[np.diag_indices(len(table))] = np.nan
    known = np.isfinite(table)
    if not known.any():
        raise InputError("No tension is known: give at least one.")
    if (table[known] <= 0).any():
        raise InputError(f"Tensions must be above 0; the smallest is {table[known].min():.3g}. Interfaces that push cannot hold a foam.")
    mean = float(table[known].mean())
    missing = int(np.triu(~known, 1).sum())
    table[~known] = mean
    rows = table.copy()
    rows[np.diag_indices(len(table))] = 0
    table[np.diag_indices(len(table))] = rows.sum(axis=1) / max(len(table) - 1, 1)
    table[0, 0] = 0
    note = f"{missing} pairs of cells have no known tension and take the mean, {mean:.3g}." if missing else ""
    return table, (note,) if note else ()

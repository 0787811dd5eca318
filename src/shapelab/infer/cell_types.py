"""Types of cells that explain the tensions: one tension for each pair of types, as the scenarios of cells that sort have it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from shapelab.arguments import checked
from shapelab.infer.result import Tensions
from shapelab.limits import at_least, between
from shapelab.short_repr import short_repr
from shapelab.units import percent

__all__ = ["CellTypes", "cell_types"]

_STARTS = 12
_ROUNDS = 60
_LEAST_CELLS = 4
"""Cells that a type needs at least."""


@short_repr
@dataclass(frozen=True, eq=False)
class CellTypes:
    """Types of cells, and the table of tensions between them."""

    labels: np.ndarray
    """Labels of the cells, (N,)."""
    types: np.ndarray
    """Type of each, from 0, (N,)."""
    table: np.ndarray
    """Tension of each pair of types, and of each type to the medium in the last row and column, (k + 1, k + 1); nan where
    there is no interface that would tell it [mean tension]."""
    explained: float
    """Part of the variance of the tensions that the table explains, beyond their errors at most 1."""

    def __str__(self) -> str:
        k = len(self.table) - 1
        if k == 1:
            return "One type of cell: the tensions do not distinguish more."
        counts = np.bincount(self.types, minlength=k)
        names = ", ".join(f"{n} of type {i}" for i, n in enumerate(counts.tolist()))
        pairs = ", ".join(f"{a}-{b} {self.table[a, b]:.2f}" for a in range(k) for b in range(a, k) if np.isfinite(self.table[a, b]))
        return f"{k} types of cells ({names}), tensions {pairs}; they explain {percent(self.explained)} of the variance."


@checked(most=between(1, 4), seed=at_least(0))
def cell_types(tensions: Tensions, most: int = 3, *, seed: int = 0) -> CellTypes:
    """Return types of cells such that the tension of an interface depends on the types on its sides as well as can be.

    Least squares over types and table in turn, from several starts; more types than one only where they pay for what
    they cost (integrated classification likelihood).

    Parameters
    ----------
    tensions
        From `infer_tensions`.
    most
        Most types.
    seed
        Random seed of the starts.
    """
    labels = tensions.mesh.ids[1:]
    numbers = {int(label): i for i, label in enumerate(labels.tolist())}
    known = np.flatnonzero(tensions.determined)
    numbers[0] = len(labels)
    ends = np.array([(numbers[int(a)], numbers[int(b)]) for a, b in tensions.pairs[known].tolist()], int).reshape(-1, 2)
    values, weights = tensions.tensions[known], 1 / np.maximum(tensions.errors[known], 1e-6) ** 2
    graph = _Graph(ends, values, weights / max(float(weights.mean()), 1e-300) if len(weights) else weights, len(labels))
    best, score = np.zeros(len(labels), int), -math.inf
    for k in range(1, most + 1):
        types, cost = _partition(graph, k, np.random.default_rng(seed))
        if k > 1 and np.bincount(types, minlength=k).min() < _LEAST_CELLS:
            continue
        new = _score(graph, k, cost)
        if new > score:
            best, score = types, new
    k = int(best.max(initial=0)) + 1
    order = np.argsort([_own_mean(graph, best, i) for i in range(k)])
    types = np.argsort(order)[best]
    table = _table(graph, types, k, empty=np.nan)
    spread = _cost(graph, np.zeros(len(labels), int), 1)
    return CellTypes(labels, types, table, 1 - _cost(graph, types, k) / spread if spread > 0 else 0.0)


@dataclass(frozen=True, eq=False)
class _Graph:
    """Interfaces as edges between cells; number `cells` is the medium."""

    ends: np.ndarray
    values: np.ndarray
    weights: np.ndarray
    cells: int


def _score(graph: _Graph, k: int, cost: float) -> float:
    """Return the likelihood less what k types cost: their table, and a choice for each cell that has interfaces."""
    n = max(len(graph.values), 1)
    choices = len(np.unique(graph.ends[graph.ends < graph.cells]))
    return -0.5 * n * math.log(max(cost / n, 1e-12)) - 0.5 * (0.5 * k * (k + 1) + k) * math.log(n) - choices * math.log(k)


def _partition(graph: _Graph, k: int, rng: np.random.Generator) -> tuple[np.ndarray, float]:
    """Return the best types of several starts, and what they leave."""
    best, least = np.zeros(graph.cells, int), math.inf
    starts = [best] if k == 1 else [*_ordered(graph, k), *rng.integers(k, size=(_STARTS, graph.cells))]
    for start in starts:
        types = _settled(graph, start, k, rng)
        cost = _cost(graph, types, k)
        if cost < least - 1e-12:
            best, least = types, cost
    return best, least


def _ordered(graph: _Graph, k: int) -> list[np.ndarray]:
    """Return starts by what orders the cells: their mean tension, and the directions in which tensions of pairs differ most."""
    from scipy.sparse import coo_array
    from scipy.sparse.linalg import eigsh

    orders = [_of_cells(graph, graph.weights * graph.values) / np.maximum(_of_cells(graph, graph.weights), 1e-300)]
    inner = (graph.ends < graph.cells).all(1)
    if inner.sum() > 2 and graph.cells > 4:
        away = (graph.weights * (graph.values - np.average(graph.values, weights=graph.weights)))[inner]
        a, b = graph.ends[inner].T
        differences = coo_array((np.tile(away, 2), (np.append(a, b), np.append(b, a))), shape=(graph.cells,) * 2).tocsr()
        orders += list(eigsh(differences, 2, which="BE", v0=np.ones(graph.cells))[1].T)
    return [np.searchsorted(np.quantile(order, np.arange(1, k) / k), order) for order in orders]


def _of_cells(graph: _Graph, values: np.ndarray) -> np.ndarray:
    """Return the sum over the interfaces of each cell."""
    both = np.bincount(graph.ends.ravel(), np.repeat(values, 2), graph.cells + 1)
    return both[:-1]


def _settled(graph: _Graph, types: np.ndarray, k: int, rng: np.random.Generator) -> np.ndarray:
    """Give cells the type that fits their interfaces best, some at a time, until none changes."""
    rows = np.concatenate([graph.ends, graph.ends[:, ::-1]])
    values, weights = np.tile(graph.values, 2), np.tile(graph.weights, 2)
    own = rows[:, 0] < graph.cells
    rows, values, weights = rows[own], values[own], weights[own]
    for turn in range(_ROUNDS):
        table = _table(graph, types, k, empty=float(np.mean(graph.values)) if len(graph.values) else 1.0)
        other = np.append(types, k)[rows[:, 1]]
        left = np.stack([np.bincount(rows[:, 0], weights * (values - table[t, other]) ** 2, graph.cells) for t in range(k)])
        wanted = np.argmin(left, axis=0)
        better = left[wanted, np.arange(graph.cells)] < left[types, np.arange(graph.cells)] - 1e-12
        if not better.any():
            break
        move = better & (rng.random(graph.cells) < (0.5 if turn < _ROUNDS // 2 else 0.25))  # neighbours do not change at once
        types = np.where(move, wanted, types)
    return types


def _table(graph: _Graph, types: np.ndarray, k: int, *, empty: float) -> np.ndarray:
    """Return the mean tension of each pair of types."""
    kinds = np.sort(np.append(types, k)[graph.ends], axis=1)
    index = kinds[:, 0] * (k + 1) + kinds[:, 1]
    total = np.bincount(index, graph.weights, (k + 1) ** 2).reshape(k + 1, k + 1)
    mean = np.bincount(index, graph.weights * graph.values, (k + 1) ** 2).reshape(k + 1, k + 1)
    table = np.where(total > 0, mean / np.where(total > 0, total, 1), empty)
    result: np.ndarray = np.where(np.tri(k + 1, dtype=bool), table.T, table)
    return result


def _cost(graph: _Graph, types: np.ndarray, k: int) -> float:
    """Return what the table leaves of the tensions."""
    table = _table(graph, types, k, empty=1.0)
    a, b = np.append(types, k)[graph.ends].T
    return float((graph.weights * (graph.values - table[a, b]) ** 2).sum())


def _own_mean(graph: _Graph, types: np.ndarray, kind: int) -> float:
    """Return the tension among cells of one type, by which types are numbered; the mean of all where there is none."""
    table = _table(graph, types, int(types.max(initial=0)) + 1, empty=1.0)
    return float(table[kind, kind])

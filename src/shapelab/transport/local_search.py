"""Newton steps near the solution: whole where they do good, shorter or none where they do harm, and cells that must move as one."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from shapelab.transport.annealing import moved
from shapelab.transport.iterate import Iterate

__all__ = ["search_near"]

_DAMPING = 1e-6
"""Part of the Hessian's diagonal that is added to it. More would hold back clusters: strong contacts inside, weak ones outside."""

_TIED = 20
"""Cells are tied if their contact outweighs all others of one of the two by this factor."""

_GOOD = 0.7
"""Part of the largest error allowed up to which a cell is left alone."""


def search_near(newton: Iterate, f: np.ndarray, rhs: np.ndarray) -> np.ndarray:
    """Return potentials after one Newton step, and leave the assignment under them; `rhs` is the volume that each cell lacks.

    Cells whose step would move much volume between them if they took different parts of it form a group, which takes one part.
    Cells tied together by a contact far stronger than all others move as one, and single-cell steps then divide what they have:
    such a contact passes close by two seeds, where stiff costs hardly differ, and is far from linear.
    """
    goal, merit, errors = newton.goal, newton.merit(), newton.errors()
    tied = _tied(newton)
    if errors.mean() < 0.8 * goal.mean:
        rhs = np.where(np.isin(tied, tied[errors > _GOOD * goal.largest]), rhs, 0)
    step = newton.direction(rhs, _DAMPING, tied)
    groups = _groups(newton, step, tied)
    allowed = np.maximum(1.02 * _largest(errors / goal.largest, groups), 0.95)
    parts, ties, rest = np.ones(len(allowed)), np.bincount(tied)[tied] > 1, _largest_of_each(newton.targets, tied)
    trial = f
    for attempt in range(4):
        trial = moved(f, step, parts[groups], newton.power)
        newton.evaluate(trial)
        errors = newton.errors() / goal.largest
        worse = _largest(errors, groups) > allowed
        mend = (ties & ~rest) | (worse[groups] & ~ties & (not goal.subpixel))
        wrong = np.flatnonzero(mend & (errors > _GOOD))
        if len(wrong):
            trial = newton.exact_steps(trial, wrong[np.argsort(-errors[wrong])])
            newton.evaluate(trial)
            worse = _largest(newton.errors() / goal.largest, groups) > allowed
        if not worse.any() or newton.merit() < 0.9 * merit:
            break
        parts[worse] *= 0.4 if attempt < 2 else 0.0
    return trial


def _tied(newton: Iterate) -> np.ndarray:
    """Return, for each cell, the number of the set of cells that it is tied to."""
    pairs, weights, n = newton.assignment.pairs, newton.assignment.weights, newton.n
    total = np.append(np.bincount(pairs.ravel(), np.repeat(weights, 2), n + 1)[:n], np.inf)
    return _linked(pairs[weights > _TIED * (total[pairs].min(axis=1) - weights)], n)


def _groups(newton: Iterate, step: np.ndarray, tied: np.ndarray) -> np.ndarray:
    """Return the number of each cell's group, from 0."""
    pairs, weights = newton.assignment.pairs, newton.assignment.weights
    targets, steps, tied = np.append(newton.targets, np.inf), np.abs(np.append(step, 0)), np.append(tied, -1)
    strong = weights * steps[pairs].max(axis=1) > 0.1 * targets[pairs].min(axis=1)
    return _linked(pairs[strong | (tied[pairs[:, 0]] == tied[pairs[:, 1]])], newton.n)


def _linked(pairs: np.ndarray, n: int) -> np.ndarray:
    """Return, for each cell, the number of the set of cells that it is connected to by `pairs` (those with the medium apart)."""
    i, j = pairs[(pairs < n).all(axis=1)].T
    return np.asarray(connected_components(coo_array((np.ones(len(i)), (i, j)), shape=(n, n)), directed=False)[1])


def _largest(values: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Return the largest value of each group."""
    largest = np.zeros(groups.max() + 1)
    np.maximum.at(largest, groups, values)
    return largest


def _largest_of_each(volumes: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Return which cells are the largest of their group."""
    order, largest = np.lexsort((volumes, groups)), np.zeros(len(volumes), bool)
    largest[order[np.append(np.diff(groups[order]) > 0, True)]] = True
    return largest

"""What makes a pass over the pixels of a level: compiled kernels, kernels on a card, or reductions over all cells."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from shapelab.transport.argmin import write_labels
from shapelab.transport.assignment import Assignment
from shapelab.transport.entropic import SoftAssignment
from shapelab.transport.pairs import conjugate_gradients
from shapelab.transport.point_cost import Cells
from shapelab.transport.problem import Level, Problem

__all__ = ["assignment_on", "cells_in_turn", "label_image", "soft_assignment_on", "solve_system"]

MANY = 3000
"""Cells from which Newton's system is solved on the card: below, sending the pairs to the processor is quicker."""


def assignment_on(level: Level, n: int, last: Assignment | None = None) -> Assignment:
    """Return what assigns the pixels of a level to n cells; `last` did so on the same grid, and lends its arrays."""
    if level.card is not None:
        from shapelab.transport.card.assignment import CardAssignment

        if not isinstance(last, CardAssignment) or last.cells.grid is not level.card.grid:
            return CardAssignment(level.blocks, n, level.card)
        last.cells = level.card
        return last
    if level.reduced is None:
        return last or Assignment(level.blocks, n)
    from shapelab.transport.reduced_assignment import ReducedAssignment

    return ReducedAssignment(level.blocks, n, level.reduced)


def soft_assignment_on(level: Level, n: int) -> SoftAssignment:
    """Return what shares the pixels of a level among n cells."""
    if level.reduced is None:
        return SoftAssignment(level.blocks, n, level.unit)
    from shapelab.transport.reduced_assignment import ReducedSoftAssignment

    return ReducedSoftAssignment(level.blocks, n, level.unit, level.reduced)


def cells_in_turn(
    level: Level, order: np.ndarray, boxes: tuple[np.ndarray, np.ndarray] | None = None
) -> Iterator[tuple[np.ndarray, Cells]]:
    """Return the cells of `order` in parts, each with what compiled code can evaluate their costs with.

    `boxes`, where it looks no further, are the centres ``(N, 3)`` and the half sides of boxes in pixels.
    """
    if level.reduced is None:
        return iter([(order, level.cells)])
    from shapelab.transport.reduced_assignment import one_by_one

    return one_by_one(level.reduced, level.cells, order, boxes)


def solve_system(
    level: Level, pairs: np.ndarray, weights: np.ndarray, extra: np.ndarray, rhs: np.ndarray, tolerance: float, steps: int
) -> np.ndarray:
    """Return x with ``(Laplacian of the weighted pairs + diag(extra)) x = rhs``; pairs with N touch the medium, where x = 0."""
    if level.card is not None and len(rhs) >= MANY:
        from shapelab.transport.card.newton_system import solve_on_card

        return solve_on_card(level.card.grid.queue, pairs, weights, extra, rhs, tolerance, steps)
    x = np.zeros(len(rhs))
    conjugate_gradients(pairs, weights, extra, rhs, x, len(rhs), tolerance, steps)
    return x


def label_image(problem: Problem, potentials: np.ndarray) -> np.ndarray:
    """Return the label image ``(*shape)`` of potentials in the unit of the cost: 0 is medium or wall, i + 1 is cell i."""
    level, f = problem.fine, np.asarray(potentials, float) / problem.cost_unit
    image = np.empty(problem.domain.shape, np.uint16 if problem.n < 2**16 else np.uint32)
    if level.card is not None:
        from shapelab.transport.card.assignment import card_labels

        image[...] = card_labels(level.card, f, problem.medium).reshape(image.shape)
        return image
    if level.reduced is None:
        write_labels(image.reshape(-1), level.blocks, level.cells, f, problem.medium)
        return image
    assignment = assignment_on(level, problem.n)
    assignment.evaluate(level.cells, f, problem.medium)
    label = assignment.pixels.label.reshape(image.shape)
    image[...] = np.where(label < problem.n, label + 1, 0)
    return image

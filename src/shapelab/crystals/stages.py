"""The stages of a likelihood fit: convex loss first, then bounded ones, then each order from the one below."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from shapelab.crystals.descent import Descent
from shapelab.crystals.diagram import Diagram
from shapelab.crystals.likelihood import Likelihood
from shapelab.crystals.tiles import Grid
from shapelab.stopping import check_stop

__all__ = ["FitProgress", "Stage", "maximise_likelihood", "schedule"]


FALL = {4: 3.0, 6: 1.0}
"""What is taken from the polynomials of these orders q at the start, in units of |t|^q: without it, steps are cut by far cells."""


@dataclass(frozen=True)
class FitProgress:
    """Where a fit stands."""

    fraction: float
    """Part of the work done at most, 0 to 1."""
    mismatch: float
    """Fraction of the pixels that the diagram gives to another cell, now."""
    loss: float
    stage: str


@dataclass(frozen=True)
class Stage:
    """One descent."""

    order: int
    tempered: float
    """0 for the convex loss, up to 1 for the expected number of wrong pixels."""
    iterations: int
    sharper: float = 1.0
    """Factor on the polynomials before it: the same cells, and a loss that looks nearer at their boundaries."""


def schedule(order: int) -> tuple[Stage, ...]:
    """Return the stages of one order; the fit of an order goes through those of all orders from 2 (or 1) on."""
    if order > 2:
        return (Stage(order, 0.5, 40), Stage(order, 0.8, 30))
    return (Stage(order, 0.0, 50), Stage(order, 0.5, 30), Stage(order, 0.8, 30))


_SHARPENED = 0.01
"""Part of the pixels that are wrong below which a fit is sharpened: the image may be a diagram."""
_SHARP = Stage(0, 0.0, 40, 3.0)
_SHARPENINGS = 5
_HOPELESS = 2.0
"""A fit of order 1 that has so many times the wrong pixels of order 2 after its first stage is given up."""


class _StopError(Exception):
    """The user asked the fit to end."""


@dataclass
class _Fit:
    """A label image, and the diagram with the fewest wrong pixels so far."""

    index: np.ndarray
    spacing: tuple[float, ...]
    progress: Callable[[FitProgress], None] | None
    abort: threading.Event | None
    effort: float
    degrees: int | None
    """Highest degree that may change, None for all."""
    total: int = 1
    done: int = 0
    evaluations: int = 0
    stopped: bool = False

    def __post_init__(self) -> None:
        self.pixels = max(1, int((self.index >= 0).sum()))

    def wrong(self, diagram: Diagram) -> int:
        """Return the pixels that a diagram gives to another cell."""
        found = diagram.indices(self.index.shape, self.spacing)
        return int(((self.index >= 0) & (found != self.index)).sum())

    def climb(self, start: Diagram, wrong: int, stages: tuple[Stage, ...]) -> tuple[Diagram, int]:
        """Return the best diagram on the way of some stages, and its wrong pixels; not worse than the start, which has `wrong`."""
        best, fewest, diagram = start, wrong, start
        for stage in stages:
            if fewest == 0 or self.stopped:
                break
            diagram, reached = self._descend(diagram, stage)
            count = self.wrong(reached)
            if count < fewest:
                best, fewest = reached, count
        return best, fewest

    def sharpened(self, diagram: Diagram, wrong: int) -> tuple[Diagram, int]:
        """Return the diagram of a fit that is nearly right, with the last pixels right, too, where they can be."""
        for _ in range(_SHARPENINGS):
            if self.stopped or not 0 < wrong < _SHARPENED * self.pixels:
                break
            better, fewer = self.climb(diagram, wrong, (replace(_SHARP, order=diagram.order),))
            if fewer == wrong:
                break
            diagram, wrong = better, fewer
        return diagram, wrong

    def _descend(self, diagram: Diagram, stage: Stage) -> tuple[Diagram, Diagram]:
        """Return the last diagram of a stage, and the one with the fewest wrong pixels."""
        diagram = replace(diagram, coefficients=stage.sharper * diagram.coefficients)
        likelihood = self._likelihood(diagram, stage)
        best, fewest = diagram.coefficients, np.inf

        def note(descent: Descent) -> None:
            nonlocal best, fewest
            if likelihood.mismatched < fewest and not descent.stuck:
                best, fewest = descent.coefficients, likelihood.mismatched
            self._tell(stage, likelihood, descent)

        descent = None
        try:
            descent = Descent(likelihood, diagram.coefficients)
            self.done -= 1  # the start is no step
            note(descent)
            descent.run(max(1, round(self.effort * stage.iterations)), note, tolerance=1e-3 if stage.order < 3 else 0.0)
        except _StopError:
            self.stopped = True
        finally:
            self.evaluations += likelihood.evaluations
        last = diagram.coefficients if descent is None else descent.coefficients
        return replace(diagram, coefficients=last), replace(diagram, coefficients=best)

    def _likelihood(self, diagram: Diagram, stage: Stage) -> Likelihood:
        grid = Grid.of(self.index.shape, self.spacing)
        index, whole, owners = self.index, diagram, None
        if any(diagram.period):
            whole = diagram.with_copies()
            owners = np.arange(len(whole)) % len(diagram)
            index = own_copies(self.index, diagram, self.spacing)
        free = self.degrees if stage.order <= 2 else None
        places = whole.centres_3d(), whole.radii
        return Likelihood(index.reshape(grid.shape), grid, *places, stage.order, diagram.ndim, stage.tempered, owners, free)

    def _tell(self, stage: Stage, likelihood: Likelihood, descent: Descent) -> None:
        self.done += 1
        if self.progress is not None:
            name = f"order {stage.order}, {'bounded' if stage.tempered else 'convex'} loss" if self.done else "moments"
            part = min(1.0, max(0, self.done) / self.total)
            self.progress(FitProgress(part, likelihood.mismatched / likelihood.pixels, descent.loss, name))
        check_stop()
        if self.abort is not None and self.abort.is_set():
            raise _StopError


def own_copies(index: np.ndarray, diagram: Diagram, spacing: tuple[float, ...]) -> np.ndarray:
    """Return, for every pixel in a periodic box, the copy of its own cell that it belongs to, int32; -1 stays.

    That is the one which the diagram gives it to, and where it gives it to another cell the nearest one.
    """
    n, length = len(diagram), np.array(diagram.period)
    periodic = length > 0
    safe = np.where(periodic, length, 1.0)
    inside = np.nonzero(index >= 0)
    cell = index[inside]
    centres = np.where(periodic, np.mod(diagram.centres, safe), diagram.centres)
    digits, copy = 1, np.zeros(len(cell), np.int64)
    for axis in reversed(np.flatnonzero(periodic)):
        position = (inside[axis] + 0.5) * spacing[axis]
        turns = np.clip(np.rint((position - centres[cell, axis]) / safe[axis]), -1, 1).astype(np.int64)
        copy += digits * np.mod(-turns, 3)  # copies are in the order 0, -1, 1
        digits *= 3
    nearest = copy * n + cell
    found = diagram.copies(index.shape, spacing)[inside]
    own = np.full(index.shape, -1, np.int32)
    own[inside] = np.where(found % n == cell, found, nearest)
    return own


def maximise_likelihood(
    index: np.ndarray,
    diagram: Diagram,
    order: int,
    spacing: tuple[float, ...],
    effort: float = 1.0,
    progress: Callable[[FitProgress], None] | None = None,
    abort: threading.Event | None = None,
    alternative: Diagram | None = None,
) -> tuple[Diagram, int, bool]:
    """Return the diagram with the fewest wrong pixels on the way, the number of evaluations, and whether it was stopped.

    Each order from 3 on starts from the best diagram of the order below, which stays if none is better: no order is worse than
    the one below.

    Parameters
    ----------
    index
        Index of the cell of each pixel, -1 where it does not count.
    diagram
        Start, of order 1 or 2; periodic where the image is.
    order
        Degree to reach. For 1 in a periodic box, where the start is of order 2, the quadratic terms stay.
    spacing
        Size of a pixel along each axis.
    effort
        Factor on the number of iterations.
    progress, abort
        As in `shapelab.crystals.fit_diagram`.
    alternative
        Start of order 1, from which a fit of order 2 begins instead where that is better.
    """
    rounds = [schedule(q) for q in range(min(order, 2), order + 1)]
    fit = _Fit(index, spacing, progress, abort, effort, 1 if order == 1 else None)
    fit.total = sum(max(1, round(effort * stage.iterations)) for stages in rounds for stage in stages)
    first = replace_order(rounds[0], diagram.order)
    best, wrong = fit.sharpened(*fit.climb(diagram, fit.wrong(diagram), first))
    if alternative is not None and wrong and not fit.stopped:
        best, wrong = _or_straight(fit, best, wrong, alternative)
    for stages in rounds[1:]:
        if wrong == 0 or fit.stopped:
            break
        raised = best.raised(stages[0].order, FALL.get(stages[0].order, 0.0))
        better, fewer = fit.sharpened(*fit.climb(raised, fit.wrong(raised), stages))
        best, wrong = (better, fewer) if fewer < wrong else (best.raised(stages[0].order), wrong)
    return best if best.order >= order else best.raised(order), fit.evaluations, fit.stopped


def replace_order(stages: tuple[Stage, ...], order: int) -> tuple[Stage, ...]:
    """Return stages for polynomials of another degree."""
    return tuple(replace(stage, order=order) for stage in stages)


def _or_straight(fit: _Fit, best: Diagram, wrong: int, start: Diagram) -> tuple[Diagram, int]:
    """Return the better of a diagram of order 2 and a fit of order 1; the latter is given up where it has no chance."""
    stages = schedule(1)
    straight, count = fit.climb(start, fit.wrong(start), stages[:1])
    if count > _HOPELESS * wrong:
        return best, wrong
    straight, count = fit.sharpened(*fit.climb(straight, count, stages[1:]))
    return (straight.raised(2), count) if count < wrong else (best, wrong)

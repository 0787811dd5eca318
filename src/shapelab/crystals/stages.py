"""The stages of a likelihood fit: convex loss first, then bounded ones, then higher orders from lower ones."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from shapelab.crystals.descent import Descent
from shapelab.crystals.diagram import Diagram
from shapelab.crystals.likelihood import Likelihood
from shapelab.crystals.tiles import Grid
from shapelab.stopping import check_stop

__all__ = ["FitProgress", "Stage", "maximise_likelihood", "schedule"]


FALL = 3.0
"""What is taken from the polynomials of order 4 at the start, in units of |t|^4: without it, steps are cut by far cells."""


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


def schedule(order: int) -> tuple[Stage, ...]:
    """Return the stages of a fit of this order."""
    first = min(order, 2)
    stages: tuple[Stage, ...] = (Stage(first, 0.0, 50), Stage(first, 0.5, 30), Stage(first, 0.8, 30))
    if order > 2:
        stages += (Stage(order, 0.5, 40), Stage(order, 0.8, 30))
    return stages


class _StopError(Exception):
    """The user asked the fit to end."""


@dataclass
class _Best:
    """The coefficients with the fewest wrong pixels so far."""

    progress: Callable[[FitProgress], None] | None
    abort: threading.Event | None
    total: int
    done: int = 0
    diagram: Diagram | None = None
    wrong: float = field(default=np.inf)

    def begin(self, diagram: Diagram, stage: Stage, descent: Descent) -> None:
        """Take the start of a stage, before its first step."""
        self.done -= 1
        self.note(diagram, stage, descent)

    def note(self, diagram: Diagram, stage: Stage, descent: Descent) -> None:
        """Take the diagram after a step."""
        self.done += 1
        likelihood = descent.likelihood
        if likelihood.mismatched < self.wrong and not descent.stuck:
            self.wrong = likelihood.mismatched
            self.diagram = replace(diagram, coefficients=descent.coefficients)
        if self.progress is not None:
            name = f"order {stage.order}, {'bounded' if stage.tempered else 'convex'} loss" if self.done else "moments"
            self.progress(FitProgress(self.done / self.total, likelihood.mismatched / likelihood.pixels, descent.loss, name))
        check_stop()
        if self.abort is not None and self.abort.is_set():
            raise _StopError


def maximise_likelihood(
    index: np.ndarray,
    diagram: Diagram,
    order: int,
    spacing: tuple[float, ...],
    effort: float = 1.0,
    progress: Callable[[FitProgress], None] | None = None,
    abort: threading.Event | None = None,
) -> tuple[Diagram, int, bool]:
    """Return the diagram with the fewest wrong pixels on the way, the number of evaluations, and whether it was stopped.

    Parameters
    ----------
    index
        Index of the cell of each pixel, -1 where it does not count.
    diagram
        Start, of order 1 or 2.
    order
        Degree to reach.
    spacing
        Size of a pixel along each axis.
    effort
        Factor on the number of iterations.
    progress, abort
        As in `shapelab.crystals.fit_diagram`.
    """
    grid = Grid.of(index.shape, spacing)
    stages = [replace(stage, iterations=max(1, round(effort * stage.iterations))) for stage in schedule(order)]
    best = _Best(progress, abort, sum(stage.iterations for stage in stages))
    evaluations = 0
    stopped = False
    for stage in stages:
        diagram = diagram if diagram.order == stage.order else diagram.raised(stage.order, FALL)
        likelihood = Likelihood(
            index.reshape(grid.shape), grid, diagram.centres_3d(), diagram.radii, stage.order, diagram.ndim, stage.tempered
        )
        try:
            descent = Descent(likelihood, diagram.coefficients)
            best.begin(diagram, stage, descent)
            descent.run(stage.iterations, partial(best.note, diagram, stage), tolerance=1e-3 if stage.order < 3 else 0.0)
        except _StopError:
            stopped = True
            break
        finally:
            evaluations += likelihood.evaluations
        diagram = replace(diagram, coefficients=descent.coefficients)
        if best.wrong == 0:
            break
    return best.diagram or diagram, evaluations, stopped

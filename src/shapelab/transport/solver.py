"""Solve for cells of prescribed volumes: once, or again and again as the cells move."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from shapelab.arguments import checked
from shapelab.device import resolve
from shapelab.errors import InputError
from shapelab.limits import above
from shapelab.transport.assignment import Assignment
from shapelab.transport.costs import Cost, Power
from shapelab.transport.domain import LARGE, Domain, checked_cells
from shapelab.transport.exact_volumes import exact_labels
from shapelab.transport.iterate import Goal
from shapelab.transport.moments import CellMoments, measure_cells
from shapelab.transport.newton import Newton
from shapelab.transport.problem import Problem
from shapelab.transport.solution import Counting, Solution

__all__ = ["Solver", "solve_cells"]

Method = Literal["newton", "lbfgs", "sinkhorn"]
Precision = Literal["float32", "float64"]


class Solver:
    """Cells on a domain, solved again from the last potentials whenever seeds, volumes or costs have changed.

    Parameters
    ----------
    domain
        Grid, pixel size, periodic axes, walls.
    seeds
        ``(N, d)`` in physical units, ``(y, x)`` or ``(z, y, x)``, from the corner of the box (`shapelab.box`).
    volumes
        ``(N,)`` target volumes (2-D: areas) in physical units, positive; their sum must not exceed that of the domain.
    cost
        What a point costs each cell.
    tolerance
        Largest mean relative volume error, as for crystals.
    max_tolerance
        Largest one of any cell; by default five times `tolerance`. With counting = "labels" a cell may always be off by two pixels.
    counting
        "subpixel": volumes count pixel fractions across interfaces, as moving cells need; "labels": whole pixels of the label image.
    method
        "newton" (the default, for any tolerance), "lbfgs", or "sinkhorn" (for tolerances above 5 %).
    exact
        Whether to hand over pixels at the boundaries afterwards until the label image has exactly the volumes, rounded to pixels.
    device
        "cpu", "cuda", "cuda:1", …, or "auto": a card for grids of 200,000 pixels and more (docs/gpu.md). Cold starts and steps of
        single cells run on the processor also then, and `Solution.on_processor` says so.
    dtype
        Precision on a card; the compiled kernels of the processor compute in "float64".

    Raises
    ------
    InputError
        If the volumes are infeasible or an array has the wrong shape.
    ParameterError
        If the device is not there.
    """

    @checked()
    def __init__(
        self,
        domain: Domain,
        seeds: np.ndarray,
        volumes: np.ndarray,
        cost: Cost | None = None,
        *,
        tolerance: float = 0.01,
        max_tolerance: float | None = None,
        counting: Counting = "subpixel",
        method: Method = "newton",
        exact: bool = False,
        device: str = "auto",
        dtype: Precision = "float64",
    ) -> None:
        if not 0 < tolerance < 1:
            raise InputError(f"tolerance = {tolerance} must lie between 0 and 1 (0.01 is one per cent).")
        if dtype == "float32" and device == "cpu":
            raise InputError("dtype = 'float32' is for graphics cards; the processor's kernels compute in 'float64'.")
        self.device, self.dtype = resolve(device, large=int(np.prod(domain.shape)) >= LARGE), dtype
        self.domain, self.tolerance, self.counting, self.method, self.exact = domain, tolerance, counting, method, exact
        self.max_tolerance = 5 * tolerance if max_tolerance is None else max_tolerance
        self.seeds, self.volumes = checked_cells(domain, seeds, volumes)
        self.cost = cost or Power()
        self._potentials: np.ndarray | None = None
        self._problem: Problem | None = None
        self._previous: Problem | None = None
        self._assignment: Assignment | None = None

    @property
    def potentials(self) -> np.ndarray | None:
        """Potentials of the last solve in the unit of the cost, or None; may be set (and so restored)."""
        return self._potentials

    @potentials.setter
    def potentials(self, values: np.ndarray | None) -> None:
        self._potentials = None if values is None else np.array(values, float)

    def update(
        self,
        seeds: np.ndarray | None = None,
        volumes: np.ndarray | None = None,
        cost: Cost | None = None,
        keep: Sequence[int] | np.ndarray | None = None,
    ) -> None:
        """Change seeds, volumes or cost; the next solve starts from the last potentials.

        Parameters
        ----------
        seeds, volumes, cost
            New values; None leaves the old ones.
        keep
            When the number of cells changes: for each new cell, the number of the old cell whose potential it takes over, or -1
            for a cell that is new.
        """
        if keep is not None and self._potentials is not None:
            self._potentials = _carry_over(self._potentials, np.asarray(keep, int))
        self.seeds, self.volumes = checked_cells(
            self.domain, self.seeds if seeds is None else seeds, self.volumes if volumes is None else volumes
        )
        self.cost = cost or self.cost
        self._problem = None

    def solve(self, abort: threading.Event | None = None) -> Solution:
        """Return the cells; `abort` may be set by another thread to end early with what there is."""
        problem = self._prepare()
        if problem.n == 0:
            return self._empty()
        start = self._potentials
        if start is not None and (len(start) != problem.n or not np.isfinite(start).all()):
            start = None
        newton = Newton(problem, self._goal(abort), self._assignment)
        internal = self._run(newton, None if start is None else start / problem.cost_unit)
        self._assignment = newton.assignment
        self._potentials = internal * problem.cost_unit
        return self._solution(newton, internal)

    def _run(self, newton: Newton, start: np.ndarray | None) -> np.ndarray:
        if self.method == "newton":
            return newton.solve(start)
        from shapelab.transport.alternatives import solve_lbfgs, solve_sinkhorn

        return (solve_lbfgs if self.method == "lbfgs" else solve_sinkhorn)(newton, start)

    def _prepare(self) -> Problem:
        if self._problem is None:
            self._problem = Problem(self.domain, self.seeds, self.volumes, self.cost, self.device, self.dtype)
        problem, old = self._problem, self._previous
        if old is not None and old is not problem:
            problem.adopt(old)
        blocks = problem.fine.blocks
        if self._assignment is not None and (self._assignment.blocks is not blocks or self._assignment.n != problem.n):
            self._assignment = None
        self._previous = problem
        return problem

    def _goal(self, abort: threading.Event | None) -> Goal:
        targets = self.volumes / self.domain.pixel_volume
        largest = np.full(len(targets), self.max_tolerance)
        mean = self.tolerance
        if self.counting == "labels":
            largest = np.maximum(largest, 2 / targets)
        return Goal(mean, largest, self.counting == "subpixel", abort=abort)

    def _solution(self, newton: Newton, internal: np.ndarray) -> Solution:
        problem, pixel = newton.problem, self.domain.pixel_volume
        moments = measure_cells(problem, newton.assignment, internal)
        converged, volumes = newton.solved(), newton.volumes()
        label = newton.assignment.labels()
        if self.exact:
            pixels = newton.assignment.pixels
            whole = np.append(newton.whole, self.domain.n_pixels - newton.whole.sum())
            label = exact_labels(label, pixels.second, pixels.next - pixels.best, whole)
            if self.counting == "labels":
                volumes = np.bincount(label, minlength=problem.n)[: problem.n].astype(float)
        apart = newton.on_processor() + (("exact volumes",) if self.exact else ()) if self.device != "cpu" else ()
        return Solution(
            labels=_label_image(label, problem.n, self.domain.shape),
            potentials=internal * problem.cost_unit,
            targets=self.volumes,
            volumes=volumes * pixel,
            converged=converged,
            message=newton.message(converged) + (f" On the processor: {', '.join(apart)}." if apart else ""),
            counting=self.counting,
            passes=newton.passes,
            moments=moments,
            spacing=self.domain.spacing,
            device=self.device,
            on_processor=apart,
        )

    def _empty(self) -> Solution:
        d = self.domain.ndim
        none, points = np.zeros(0), np.zeros((0, d))
        moments = CellMoments(none, points, points, np.zeros((0, d, d)), points, np.zeros((0, 2), int), none, none)
        image, said = np.zeros(self.domain.shape, np.uint16), "There are no cells."
        return Solution(image, none, none, none, True, said, self.counting, 0, moments, self.domain.spacing)


@checked(tolerance=above(0))
def solve_cells(
    seeds: np.ndarray,
    volumes: np.ndarray,
    shape: Sequence[int],
    spacing: float | Sequence[float] = 1.0,
    cost: Cost | None = None,
    tolerance: float = 0.01,
    *,
    max_tolerance: float | None = None,
    periodic: bool | Sequence[bool] = False,
    mask: np.ndarray | None = None,
    counting: Counting = "labels",
    method: Method = "newton",
    exact: bool = False,
    device: str = "auto",
    dtype: Precision = "float64",
    abort: threading.Event | None = None,
) -> Solution:
    """Divide a grid into cells of prescribed volumes around seeds (semi-discrete optimal transport).

    Parameters
    ----------
    seeds
        ``(N, d)`` positions in physical units, ``(y, x)`` or ``(z, y, x)``; the box starts at 0 and ends at shape * spacing, so
        that pixel 0 has its centre at half a spacing. `shapelab.box.to_box` turns positions in a layer into these.
    volumes
        ``(N,)`` volumes (2-D: areas) in physical units; what they leave free is medium, label 0.
    shape, spacing, periodic, mask
        The `Domain`.
    cost
        What a point costs each cell, from `shapelab.costs`; by default the squared distance.
    tolerance, max_tolerance
        Largest mean relative volume error, and largest one of any cell (five times as much by default).
    counting
        Whether volumes count whole pixels ("labels") or pixel fractions ("subpixel").
    method, exact
        Solver, and whether to give every cell exactly its number of pixels; see `Solver`.
    device, dtype
        Where to compute, and how precisely there; see `Solver`.
    abort
        An event that another thread may set to end early.

    Returns
    -------
    Solution
        Labels, potentials, volumes, centroids and errors; `converged` and `message` say how well it went.

    Raises
    ------
    InputError
        If the volumes do not fit the domain, with the numbers.

    References
    ----------
    J. Kitagawa, Q. Mérigot, B. Thibert, "Convergence of a Newton algorithm for semi-discrete optimal transport",
    J. Eur. Math. Soc. 21 (2019).
    """
    domain = Domain(tuple(shape), spacing, periodic, mask)  # type: ignore[arg-type]
    options: dict[str, Any] = {"tolerance": tolerance, "max_tolerance": max_tolerance, "counting": counting, "method": method}
    return Solver(domain, seeds, volumes, cost, exact=exact, device=device, dtype=dtype, **options).solve(abort)


def _carry_over(potentials: np.ndarray, keep: np.ndarray) -> np.ndarray:
    known = keep >= 0
    if len(keep) and keep.max() >= len(potentials):
        raise InputError(f"keep refers to cell {int(keep.max())}, but there were only {len(potentials)} cells.")
    new = np.full(len(keep), np.median(potentials) if len(potentials) else np.nan)
    new[known] = potentials[keep[known]]
    return new


def _label_image(label: np.ndarray, n: int, shape: tuple[int, ...]) -> np.ndarray:
    image = (label + 1).astype(np.uint16 if n < 2**16 else np.uint32)
    image[label >= n] = 0
    return image.reshape(shape)

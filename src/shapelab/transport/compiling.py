"""Compile the solver's kernels before they are needed; the first time on a machine it takes some seconds."""

from __future__ import annotations

from functools import cache

import numpy as np

from shapelab.stopping import check_stop
from shapelab.transport.domain import Domain
from shapelab.transport.entropic import SoftAssignment
from shapelab.transport.forces import boundary_forces
from shapelab.transport.iterate import Goal, Iterate
from shapelab.transport.problem import Problem
from shapelab.transport.solver import Solver

__all__ = ["compile_solver"]

_N = 3


@cache
def compile_solver() -> None:
    """Solve something small, once per process, and do with it what only hard problems need.

    Raises
    ------
    Stopped
        If this thread is asked to stop; what is compiled by then stays so.
    """
    domain = Domain((64, 64), (1 / 64, 1 / 64))  # enough blocks for two threads
    solver = Solver(domain, np.array([[0.3, 0.3], [0.7, 0.6], [0.4, 0.8]]), np.full(_N, 0.2))
    solver.solve()
    problem, empty = Problem(domain, solver.seeds, solver.volumes, solver.cost), np.array([0])
    potentials = np.ones(_N)
    potentials[empty] = -1.0
    for step in (_mend, _lift):
        check_stop()
        step(problem, potentials, empty)


def _mend(problem: Problem, potentials: np.ndarray, empty: np.ndarray) -> None:
    """Give empty cells their pixels, and press all cells."""
    iterate = Iterate(problem, Goal(0.01, np.full(_N, 0.05), subpixel=True))
    iterate.evaluate(potentials)
    iterate.exact_steps(potentials, empty)
    check_stop()
    boundary_forces(problem, iterate.assignment, potentials)


def _lift(problem: Problem, potentials: np.ndarray, empty: np.ndarray) -> None:
    """Raise the potentials of empty cells."""
    level = problem.fine
    soft = SoftAssignment(level.blocks, _N, level.unit)
    eps = soft.temperatures(level.cells, potentials, problem.medium, 1.0, 1e-3)
    soft.evaluate(level.cells, potentials, problem.medium, eps)
    soft.lift(empty, level.cells, potentials, eps, problem.targets)

"""Compile the solver's kernels before they are needed: some seconds, the first time on a machine, on two cores.

The compiler works on one kernel at a time in a process. Where nothing is on disk yet, a second process compiles half of them, and
leaves them there for this one. What few problems need follows in the background, while the first frames are shown.
"""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path
from threading import Thread

import numpy as np

from shapelab.device import cpu_count
from shapelab.stopping import check_stop
from shapelab.transport.assignment import Assignment, assign_blocks
from shapelab.transport.costs import Power
from shapelab.transport.domain import Domain
from shapelab.transport.entropic import SoftAssignment
from shapelab.transport.forces import boundary_forces
from shapelab.transport.iterate import Goal, Iterate
from shapelab.transport.moments import measure_blocks
from shapelab.transport.pairs import conjugate_gradients
from shapelab.transport.point_cost import HUGE
from shapelab.transport.problem import Problem
from shapelab.transport.smoothing import set_temperatures
from shapelab.transport.solver import Solver

__all__ = ["compile_passes", "compile_rest", "compile_solver", "compile_stages"]

_N = 3
_SEEDS = np.array([[0.3, 0.3], [0.7, 0.6], [0.4, 0.8]])
_VOLUMES = np.full(_N, 0.2)


@cache
def compile_solver() -> None:
    """Solve something small, once per process, and do with it what only hard problems need: in another process, if nothing is on disk yet.

    Raises
    ------
    Stopped
        If this thread is asked to stop; what is compiled by then stays so.
    """
    fresh = cpu_count() > 1 and not _on_disk()
    if fresh:
        helper = _second_process("compile_stages")
        compile_passes()
        while helper is not None and helper.poll() is None:
            check_stop()
            with suppress(subprocess.TimeoutExpired):
                helper.wait(0.1)
    domain = Domain((64, 64), (1 / 64, 1 / 64))  # enough blocks for two threads
    solver = Solver(domain, _SEEDS, _VOLUMES)
    solver.solve()
    if fresh and (rest := _second_process("compile_rest")) is not None:
        Thread(target=rest.wait, name="shapelab compiling", daemon=True).start()
        return
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


def compile_passes() -> None:
    """Compile the kernels that assign pixels and measure cells."""
    problem, f = _problem()
    cells, blocks, nothing = problem.fine.cells, problem.fine.blocks, (0, 0, 0)
    finest, grid = blocks.levels[-1], blocks.grid
    pixels, keys, values = Assignment(blocks, _N).pixels, np.full(16, -1), np.zeros((16, 2))
    sums = np.zeros((1, 2, _N + 2))
    assign_blocks(*nothing, cells, f, grid, finest.lists, finest.centres, finest.half, pixels, np.empty(1), sums, keys, values)
    check_stop()
    measure_blocks(*nothing, cells, f, grid, pixels, finest.centres, finest.half, np.zeros((1, _N + 1, 10)), keys, values)


def compile_stages() -> None:
    """Compile the other kernels that nearly every start needs: candidates, smoothed stages, exact steps."""
    problem, f = _problem()
    soft, eps = _smoothed(problem, f)
    level = problem.fine
    grid, finest = level.blocks.grid, level.blocks.levels[-1]
    set_temperatures(0, 0, 0, level.cells, f, grid, finest.lists, finest.centres, finest.half, 1.0, 1.0, eps)
    conjugate_gradients(soft.pairs, soft.weights, np.ones(_N), np.ones(_N), np.zeros(_N), _N, 0.1, 1)
    _all_medium(problem).exact_steps(f, np.array([0]))


def compile_rest() -> None:
    """Compile what few problems need: the lift of empty cells, the forces of costs that are no powers."""
    problem, f = _problem()
    soft, eps = _smoothed(problem, f)
    soft.lift(np.array([0]), problem.fine.cells, f, eps, problem.targets)
    boundary_forces(problem, _all_medium(problem).assignment, f)


def _smoothed(problem: Problem, f: np.ndarray) -> tuple[SoftAssignment, np.ndarray]:
    """Return a smoothed pass over the problem, and its temperatures."""
    level = problem.fine
    soft = SoftAssignment(level.blocks, _N, level.unit)
    eps = np.full(soft.pixel_min.size, 0.1, np.float32)
    soft.evaluate(level.cells, f, True, eps)
    return soft, eps


def _all_medium(problem: Problem) -> Iterate:
    """Return an iterate in which no pixel belongs to a cell."""
    iterate = Iterate(problem, Goal(0.01, np.full(_N, 0.05), subpixel=True))
    label, second, best, following, share = iterate.assignment.pixels
    label[:], second[:], best[:], following[:], share[:] = _N, _N, 0, 2 * HUGE, 1
    return iterate


def _problem() -> tuple[Problem, np.ndarray]:
    """Return something small, and potentials."""
    return Problem(Domain((64, 64), (1 / 64, 1 / 64)), _SEEDS, _VOLUMES, Power()), np.ones(_N)


def _on_disk() -> bool:
    """Return whether kernels have been compiled here before; after an update of the package they are compiled again, by one process."""
    folder = measure_blocks.stats.cache_path  # type: ignore[attr-defined]
    return folder is None or any(Path(folder).glob(f"moments.{measure_blocks.__name__}-*.nbi"))


def _second_process(what: str) -> subprocess.Popen[bytes] | None:
    """Start a process that compiles a part (a function of this module); None where that is not possible: then this one compiles all."""
    if getattr(sys, "frozen", False) or not sys.executable:  # the program is not an interpreter
        return None
    command = [sys.executable, "-c", f"from {__name__} import {what}; {what}()"]
    paths = os.pathsep.join(path for path in sys.path if path)
    try:
        return subprocess.Popen(  # noqa: S603 - this interpreter, and nothing from outside
            command,
            env=os.environ | {"PYTHONPATH": paths},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    except OSError:
        return None

"""Two other solvers, for comparison and for loose tolerances: L-BFGS on the dual, and annealed multiscale Sinkhorn.

Newton (`shapelab.transport.newton`) is the default: it needs fewer passes than L-BFGS and reaches tolerances that Sinkhorn does not.
"""

from __future__ import annotations

from contextlib import suppress

import numpy as np
from scipy.optimize import minimize

from shapelab.threads import dot
from shapelab.transport.newton import Newton
from shapelab.transport.passes import soft_assignment_on

__all__ = ["solve_lbfgs", "solve_sinkhorn"]

_SINKHORN_STEPS = 100
"""Updates at most on each grid."""


class _Done(Exception):
    """The goal is met."""


def solve_lbfgs(newton: Newton, f: np.ndarray | None) -> np.ndarray:
    """Maximise the dual with limited-memory BFGS; start from `f`, or from the potentials of undeformed cells."""
    start = np.ones(newton.n) if f is None else np.asarray(f, float)
    best, best_merit = start.copy(), np.inf

    def negative_dual(f: np.ndarray) -> tuple[float, np.ndarray]:
        nonlocal best, best_merit
        newton.evaluate(f)
        merit = newton.merit()
        if merit < best_merit:
            best, best_merit = f.copy(), merit
        if newton.solved() or newton.goal.stopped:
            raise _Done
        a = newton.assignment
        dual = dot(newton.targets, f) + a.pixels.best.sum()
        return -dual / newton.targets.mean(), (a.soft[: newton.n] - newton.targets) / newton.targets.mean()

    with suppress(_Done):
        minimize(negative_dual, start, jac=True, method="L-BFGS-B", options={"maxfun": 20 * newton.goal.passes, "maxcor": 20, "ftol": 0})
    newton.evaluate(best)
    return best


def solve_sinkhorn(newton: Newton, f: np.ndarray | None) -> np.ndarray:
    """Scale potentials to the volumes on finer and finer grids, at temperatures that fall with the size of a pixel.

    One update sets ``f_i += eps log(v_i / |L_i|)`` with the smoothed volumes |L_i|. Source: J. Feydy, thesis (2020).
    """
    warm = f is not None
    f = np.ones(newton.n) if f is None else np.asarray(f, float).copy()
    shapes = [newton.problem.domain.shape] if warm else [*newton.problem.coarse_shapes(), newton.problem.domain.shape]
    for shape in shapes:
        level = newton.problem.level(shape)
        soft = soft_assignment_on(level, newton.n)
        eps = newton.annealing.temperature(level)
        temperatures = np.full(soft.pixel_min.size, eps, np.float32)
        for _ in range(_SINKHORN_STEPS):
            if newton.goal.stopped:
                break
            soft.evaluate(level.cells, f, newton.problem.medium, temperatures)
            volumes = soft.volumes[: newton.n]
            empty = np.flatnonzero(volumes < 1e-6 * newton.targets)
            if len(empty):
                f = soft.lift(empty, level.cells, f, temperatures, newton.targets)
                continue
            if (np.abs(volumes - newton.targets) / newton.targets).mean() < newton.goal.mean / 2:
                break
            f = f + eps * np.log(newton.targets / volumes)
    newton.evaluate(f)
    return f

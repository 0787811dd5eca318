"""Compile the solver's kernels before they are needed; the first time on a machine it takes some seconds."""

from __future__ import annotations

from functools import cache

import numpy as np

from shapelab.transport.domain import Domain
from shapelab.transport.solver import Solver

__all__ = ["compile_solver"]


@cache
def compile_solver() -> None:
    """Solve something small, once per process."""
    seeds = np.array([[0.3, 0.3], [0.7, 0.6], [0.4, 0.8]])
    Solver(Domain((16, 16), (1 / 16, 1 / 16)), seeds, np.full(3, 0.2)).solve()

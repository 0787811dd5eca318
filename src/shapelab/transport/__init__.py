"""Semi-discrete optimal transport on a grid: cells of prescribed volumes around seeds, for any cost, in 2-D and 3-D.

Once::

    sol = solve_cells(seeds, volumes, shape=(512, 512), spacing=0.5, cost=costs.Power(p=2), tolerance=0.01)
    sol.labels, sol.potentials, sol.volumes, sol.centroids, sol.mean_error, sol.max_error, sol.converged, sol.message

Again and again, for cells that move (volumes, forces and moments count pixel fractions, and every solve starts from the last one)::

    solver = Solver(Domain(shape, spacing, periodic, mask), seeds, volumes, cost, tolerance=0.02, max_tolerance=0.1)
    sol = solver.solve(abort=event)
    m = sol.moments                                    # CellMoments, one pass over the pixels
    m.centroids, m.offsets, m.covariances              # shapes
    m.cost_gradients                                   # tau * this is the incompressibility force on each seed
    m.pairs, m.areas, m.weights                        # contacts: areas, and -d|L_i|/df_j; cell N is the medium
    solver.update(seeds=new_seeds)                     # or volumes=, cost=; keep= when cells come and go
    solver.potentials                                  # save and restore this to resume a run

Positions are ``(y, x)`` or ``(z, y, x)`` in physical units from the corner of the box, where pixel (0, 0) has its centre at half a spacing
(``sol.centroids`` are those of the layer, where it has it at 0); in label images
0 is the medium and i + 1 is cell i.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from shapelab.transport import costs
from shapelab.transport.domain import Domain

if TYPE_CHECKING:
    from shapelab.transport.moments import CellMoments
    from shapelab.transport.solution import Solution
    from shapelab.transport.solver import Solver, solve_cells

_LAZY = {"CellMoments": "moments", "Solution": "solver", "Solver": "solver", "solve_cells": "solver"}
"""Names whose modules bring in the compiler, loaded when first used."""

__all__ = ["CellMoments", "Domain", "Solution", "Solver", "costs", "solve_cells"]

if not TYPE_CHECKING:  # with it, a type checker would accept any name

    def __getattr__(name: str) -> Any:
        if name not in _LAZY:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)

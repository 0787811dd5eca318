"""Exact volumes: the weights that give each cell of an anisotropic power diagram its volume (optimal transport)."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np

from shapelab.crystals.diagram import Diagram
from shapelab.transport import Domain, Solution, Solver
from shapelab.transport.costs import Ellipsoidal

__all__ = ["exact_volumes", "weights_solver"]


def weights_solver(
    domain: Domain,
    seeds: np.ndarray,
    matrices: np.ndarray,
    volumes: np.ndarray,
    tolerance: float,
    max_tolerance: float | None = None,
    weights: np.ndarray | None = None,
    device: str = "auto",
) -> Solver:
    """Return a solver of the weights of ``argmin_i (y - x_i)^T A_i (y - x_i) - w_i`` for exact volumes.

    Parameters
    ----------
    domain
        Grid, spacing, periodic axes, mask; the cells fill all of it.
    seeds, matrices, volumes
        Shapes (N, d), (N, d, d), (N,). Volumes are scaled so that they fill the domain.
    tolerance
        Largest mean relative volume error.
    max_tolerance
        Largest relative volume error of any cell, where two pixels are finer than that; by default twice `tolerance`.
    weights
        Start, if there is a good one.
    device
        As for `shapelab.transport.Solver`.
    """
    filling = volumes * (domain.volume / volumes.sum())
    cost = Ellipsoidal(matrices)
    largest = 2 * tolerance if max_tolerance is None else max_tolerance
    solver = Solver(domain, seeds, filling, cost, tolerance=tolerance, max_tolerance=largest, counting="labels", device=device)
    solver.potentials = weights
    return solver


def exact_volumes(
    diagram: Diagram,
    volumes: np.ndarray,
    domain: Domain,
    tolerance: float,
    abort: threading.Event | None = None,
    max_tolerance: float | None = None,
    device: str = "auto",
) -> tuple[Diagram, Solution]:
    """Return the diagram of order 1 or 2 with its constants shifted so that each cell has its volume, and the solution.

    The labels of the solution have the volumes to the pixel: where the diagram itself cannot, because a pixel of a small
    cell is more than the tolerance, single pixels at boundaries are given to the neighbour.

    Parameters
    ----------
    diagram
        The diagram; its cells' shapes stay, its weights move.
    volumes
        Volume of each cell; scaled so that they fill the domain.
    domain
        Where the cells are.
    tolerance, max_tolerance
        As for `weights_solver`.
    abort
        When set, the solve ends early with what there is.
    device
        As for `shapelab.transport.Solver`.
    """
    seeds, matrices, weights = diagram.ellipsoids()
    solver = weights_solver(domain, seeds, matrices, volumes, tolerance, max_tolerance, weights, device)
    solver.exact = True
    solution = solver.solve(abort)
    coefficients = diagram.coefficients.copy()
    coefficients[:, 0] += solution.potentials - weights
    return replace(diagram, coefficients=coefficients), solution

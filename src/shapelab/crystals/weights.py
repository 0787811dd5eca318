"""Exact volumes: the weights that give each cell of an anisotropic power diagram its volume (optimal transport)."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np

from shapelab.crystals.diagram import Diagram
from shapelab.transport import Domain, Solution, Solver
from shapelab.transport.costs import Ellipsoidal
from shapelab.transport.pairs import conjugate_gradients

__all__ = ["exact_volumes", "weights_at_centroids", "weights_solver"]


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


def weights_at_centroids(solver: Solver, matrices: np.ndarray, solution: Solution) -> np.ndarray:
    """Return the weights with which the boundaries of a solution stay where they are, as nearly as they can, when seeds move to centroids.

    Each boundary asks, where the line between two centroids crosses it, for a difference of two weights; the weighted least squares
    of all of them are Newton's step for the volumes that the moves would cost.

    Parameters
    ----------
    solver
        What `weights_solver` returned; its seeds have not moved yet.
    matrices
        Shape (N, d, d).
    solution
        Its last one.
    """
    moments, n, d = solution.moments, len(matrices), solver.domain.ndim
    inner = (moments.pairs < n).all(axis=1)
    pairs, shares = np.ascontiguousarray(moments.pairs[inner]), np.ascontiguousarray(moments.weights[inner])
    i, j = pairs.T
    extent = np.array(solver.domain.shape) * np.array(solver.domain.spacing)
    apart = solver.seeds[j] - solver.seeds[i]
    apart -= np.where(solver.domain.periodic, extent * np.round(apart / extent), 0)
    ends = moments.offsets[i], apart + moments.offsets[j]

    def ahead(y: np.ndarray, from_i: np.ndarray, from_j: np.ndarray) -> np.ndarray:
        """Return by how much the cost of i exceeds that of j at points y seen from the seed of i, for seeds at the points given."""
        costs = [np.einsum("ea,eab,eb->e", y - x, matrices[k], y - x) for k, x in ((i, from_i), (j, from_j))]
        return np.asarray(costs[0] - costs[1])

    weights = solution.potentials
    at = [ahead((1 - t) * ends[0] + t * ends[1], np.zeros(d), apart) - weights[i] + weights[j] for t in (0.0, 0.5, 1.0)]
    square, slope = 2 * (at[0] - 2 * at[1] + at[2]), 4 * at[1] - 3 * at[0] - at[2]
    root = slope + np.sqrt(np.maximum(slope**2 - 4 * square * at[0], 0))
    t = np.clip(-2 * at[0] / np.where(root > 0, root, np.inf), 0, 1)[:, None]
    boundary = (1 - t) * ends[0] + t * ends[1]
    lost = shares * (ahead(boundary, *ends) - ahead(boundary, np.zeros(d), apart))
    missing = np.bincount(i, lost, n) - np.bincount(j, lost, n)
    step, stay = np.zeros(n), np.full(n, 1e-6 * shares.mean() if len(shares) else 1.0)
    conjugate_gradients(pairs, shares, stay, missing, step, n, 1e-2, 300)
    return np.asarray(weights + step)


def exact_volumes(
    diagram: Diagram,
    volumes: np.ndarray,
    domain: Domain,
    tolerance: float,
    abort: threading.Event | None = None,
    max_tolerance: float | None = None,
    device: str = "auto",
) -> tuple[Diagram, Solution, tuple[str, ...]]:
    """Return the diagram of order 1 or 2 with its constants shifted so that each cell has its volume, the solution, and remarks.

    The labels of the solution have the volumes to the pixel: where the diagram itself cannot, because a pixel of a small
    cell is more than the tolerance, single pixels at boundaries are given to the neighbour. Remarks are sentences: that the
    tolerance was missed, or that cells of a periodic diagram had to be made rounder.

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
    rounded = 0
    if any(diagram.period):
        seeds, matrices, weights, rounded = _rounded(diagram)
    else:
        seeds, matrices, weights = diagram.ellipsoids()
    solver = weights_solver(domain, seeds, matrices, volumes, tolerance, max_tolerance, weights, device)
    solver.exact = True
    solution = solver.solve(abort)
    remarks: tuple[str, ...] = () if solution.converged else (solution.message,)
    if rounded:
        cells = "1 cell was" if rounded == 1 else f"{rounded} cells were"
        remarks += (f"Exact volumes in a periodic box need nearly elliptical cells: {cells} made rounder first.",)
    if any(diagram.period):
        whole = Diagram.from_ellipsoids(seeds, matrices, solution.potentials, diagram.radii, diagram.ids, diagram.period)
        return whole, solution, remarks
    coefficients = diagram.coefficients.copy()
    coefficients[:, 0] += solution.potentials - weights
    return replace(diagram, coefficients=coefficients), solution, remarks


def _rounded(diagram: Diagram) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """Return seeds, positive definite matrices and weights of a periodic diagram of order 2, and how many matrices were changed for it.

    In a periodic box no common quadratic can be added to all cells, as `Diagram.ellipsoids` does in others.
    """
    matrices, slopes, constants = diagram.quadratics()
    values, vectors = np.linalg.eigh(matrices)
    least = 0.05 * np.median(np.abs(values))
    rounded = int((values < least).any(axis=1).sum())
    values = np.maximum(values, least)
    matrices = np.einsum("nij,nj,nkj->nik", vectors, values, vectors)
    offsets = np.linalg.solve(2 * matrices, slopes[..., None])[..., 0]
    return diagram.centres + offsets, matrices, constants + 0.5 * (slopes * offsets).sum(1), rounded

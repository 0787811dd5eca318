"""The cells that a run begins with, where none are given: clusters, full boxes, pairs and crosses."""

from __future__ import annotations

import math

import numpy as np

from shapelab.errors import ParameterError
from shapelab.foam.parameters import FoamParameters
from shapelab.grid_parameters import ball_radius

__all__ = ["first_cells"]

_ROUNDS = 20
_LEAST = 16
"""Pixels of a cell below which nothing sensible moves."""


def first_cells(p: FoamParameters, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return an image of rows (1 to n, 0 for the medium) and the type of each row, that of the medium first.

    Raises
    ------
    ParameterError
        If the cells would be too small for the grid.
    """
    n = {"pair": 2, "cross": 4}.get(p.arrangement, p.n_cells)
    room = math.prod(p.shape) * (1.0 if p.arrangement == "full" else p.filling)
    if room / n < _LEAST:
        raise ParameterError(
            f"{n} cells would have {room / n:.2g} pixels each: choose fewer cells, a larger volume fraction or a finer grid, for "
            f"{_LEAST} pixels or more."
        )
    if p.arrangement == "pair":
        return _pair(p), np.array([0, 0, 1])
    if p.arrangement == "cross":
        return _cross(p), np.array([0, 0, 1, 1, 0])
    types = np.zeros(n + 1, np.int64)
    types[1:] = rng.permutation(np.arange(n) < round(p.second_part * n))
    return (_full(p, n, rng) if p.arrangement == "full" else _cluster(p, n, rng)), types


def _from_middle(p: FoamParameters) -> list[np.ndarray]:
    """Return the distance of the pixels from the middle along each axis [unit], as open grids, a little off the symmetric places."""
    sides = [(np.arange(n) - (n - 1) / 2 + 0.137) * h for n, h in zip(p.shape, p.voxel_size, strict=True)]
    return list(np.meshgrid(*sides, indexing="ij", sparse=True))


def _radius(p: FoamParameters, share: float) -> float:
    volume = share * p.filling * math.prod(n * h for n, h in zip(p.shape, p.voxel_size, strict=True))
    return float(ball_radius(volume, p.ndim))


def _pair(p: FoamParameters) -> np.ndarray:
    first = _radius(p, 1 / (1 + p.size_ratio))
    second = _radius(p, p.size_ratio / (1 + p.size_ratio))
    *others, x = _from_middle(p)
    across = np.asarray(sum(a**2 for a in others))
    shift = 0.4 * (second - first)
    image = np.zeros(p.shape, np.int32)
    image[(x + 0.85 * first + shift) ** 2 + across < first**2] = 1
    image[((x - 0.85 * second + shift) ** 2 + across < second**2) & ((image == 0) | (x + shift > 0))] = 2
    return image


def _cross(p: FoamParameters) -> np.ndarray:
    *others, y, x = _from_middle(p)
    side = (p.filling * math.prod(n * h for n, h in zip(p.shape, p.voxel_size, strict=True))) ** (1 / p.ndim)
    block = np.maximum(abs(y), abs(x)) < side / 2
    for a in others:
        block = block & (abs(a) < side / 2)
    return np.where(block, 1 + 2 * (y > 0) + (x > 0), 0).astype(np.int32)


def _full(p: FoamParameters, n: int, rng: np.random.Generator) -> np.ndarray:
    size = np.array([k * h for k, h in zip(p.shape, p.voxel_size, strict=True)])
    inside = np.ones(p.shape, bool)
    return _cells(p, inside, rng.random((n, p.ndim)) * size, size if p.periodic else None)


def _cluster(p: FoamParameters, n: int, rng: np.random.Generator) -> np.ndarray:
    apart = np.asarray(sum(a**2 for a in _from_middle(p)))
    radius = min(_radius(p, 1.0), 0.5 * min(k * h for k, h in zip(p.shape, p.voxel_size, strict=True)))
    inside = np.broadcast_to(apart < radius**2, p.shape)
    places = np.argwhere(inside)
    if len(places) < n * _LEAST:
        raise ParameterError(f"{n} cells do not fit into a round cluster of {len(places)} pixels: choose fewer cells or a finer grid.")
    seeds = (places[rng.choice(len(places), n, replace=False)] + 0.5) * np.array(p.voxel_size)
    return _cells(p, inside, seeds, None)


def _cells(p: FoamParameters, inside: np.ndarray, seeds: np.ndarray, period: np.ndarray | None) -> np.ndarray:
    """Return the cells of evened-out seeds: each pixel goes to the nearest one (Lloyd's algorithm)."""
    from scipy.spatial import cKDTree

    places = np.argwhere(inside)
    points = (places + 0.5) * np.array(p.voxel_size)
    few = points[:: max(1, len(points) // 200_000)]
    for _ in range(_ROUNDS):
        owner = cKDTree(seeds, boxsize=period).query(few)[1]
        step = few - seeds[owner]
        if period is not None:
            step -= period * np.round(step / period)
        counts = np.bincount(owner, minlength=len(seeds))
        moves = np.stack([np.bincount(owner, s, len(seeds)) for s in step.T], axis=1) / np.maximum(counts, 1)[:, None]
        seeds = seeds + moves
        if period is not None:
            seeds %= period
    image = np.zeros(p.shape, np.int32)
    image[tuple(places.T)] = cKDTree(seeds, boxsize=period).query(points)[1] + 1
    return image

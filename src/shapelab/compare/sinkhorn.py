"""Sinkhorn divergences: optimal transport between weighted points, a little blurred, without its bias.

S(a, b) = OT(a, b) - OT(a, a)/2 - OT(b, b)/2 with the cost |x - y|^2/2 and an entropic term of strength blur^2:
never negative, zero only for equal measures, |t|^2/2 for a translation by t. With a finite `reach`, mass that would
travel further is destroyed and created instead.

Sources: Feydy, Sejourne, Vialard, Amari, Trouve and Peyre, AISTATS (2019); Sejourne et al., arXiv:1910.12958 (unbalanced).
"""

from __future__ import annotations

import contextlib
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from shapelab.arguments import checked
from shapelab.device import resolve
from shapelab.errors import InputError
from shapelab.keops import compiling, load_keops
from shapelab.limits import above, between
from shapelab.measure.diagram import CurvatureDiagram
from shapelab.short_repr import short_repr

__all__ = ["Divergence", "WeightedPoints", "cluster_points", "curvature_divergence", "sinkhorn_divergence"]


@short_repr
@dataclass(frozen=True, eq=False)
class WeightedPoints:
    """Points (n, d) and their positive weights (n,)."""

    points: np.ndarray
    weights: np.ndarray

    def __post_init__(self) -> None:
        p, w = self.points, self.weights
        if p.ndim != 2 or len(p) == 0 or w.shape != (len(p),):
            raise InputError(f"A point cloud needs points (n, d) and weights (n,); received {p.shape} and {w.shape}.")
        if not (np.isfinite(p).all() and np.isfinite(w).all()):
            raise InputError("The point cloud holds values that are not finite (NaN or infinity): remove them first.")
        if w.min() < 0 or not w.sum() > 0:
            raise InputError("The weights of a point cloud must not be negative, nor all zero.")


@dataclass(frozen=True)
class Divergence:
    """A Sinkhorn divergence, and how it was obtained."""

    value: float
    """S(a, b) [unit^2]."""
    distance: float
    """sqrt(2 S) [unit]: the 2-Wasserstein distance, up to the blur, if balanced."""
    blur: float
    """Length below which points are not told apart [unit]."""
    reach: float | None
    """Length beyond which mass is destroyed rather than moved [unit]; None if all of it moves."""
    cluster_size: float
    """Edge of the cubes whose points were merged [unit]; 0 if none were."""
    points: tuple[int, int]
    """Number of points of either side that were used."""


_LARGE = 5000
"""Points of either cloud from which KeOps computes on the fly what would fill matrices."""
_FEW = 64
"""Points with which what KeOps needs is compiled, or loaded."""
_MULTISCALE = 20_000
"""Points from which most pairs are left out: those of clusters between which next to nothing moves."""


@checked(blur=above(0, 1e30), reach=above(0, 1e30), scaling=between(0.01, 0.99), max_points=between(2, 1_000_000))
def sinkhorn_divergence(
    a: WeightedPoints,
    b: WeightedPoints,
    *,
    blur: float | None = None,
    reach: float | None = None,
    scaling: float = 0.5,
    max_points: int = 1000,
    normalise: bool = True,
    device: str = "auto",
) -> Divergence:
    """Return the Sinkhorn divergence between two weighted point clouds.

    Parameters
    ----------
    a, b
        Points of the same dimension and unit.
    blur
        Length below which points are not told apart [unit]; by default the size of the clusters, or the typical
        distance between neighbouring points.
    reach
        Length beyond which mass is destroyed rather than moved [unit]; None moves all of it, which needs equal totals.
    scaling
        Ratio of successive blurs on the way down: 0.5 is fast, 0.9 precise.
    max_points
        Clouds with more points are merged to about so many, cube by cube, keeping mass and centres of mass.
    normalise
        Compare shares (each cloud weighs 1) rather than amounts.
    device
        "cpu", "cuda", "cuda:1"… or "auto", which takes a card for clouds of 5,000 points and more. From there on nothing is kept
        per pair of points (KeOps): 10^6 points fit a card; on a CPU 10^5 take minutes.

    Raises
    ------
    InputError
        If the clouds do not fit together, or are large and there is no C++ compiler for KeOps.
    ParameterError
        If the device is not present.
    """
    dim = a.points.shape[1]
    if b.points.shape[1] != dim:
        raise InputError(f"The two point clouds have {dim} and {b.points.shape[1]} coordinates per point: both need the same.")
    if reach is None and not normalise and not math.isclose(a.weights.sum(), b.weights.sum(), rel_tol=1e-4):
        raise InputError("Moving all of the mass needs equal totals: set normalise=True, or a finite reach.")
    size = max(_cluster_size(cloud, max_points) for cloud in (a, b))
    a, b = (cluster_points(cloud, size) for cloud in (a, b))
    both = np.concatenate([a.points, b.points])
    diameter = float(np.linalg.norm(np.ptp(both, axis=0))) or 1.0
    if blur is None:
        blur = size or min(max(_neighbour_distance(a.points), _neighbour_distance(b.points)), 0.1 * diameter) or 0.01 * diameter
    most = max(len(a.points), len(b.points))
    place = resolve(device, large=most >= _LARGE, through="torch")
    value = _solve(a, b, both.mean(axis=0), diameter, blur, reach, scaling, normalise, place)
    return Divergence(value, math.sqrt(2 * value), blur, reach, size, (len(a.points), len(b.points)))


@checked(blur=above(0, 1e30), reach=above(0, 1e30), max_points=between(2, 1_000_000))
def curvature_divergence(
    a: CurvatureDiagram,
    b: CurvatureDiagram,
    *,
    blur: float | None = None,
    reach: float | None = None,
    max_points: int = 1000,
    device: str = "auto",
) -> Divergence:
    """Return the Sinkhorn divergence between two curvature diagrams, areas normalised [1/unit^2].

    Parameters
    ----------
    a, b
        Diagrams of shapes measured in the same unit of length.
    blur, reach
        [1/unit]; Song (2022) takes blur 1 and reach 20 where structures measure a tenth of the unit.
    max_points, device
        As in `sinkhorn_divergence`.
    """
    clouds = [WeightedPoints(np.stack([d.k1, d.k2], axis=1).astype(np.float64), d.weights.astype(np.float64)) for d in (a, b)]
    return sinkhorn_divergence(*clouds, blur=blur, reach=reach, max_points=max_points, device=device)


def cluster_points(cloud: WeightedPoints, size: float) -> WeightedPoints:
    """Return the cloud with all points inside a cube of edge `size` merged in their centre of mass; 0 merges none."""
    if size <= 0:
        return cloud
    index = np.unique(_cubes(cloud.points, size), return_inverse=True)[1]
    weights = np.bincount(index, weights=cloud.weights)
    keep = weights > 0
    points = np.stack([np.bincount(index, weights=cloud.weights * x)[keep] / weights[keep] for x in cloud.points.T], axis=1)
    return WeightedPoints(points, weights[keep])


def _cluster_size(cloud: WeightedPoints, max_points: int) -> float:
    """An edge, about the smallest, with which at most `max_points` cubes are taken."""
    n, dim = cloud.points.shape
    if n <= max_points:
        return 0.0
    extent = np.ptp(cloud.points, axis=0)
    size, points = float(extent.max()) / max_points, cloud.points
    while len(first := np.unique(_cubes(points, size), return_index=True)[1]) > max_points:
        if len(first) < len(points) // 2:
            points = points[first]  # one of each cube is enough to count larger ones, and quick
        size *= max(1.05, (len(first) / max_points) ** (0.5 / dim))
    while np.unique(_cubes(cloud.points, size)).size > max_points:
        size *= 1.05
    return size


def _cubes(points: np.ndarray, size: float) -> np.ndarray:
    """Number of the cube of edge `size` that each point lies in; cubes are placed by the origin, alike for both clouds."""
    cells = np.floor(points / size + 1e-9).astype(np.int64)
    cells -= cells.min(axis=0)
    return np.asarray(np.ravel_multi_index(tuple(cells.T), tuple(int(n) for n in cells.max(axis=0) + 1)))


def _neighbour_distance(points: np.ndarray) -> float:
    from scipy.spatial import cKDTree

    if len(points) < 2:
        return 0.0
    return float(np.median(np.asarray(cKDTree(points).query(points, k=2)[0])[:, 1]))


def _backend(points: int, dim: int) -> str:
    if points < _LARGE:
        return "tensorized"
    return "multiscale" if points >= _MULTISCALE and dim <= 3 else "online"


def _solve(
    a: WeightedPoints,
    b: WeightedPoints,
    centre: np.ndarray,
    diameter: float,
    blur: float,
    reach: float | None,
    scaling: float,
    normalise: bool,
    device: str,
) -> float:
    """Centred and scaled to unit diameter, so that single precision is enough; full matrices as long as they are small."""
    backend = _backend(max(len(a.points), len(b.points)), a.points.shape[1])
    with contextlib.suppress(ImportError):
        load_keops()  # geomloss imports it, where it is installed, and it would print
    import torch
    from geomloss import SamplesLoss

    loss = SamplesLoss(
        "sinkhorn",
        p=2,
        blur=blur / diameter,
        reach=None if reach is None else reach / diameter,
        diameter=1.0,
        scaling=scaling,
        backend=backend,
    )
    tensors: list[Any] = []
    for cloud in (a, b):
        weights = cloud.weights / cloud.weights.sum() if normalise else cloud.weights
        tensors += [torch.tensor(part, dtype=torch.float32, device=device) for part in (weights, (cloud.points - centre) / diameter)]
    with torch.no_grad():
        if backend != "tensorized":
            with compiling("Distances of large clouds"):  # once a machine; others wait for that, not for the whole of the work
                loss(*(part[:_FEW] for part in tensors))
        return max(float(loss(*tensors)), 0.0) * diameter**2

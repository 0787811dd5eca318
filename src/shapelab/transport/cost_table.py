"""The costs of all cells as numbers, and how stiffness, exponents and shapes become them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from shapelab.errors import InputError

if TYPE_CHECKING:
    from shapelab.transport.domain import Domain
    from shapelab.transport.reduction import PointReduction

__all__ = [
    "ELLIPSOID", "ISOTROPIC", "REDUCED", "SEGMENT", "SPHEROCYLINDER", "TABULATED",
    "Cost", "CostImage", "CostTable", "PointCost",
    "norm_table", "per_cell", "positive", "rod_shapes", "rod_table", "scale_of", "unit_vectors",
]  # fmt: skip

ISOTROPIC, ELLIPSOID, SPHEROCYLINDER, SEGMENT, TABULATED, REDUCED = 0, 1, 2, 3, 4, 5
"""Kinds of costs; REDUCED ones are tabulated ones of a solve in which reductions over all cells take the place of tables."""
SCALINGS = ("constant", "level_set", "volume")

PointCost = Callable[[np.ndarray, np.ndarray, int], np.ndarray]
"""``function(z, y, cell)``: displacements from the seed ``(..., d)``, positions ``(..., d)``, cell number -> costs ``(...)``."""

CostImage = Callable[["Domain", np.ndarray], np.ndarray]
"""``function(grid, seeds)`` -> costs ``(N, pixels)`` float32, the caller's own; where a cell never is, a cost may be huge.

Scale and exponent of the table are then those of the cost without its bias: they give the size of its potentials."""


@dataclass
class CostTable:
    """The costs of all cells as numbers: one entry per cell, in physical units."""

    kind: np.ndarray
    exponent: np.ndarray
    scale: np.ndarray
    radius: np.ndarray
    """G on the boundary of the undeformed cell."""
    matrix: np.ndarray
    """``(N, d, d)``: A of ``G = sqrt(z' A z)``."""
    axis: np.ndarray
    """``(N, d)``: unit axis of rods."""
    length: np.ndarray
    """Half length of the core segment; for spherocylinders, in units of their radius."""
    cap: np.ndarray
    function: PointCost | None = None
    """Cost of the tabulated cells."""
    image: CostImage | None = None
    """The same for all of them at once on a grid, where somebody knows how to do that fast."""
    on_torch: Callable[[Domain, np.ndarray, str], np.ndarray] | None = None
    """The same as `image`, of torch tensors on a device."""
    reduction: PointReduction | None = None
    """The costs of all cells inside a reduction, which needs no table; None where a table is needed."""

    def __len__(self) -> int:
        return len(self.kind)

    def gauge(self, z: np.ndarray, cell: int) -> np.ndarray:
        """Return G of one cell at the displacements z ``(..., d)``."""
        kind = self.kind[cell]
        if kind in (ISOTROPIC, ELLIPSOID):
            return np.asarray(np.sqrt(np.maximum(np.einsum("...a,ab,...b->...", z, self.matrix[cell], z), 0)))
        along = np.abs(z @ self.axis[cell])
        squared = np.einsum("...a,...a->...", z, z)
        across = np.sqrt(np.maximum(squared - along**2, 0))
        length = self.length[cell]
        if kind == SEGMENT:
            return np.asarray(np.hypot(np.maximum(along - length, 0), across))
        root = np.sqrt(np.maximum(squared - (length * across) ** 2, 0))
        beyond = squared / np.maximum(along * length + root, 1e-300)
        return np.asarray(np.where(along > length * across, beyond, across))

    def values(self, z: np.ndarray, y: np.ndarray, cell: int) -> np.ndarray:
        """Return the costs of one cell at positions y, at displacements z from its seed."""
        if self.kind[cell] == TABULATED:
            assert self.function is not None
            cost = np.asarray(self.function(z, y, cell), float)
        else:
            cost = self.scale[cell] * self.gauge(z, cell) ** self.exponent[cell]
        return np.asarray(np.minimum(cost, self.cap[cell]))


class Cost(ABC):
    """The cost of one population of cells."""

    @abstractmethod
    def table(self, volumes: np.ndarray, ndim: int) -> CostTable:
        """Return the parameters of cells with the given target volumes, in `ndim` dimensions."""


def per_cell(value: float | np.ndarray, n: int, name: str) -> np.ndarray:
    """Return one number for each of n cells, from one for all or one each."""
    array = np.asarray(value, float)
    if array.ndim > 1 or (array.ndim == 1 and len(array) not in (1, n)):
        raise InputError(f"{name} has shape {array.shape}: give one number, or one for each of the {n} cells.")
    return np.broadcast_to(array, (n,)).copy()


def positive(value: float | np.ndarray, n: int, name: str) -> np.ndarray:
    """Return one positive number for each of n cells, or refuse in a sentence."""
    array = per_cell(value, n, name)
    if not (np.isfinite(array) & (array > 0)).all():
        raise InputError(f"{name} must be positive for every cell; received {array[~(array > 0)][:3] if n else value}.")
    return array


def scale_of(stiffness: float | np.ndarray, scaling: str, p: np.ndarray, radius: np.ndarray, ndim: int) -> np.ndarray:
    """Return s of the cost s G^p for a stiffness and a scaling (see `shapelab.transport.costs`)."""
    c = positive(stiffness, len(radius), "stiffness")
    if scaling not in SCALINGS:
        raise InputError(f"scaling = {scaling!r} is unknown; use one of {', '.join(SCALINGS)}.")
    if scaling == "constant":
        return c
    return np.asarray(c / radius**p * (1 if scaling == "level_set" else (ndim + p) / ndim))


def _ball(ndim: int) -> float:
    return np.pi if ndim == 2 else 4 / 3 * np.pi


def norm_table(
    kind: int, matrix: np.ndarray, p: float | np.ndarray, stiffness: float | np.ndarray, scaling: str, volumes: np.ndarray
) -> CostTable:
    """Return the table of costs ``s (z' A z)^(p/2)``."""
    n, ndim = len(volumes), matrix.shape[-1]
    p = positive(p, n, "p")
    radius = (volumes * np.sqrt(np.linalg.det(matrix)) / _ball(ndim)) ** (1 / ndim)
    scale = scale_of(stiffness, scaling, p, radius, ndim)
    return CostTable(np.full(n, kind), p, scale, radius, matrix, np.zeros((n, ndim)), np.zeros(n), np.full(n, np.inf))


def rod_table(kind: int, p: np.ndarray, scale: np.ndarray, radius: np.ndarray, axis: np.ndarray, length: np.ndarray) -> CostTable:
    """Return the table of costs of rods of the given radius, axis and core length."""
    n, ndim = axis.shape
    matrix = np.broadcast_to(np.eye(ndim), (n, ndim, ndim))
    return CostTable(np.full(n, kind), p, scale, radius, matrix, axis, length, np.full(n, np.inf))


def rod_shapes(
    directions: np.ndarray, aspect_ratio: float | np.ndarray, volumes: np.ndarray, ndim: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the end radius, the half core length in units of it, and the unit axes of rods of given volumes."""
    n = len(volumes)
    axis = unit_vectors(directions)
    if axis.shape not in ((ndim,), (n, ndim)):
        raise InputError(f"Rods need one direction of {ndim} components for each of the {n} cells; received shape {axis.shape}.")
    ratio = per_cell(aspect_ratio, n, "aspect_ratio")
    if not (ratio >= 1).all():
        raise InputError(f"aspect_ratio must be at least 1 (a ball); received {ratio.min():.3g}.")
    core = ratio - 1
    unit_volume = np.pi + 4 * core if ndim == 2 else np.pi * (4 / 3 + 2 * core)
    return (volumes / unit_volume) ** (1 / ndim), core, np.broadcast_to(axis, (n, ndim))


def unit_vectors(directions: np.ndarray) -> np.ndarray:
    """Return directions ``(N, d)`` with length 1, or refuse one that has none."""
    """Return the table of costs ``s (z' A z)^(p/2)``."""
    directions = np.asarray(directions, float)
    norm = np.linalg.norm(directions, axis=-1, keepdims=True)
    if not (np.isfinite(norm) & (norm > 0)).all():
        raise InputError("Every direction must be a finite vector that is not zero.")
    return np.asarray(directions / norm)

"""What it costs a cell to own a point, as a function of where the point lies seen from the cell's seed.

A cost is ``c_i(y) = s_i G_i(y - x_i)^p``: G measures length (plainly, along an ellipsoid's axes, or around a rod), the exponent p
sets how a cell yields (0.5: soft, liquid-like; 2: the reference; 8: hard spheres), and the scale s follows from
the `stiffness` C of the cell through the `scaling`:

=============  ==========================================================================
"constant"     s = C
"level_set"    the cost is C on the boundary of the undeformed cell, G = R: s = C / R^p
"volume"       the cost averages to C over the undeformed cell: s = C (d + p) / (d R^p)
=============  ==========================================================================

with R such that ``{G < R}`` has the target volume of the cell. All cells compete with the same medium (cost 0), so populations with
different costs belong on comparable scales ("volume"). Source: A. Diez and J. Feydy, arXiv:2402.17086 (2024).
Stiffness, exponents, directions and ratios are one value for all cells or one per cell.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from shapelab.errors import InputError

__all__ = ["L2", "Biased", "Capped", "CoreSegment", "Cost", "CostTable", "Custom", "Ellipsoidal", "Mixed", "Power", "Spherocylinder"]

ISOTROPIC, ELLIPSOID, SPHEROCYLINDER, SEGMENT, TABULATED = 0, 1, 2, 3, 4
SCALINGS = ("constant", "level_set", "volume")

PointCost = Callable[[np.ndarray, np.ndarray, int], np.ndarray]
"""``function(z, y, cell)``: displacements from the seed ``(..., d)``, positions ``(..., d)``, cell number -> costs ``(...)``."""


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


class Power(Cost):
    """``c(z) = s |z|^p``: p = 0.5 is soft, 2 the reference, 8 hard.

    Parameters
    ----------
    p
        Exponent, positive.
    stiffness
        C of the scaling.
    scaling
        "constant", "level_set" or "volume".
    """

    def __init__(self, p: float | np.ndarray = 2.0, stiffness: float | np.ndarray = 1.0, scaling: str = "constant") -> None:
        self.p, self.stiffness, self.scaling = p, stiffness, scaling

    def table(self, volumes: np.ndarray, ndim: int) -> CostTable:
        matrix = np.broadcast_to(np.eye(ndim), (len(volumes), ndim, ndim))
        return _norm_table(ISOTROPIC, matrix, self.p, self.stiffness, self.scaling, volumes)


class L2(Power):
    """``c(z) = s |z|^2``: power diagrams, clipped to balls where there is medium."""

    def __init__(self, stiffness: float | np.ndarray = 1.0, scaling: str = "constant") -> None:
        super().__init__(2.0, stiffness, scaling)


class Ellipsoidal(Cost):
    """``c(z) = s (z' A z)^(p/2)``: cells that are ellipsoids when alone; p = 2 gives anisotropic power diagrams.

    Parameters
    ----------
    matrices
        A, symmetric positive definite, ``(d, d)`` or ``(N, d, d)``, in ``(y, x)`` or ``(z, y, x)`` order.
    p, stiffness, scaling
        As for `Power`.
    """

    def __init__(
        self, matrices: np.ndarray, p: float | np.ndarray = 2.0, stiffness: float | np.ndarray = 1.0, scaling: str = "constant"
    ) -> None:
        self.matrices, self.p, self.stiffness, self.scaling = np.asarray(matrices, float), p, stiffness, scaling

    @classmethod
    def from_axes(
        cls,
        directions: np.ndarray,
        aspect_ratio: float | np.ndarray,
        p: float | np.ndarray = 2.0,
        stiffness: float | np.ndarray = 1.0,
        scaling: str = "constant",
    ) -> Ellipsoidal:
        """Make ellipsoids of revolution, long axis along `directions` ``(N, d)``, long/short axis = `aspect_ratio`, det A = 1."""
        u = _unit(directions)
        d = u.shape[-1]
        ratio = np.broadcast_to(np.asarray(aspect_ratio, float), u.shape[:-1])[..., None, None]
        across = ratio ** (2 / d)
        outer = u[..., :, None] * u[..., None, :]
        return cls(across * (np.eye(d) - outer) + across / ratio**2 * outer, p, stiffness, scaling)

    def table(self, volumes: np.ndarray, ndim: int) -> CostTable:
        if self.matrices.shape[-2:] != (ndim, ndim):
            raise InputError(f"Ellipsoidal needs {ndim} x {ndim} matrices in {ndim}-D; received shape {self.matrices.shape}.")
        matrix = np.broadcast_to(self.matrices, (len(volumes), ndim, ndim))
        if not np.allclose(matrix, np.swapaxes(matrix, 1, 2), rtol=1e-6, atol=1e-9 * np.abs(matrix).max()):
            raise InputError("Ellipsoidal needs symmetric matrices; at least one is not equal to its transpose.")
        smallest = np.linalg.eigvalsh(matrix)[:, 0]
        if not (smallest > 0).all():
            worst = int(np.argmin(smallest))
            raise InputError(
                f"Ellipsoidal needs positive definite matrices; that of cell {worst} has the eigenvalue {smallest[worst]:.3g}."
            )
        return _norm_table(ELLIPSOID, matrix, self.p, self.stiffness, self.scaling, volumes)


class Spherocylinder(Cost):
    """``c(z) = s L(z)^p`` with L the gauge of a rod with round ends: level sets are scaled copies of the rod (capsules in 3-D).

    Parameters
    ----------
    directions
        Axes of the rods, ``(N, d)``; they need not be normalised.
    aspect_ratio
        Length over width of the undeformed rod, at least 1.
    p, stiffness, scaling
        As for `Power`; R is the radius of the rod's ends.
    """

    def __init__(
        self,
        directions: np.ndarray,
        aspect_ratio: float | np.ndarray = 3.0,
        p: float | np.ndarray = 2.0,
        stiffness: float | np.ndarray = 1.0,
        scaling: str = "constant",
    ) -> None:
        self.directions, self.aspect_ratio = directions, aspect_ratio
        self.p, self.stiffness, self.scaling = p, stiffness, scaling

    def table(self, volumes: np.ndarray, ndim: int) -> CostTable:
        radius, core, axis = _rods(self.directions, self.aspect_ratio, volumes, ndim)
        p = _positive(self.p, len(volumes), "p")
        scale = _scale(self.stiffness, self.scaling, p, radius, ndim)
        return _rod_table(SPHEROCYLINDER, p, scale, radius, axis, core)


class CoreSegment(Spherocylinder):
    """``c(z) = s dist(z, core)^p``: distance to the core segment of a rod; level sets are rods of one core length.

    Parameters are those of `Spherocylinder`.
    """

    def table(self, volumes: np.ndarray, ndim: int) -> CostTable:
        radius, core, axis = _rods(self.directions, self.aspect_ratio, volumes, ndim)
        p, length = _positive(self.p, len(volumes), "p"), core * radius
        scale = _scale(self.stiffness, self.scaling, p, radius, ndim)
        if self.scaling == "volume":
            # mean of distance^p over the rod: the shell at distance t has area (2 pi t + 4 L) or (4 pi t^2 + 4 pi L t)
            end, side = (2 * np.pi, 4 * length) if ndim == 2 else (4 * np.pi, 4 * np.pi * length)
            moment = end * radius ** (p + ndim) / (p + ndim) + side * radius ** (p + ndim - 1) / (p + ndim - 1)
            scale = _per_cell(self.stiffness, len(volumes), "stiffness") * volumes / moment
        return _rod_table(SEGMENT, p, scale, radius, axis, length)


class Capped(Cost):
    """``min(c, cap)``: the cost of `base` stops growing far from the seed."""

    def __init__(self, base: Cost, cap: float | np.ndarray) -> None:
        self.base, self.cap = base, cap

    def table(self, volumes: np.ndarray, ndim: int) -> CostTable:
        table = self.base.table(volumes, ndim)
        table.cap = np.minimum(table.cap, _positive(self.cap, len(volumes), "cap"))
        return table


class Custom(Cost):
    """Any function of Python or torch: it is tabulated on the grid before each solve.

    Parameters
    ----------
    function
        ``function(z, y, cell)`` -> costs ``(...)``, from displacements z = y - x ``(..., d)``, positions y ``(..., d)`` and the
        number of the cell. It receives and returns NumPy arrays, or torch tensors if `torch` is set.
    torch
        Whether the function takes torch tensors.
    """

    def __init__(self, function: Callable, torch: bool = False) -> None:
        self.function = _torch_function(function) if torch else function

    def table(self, volumes: np.ndarray, ndim: int) -> CostTable:
        n = len(volumes)
        table = Power().table(volumes, ndim)
        table.kind, table.function = np.full(n, TABULATED), self.function
        return table


class Biased(Cost):
    """``c(z) exp(-bias)``: cells stretch toward where their bias is positive (protrusions, chemotaxis).

    Parameters
    ----------
    base
        The cost without bias.
    bias
        ``bias(z, y, cell)`` as for `Custom`: how many e-folds cheaper a point is for the cell.
    """

    def __init__(self, base: Cost, bias: PointCost) -> None:
        self.base, self.bias = base, bias

    def table(self, volumes: np.ndarray, ndim: int) -> CostTable:
        plain, table, bias = self.base.table(volumes, ndim), self.base.table(volumes, ndim), self.bias
        table.kind = np.full(len(volumes), TABULATED)
        table.function = lambda z, y, cell: plain.values(z, y, cell) * np.exp(-bias(z, y, cell))
        return table


class Mixed(Cost):
    """Several populations at once.

    Parameters
    ----------
    costs
        One cost per population.
    population
        ``(N,)`` integers: which cost each cell has.
    """

    def __init__(self, costs: Sequence[Cost], population: np.ndarray) -> None:
        self.costs, self.population = list(costs), np.asarray(population, int)

    def table(self, volumes: np.ndarray, ndim: int) -> CostTable:
        if len(self.population) != len(volumes) or not np.isin(self.population, range(len(self.costs))).all():
            raise InputError(f"Mixed needs, for each of the {len(volumes)} cells, which of its {len(self.costs)} costs it has (from 0).")
        result = Power().table(volumes, ndim)
        result.matrix = result.matrix.copy()
        functions: dict[int, tuple[PointCost, int]] = {}
        for k, cost in enumerate(self.costs):
            members = np.flatnonzero(self.population == k)
            part = cost.table(volumes[members], ndim)
            for name in vars(part):
                if name != "function":
                    getattr(result, name)[members] = getattr(part, name)
            functions |= {int(cell): (part.function, row) for row, cell in enumerate(members) if part.function is not None}
        if functions:
            result.function = lambda z, y, cell: functions[cell][0](z, y, functions[cell][1])
        return result


def _per_cell(value: float | np.ndarray, n: int, name: str) -> np.ndarray:
    array = np.asarray(value, float)
    if array.ndim > 1 or (array.ndim == 1 and len(array) not in (1, n)):
        raise InputError(f"{name} has shape {array.shape}: give one number, or one for each of the {n} cells.")
    return np.broadcast_to(array, (n,)).copy()


def _positive(value: float | np.ndarray, n: int, name: str) -> np.ndarray:
    array = _per_cell(value, n, name)
    if not (np.isfinite(array) & (array > 0)).all():
        raise InputError(f"{name} must be positive for every cell; received {array[~(array > 0)][:3] if n else value}.")
    return array


def _scale(stiffness: float | np.ndarray, scaling: str, p: np.ndarray, radius: np.ndarray, ndim: int) -> np.ndarray:
    c = _positive(stiffness, len(radius), "stiffness")
    if scaling not in SCALINGS:
        raise InputError(f"scaling = {scaling!r} is unknown; use one of {', '.join(SCALINGS)}.")
    if scaling == "constant":
        return c
    return np.asarray(c / radius**p * (1 if scaling == "level_set" else (ndim + p) / ndim))


def _ball(ndim: int) -> float:
    return np.pi if ndim == 2 else 4 / 3 * np.pi


def _norm_table(
    kind: int, matrix: np.ndarray, p: float | np.ndarray, stiffness: float | np.ndarray, scaling: str, volumes: np.ndarray
) -> CostTable:
    n, ndim = len(volumes), matrix.shape[-1]
    p = _positive(p, n, "p")
    radius = (volumes * np.sqrt(np.linalg.det(matrix)) / _ball(ndim)) ** (1 / ndim)
    scale = _scale(stiffness, scaling, p, radius, ndim)
    return CostTable(np.full(n, kind), p, scale, radius, matrix, np.zeros((n, ndim)), np.zeros(n), np.full(n, np.inf))


def _rod_table(kind: int, p: np.ndarray, scale: np.ndarray, radius: np.ndarray, axis: np.ndarray, length: np.ndarray) -> CostTable:
    n, ndim = axis.shape
    matrix = np.broadcast_to(np.eye(ndim), (n, ndim, ndim))
    return CostTable(np.full(n, kind), p, scale, radius, matrix, axis, length, np.full(n, np.inf))


def _rods(
    directions: np.ndarray, aspect_ratio: float | np.ndarray, volumes: np.ndarray, ndim: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the end radius, the half core length in units of it, and the unit axes of rods of given volumes."""
    n = len(volumes)
    axis = _unit(directions)
    if axis.shape not in ((ndim,), (n, ndim)):
        raise InputError(f"Rods need one direction of {ndim} components for each of the {n} cells; received shape {axis.shape}.")
    ratio = _per_cell(aspect_ratio, n, "aspect_ratio")
    if not (ratio >= 1).all():
        raise InputError(f"aspect_ratio must be at least 1 (a ball); received {ratio.min():.3g}.")
    core = ratio - 1
    unit_volume = np.pi + 4 * core if ndim == 2 else np.pi * (4 / 3 + 2 * core)
    return (volumes / unit_volume) ** (1 / ndim), core, np.broadcast_to(axis, (n, ndim))


def _unit(directions: np.ndarray) -> np.ndarray:
    directions = np.asarray(directions, float)
    norm = np.linalg.norm(directions, axis=-1, keepdims=True)
    if not (np.isfinite(norm) & (norm > 0)).all():
        raise InputError("Every direction must be a finite vector that is not zero.")
    return np.asarray(directions / norm)


def _torch_function(function: Callable) -> PointCost:
    def values(z: np.ndarray, y: np.ndarray, cell: int) -> np.ndarray:
        import torch

        return np.asarray(function(torch.from_numpy(z), torch.from_numpy(y), cell).detach().cpu())

    return values

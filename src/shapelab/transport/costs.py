"""The cost to a cell of owning a point, as a function of the point's position relative to the cell's seed.

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

from collections.abc import Sequence

import numpy as np

from shapelab.errors import InputError
from shapelab.transport.cost_table import (
    ELLIPSOID,
    ISOTROPIC,
    SEGMENT,
    SPHEROCYLINDER,
    Cost,
    CostTable,
    PointCost,
    norm_table,
    per_cell,
    positive,
    rod_shapes,
    rod_table,
    scale_of,
    unit_vectors,
)
from shapelab.transport.user_costs import Biased, Custom, Formula

__all__ = [
    "L2", "Biased", "Capped", "CoreSegment", "Cost", "CostTable", "Custom",
    "Ellipsoidal", "Formula", "Mixed", "Power", "Spherocylinder",
]  # fmt: skip


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
        return norm_table(ISOTROPIC, matrix, self.p, self.stiffness, self.scaling, volumes)


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
        u = unit_vectors(directions)
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
        return norm_table(ELLIPSOID, matrix, self.p, self.stiffness, self.scaling, volumes)


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
        radius, core, axis = rod_shapes(self.directions, self.aspect_ratio, volumes, ndim)
        p = positive(self.p, len(volumes), "p")
        scale = scale_of(self.stiffness, self.scaling, p, radius, ndim)
        return rod_table(SPHEROCYLINDER, p, scale, radius, axis, core)


class CoreSegment(Spherocylinder):
    """``c(z) = s dist(z, core)^p``: distance to the core segment of a rod; level sets are rods of one core length.

    Parameters are those of `Spherocylinder`.
    """

    def table(self, volumes: np.ndarray, ndim: int) -> CostTable:
        radius, core, axis = rod_shapes(self.directions, self.aspect_ratio, volumes, ndim)
        p, length = positive(self.p, len(volumes), "p"), core * radius
        scale = scale_of(self.stiffness, self.scaling, p, radius, ndim)
        if self.scaling == "volume":
            # mean of distance^p over the rod: the shell at distance t has area (2 pi t + 4 L) or (4 pi t^2 + 4 pi L t)
            end, side = (2 * np.pi, 4 * length) if ndim == 2 else (4 * np.pi, 4 * np.pi * length)
            moment = end * radius ** (p + ndim) / (p + ndim) + side * radius ** (p + ndim - 1) / (p + ndim - 1)
            scale = per_cell(self.stiffness, len(volumes), "stiffness") * volumes / moment
        return rod_table(SEGMENT, p, scale, radius, axis, length)


class Capped(Cost):
    """``min(c, cap)``: the cost of `base` stops growing far from the seed."""

    def __init__(self, base: Cost, cap: float | np.ndarray) -> None:
        self.base, self.cap = base, cap

    def table(self, volumes: np.ndarray, ndim: int) -> CostTable:
        table = self.base.table(volumes, ndim)
        table.cap = np.minimum(table.cap, positive(self.cap, len(volumes), "cap"))
        table.image = table.on_torch = None  # which know no cap
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
                if name not in ("function", "image", "on_torch", "reduction"):
                    getattr(result, name)[members] = getattr(part, name)
            functions |= {int(cell): (part.function, row) for row, cell in enumerate(members) if part.function is not None}
        if functions:
            result.function = lambda z, y, cell: functions[cell][0](z, y, functions[cell][1])
        return result

"""The phase-field curvature energy and its exact gradient: fused kernels, here on the processor, and `card` for cards."""

from __future__ import annotations

from typing import Any

import numpy as np

from shapelab.curvature import interface_kernels, kernels
from shapelab.curvature.slabs import slab_bounds
from shapelab.curvature.staging import ROW
from shapelab.curvature.terms import SIGMA, EnergyTerms, pointwise_factors
from shapelab.errors import InputError
from shapelab.threads import over_ranges

__all__ = ["CurvatureEnergy"]


class CurvatureEnergy:
    """Energy of a field on a grid (A. Song, J. Math. Imaging Vis. 64, 2022; discretised by central differences).

    The gradient is the exact one of the discretised energy, with either border. On the processor compiled kernels
    compute it, on a card those of `shapelab.curvature.card`; tests hold both equal to automatic differentiation.

    Parameters
    ----------
    shape
        Grid (z, y, x), at least 4 voxels along each axis.
    terms
        What the energy is made of.
    dtype
        "float32" or "float64".
    device
        "cpu", "cuda:0", … or "warp:cpu", as `shapelab.device.resolve` names them.
    """

    def __init__(self, shape: tuple[int, int, int], terms: EnergyTerms, *, dtype: str = "float32", device: str = "cpu") -> None:
        if len(shape) != 3 or min(shape) < 4:
            raise InputError(f"The grid must have three axes of at least 4 voxels; received shape {tuple(shape)}.")
        self.shape: tuple[int, int, int] = (int(shape[0]), int(shape[1]), int(shape[2]))
        self.dtype = dtype
        self.device = device
        self.on_processor = device == "cpu"
        self._real = np.dtype(dtype).type
        self._work: Any = _Workspace(self.shape, dtype) if self.on_processor else None
        self.card: Any = None if self.on_processor else _card(self.shape, dtype, device)
        """The `shapelab.curvature.card.energy.CardEnergy` that does the work on a card."""
        self.update(terms)

    def update(self, terms: EnergyTerms) -> None:
        """Use other `terms` from the next evaluation on."""
        if terms.fidelity != 0 and terms.target is None:
            raise InputError("A fidelity needs a target field to stay near: give one, or set the fidelity to 0.")
        if terms.target is not None and np.shape(terms.target) != self.shape:
            raise InputError(f"The target has shape {np.shape(terms.target)} and the grid {self.shape}: resample the target to the grid.")
        if not (terms.voxel_size > 0 and terms.interface_width > 0):
            raise InputError("voxel size and interface width must be more than 0.")
        factors = pointwise_factors(terms, self.shape)
        self.terms = terms
        self.periodic = terms.boundary == "periodic"
        if self.card is not None:
            self.card.update(terms, factors)
            return
        self._factors = np.ascontiguousarray(factors, self._real)
        self._target = None if terms.target is None else np.ascontiguousarray(terms.target, self._real)

    def value_and_gradient(self, u: Any) -> tuple[float, Any]:
        """Return the energy and the gradient density dE/du / h^3 at `u`.

        Parameters
        ----------
        u
            Field of the grid's shape and number type: an array `on_processor`, else one that is resident on the card.

        Returns
        -------
        (float, array (z, y, x))
            The array is a work buffer: the next evaluation overwrites it.
        """
        if self.card is not None:
            value, gradient = self.card.value_and_gradient(u)
            return float(value), gradient
        t = self.terms
        pull, correction = self._area_constraint(u)
        factors = self._factors
        if pull != 0:
            factors = factors + 0
            factors[5] += pull * t.interface_width / 2
        total, gradient = self._evaluate(u, factors, t.tension + pull)
        value = total * t.voxel_size**3 + correction
        if t.fidelity != 0:
            difference = u - self._target
            value += t.fidelity / 2 * float((difference**2).sum(dtype=np.float64)) * t.voxel_size**3
            difference *= self._real(t.fidelity)
            gradient += difference
        return value, gradient

    def scalars(self, u: Any) -> dict[str, float]:
        """Return the observables of the interface.

        "area": Int (eps/2 |grad u|^2 + W/eps) / sigma; "gradient_area": Int eps |grad u|^2 / sigma; "discrepancy":
        Int |eps/2 |grad u|^2 - W/eps| / Int (eps/2 |grad u|^2 + W/eps), 0 for a perfect profile.
        """
        return self.scalars_of(*(self._sums(u) if self.card is None else self.card.sums(u)))

    def scalars_of(self, squares: float, wells: float, differences: float) -> dict[str, float]:
        """Return `scalars` from the sums of |grad u|^2, of W(u) and of |eps/2 |grad u|^2 - W/eps| over the grid."""
        eps, volume = self.terms.interface_width, self.terms.voxel_size**3
        total = eps / 2 * squares + wells / eps
        return {
            "area": total * volume / SIGMA,
            "gradient_area": eps * squares * volume / SIGMA,
            "discrepancy": differences / total if total > 0 else 0.0,
        }

    def _area_constraint(self, u: Any) -> tuple[float, float]:
        """Return the tension that has the gradient of stiffness (A - A0)^2, and what its energy must be corrected by."""
        t = self.terms
        if t.area is None or t.area_stiffness == 0:
            return 0.0, 0.0
        area = self.scalars(u)["area"]
        excess = area - t.area
        pull = 2 * t.area_stiffness * excess / SIGMA
        return pull, t.area_stiffness * excess**2 - pull * SIGMA * area

    def _evaluate(self, u: np.ndarray, factors: np.ndarray, tension: float) -> tuple[float, np.ndarray]:
        work, h, eps = self._work, self._real(self.terms.voxel_size), self._real(self.terms.interface_width)

        def task(i: int, z0: int, z1: int) -> None:
            kernels.energy_gradient_slab(
                u, work.gradient, work.flat, work.spare(i), factors, h, eps, self._real(tension), self.periodic,
                z0, z1, kernels.BLOCK, work.energy, *work.buffers[i],
            )  # fmt: skip

        over_ranges(task, work.bounds)
        return float(work.energy.sum()), work.gradient

    def _sums(self, u: Any) -> tuple[float, float, float]:
        h, eps = self._real(self.terms.voxel_size), self._real(self.terms.interface_width)
        sums = np.zeros((self.shape[0], 3))

        def task(i: int, z0: int, z1: int) -> None:
            interface_kernels.interface_sums_slab(u, h, eps, self.periodic, z0, z1, sums)

        over_ranges(task, self._work.bounds)
        squares, wells, differences = sums.sum(axis=0)
        return float(squares), float(wells), float(differences)


def _card(shape: tuple[int, int, int], dtype: str, device: str) -> Any:
    from shapelab.curvature.card.energy import CardEnergy

    return CardEnergy(shape, dtype, device)


class _Workspace:
    """Buffers of the fused kernels: the gradient, and per slab three planes of u and ten of work rows."""

    def __init__(self, shape: tuple[int, int, int], dtype: str) -> None:
        size, ny, row = shape[0] * shape[1] * shape[2], shape[1], int(ROW)
        self.bounds = slab_bounds(shape[0])
        self.size = size
        self.flat = np.zeros(size + 3 * kernels.BLOCK * len(self.bounds), dtype)
        self.gradient = self.flat[:size].reshape(shape)
        self.energy = np.zeros(shape[0])
        counts = (3 * (ny + 2), int(kernels.WORK_ROWS) * (ny + 4), int(kernels.COEFFICIENT_ROWS))
        self.buffers = [tuple(np.zeros(n * row, dtype) for n in counts) for _ in self.bounds]

    def spare(self, slab: int) -> int:
        """Return the offset of the spare rows of one slab."""
        return self.size + 3 * kernels.BLOCK * slab

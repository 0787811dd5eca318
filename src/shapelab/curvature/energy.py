"""The phase-field curvature energy and its exact gradient: fused kernels on the CPU in float32, torch for all else."""

from __future__ import annotations

from typing import Any

import numpy as np

from shapelab.curvature import interface_kernels, kernels
from shapelab.curvature.slabs import slab_bounds
from shapelab.curvature.staging import ROW
from shapelab.curvature.terms import SIGMA, EnergyTerms, pointwise_factors
from shapelab.errors import InputError
from shapelab.threads import over_ranges

__all__ = ["SIGMA", "CurvatureEnergy", "EnergyTerms"]


class CurvatureEnergy:
    """Energy of a field on a grid (A. Song, J. Math. Imaging Vis. 64, 2022; discretised by central differences).

    The gradient is the exact one of the discretised energy, with either border. On the CPU in float32 the fused
    kernels compute it; any other device or dtype uses the torch twin, which tests hold equal.

    Parameters
    ----------
    shape
        Grid (z, y, x), at least 4 voxels along each axis.
    terms
        What the energy is made of.
    dtype
        "float32" or "float64".
    device
        "cpu", "cuda", …, as torch names them.
    """

    def __init__(self, shape: tuple[int, int, int], terms: EnergyTerms, *, dtype: str = "float32", device: str = "cpu") -> None:
        if len(shape) != 3 or min(shape) < 4:
            raise InputError(f"The grid must have three axes of at least 4 voxels; received shape {tuple(shape)}.")
        self.shape: tuple[int, int, int] = (int(shape[0]), int(shape[1]), int(shape[2]))
        self.dtype = dtype
        self.device = device
        self.fused = device == "cpu" and dtype == "float32"
        self._work: Any = _Workspace(self.shape) if self.fused else None
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
        self._factors = self._array(factors)
        self._target = None if terms.target is None else self._array(terms.target)

    def value_and_gradient(self, u: Any) -> tuple[float, Any]:
        """Return the energy and the gradient density dE/du / h^3 at `u`.

        Parameters
        ----------
        u
            Field of the grid's shape: an array where `fused`, else a tensor on the energy's device.

        Returns
        -------
        (float, array (z, y, x))
            The array is a work buffer: the next evaluation overwrites it.
        """
        t = self.terms
        pull, correction = self._area_constraint(u)
        factors = self._factors
        if pull != 0:
            factors = factors + 0
            factors[5] += pull * t.interface_width / 2
        evaluate = self._evaluate_fused if self.fused else self._evaluate_torch
        total, gradient = evaluate(u, factors, t.tension + pull)
        value = total * t.voxel_size**3 + correction
        if t.fidelity != 0:
            difference = u - self._target
            value += t.fidelity / 2 * float((difference**2).sum(dtype=self._double)) * t.voxel_size**3
            difference *= t.fidelity
            gradient += difference
        return value, gradient

    def scalars(self, u: Any) -> dict[str, float]:
        """Return the observables of the interface.

        "area": Int (eps/2 |grad u|^2 + W/eps) / sigma; "gradient_area": Int eps |grad u|^2 / sigma; "discrepancy":
        Int |eps/2 |grad u|^2 - W/eps| / Int (eps/2 |grad u|^2 + W/eps), 0 for a perfect profile.
        """
        squares, wells, differences = self._sums(u)
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

    def _evaluate_fused(self, u: np.ndarray, factors: np.ndarray, tension: float) -> tuple[float, np.ndarray]:
        work, h, eps = self._work, np.float32(self.terms.voxel_size), np.float32(self.terms.interface_width)

        def task(i: int, z0: int, z1: int) -> None:
            kernels.energy_gradient_slab(
                u, work.gradient, work.flat, work.spare(i), factors, h, eps, np.float32(tension), self.periodic,
                z0, z1, kernels.BLOCK, work.energy, *work.buffers[i],
            )  # fmt: skip

        over_ranges(task, work.bounds)
        return float(work.energy.sum()), work.gradient

    def _evaluate_torch(self, u: Any, factors: Any, tension: float) -> tuple[float, Any]:
        from shapelab.curvature.twin import energy_gradient

        total, gradient = energy_gradient(u, factors, self.terms.voxel_size, self.terms.interface_width, tension, self.periodic)
        return float(total), gradient

    def _sums(self, u: Any) -> tuple[float, float, float]:
        h, eps = self.terms.voxel_size, self.terms.interface_width
        if not self.fused:
            from shapelab.curvature.twin import interface_sums

            return interface_sums(u, h, eps, self.periodic)
        sums = np.zeros((self.shape[0], 3))

        def task(i: int, z0: int, z1: int) -> None:
            interface_kernels.interface_sums_slab(u, np.float32(h), np.float32(eps), self.periodic, z0, z1, sums)

        over_ranges(task, self._work.bounds)
        squares, wells, differences = sums.sum(axis=0)
        return float(squares), float(wells), float(differences)

    @property
    def _double(self) -> Any:
        if self.fused:
            return np.float64
        import torch

        return torch.float64

    def _array(self, values: np.ndarray) -> Any:
        if self.fused:
            return np.ascontiguousarray(values, np.float32)
        import torch

        return torch.as_tensor(np.asarray(values), dtype=getattr(torch, self.dtype), device=self.device)


class _Workspace:
    """Buffers of the fused kernels: the gradient, and per slab three planes of u and ten of work rows."""

    def __init__(self, shape: tuple[int, int, int]) -> None:
        size, ny, row = shape[0] * shape[1] * shape[2], shape[1], int(ROW)
        self.bounds = slab_bounds(shape[0])
        self.size = size
        self.flat = np.zeros(size + 3 * kernels.BLOCK * len(self.bounds), np.float32)
        self.gradient = self.flat[:size].reshape(shape)
        self.energy = np.zeros(shape[0])
        counts = (3 * (ny + 2), int(kernels.WORK_ROWS) * (ny + 4), int(kernels.COEFFICIENT_ROWS))
        self.buffers = [tuple(np.zeros(n * row, np.float32) for n in counts) for _ in self.bounds]

    def spare(self, slab: int) -> int:
        """Return the offset of the spare rows of one slab."""
        return self.size + 3 * kernels.BLOCK * slab

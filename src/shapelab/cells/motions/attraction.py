"""Cells that stretch up the gradient of an attractant: a Gaussian hill in the middle of the box."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from shapelab.cells.motions.windows import windowed
from shapelab.transport import Domain
from shapelab.transport.cost_table import CostTable
from shapelab.transport.costs import Biased, Cost

__all__ = ["Hill", "UphillCost"]


@dataclass(frozen=True)
class Hill:
    """A normalised Gaussian (2-D)."""

    middle: np.ndarray
    spread: float

    def at(self, y: np.ndarray) -> np.ndarray:
        """Return the height at positions ``(..., 2)``."""
        away = np.sum((y - self.middle) ** 2, axis=-1)
        return np.asarray(np.exp(-away / (2 * self.spread**2)) / (2 * np.pi * self.spread**2))

    @property
    def steepest(self) -> float:
        """Largest slope."""
        return float(np.exp(-0.5) / (2 * np.pi * self.spread**3))

    def profiles(self, grid: Domain) -> tuple[np.ndarray, np.ndarray]:
        """Return the two factors of the height over the pixels of a grid, along y and x."""
        y, x = ((np.arange(n) + 0.5) * h - middle for n, h, middle in zip(grid.shape, grid.spacing, self.middle, strict=True))
        peak = 1 / (2 * np.pi * self.spread**2)
        return peak * np.exp(-(y**2) / (2 * self.spread**2)), np.exp(-(x**2) / (2 * self.spread**2))


class UphillCost(Biased):
    """``c(z) exp(-b s+^2)``, s = (u(y) - u(x))/|z| the gradient of the hill u towards y; or ``exp(-b (s+ - s-^2))`` for a fan."""

    def __init__(self, base: Cost, hill: Hill, seeds: np.ndarray, sensitivity: float, fan: bool) -> None:
        def bias(z: np.ndarray, y: np.ndarray, cell: int) -> np.ndarray:
            steepness = (hill.at(y) - hill.at(seeds[cell])) / np.sqrt(np.sum(z**2, axis=-1) + 1e-12)
            up, down = np.maximum(steepness, 0), np.maximum(-steepness, 0)
            return sensitivity * (up - down**2 if fan else up**2)

        super().__init__(base, bias)
        self.hill, self.sensitivity, self.fan = hill, sensitivity, fan

    def table(self, volumes: np.ndarray, ndim: int) -> CostTable:
        table, plain = super().table(volumes, ndim), self.base.table(volumes, ndim)
        largest = self.sensitivity * self.hill.steepest ** (1 if self.fan else 2)

        def image(grid: Domain, seeds: np.ndarray) -> np.ndarray:
            rest = (*self.hill.profiles(grid), self.hill.at(seeds), self.sensitivity, self.fan)
            return windowed(_uphill, grid, seeds, plain, np.full(len(seeds), largest), *rest)

        table.image = image
        return table


@njit(cache=True, nogil=True, error_model="numpy")
def _uphill(slot, first, last, out, windows, seeds, spacing, scales, half_powers, levels, along, across, here, sensitivity, fan):  # type: ignore[no-untyped-def]
    """Fill the costs of the cells first..last in their windows."""
    n0, n1 = out.shape[1:]
    for i in range(first, last):
        for k in range(windows[i, 0, 0], windows[i, 0, 1]):
            z0 = (k + 0.5) * spacing[0] - seeds[i, 0]
            for m in range(windows[i, 1, 0], windows[i, 1, 1]):
                z1 = (m + 0.5) * spacing[1] - seeds[i, 1]
                squared = z0 * z0 + z1 * z1
                steepness = (along[k % n0] * across[m % n1] - here[i]) / np.sqrt(squared + 1e-12)
                bias = sensitivity * max(steepness, 0.0) if fan else sensitivity * max(steepness, 0.0) ** 2
                if fan:
                    bias -= sensitivity * max(-steepness, 0.0) ** 2
                cost = squared if half_powers[i] == 1 else squared ** half_powers[i]
                out[i, k % n0, m % n1] = min(levels[i], scales[i] * cost * np.exp(-bias))

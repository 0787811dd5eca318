"""Costs that only one reduction over all cells knows: users' formulas, never tabulated."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from shapelab.transport.domain import Domain

__all__ = ["PointReduction", "ReducedCells"]

_BLOCK = 1 << 21
"""Points of one call: bounds the memory of what comes back."""


class PointReduction(ABC):
    """The costs of all cells, evaluated inside reductions over them, in physical units."""

    @abstractmethod
    def on(self, device: str) -> PointReduction:
        """Return the same on a resolved device."""

    @abstractmethod
    def lowest(
        self, points: np.ndarray, seeds: np.ndarray, cells: np.ndarray, potentials: np.ndarray, period: np.ndarray, k: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the k smallest ``c_i - f_i`` at each point ``(P, k)``, ascending, and the places of these cells in `cells`.

        Where there are fewer cells, values are infinite. `period` is 0 along bounded axes.
        """

    @abstractmethod
    def gradients(self, z: np.ndarray, cells: np.ndarray) -> np.ndarray:
        """Return the gradient in z of the cost of a cell at each displacement ``(P, d)``."""


@dataclass
class ReducedCells:
    """The cells on one grid, in the solver's units.

    Attributes
    ----------
    cost
        Evaluates costs in physical units.
    domain
        The grid.
    seeds
        ``(N, d)`` in physical units.
    cost_unit, length_unit
        Physical size of the solver's units.
    """

    cost: PointReduction
    domain: Domain
    seeds: np.ndarray
    cost_unit: float
    length_unit: float

    def __post_init__(self) -> None:
        self.points = np.ascontiguousarray(self.domain.pixel_centres().reshape(-1, self.domain.ndim), np.float32)
        self._period = np.where(self.domain.periodic, self.domain.size, 0.0)

    def lowest(self, f: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the k smallest ``c_i - f_i`` of every pixel and their cells."""
        return self._reduce(np.arange(len(self.seeds)), f, k)

    def costs(self, cell: int, pixels: np.ndarray | None = None) -> np.ndarray:
        """Return the cost of one cell at every pixel, or at some."""
        return self._reduce(np.array([cell]), np.zeros(1), 2, pixels)[0][:, 0]

    def gradients(self, pixels: np.ndarray, cells: np.ndarray) -> np.ndarray:
        """Return the gradient of the cost of a cell at each of the pixels, over ``(z, y, x)``."""
        z = self.domain.displacement(self.points[pixels], self.seeds[cells])
        found = np.zeros((len(pixels), 3))
        if len(pixels):
            found[:, 3 - z.shape[1] :] = self.cost.gradients(z, cells) * (self.length_unit / self.cost_unit)
        return found

    def _reduce(self, cells: np.ndarray, f: np.ndarray, k: int, pixels: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        points = self.points if pixels is None else self.points[pixels]
        blocks = np.array_split(points, max(1, -(-len(points) // _BLOCK)))
        parts = [self.cost.lowest(block, self.seeds[cells], cells, f * self.cost_unit, self._period, k) for block in blocks]
        values, places = (np.concatenate(part) if len(parts) > 1 else part[0] for part in zip(*parts, strict=True))
        return values.astype(float) / self.cost_unit, cells[places]

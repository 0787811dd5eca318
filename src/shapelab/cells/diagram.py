"""The solved cells of a state: who owns each pixel, and the moments and contacts of every cell."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from shapelab.cells.state import CellState

if TYPE_CHECKING:
    from shapelab.transport import Solution

__all__ = ["Diagram"]


@dataclass(frozen=True)
class Diagram:
    """Cells in box lengths, rows as in the state. Volumes, moments and contacts count pixel fractions across interfaces."""

    labels: np.ndarray
    """Image: 0 is medium or wall, i + 1 the cell in row i."""
    volumes: np.ndarray
    offsets: np.ndarray
    """(N, d) centroid minus seed."""
    covariances: np.ndarray
    """(N, d, d)"""
    cost_gradients: np.ndarray
    """(N, d) ``-Int_(L_i) grad_x c_i``."""
    pairs: np.ndarray
    """(E, 2) rows i < j of touching cells; j = N is the medium."""
    areas: np.ndarray
    """(E,) length or area of each contact."""

    @classmethod
    def of(cls, state: CellState) -> Self:
        """Return the diagram that `state` holds."""
        return cls(**{name: state.diagram[name] for name in cls.__dataclass_fields__})

    @staticmethod
    def store(state: CellState, solution: Solution) -> None:
        """Put a solution into `state`."""
        m = solution.moments
        state.potentials = solution.potentials
        state.diagram = {
            "labels": solution.labels,
            "volumes": m.volumes,
            "offsets": m.offsets,
            "covariances": m.covariances,
            "cost_gradients": m.cost_gradients,
            "pairs": m.pairs,
            "areas": m.areas,
        }

    def __len__(self) -> int:
        return len(self.volumes)

    def errors(self, targets: np.ndarray) -> np.ndarray:
        """Return the relative volume error of every cell."""
        return np.abs(self.volumes - targets) / targets

    def surfaces(self) -> np.ndarray:
        """Return the length or area of the free and shared boundary of every cell (what lies on walls is not counted)."""
        n = len(self)
        total = np.zeros(n + 1)
        np.add.at(total, self.pairs[:, 0], self.areas)
        np.add.at(total, self.pairs[:, 1], self.areas)
        return total[:n]

    def neighbours(self) -> np.ndarray:
        """Return the number of cells that each cell touches along more than a fiftieth of its surface."""
        n = len(self)
        inner = (self.pairs[:, 1] < n) & (self.areas > 0.02 * np.take(self.surfaces(), self.pairs[:, 0], mode="clip"))
        return np.bincount(self.pairs[inner].ravel(), minlength=n)

    def elongations(self) -> np.ndarray:
        """Return long axis over short axis, from the second moments (1: round)."""
        if not len(self):
            return np.zeros(0)
        values = np.maximum(np.linalg.eigvalsh(self.covariances), 1e-300)
        return np.sqrt(values[:, -1] / values[:, 0])

    def long_axes(self) -> np.ndarray:
        """Return the unit vectors of the longest axes, (N, d), of either sign."""
        if not len(self):
            return self.offsets
        return np.linalg.eigh(self.covariances)[1][:, :, -1]

    def roundness(self) -> np.ndarray:
        """Return circularity ``4 pi A / P^2`` in 2-D, sphericity ``pi^(1/3) (6 V)^(2/3) / A`` in 3-D; nan for cells at walls."""
        surface = np.maximum(self.surfaces(), 1e-300)
        d = self.offsets.shape[1]
        exact = 4 * math.pi * self.volumes / surface**2 if d == 2 else math.pi ** (1 / 3) * (6 * self.volumes) ** (2 / 3) / surface
        return np.where(exact < 1.15, exact, np.nan)

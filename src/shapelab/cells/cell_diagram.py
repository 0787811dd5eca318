"""The solved cells of a state: who owns each pixel, and the moments and contacts of every cell."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from shapelab.cells.contacts import Contacts, measure_contacts
from shapelab.cells.parameters import CellParameters
from shapelab.cells.state import CellState
from shapelab.short_repr import short_repr

if TYPE_CHECKING:
    from shapelab.transport import Solution

__all__ = ["CellDiagram"]


@short_repr
@dataclass(frozen=True, eq=False)
class CellDiagram:
    """Cells in box lengths, rows as in the state. Volumes and moments count pixel fractions across interfaces."""

    labels: np.ndarray
    """Image: 0 is medium or wall, i + 1 the cell in row i."""
    volumes: np.ndarray
    offsets: np.ndarray
    """(N, d) centroid minus seed."""
    covariances: np.ndarray
    """(N, d, d)"""
    cost_gradients: np.ndarray
    """(N, d) ``-Int_(L_i) grad_x c_i``."""
    mask: np.ndarray | None
    """True where there is no wall."""
    spacing: tuple[float, ...]
    periodic: bool

    @classmethod
    def of(cls, state: CellState, periodic: bool) -> CellDiagram:
        """Return the diagram that `state` holds."""
        assert isinstance(state.parameters, CellParameters)
        return cls(**state.diagram, mask=state.fields.get("mask"), spacing=state.parameters.spacing, periodic=periodic)

    @staticmethod
    def store(state: CellState, solution: Solution) -> None:
        """Put a solution into `state`."""
        moments = solution.moments
        state.potentials = solution.potentials
        state.diagram = {name: getattr(moments, name) for name in ("volumes", "offsets", "covariances", "cost_gradients")}
        state.diagram["labels"] = solution.labels

    def __len__(self) -> int:
        return len(self.volumes)

    @cached_property
    def rows(self) -> np.ndarray:
        """Image of row numbers: N is the medium, N + 1 a wall."""
        n = len(self)
        rows = self.labels.astype(np.int32) - 1
        rows[rows < 0] = n
        if self.mask is not None:
            rows[~self.mask] = n + 1
        return rows

    @cached_property
    def contacts(self) -> Contacts:
        """Surfaces and contacts."""
        return measure_contacts(self.rows, len(self), self.spacing, self.periodic)

    def errors(self, targets: np.ndarray) -> np.ndarray:
        """Return the relative volume error of every cell."""
        return np.abs(self.volumes - targets) / targets

    @cached_property
    def elongations(self) -> np.ndarray:
        """Long axis over short axis, from the second moments (1: round)."""
        values = np.maximum(np.linalg.eigvalsh(self.covariances), 1e-300) if len(self) else np.ones((0, 2))
        return np.sqrt(values[:, -1] / values[:, 0])

    @cached_property
    def long_axes(self) -> np.ndarray:
        """Unit vectors of the longest axes, (N, d), of either sign."""
        return np.linalg.eigh(self.covariances)[1][:, :, -1] if len(self) else self.offsets

    @cached_property
    def roundness(self) -> np.ndarray:
        """Circularity ``4 pi A / P^2`` in 2-D, sphericity ``pi^(1/3) (6 V)^(2/3) / A`` in 3-D."""
        pixels = np.bincount(self.labels.ravel(), minlength=len(self) + 1)[1:]  # whole pixels, as the surfaces count them
        volumes, surface = pixels * math.prod(self.spacing), np.maximum(self.contacts.surfaces, 1e-150)  # its square is a number, too
        if self.labels.ndim == 2:
            return 4 * math.pi * volumes / surface**2
        return math.pi ** (1 / 3) * (6 * volumes) ** (2 / 3) / surface

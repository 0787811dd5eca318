"""What a diagram's cells are made of, for what draws, meshes or writes them without knowing how they came about."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from shapelab.convert.spacing import Spacing

__all__ = ["DiagramCells"]


class DiagramCells(Protocol):
    """Cells that are the argmax of polynomials; a `shapelab.crystals.Diagram` is one."""

    @property
    def order(self) -> int:
        """Degree of the polynomials."""

    @property
    def ndim(self) -> int:
        """Number of axes of space."""

    @property
    def coefficients(self) -> np.ndarray:
        """One row of coefficients per cell."""

    @property
    def centres(self) -> np.ndarray:
        """Origins of the polynomials, one row per cell."""

    @property
    def radii(self) -> np.ndarray:
        """Units of length of the polynomials."""

    @property
    def ids(self) -> np.ndarray:
        """Labels of the cells."""

    @property
    def period(self) -> tuple[float, ...]:
        """Length of the box along each periodic axis, 0 along others."""

    def __len__(self) -> int:
        """Return the number of cells."""

    def indices(self, shape: tuple[int, ...], spacing: Spacing = 1.0) -> np.ndarray:
        """Return the cell of every pixel of a grid."""

"""Surfaces of cells and what they touch, measured on the label image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shapelab.labels.contacts import contact_pairs

__all__ = ["Contacts", "measure_contacts"]


@dataclass(frozen=True)
class Contacts:
    """Lengths (2-D) or areas (3-D) by the Cauchy-Crofton formula, in the unit of the spacing."""

    pairs: np.ndarray
    """(E, 2) rows i < j of what touches: cells 0..N-1, N is the medium, N + 1 a wall."""
    areas: np.ndarray
    """(E,)"""
    surfaces: np.ndarray
    """(N,) whole surface of every cell, walls included."""

    def of_cells(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the contacts between two cells only: pairs and areas."""
        inner = self.pairs[:, 1] < len(self.surfaces)
        return self.pairs[inner], self.areas[inner]

    def neighbours(self) -> np.ndarray:
        """Return the number of cells that each cell touches along more than a fiftieth of its surface."""
        pairs, areas = self.of_cells()
        wide = areas > 0.02 * self.surfaces[pairs].min(axis=1) if len(pairs) else np.zeros(0, bool)
        return np.bincount(pairs[wide].ravel(), minlength=len(self.surfaces))


def measure_contacts(rows: np.ndarray, n: int, spacing: tuple[float, ...], periodic: bool) -> Contacts:
    """Measure what touches what.

    Parameters
    ----------
    rows
        Image of row numbers; n is the medium, n + 1 a wall.
    n
        Number of cells.
    spacing
        Pixel size.
    periodic
        Whether the image goes on at its other side, or ends at a wall.
    """
    image = rows if periodic else np.pad(rows, 1, constant_values=n + 1)
    pairs, areas = contact_pairs(image, spacing, periodic=periodic)
    surfaces = np.bincount(pairs.ravel(), np.repeat(areas, 2), n + 2)
    return Contacts(pairs, areas, surfaces[:n])

"""Surfaces of cells and what they touch, measured on the label image."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from shapelab.measure.labels import crofton_directions

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

    Counts how often lines through the pixels, in the 4 (2-D) or 13 (3-D) nearest directions, cross from one to the
    other: unlike a count of pixel faces this does not overestimate slanted boundaries.

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
    padded = np.pad(rows, 1, mode="wrap") if periodic else np.pad(rows, 1, constant_values=n + 1)
    width = n + 2
    total = np.zeros(0)
    keys = np.zeros(0, np.int64)
    for direction, share, length in zip(*crofton_directions(spacing), strict=True):
        a, b = _lines(padded, direction, periodic)
        differ = a != b
        low, high = np.minimum(a[differ], b[differ]), np.maximum(a[differ], b[differ])
        crossed, counts = np.unique(low.astype(np.int64) * width + high, return_counts=True)
        factor = (2.0 if rows.ndim == 3 else math.pi / 2) * share * math.prod(spacing) / length
        keys, total = np.concatenate([keys, crossed]), np.concatenate([total, factor * counts])
    unique, inverse = np.unique(keys, return_inverse=True)
    areas = np.bincount(inverse, total, len(unique))
    pairs = np.stack([unique // width, unique % width], axis=1)
    surfaces = np.bincount(pairs[:, 0], areas, width) + np.bincount(pairs[:, 1], areas, width)
    return Contacts(pairs, areas, surfaces[:n])


def _lines(padded: np.ndarray, direction: np.ndarray, periodic: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return all pairs of neighbours along one direction; each once."""
    if periodic:
        inner = [slice(1, n - 1) for n in padded.shape]
        shifted = [slice(1 + d, n - 1 + d) for d, n in zip(direction, padded.shape, strict=True)]
    else:
        inner = [slice(max(0, -d), n - max(0, d)) for d, n in zip(direction, padded.shape, strict=True)]
        shifted = [slice(max(0, d), n - max(0, -d)) for d, n in zip(direction, padded.shape, strict=True)]
    return padded[tuple(inner)], padded[tuple(shifted)]

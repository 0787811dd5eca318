"""A conforming mesh of triangles: its sets for boundary conditions, its periodic pairs, and how good it is."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from shapelab.mesh.conforming.quality import ElementQuality
from shapelab.mesh.conforming.sets import pairs_of_sides, shared_faces, side_nodes, split_by_cells, totals
from shapelab.short_repr import short_repr
from shapelab.units import percent

__all__ = ["Quality", "TriangleMesh"]


@dataclass(frozen=True, kw_only=True)
class Quality(ElementQuality):
    """How good a mesh of triangles is."""

    triangles: int
    scaled_jacobian: float
    """Least of 2/sqrt(3) times the sine of an angle: 1 for equilateral triangles."""
    area_error: float
    """Largest relative error of the area of a cell that is large enough to be kept."""

    def __str__(self) -> str:
        return self.in_words(self.triangles, "triangle", "triangles", f"areas off by {percent(max(self.area_error, 1e-6))}")


@short_repr
@dataclass(frozen=True, eq=False)
class TriangleMesh:
    """Triangles whose corners meet corners only; each belongs to one cell."""

    nodes: np.ndarray
    """(n, 2) float64 (y, x) [unit], with pixel (0, 0) centred at 0. A periodic mesh has nodes on both of two opposite sides."""
    triangles: np.ndarray
    """(m, 3) int32, corners from y towards x."""
    cells: np.ndarray
    """Label of each triangle, (m,) int64."""
    box: np.ndarray
    """Lower and upper corner of the box, (2, 2) [unit]."""
    periodic: tuple[bool, bool]
    """Whether the mesh repeats along y and x."""
    quality: Quality = field(repr=False)

    def areas(self) -> dict[int, float]:
        """Return the area of each cell by its label [unit²]."""
        x = self.nodes[self.triangles]
        a, b = x[:, 1] - x[:, 0], x[:, 2] - x[:, 0]
        return totals(self.cells, 0.5 * (a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]))

    def interfaces(self) -> dict[tuple[int, ...], np.ndarray]:
        """Return the edges (k, 2) between each two cells, by their labels, the lower first."""
        edges, labels = shared_faces(self.triangles, self.cells)
        return split_by_cells(np.sort(edges, axis=1), labels)

    def junctions(self) -> np.ndarray:
        """Return the nodes where three or more cells meet inside the box, (j,)."""
        pairs = np.unique(np.stack([self.triangles.ravel(), np.repeat(self.cells, 3)], axis=1), axis=0)
        counts = np.bincount(pairs[:, 0].astype(np.int64), minlength=len(self.nodes))
        return np.flatnonzero(counts >= 3)

    def sides(self) -> dict[str, np.ndarray]:
        """Return the nodes on each side of the box, "y0", "y1", "x0" and "x1", in the order of their place along it."""
        return side_nodes(self.nodes, self.box)

    def periodic_pairs(self) -> dict[str, np.ndarray]:
        """Return for each axis that repeats the nodes (p, 2) at its beginning and at its end, whose other coordinate is the same number."""
        return pairs_of_sides(self.sides(), self.periodic)

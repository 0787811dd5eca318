"""A conforming mesh of tetrahedra: its sets for boundary conditions, its periodic pairs, and how good it is."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from shapelab.mesh.conforming.quality import ElementQuality
from shapelab.mesh.conforming.sets import outer_faces, pairs_of_sides, shared_faces, side_nodes, split_by_cells, totals
from shapelab.short_repr import short_repr
from shapelab.units import percent

__all__ = ["SolidQuality", "TetrahedronMesh"]


@dataclass(frozen=True, kw_only=True)
class SolidQuality(ElementQuality):
    """How good a mesh of tetrahedra is."""

    tetrahedra: int
    scaled_jacobian: float
    """Least of sqrt(2) times the volume spanned by the three edges at a corner over the product of their lengths: 1 for regular ones."""
    volume_error: float
    """Largest relative error of the volume of a cell that is large enough to be kept."""
    mean_distance: float
    """Of the nodes on boundaries from them, with what gives every cell its volume [unit]."""
    largest_distance: float

    def __str__(self) -> str:
        return self.in_words(self.tetrahedra, "tetrahedron", "tetrahedra", f"volumes off by {percent(max(self.volume_error, 1e-6))}")


@short_repr
@dataclass(frozen=True, eq=False)
class TetrahedronMesh:
    """Tetrahedra whose corners meet corners only; each belongs to one cell."""

    nodes: np.ndarray
    """(n, 3) float64 (z, y, x) [unit], with voxel (0, 0, 0) centred at 0. A periodic mesh has nodes on both of two opposite sides."""
    tetrahedra: np.ndarray
    """(m, 4) int32; the determinant of the steps from the first corner to the others, in (z, y, x), is positive."""
    cells: np.ndarray
    """Label of each tetrahedron, (m,) int64."""
    box: np.ndarray
    """Lower and upper corner of the box, (2, 3) [unit]."""
    periodic: tuple[bool, bool, bool]
    """Whether the mesh repeats along z, y and x."""
    quality: SolidQuality = field(repr=False)

    def volumes(self) -> dict[int, float]:
        """Return the volume of each cell by its label [unit³]."""
        x = self.nodes[self.tetrahedra]
        a, b, c = x[:, 1] - x[:, 0], x[:, 2] - x[:, 0], x[:, 3] - x[:, 0]
        return totals(self.cells, np.einsum("ij,ij->i", np.cross(a, b), c) / 6)

    def interfaces(self) -> dict[tuple[int, ...], np.ndarray]:
        """Return the triangles (k, 3) between each two cells, by their labels, the lower first; they point from the lower to the higher."""
        return split_by_cells(*shared_faces(self.tetrahedra, self.cells))

    def triple_lines(self) -> dict[tuple[int, ...], np.ndarray]:
        """Return the edges (k, 2) at which three or more cells meet, by their labels in rising order."""
        faces, labels = shared_faces(self.tetrahedra, self.cells)
        edges = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1).astype(np.int64)
        keys = np.tile(edges[:, 0] << 32 | edges[:, 1], 2)
        members = np.concatenate([np.tile(labels[:, 0], 3), np.tile(labels[:, 1], 3)])
        order = np.lexsort((members, keys))
        keys, members = keys[order], members[order]
        new = np.ones(len(keys), bool)
        new[1:] = (keys[1:] != keys[:-1]) | (members[1:] != members[:-1])
        keys, members = keys[new], members[new]
        different, first, counts = np.unique(keys, return_index=True, return_counts=True)
        found: dict[tuple[int, ...], np.ndarray] = {}
        for count in np.unique(counts[counts >= 3]).tolist():
            at = np.flatnonzero(counts == count)
            ends = np.stack([different[at] >> 32, different[at] & 0xFFFFFFFF], axis=1)
            found |= split_by_cells(ends, members[first[at][:, None] + np.arange(count)])
        return found

    def junctions(self) -> np.ndarray:
        """Return the nodes where four or more cells meet inside the box, (j,)."""
        keys = np.unique(self.tetrahedra.ravel().astype(np.int64) << 32 | np.unique(self.cells, return_inverse=True)[1].repeat(4))
        return np.flatnonzero(np.bincount(keys >> 32, minlength=len(self.nodes)) >= 4)

    def sides(self) -> dict[str, np.ndarray]:
        """Return the nodes on each side of the box, "z0", "z1" … "x1", in the order of their place on it."""
        return side_nodes(self.nodes, self.box)

    def side_faces(self) -> dict[str, np.ndarray]:
        """Return the triangles (k, 3) on each side of the box; they point outward."""
        outer = outer_faces(self.tetrahedra)
        places = self.nodes[outer]
        found = {}
        for axis, name in enumerate("zyx"):
            for end in (0, 1):
                found[f"{name}{end}"] = outer[(places[:, :, axis] == self.box[end, axis]).all(1)]
        return found

    def periodic_pairs(self) -> dict[str, np.ndarray]:
        """Return for each axis that repeats the nodes (p, 2) at its beginning and its end, whose other coordinates are the same numbers."""
        return pairs_of_sides(self.sides(), self.periodic)

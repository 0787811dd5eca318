"""Interfaces as triangles (in a plane: segments): their areas, the stiffness that pulls at nodes, and what they sweep."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array, csr_array, diags_array

from shapelab.mesh import InterfaceMesh

__all__ = ["Simplices", "simplices_of"]

_FLATTEST = 20.0
"""Largest cotangent that counts: a triangle that has collapsed must not pull for ever."""


@dataclass(frozen=True)
class Simplices:
    """Pieces of the interfaces between cells. Positions x are (n, d) [unit]; m pieces of d corners each."""

    corners: np.ndarray
    """(m, d) nodes of each piece; the normal points from the first of its `pairs` to the second."""
    shifts: np.ndarray
    """(m, d, d) what is added to the positions of the corners, where a piece leaves a periodic box [unit]."""
    pairs: np.ndarray
    """(m, 2) cells on both sides."""
    n_cells: int

    def at(self, x: np.ndarray) -> np.ndarray:
        """Return the positions of the corners, (m, d, d)."""
        result: np.ndarray = x[self.corners] + self.shifts
        return result

    def normals(self, points: np.ndarray) -> np.ndarray:
        """Return the normals of pieces with these corners, as long as their areas, (m, d)."""
        e = points[:, 1] - points[:, 0]
        if points.shape[2] == 2:
            return np.stack([-e[:, 1], e[:, 0]], axis=1)
        result: np.ndarray = 0.5 * np.cross(e, points[:, 2] - points[:, 0])
        return result

    def areas(self, x: np.ndarray) -> np.ndarray:
        """Return the area (2-D: length) of each piece, (m,)."""
        result: np.ndarray = np.linalg.norm(self.normals(self.at(x)), axis=1)
        return result

    def masses(self, x: np.ndarray) -> np.ndarray:
        """Return the share of the area that belongs to each node, (n,)."""
        d = x.shape[1]
        return np.bincount(self.corners.ravel(), np.repeat(self.areas(x) / d, d), len(x))

    def stiffness(self, x: np.ndarray, tensions: np.ndarray) -> csr_array:
        """Return the matrix (n, n) whose product with x is the gradient of the sum of `tensions` (m,) times area."""
        points, n = self.at(x), len(x)
        if x.shape[1] == 2:
            length = np.linalg.norm(points[:, 1] - points[:, 0], axis=1)
            i, j = self.corners.T
            w = tensions / np.maximum(length, 1e-3 * np.median(length))
        else:
            parts = []
            for k in range(3):
                u, v = points[:, (k + 1) % 3] - points[:, k], points[:, (k + 2) % 3] - points[:, k]
                twice = np.linalg.norm(np.cross(u, v), axis=1)
                cotangent = (u * v).sum(axis=1) / np.maximum(twice, 1e-12)
                parts.append(0.5 * tensions * np.clip(cotangent, -_FLATTEST / 4, _FLATTEST))
            i, j = (np.concatenate([self.corners[:, (k + s) % 3] for k in range(3)]) for s in (1, 2))
            w = np.concatenate(parts)
        pulls = coo_array((np.concatenate([w, w]), (np.concatenate([i, j]), np.concatenate([j, i]))), (n, n)).tocsr()
        return csr_array(diags_array(np.asarray(pulls.sum(axis=1)).ravel(), format="csr") - pulls)

    def pulls_out_of_periods(self, x: np.ndarray, tensions: np.ndarray) -> np.ndarray:
        """Return what `stiffness` misses where pieces leave a periodic box, (n, d): their corners are not where x says."""
        result = np.zeros_like(x)
        out = np.flatnonzero(self.shifts.any(axis=(1, 2)))
        if len(out):
            d = x.shape[1]
            part = Simplices(np.arange(len(out) * d).reshape(-1, d), self.shifts[out] * 0, self.pairs[out], self.n_cells)
            points, shifts = self.at(x)[out].reshape(-1, d), self.shifts[out].reshape(-1, d)
            missed = part.stiffness(points, tensions[out]) @ shifts
            np.add.at(result, self.corners[out].ravel(), missed)
        return result

    def volume_gradient(self, x: np.ndarray) -> csr_array:
        """Return the change of the cells' volumes with the positions, (K, n d)."""
        d = x.shape[1]
        normals = self.normals(self.at(x)) / d
        columns = (self.corners[:, :, None] * d + np.arange(d)).reshape(len(self.corners), -1)
        values = np.repeat(normals[:, None, :], d, axis=1).reshape(len(self.corners), -1)
        rows = np.repeat(self.pairs, columns.shape[1], axis=0).reshape(len(self.pairs), columns.shape[1], 2)
        both_rows = np.concatenate([rows[..., 0].ravel(), rows[..., 1].ravel()])
        both_values = np.concatenate([values.ravel(), -values.ravel()])
        return csr_array(coo_array((both_values, (both_rows, np.tile(columns.ravel(), 2))), (self.n_cells, x.size)))

    def swept(self, x: np.ndarray, to: np.ndarray) -> np.ndarray:
        """Return by how much each cell grows on the way, (K,): exact, also where the box is periodic."""
        start, end = self.at(x), self.at(to)
        moves = (end - start).mean(axis=1)
        normal = (self.normals(start) + 4 * self.normals(0.5 * (start + end)) + self.normals(end)) / 6
        volume = (moves * normal).sum(axis=1)  # corners move along straight lines: this is the integral
        return np.bincount(self.pairs[:, 0], volume, self.n_cells) - np.bincount(self.pairs[:, 1], volume, self.n_cells)


def simplices_of(mesh: InterfaceMesh) -> Simplices:
    """Return the faces between cells as simplices: quads are cut along their shorter diagonal."""
    inner = mesh.pairs[:, 0] >= 0
    faces, pairs, nodes, period = mesh.faces[inner], mesh.pairs[inner], mesh.nodes, mesh.period
    points = nodes[faces]
    turns = np.where(period > 0, -np.round((points - points[:, :1]) / np.where(period > 0, period, 1)), 0) * period
    if mesh.ndim == 3:
        points = points + turns
        first = ((points[:, 0] - points[:, 2]) ** 2).sum(1) <= ((points[:, 1] - points[:, 3]) ** 2).sum(1)
        order = np.where(first[:, None], [0, 1, 2, 0, 2, 3], [0, 1, 3, 1, 2, 3])
        faces = np.take_along_axis(faces, order, 1).reshape(-1, 3)
        turns = np.take_along_axis(turns, order[:, :, None], 1).reshape(-1, 3, 3)
        pairs = np.repeat(pairs, 2, axis=0)
    return Simplices(faces.astype(np.int64), turns, pairs.astype(np.int64), len(mesh.ids))

"""The faces of a mesh as flat pieces: middle, unit normal, area, and which interface each belongs to."""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np

from shapelab.mesh.pair_index import pair_numbers
from shapelab.threads import over_ranges, ranges

__all__ = ["Facets", "facets_of"]


@dataclass(frozen=True)
class Facets:
    """One piece per face between two cells (none beyond the border); vectors over (z, y, x), with z = 0 in the plane."""

    middles: np.ndarray
    """(m, 3) float32, from the middle of voxel 0 [unit]."""
    normals: np.ndarray
    """(m, 3) float32, from the lower to the higher cell."""
    areas: np.ndarray
    """Area, or length in the plane, (m,) float32 [unit]."""
    interface: np.ndarray
    """Row of `pairs`, (m,) int32."""
    pairs: np.ndarray
    """Cells on both sides of each interface, lower first, (E, 2) int32."""

    def areas_of_interfaces(self) -> np.ndarray:
        """Return the area of each interface, (E,) [unit]."""
        return np.bincount(self.interface, self.areas, len(self.pairs))


def facets_of(nodes: np.ndarray, faces: np.ndarray, pairs: np.ndarray, period: np.ndarray) -> Facets:
    """Return the facets of a net.

    Parameters
    ----------
    nodes
        (n, d) [unit].
    faces, pairs
        As in `shapelab.mesh.InterfaceMesh`.
    period
        Length of each axis that repeats, 0 for others, (d,) [unit].
    """
    inner = np.flatnonzero(pairs[:, 0] >= 0)
    flat, number = pair_numbers(pairs[inner])
    middles, normals = np.zeros((len(inner), 3), np.float32), np.zeros((len(inner), 3), np.float32)
    areas = np.zeros(len(inner), np.float32)
    kernel = _quads if nodes.shape[1] == 3 else _segments
    over_ranges(
        kernel, ranges(len(inner), 20_000), inner, np.asarray(nodes, float), faces, np.asarray(period, float), middles, normals, areas
    )
    return Facets(middles, normals, areas, number, flat)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _quads(part, first, last, inner, nodes, faces, period, middles, normals, areas):  # type: ignore[no-untyped-def]
    p = np.empty((4, 3))
    for i in range(first, last):
        f = inner[i]
        for k in range(4):
            for j in range(3):
                p[k, j] = nodes[faces[f, k], j]
                if period[j] > 0 and k > 0:
                    p[k, j] -= period[j] * np.round((p[k, j] - p[0, j]) / period[j])
        uz, uy, ux = p[2, 0] - p[0, 0], p[2, 1] - p[0, 1], p[2, 2] - p[0, 2]
        vz, vy, vx = p[3, 0] - p[1, 0], p[3, 1] - p[1, 1], p[3, 2] - p[1, 2]
        nz, ny, nx = 0.5 * (uy * vx - ux * vy), 0.5 * (ux * vz - uz * vx), 0.5 * (uz * vy - uy * vz)
        area = np.sqrt(nz * nz + ny * ny + nx * nx)
        areas[i] = area
        if area > 0:
            normals[i, 0], normals[i, 1], normals[i, 2] = nz / area, ny / area, nx / area
        for j in range(3):
            middles[i, j] = 0.25 * (p[0, j] + p[1, j] + p[2, j] + p[3, j])


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _segments(part, first, last, inner, nodes, faces, period, middles, normals, areas):  # type: ignore[no-untyped-def]
    for i in range(first, last):
        a, b = faces[inner[i]]
        ey, ex = nodes[b, 0] - nodes[a, 0], nodes[b, 1] - nodes[a, 1]
        if period[0] > 0:
            ey -= period[0] * np.round(ey / period[0])
        if period[1] > 0:
            ex -= period[1] * np.round(ex / period[1])
        length = np.sqrt(ey * ey + ex * ex)
        areas[i] = length
        if length > 0:
            normals[i, 1], normals[i, 2] = -ex / length, ey / length
        middles[i, 1], middles[i, 2] = nodes[a, 0] + 0.5 * ey, nodes[a, 1] + 0.5 * ex

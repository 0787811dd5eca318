"""How good a finished mesh is: angles, Jacobians, and how far nodes are from the boundaries they stand for."""

from __future__ import annotations

import numba
import numpy as np

from shapelab.mesh.conforming.fields import Field, project, values
from shapelab.mesh.tetrahedral.mesh import SolidQuality
from shapelab.mesh.tetrahedral.moving import MOST_CELLS
from shapelab.mesh.tetrahedral.state import Work
from shapelab.threads import over_ranges, ranges

__all__ = ["boundary_distances", "report"]

_CHUNK = 200_000
_EDGES = ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3))


def report(
    nodes: np.ndarray, tetrahedra: np.ndarray, distances: np.ndarray, error: float, off: float, missing: tuple[int, ...]
) -> SolidQuality:
    """Return the report on tetrahedra (m, 4) whose nodes on boundaries have these distances from them."""
    inverted, smallest, largest, jacobian = 0, np.inf, -np.inf, 1.0
    for first in range(0, len(tetrahedra), _CHUNK):
        x = nodes[tetrahedra[first : first + _CHUNK]]
        six, angles = _angles(x)
        inverted += int((six <= 0).sum())
        smallest, largest = min(smallest, float(angles.min())), max(largest, float(angles.max()))
        jacobian = min(jacobian, float((np.sqrt(2) * six / _longest_corner(x)).min()))
    if not len(tetrahedra):
        smallest = largest = np.nan
    mean, most = (float(distances.mean()), float(distances.max())) if len(distances) else (0.0, 0.0)
    return SolidQuality(
        tetrahedra=len(tetrahedra),
        inverted=inverted,
        smallest_angle=smallest,
        largest_angle=largest,
        scaled_jacobian=jacobian,
        volume_error=error,
        off=off,
        mean_distance=mean,
        largest_distance=most,
        missing=missing,
    )


def _angles(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return six times the volume of tetrahedra (m, 4, 3), and their dihedral angles, (m, 6) [degrees]."""
    a, b, c = x[:, 1] - x[:, 0], x[:, 2] - x[:, 0], x[:, 3] - x[:, 0]
    normals = [np.cross(x[:, 2] - x[:, 1], x[:, 3] - x[:, 1]), np.cross(c, b), np.cross(a, c), np.cross(b, a)]  # outward
    six = np.einsum("ij,ij->i", np.cross(a, b), c)
    angles = []
    for i, j in _EDGES:
        k, m = (one for one in range(4) if one not in (i, j))
        cosine = -np.einsum("ij,ij->i", normals[k], normals[m])
        sine = six * np.linalg.norm(x[:, i] - x[:, j], axis=1)
        angles.append(np.degrees(np.arctan2(np.abs(sine), cosine)))
    return six, np.stack(angles, axis=1)


def _longest_corner(x: np.ndarray) -> np.ndarray:
    """Return the largest product of the lengths of the three edges at a corner."""
    lengths = {edge: np.linalg.norm(x[:, edge[0]] - x[:, edge[1]], axis=1) for edge in _EDGES}
    products = []
    for corner in range(4):
        i, j, k = (length for edge, length in lengths.items() if corner in edge)
        products.append(i * j * k)
    return np.asarray(np.max(products, axis=0))


def boundary_distances(work: Work, field: Field) -> np.ndarray:
    """Return how far each node between cells is from where they meet [unit]."""
    mesh = work.mesh
    nodes = np.flatnonzero(mesh.counts > 1)
    found = np.empty(len(nodes))
    over_ranges(_distances, ranges(len(nodes), 500), mesh, field, nodes, work.step, found)
    return found


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _distances(part, first, last, mesh, field, nodes, step, result):  # type: ignore[no-untyped-def]
    found, slopes = np.empty(64), np.empty((64, 3))
    for i in range(first, last):
        v = nodes[i]
        n = mesh.counts[v]
        x = mesh.nodes[v].copy()
        if n <= MOST_CELLS and project(field, x, mesh.sets[v], n, mesh.locks[v], 2 * step, np.int64(15)) < 1e-3 * step:
            x -= mesh.nodes[v]
            result[i] = np.sqrt(x[0] ** 2 + x[1] ** 2 + x[2] ** 2)
            continue
        x[:] = mesh.nodes[v]
        values(field, mesh.sets[v], n, x, found, slopes)
        result[i] = 0.0
        for a in range(n):  # they do not meet nearby: the farthest boundary of two of them, to first order
            for b in range(a):
                slope = 0.0
                for j in range(3):
                    slope += (slopes[a, j] - slopes[b, j]) ** 2
                result[i] = max(result[i], abs(found[a] - found[b]) / max(np.sqrt(slope), 1e-300))

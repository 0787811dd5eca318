"""The smallest push of the interfaces that gives every cell its volume."""

from __future__ import annotations

import numba
import numpy as np

from shapelab.mesh.conforming.exact_areas import smallest_push
from shapelab.mesh.pair_index import pair_numbers
from shapelab.mesh.tetrahedral.lattice import volumes
from shapelab.mesh.tetrahedral.quality import MOST_ROUND, load_star, star_quality
from shapelab.mesh.tetrahedral.state import Work, near_region
from shapelab.stopping import check_stop
from shapelab.threads import over_ranges, ranges

__all__ = ["cell_volumes", "keep_volumes"]

_PASSES = 8
_CAP = 0.2
"""Farthest push in one pass [lattice steps]."""
_CLOSE = 1e-5
"""Relative error that is good enough."""


def cell_volumes(work: Work, count: int) -> np.ndarray:
    """Return the volume of each of `count` cells."""
    mesh = work.mesh
    return np.bincount(mesh.cells[: work.used], volumes(mesh.nodes, mesh.elements[: work.used], mesh.period), count)


def keep_volumes(work: Work, wanted: np.ndarray, floor: float) -> None:
    """Push nodes between two cells along their normal until the cells have the volumes `wanted`; nan for any.

    As for the volumes of `shapelab.mesh.interface_mesh`; no push makes a tetrahedron worse than `floor`, unless it was.
    """
    mesh = work.mesh
    free = mesh.counts == 2
    pairs, number = pair_numbers(mesh.sets[:, :2], free)
    normals = np.zeros_like(mesh.nodes)
    for _ in range(_PASSES):
        check_stop()
        missing = np.where(np.isfinite(wanted), wanted - cell_volumes(work, len(wanted)), 0.0)
        if not (np.abs(missing) > _CLOSE * np.maximum(wanted, 1e-300)).any():
            return
        over_ranges(_normals, ranges(len(normals), 5000), work.mesh, normals)
        normals[(mesh.locks[:, None] >> np.arange(3)) & 1 == 1] = 0
        push = smallest_push(pairs, number, normals, np.sqrt((normals**2).sum(1)), missing)
        if not push.any():
            return
        size = np.sqrt((push**2).sum(1))
        push *= np.minimum(1, _CAP * work.step / np.maximum(size, 1e-300))[:, None]
        work.every_node(_push, push, floor)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _normals(part, first, last, mesh, normals):  # type: ignore[no-untyped-def]
    """Fill by how much the lower cell of each node between two grows with it."""
    star = np.empty((MOST_ROUND, 9))
    for v in range(first, last):
        normals[v] = 0.0
        if mesh.counts[v] != 2:
            continue
        k = load_star(mesh, v, star)
        for t in range(k):
            if mesh.cells[mesh.members[mesh.starts[v] + t]] != mesh.sets[v, 0]:
                continue
            s = star[t]
            uz, uy, ux, wz, wy, wx = s[3] - s[0], s[4] - s[1], s[5] - s[2], s[6] - s[0], s[7] - s[1], s[8] - s[2]
            normals[v, 0] -= (uy * wx - ux * wy) / 6
            normals[v, 1] -= (ux * wz - uz * wx) / 6
            normals[v, 2] -= (uz * wy - uy * wz) / 6


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _push(region, mesh, todo, push, floor):  # type: ignore[no-untyped-def]
    star = np.empty((MOST_ROUND, 9))
    for v in range(len(todo)):
        if not todo[v] or mesh.region[v] != region or not near_region(mesh, v, region):
            continue
        todo[v] = False
        z, y, x = push[v]
        if z == 0 and y == 0 and x == 0:
            continue
        k = load_star(mesh, v, star)
        least = min(floor, star_quality(star, k, 0.0, 0.0, 0.0, -2.0))
        for share in (1.0, 0.5, 0.25):
            if star_quality(star, k, share * z, share * y, share * x, least - 1e-12) >= least:
                mesh.nodes[v] += share * push[v]
                break

"""Smoothing of the nodes of a planar net: each polyline becomes a curve that bends evenly.

Minimises sum |x - corner|^2 + strength * sum |third difference along each polyline|^2. An arc has (nearly) no third
difference, so that neither the bend of an interface nor the angles at a junction are smoothed away, as they are by
averaging neighbours; a junction lies where its curves meet best.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import csc_array, eye_array

from shapelab.mesh.chain_kernels import eliminate, put_back
from shapelab.mesh.polylines import Polylines
from shapelab.threads import over_ranges, ranges

__all__ = ["smooth_polylines"]

_LIMIT = 1.0
"""Largest displacement along each axis [pixels]."""


def smooth_polylines(moves: np.ndarray, cubes: np.ndarray, period: np.ndarray, locks: np.ndarray, lines: Polylines, reach: float) -> None:
    """Smooth the displacements in place.

    Parameters
    ----------
    moves
        Displacement of each node from its pixels' corner, (n, 2) [pixels].
    cubes, period, locks
        As in `shapelab.mesh.net.Net`.
    lines
        Polylines of the net.
    reach
        Length below which wiggles vanish, in steps along the polyline.
    """
    chains, n = len(lines), len(moves)
    solved, ends = np.empty((len(lines.nodes), 4)), np.empty((chains, 3), np.int64)
    blocks, rights = np.empty((chains, 3, 3)), np.empty((chains, 3))
    for axis in range(2):
        parts, values = ranges(chains, 100), np.zeros(n)
        over_ranges(eliminate, parts, lines.nodes, lines.starts, axis, cubes, period, locks, reach, solved, ends, blocks, rights)
        _solve_shared(ends, blocks, rights, values)
        over_ranges(put_back, parts, lines.nodes, lines.starts, solved, ends, values)
        free = (locks >> axis) & 1 == 0
        moves[free, axis] = np.clip(values[free], -_LIMIT, _LIMIT)


def _solve_shared(ends: np.ndarray, blocks: np.ndarray, rights: np.ndarray, values: np.ndarray) -> None:
    """Fill in the values of the nodes that polylines share."""
    from scipy.sparse.linalg import splu

    there = ends >= 0
    nodes, number = np.unique(ends[there], return_inverse=True)
    if not len(nodes):
        return
    place = np.zeros(ends.shape, np.int64)
    place[there] = number
    both = there[:, :, None] & there[:, None, :]
    rows, columns = np.broadcast_to(place[:, :, None], both.shape)[both], np.broadcast_to(place[:, None, :], both.shape)[both]
    matrix = csc_array((blocks[both], (rows, columns)), shape=(len(nodes),) * 2) + eye_array(len(nodes), format="csc")
    right = np.bincount(number, rights[there], len(nodes))
    values[nodes] = splu(matrix, permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True}).solve(right)

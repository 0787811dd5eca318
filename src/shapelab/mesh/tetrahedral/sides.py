"""Elements on both sides of a side of a periodic box have the same cell at first: no boundary between cells may lie on a side."""

from __future__ import annotations

import numba
import numpy as np

from shapelab.mesh.conforming.fields import Field, values
from shapelab.mesh.conforming.lattice import Lattice, near_corners

__all__ = ["agree_across_sides"]


def agree_across_sides(lattice: Lattice, cells: np.ndarray, field: Field) -> None:
    """Give two elements that share a face on a side the one of their cells that is larger at the face's middle, in place."""
    elements, locks = lattice.elements, lattice.locks
    faces, owners = [], []
    for k in range(4):
        face = np.delete(elements, k, axis=1)
        on = np.flatnonzero(locks[face[:, 0]] & locks[face[:, 1]] & locks[face[:, 2]])
        faces.append(np.sort(face[on], axis=1))
        owners.append(on)
    face, owner = np.concatenate(faces), np.concatenate(owners)
    order = np.lexsort(face.T[::-1])
    twice = np.flatnonzero((face[order][1:] == face[order][:-1]).all(1))
    pairs = np.stack([owner[order[twice]], owner[order[twice + 1]]], axis=1)
    middles = near_corners(lattice.nodes, face[order[twice]], field.period).mean(1)
    _agree(field, pairs, middles, cells)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _agree(field, pairs, middles, cells):  # type: ignore[no-untyped-def]
    both, found, slopes = np.empty(2, np.int32), np.empty(2), np.empty((2, 3))
    for i in range(len(pairs)):
        both[0], both[1] = cells[pairs[i, 0]], cells[pairs[i, 1]]
        if both[0] == both[1]:
            continue
        values(field, both, len(both), middles[i], found, slopes)
        chosen = both[0] if found[0] >= found[1] else both[1]
        cells[pairs[i, 0]] = cells[pairs[i, 1]] = chosen

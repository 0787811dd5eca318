"""Specks of a few elements go to the cell round them."""

from __future__ import annotations

import numpy as np

__all__ = ["join_small_pieces"]

_LEAST = {3: 8, 4: 40}
"""Triangles or tetrahedra from which on a piece of a cell, beside its largest, stays."""


def join_small_pieces(elements: np.ndarray, cells: np.ndarray) -> None:
    """Give connected pieces below `_LEAST` elements, but for the largest of each cell, the cell that most of their neighbours have."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    a, b = _neighbours(elements)
    same = cells[a] == cells[b]
    m = len(elements)
    count, piece = connected_components(coo_matrix((np.ones(int(same.sum()), np.int8), (a[same], b[same])), (m, m)), directed=False)
    size = np.bincount(piece, minlength=count)
    largest = np.zeros(int(cells.max()) + 1, np.int64)
    np.maximum.at(largest, cells, size[piece])
    small = (size[piece] < _LEAST[elements.shape[1]]) & (size[piece] < largest[cells])
    ends = np.concatenate([np.stack([a, b], axis=1), np.stack([b, a], axis=1)])
    for one in np.unique(piece[small]).tolist():
        beside = cells[ends[(piece[ends[:, 0]] == one) & (piece[ends[:, 1]] != one), 1]]
        if len(beside):
            cells[piece == one] = np.bincount(beside).argmax()


def _neighbours(elements: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the two elements at each edge (of triangles) or face (of tetrahedra) that two share."""
    corners = elements.shape[1]
    sides = np.sort(np.concatenate([np.delete(elements, k, axis=1) for k in range(corners)]), axis=1)
    order = np.lexsort(sides.T[::-1])
    same = np.flatnonzero((sides[order][1:] == sides[order][:-1]).all(1))
    return order[same] % len(elements), order[same + 1] % len(elements)

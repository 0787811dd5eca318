"""What a mesh of elements consists of: faces between cells, sides of the box, pairs of nodes of a periodic box. The plane and space alike.

A face is what two elements share: an edge of triangles, a triangle of tetrahedra.
"""

from __future__ import annotations

import numpy as np

__all__ = ["outer_faces", "pairs_of_sides", "shared_faces", "side_nodes", "split_by_cells", "totals"]

_OUTWARD = {3: ((1, 2), (2, 0), (0, 1)), 4: ((1, 2, 3), (0, 3, 2), (0, 1, 3), (0, 2, 1))}
"""Corners of the face across each corner, in the order that points out of an element."""


def _faces(elements: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the faces of all elements, their order by nodes, and whether each of them in that order is the next one too."""
    faces = np.concatenate([elements[:, corners] for corners in _OUTWARD[elements.shape[1]]])
    ordered = np.sort(faces, axis=1)
    order = np.lexsort(ordered.T[::-1])
    ordered = ordered[order]
    return faces, order, (ordered[1:] == ordered[:-1]).all(1)


def shared_faces(elements: np.ndarray, cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the faces between two cells, (k, d), pointing from the lower label to the higher, and both labels, (k, 2)."""
    faces, order, twice = _faces(elements)
    at = np.flatnonzero(twice)
    one, other = order[at], order[at + 1]
    a, b = cells[one % len(elements)], cells[other % len(elements)]
    differ = a != b
    one, other, a, b = one[differ], other[differ], a[differ], b[differ]
    return faces[np.where(a < b, one, other)], np.stack([np.minimum(a, b), np.maximum(a, b)], axis=1)


def outer_faces(elements: np.ndarray) -> np.ndarray:
    """Return the faces that one element has alone, (k, d), pointing outward."""
    faces, order, twice = _faces(elements)
    alone = np.ones(len(order), bool)
    alone[1:] &= ~twice
    alone[:-1] &= ~twice
    return np.asarray(faces[np.sort(order[alone])])


def split_by_cells(faces: np.ndarray, labels: np.ndarray) -> dict[tuple[int, ...], np.ndarray]:
    """Return the faces of each row of labels."""
    different, index = np.unique(labels, axis=0, return_inverse=True)
    order = np.argsort(index.ravel(), kind="stable")
    ends = np.cumsum(np.bincount(index.ravel(), minlength=len(different)))
    parts = np.split(faces[order], ends[:-1]) if len(different) else []
    return {tuple(int(one) for one in row): part for row, part in zip(different.tolist(), parts, strict=True)}


def side_nodes(nodes: np.ndarray, box: np.ndarray) -> dict[str, np.ndarray]:
    """Return the nodes on each side of the box, "y0", "y1"…, in the order of their place on it."""
    found = {}
    names = "zyx"[3 - nodes.shape[1] :]
    for axis, name in enumerate(names):
        for end in (0, 1):
            on = np.flatnonzero(nodes[:, axis] == box[end, axis])
            found[f"{name}{end}"] = on[np.lexsort(np.delete(nodes[on], axis, axis=1).T[::-1])]
    return found


def pairs_of_sides(sides: dict[str, np.ndarray], periodic: tuple[bool, ...]) -> dict[str, np.ndarray]:
    """Return for each axis that repeats the nodes (p, 2) at its beginning and at its end."""
    names = "zyx"[3 - len(periodic) :]
    return {
        name: np.stack([sides[f"{name}0"], sides[f"{name}1"]], axis=1) for name, repeats in zip(names, periodic, strict=True) if repeats
    }


def totals(cells: np.ndarray, sizes: np.ndarray) -> dict[int, float]:
    """Return the sum of the sizes of each cell's elements, by its label."""
    labels, index = np.unique(cells, return_inverse=True)
    return dict(zip(labels.tolist(), np.bincount(index.ravel(), sizes).tolist(), strict=True))

"""Faces with more than three corners, cut into triangles: also those that are not convex."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from shapelab.errors import InputError

__all__ = ["cut_polygons"]

_EXACT = 1e-9
"""Part of a face's extent, squared, below which an area is rounding."""
_WRONG = 1e-6
"""Part of the area of all faces by which those that cross themselves may falsify it."""


def cut_polygons(points: np.ndarray, polygons: Sequence[Sequence[int] | np.ndarray]) -> list[np.ndarray]:
    """Return for every polygon its triangles (m, 3), as positions in its list of corners, turning as it does.

    Triangles that fan out from the first corner fill a convex face; where they would overlap, the face is cut by its ears
    (Meisters, 1975; the earcut library), seen along its Newell normal, which a face that is not flat has too.

    Parameters
    ----------
    points
        Vertices (n, 3).
    polygons
        The vertices of each face, in order.

    Raises
    ------
    InputError
        If faces cross themselves, so that they have no area.
    """
    sizes = np.array([len(polygon) for polygon in polygons], np.int64)
    found: list[np.ndarray] = [np.empty((0, 3), np.int64)] * len(polygons)
    area = crossing = 0.0
    n_crossing = 0
    for size in np.unique(sizes[sizes >= 3]).tolist():
        rows = np.flatnonzero(sizes == size)
        corners = points[np.array([polygons[row] for row in rows.tolist()], np.int64)].astype(np.float64)
        fan = np.column_stack([np.zeros(size - 2, np.int64), np.arange(1, size - 1), np.arange(2, size)])
        corners -= corners[:, :1]
        parts = np.cross(corners[:, 1:-1], corners[:, 2:]) / 2
        newell = parts.sum(axis=1)
        areas = np.linalg.norm(newell, axis=1)
        area += float(np.nansum(areas))
        rounding = _EXACT * np.square(corners).sum(axis=2).max(axis=1)
        along = np.einsum("fti,fi->ft", parts, newell) / np.where(areas > 0, areas, 1)[:, None]
        plain = (along > rounding[:, None]).all(axis=1) | ~np.isfinite(areas) | (size == 3)
        for position, row in enumerate(rows.tolist()):
            found[row] = fan
            if not plain[position]:
                triangles, excess = _ears(corners[position], newell[position])
                flat = np.abs(along[position]).sum() <= size * rounding[position]
                found[row] = fan if flat or not len(triangles) else triangles
                if excess > size * rounding[position]:
                    crossing, n_crossing = crossing + excess, n_crossing + 1
    if crossing > _WRONG * area:
        raise InputError(
            f"{n_crossing} of {len(polygons)} faces cross themselves, so that they have no area: cut them into triangles "
            "in the program that wrote the file, and save it again."
        )
    return found


def _ears(corners: np.ndarray, newell: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the triangles of one face, and by how much their area differs from the face's (0 unless it crosses itself)."""
    from mapbox_earcut import triangulate_float64

    if not (length := np.linalg.norm(newell)):
        loop = np.concatenate([corners, corners[:1]])
        return np.empty((0, 3), np.int64), float(np.linalg.norm(np.cross(loop[:-1], loop[1:]), axis=1).sum() / 2)
    normal = newell / length
    first = np.cross(normal, np.eye(3)[np.argmin(np.abs(normal))])
    first /= np.linalg.norm(first)
    flat = np.ascontiguousarray(corners @ np.column_stack([first, np.cross(normal, first)]))
    triangles = triangulate_float64(flat, np.array([len(flat)], np.uint32)).astype(np.int64).reshape(-1, 3)
    a, b, c = flat[triangles].transpose(1, 0, 2)
    signed = ((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]) / 2
    if signed.sum() < 0:
        triangles = triangles[:, ::-1]
    return triangles, abs(float(np.abs(signed).sum()) - float(length))

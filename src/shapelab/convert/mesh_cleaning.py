"""Meshes as they come, checked and cleaned: what no triangle uses, has collapsed or comes twice is left out."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from shapelab.convert.mesh import Mesh
from shapelab.errors import InputError

__all__ = ["CleanMesh", "checked_mesh", "clean_mesh"]


class CleanMesh(NamedTuple):
    """A mesh and what was done to it."""

    mesh: Mesh
    kept: np.ndarray
    """Numbers of the vertices that stayed."""
    notes: tuple[str, ...]
    """In sentences: what was left out."""


def checked_mesh(mesh: Mesh) -> tuple[np.ndarray, np.ndarray]:
    """Return vertices (float64) and triangles (int64) of a mesh whose triangles can be used.

    Raises
    ------
    InputError
        If the arrays have other shapes, a triangle names a vertex that is not there, or one that is not finite.
    """
    points, faces = np.asarray(mesh.vertices), np.asarray(mesh.faces)
    shapes = f"received {points.shape} and {faces.shape}"
    if points.ndim != 2 or points.shape[1] != 3 or faces.ndim != 2 or faces.shape[1] != 3 or len(faces) == 0:
        raise InputError(f"A mesh needs vertices (n, 3) and triangles (m, 3), which are whole numbers counted from 0; {shapes}.")
    if points.dtype.kind not in "biuf" or faces.dtype.kind not in "ui":
        raise InputError(f"The vertices of a mesh are numbers and its triangles whole numbers; received {points.dtype} and {faces.dtype}.")
    if faces.min() < 0 or faces.max() >= len(points):
        raise InputError(f"The mesh has triangles with vertices {faces.min()} … {faces.max()}; there are {len(points)}, counted from 0.")
    points, faces = points.astype(np.float64, copy=False), faces.astype(np.int64, copy=False)
    if lost := int((~np.isfinite(points[np.unique(faces)])).any(axis=1).sum()):
        raise InputError(
            f"Vertices of the mesh that are not finite (NaN or infinity): {lost} of {len(points)}. Remove their triangles first."
        )
    return points, faces


def clean_mesh(mesh: Mesh) -> CleanMesh:
    """Return a mesh without vertices that no triangle uses and triangles that collapse or come twice, and say so.

    Vertices at the same place are merged, as seams of textures and files of loose triangles repeat them.

    Raises
    ------
    InputError
        If it cannot be used (`checked_mesh`), or no triangle is left.
    """
    points, faces = checked_mesh(mesh)
    notes = []
    used = np.unique(faces)
    if len(used) < len(points):
        notes.append(_left_out(len(points) - len(used), "vertex", "vertices", "that no triangle uses"))
    rows = np.ascontiguousarray(points[used] + 0.0).view(np.dtype((np.void, 24))).ravel()  # + 0.0: -0.0 is 0.0
    _, first, inverse = np.unique(rows, return_index=True, return_inverse=True)
    order = np.argsort(first)  # in the order that they had
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    number = np.zeros(len(points), np.int64)
    number[used] = rank[inverse]
    merged = number[faces]
    a, b, c = merged.T
    whole = merged[(a != b) & (b != c) & (c != a)]
    if not len(whole):
        raise InputError("All triangles of the mesh have collapsed: it has no surface.")
    if len(whole) < len(faces):
        notes.append(_left_out(len(faces) - len(whole), "triangle", "triangles", "without an area"))
    once, said = _once(whole)
    kept = used[first[order]]
    vertices = points[kept]
    with np.errstate(over="ignore"):
        exact = np.array_equal(vertices.astype(np.float32), vertices)
    clean = Mesh(vertices.astype(np.float32) if exact else vertices, whole[once].astype(np.int32))
    return CleanMesh(clean, kept, (*notes, *said))


def _once(faces: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Return which triangles stay, in order: the first of those that are the same, of two-sided sheets one side."""
    turned = np.take_along_axis(faces, (np.argmin(faces, axis=1)[:, None] + np.arange(3)) % 3, axis=1)
    _, once = np.unique(turned, axis=0, return_index=True)
    notes = [_left_out(len(faces) - len(once), "triangle", "triangles", "there twice")] if len(once) < len(faces) else []
    once = np.sort(once)
    _, sides, copies = np.unique(np.sort(faces[once], axis=1), axis=0, return_index=True, return_counts=True)
    if (copies == 2).all():
        return np.sort(once[sides]), [*notes, "Every triangle was there twice, once from each side: one of each pair was kept."]
    return once, notes


def _left_out(n: int, one: str, several: str, which: str) -> str:
    return f"{n} {one if n == 1 else several} {which} {'was' if n == 1 else 'were'} left out."

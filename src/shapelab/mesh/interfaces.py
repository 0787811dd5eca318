"""What the interfaces of a mesh measure: which cells touch, along what area, how it is curved, and the angles where three meet."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba
import numpy as np

from shapelab.arguments import checked
from shapelab.errors import ParameterError
from shapelab.mesh.facets import Facets
from shapelab.mesh.mesh import InterfaceMesh
from shapelab.mesh.pair_index import pair_numbers
from shapelab.mesh.pulls import pulls_on_bumps

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["angle_table", "interface_table", "junction_angles"]

_REACH = 4.0


@checked()
def interface_table(mesh: InterfaceMesh) -> pd.DataFrame:
    """Return one row per pair of cells that touch.

    Returns
    -------
    DataFrame
        `cell_a` < `cell_b` (labels, 0 is the medium); `area` (2-D: `length`) [unit]; `curvature`, the mean over the interface
        of the sum of its principal curvatures, positive where `cell_a` bulges into `cell_b` [1/unit], nan where the interface
        is too small to have one; `cut`, whether it touches the border of the image. Faces on the border are not listed.
    """
    import pandas as pd

    facets = mesh.facets()
    labels = mesh.ids[facets.pairs]
    border = mesh.on_border[mesh.faces[mesh.pairs[:, 0] >= 0]].any(1)
    return pd.DataFrame(
        {
            "cell_a": labels[:, 0],
            "cell_b": labels[:, 1],
            "area" if mesh.ndim == 3 else "length": facets.areas_of_interfaces(),
            "curvature": _curvatures(mesh, facets),
            "cut": np.bincount(facets.interface, border, len(labels)) > 0,
        }
    )


def _curvatures(mesh: InterfaceMesh, facets: Facets) -> np.ndarray:
    """Return the curvature of each interface: by how much its area changes with the volume it sweeps, at nodes inside it."""
    net = mesh.net
    areas, volumes, masses = (np.zeros((len(net.cubes), 3)), np.zeros((len(net.cubes), 3)), np.zeros(len(net.cubes)))
    nodes, period = np.zeros((len(net.cubes), 3)), np.zeros(3)
    nodes[:, 3 - mesh.ndim :], period[3 - mesh.ndim :] = mesh.nodes, mesh.period
    gradients = _quad_gradients if mesh.ndim == 3 else _segment_gradients
    gradients(nodes, net.faces, net.pairs, period, areas, volumes, masses)
    inner = (net.node_counts == 2) & ~net.border & (masses > 0)
    different, number = pair_numbers(net.labels[inner, :2])
    weight = 1 / masses[inner]
    change = np.bincount(number, (areas[inner] * volumes[inner]).sum(1) * weight, len(different))
    swept = np.bincount(number, (volumes[inner] ** 2).sum(1) * weight, len(different))
    found = {tuple(pair): value for pair, value in zip(different.tolist(), change / np.maximum(swept, 1e-300), strict=True)}
    return np.array([found.get(tuple(pair), np.nan) for pair in facets.pairs.tolist()], float)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _half_cross(a, b, result):  # type: ignore[no-untyped-def]
    """Fill half the cross product; that of NumPy takes seconds to compile."""
    for j in range(3):
        k, m = (j + 1) % 3, (j + 2) % 3
        result[j] = 0.5 * (a[k] * b[m] - a[m] * b[k])


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _quad_gradients(nodes, faces, pairs, period, areas, volumes, masses):  # type: ignore[no-untyped-def]
    """Add the change of area and of the lower cell's volume with each node; quads count as the mean of their two cuts."""
    p, n, pull = np.empty((4, 3)), np.empty(3), np.empty(3)
    for f in range(len(faces)):
        if pairs[f, 0] < 0:
            continue
        for i in range(4):
            for j in range(3):
                p[i, j] = nodes[faces[f, i], j]
                if period[j] > 0 and i > 0:
                    p[i, j] -= period[j] * np.round((p[i, j] - p[0, j]) / period[j])
        for skipped in range(4):
            a, b, c = p[(skipped + 1) % 4], p[(skipped + 2) % 4], p[(skipped + 3) % 4]
            _half_cross(b - a, c - a, n)
            area = np.sqrt(n[0] ** 2 + n[1] ** 2 + n[2] ** 2)
            if area == 0:
                continue
            corners = (a, b, c)
            for i in range(3):
                v = faces[f, (skipped + 1 + i) % 4]
                _half_cross(n / area, corners[(i + 2) % 3] - corners[(i + 1) % 3], pull)
                for j in range(3):
                    areas[v, j] += 0.5 * pull[j]
                    volumes[v, j] += n[j] / 6
                masses[v] += area / 6


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _segment_gradients(nodes, faces, pairs, period, areas, volumes, masses):  # type: ignore[no-untyped-def]
    for f in range(len(faces)):
        if pairs[f, 0] < 0:
            continue
        a, b = faces[f]
        e = nodes[b] - nodes[a]
        for j in range(3):
            if period[j] > 0:
                e[j] -= period[j] * np.round(e[j] / period[j])
        length = np.sqrt((e**2).sum())
        if length == 0:
            continue
        for v, sign in ((a, -1.0), (b, 1.0)):
            for j in range(3):
                areas[v, j] += sign * e[j] / length
            volumes[v, 1] -= 0.5 * e[2]
            volumes[v, 2] += 0.5 * e[1]
            masses[v] += 0.5 * length


@checked()
def junction_angles(mesh: InterfaceMesh, reach: float = _REACH) -> pd.DataFrame:
    """Return the angles of cells where exactly three meet: at junctions in 2-D, along lines in 3-D (dihedral angles).

    The directions are those in which the interfaces pull on a smooth bump at the node, so that voxels average out.

    Parameters
    ----------
    mesh
        The mesh.
    reach
        Radius of the bump [voxels]; nodes nearer to the border of the image are left out.

    Returns
    -------
    DataFrame
        One row per cell and junction node: `node`, `cell`, `angle` [degrees], `cells`, the three labels. The three angles
        at a node add up to 360 (2-D; in 3-D but for rounding of the line's own bend).
    """
    import pandas as pd

    if reach <= 1:
        raise ParameterError(f"reach = {reach:g} is not possible: a direction needs more than 1 voxel.")
    net, ndim = mesh.net, mesh.ndim
    radius = reach * float(np.prod(mesh.spacing)) ** (1 / ndim)
    nodes = mesh.nodes
    inside = (net.node_counts == 3) & ~net.border
    for axis, step in enumerate(mesh.spacing):
        if not net.period[axis]:
            inside &= (nodes[:, axis] >= radius - 0.5 * step) & (nodes[:, axis] <= (mesh.shape[axis] - 0.5) * step - radius)
    chosen = np.flatnonzero(inside)
    centres, period = np.zeros((len(chosen), 3)), np.zeros(3)
    centres[:, 3 - ndim :], period[3 - ndim :] = nodes[chosen], mesh.period
    facets = mesh.facets()
    directions = np.zeros((len(chosen), 3, 3))
    for pulls in pulls_on_bumps(centres, radius, facets, period):
        node = pulls.first + pulls.bump
        cells = net.labels[chosen[node], :3]
        pair = facets.pairs[pulls.interface]
        ours = (cells[:, :, None] == pair[:, None, :]).any(2)
        ours_only = ours.sum(1) == 2
        missing = np.argmin(ours, axis=1)  # the interface is opposite to the third cell
        directions[node[ours_only], missing[ours_only]] = pulls.pull[ours_only]
    length = np.linalg.norm(directions, axis=2, keepdims=True)
    unit = directions / np.where(length > 0, length, np.nan)
    cosine = np.stack([(unit[:, (k + 1) % 3] * unit[:, (k + 2) % 3]).sum(1) for k in range(3)], axis=1)
    angles = np.degrees(np.arccos(np.clip(cosine, -1, 1)))
    labels = mesh.ids[net.labels[chosen, :3]]
    wide = np.nansum(angles, axis=1) < 300  # one cell spans more than half a turn: its angle is the rest
    largest = np.where(wide, np.nanargmax(np.nan_to_num(angles), axis=1), 0) if len(angles) else np.zeros(0, int)
    rows = np.flatnonzero(wide)
    angles[rows, largest[rows]] = 360 - angles[rows, largest[rows]]
    return pd.DataFrame(
        {
            "node": np.repeat(chosen, 3),
            "cell": labels.ravel(),
            "angle": angles.ravel(),
            "cells": [tuple(row) for row in np.repeat(labels, 3, axis=0).tolist()],
        }
    ).dropna(ignore_index=True)


@checked()
def angle_table(mesh: InterfaceMesh, reach: float = _REACH) -> pd.DataFrame:
    """Return mean, spread and number of the angles of each cell at each triple of cells: indexed by (`cells`, `cell`)."""
    angles = junction_angles(mesh, reach)
    return angles.groupby(["cells", "cell"])["angle"].agg(["mean", "std", "count"])

"""The mesh as cells are drawn and written: interfaces with their values, cells moved apart or left out, each cell closed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from shapelab.arguments import checked
from shapelab.errors import InputError, ParameterError
from shapelab.mesh.interfaces import interface_table
from shapelab.mesh.mesh import InterfaceMesh
from shapelab.mesh.pair_index import pair_numbers
from shapelab.mesh.triangles import cut_quads, unrolled
from shapelab.short_repr import short_repr

__all__ = ["DrawnMesh", "closed_cells", "draw", "interface_values"]


@short_repr
@dataclass(frozen=True, eq=False)
class DrawnMesh:
    """Triangles of the interfaces; each interface has vertices of its own, so that a value of it ends at its rim."""

    vertices: np.ndarray
    """(v, 3) float32 [unit]."""
    faces: np.ndarray
    """(f, 3) int32."""
    interface: np.ndarray
    """Row of the interface of each vertex in `pairs`, (v,) int32."""
    pairs: np.ndarray
    """Labels on both sides of each interface, (E, 2); 0 is the medium, and what lies beyond the border of the image."""
    values: Mapping[str, np.ndarray]
    """What was measured of each interface, by name, (E,): see `interface_values`."""

    def vertex_values(self, name: str) -> np.ndarray:
        """Return a value of the interfaces at the vertices, (v,) float32."""
        if name not in self.values:
            raise ParameterError(f"There is no value {name!r}: choose one of {', '.join(self.values)}.")
        result: np.ndarray = np.asarray(self.values[name], np.float32)[self.interface]
        return result


@checked()
def interface_values(mesh: InterfaceMesh, tensions: Mapping[tuple[int, int], float] | None = None) -> dict[str, np.ndarray]:
    """Return values of each interface, those on the border of the image included, in the order of `draw`.

    Parameters
    ----------
    mesh
        A mesh in space.
    tensions
        Tension of each pair of labels, the smaller first, as `shapelab.infer_tensions` finds them.

    Returns
    -------
    dict
        `pair`, the number of the interface from 0; `area` [unit]; `curvature` as in `interface_table` [1/unit]; `tension`
        where tensions are given. What is not known of an interface is nan.

    Raises
    ------
    InputError
        If the mesh is planar.
    """
    _require_solid(mesh)
    pairs, number = _interfaces(mesh)
    corners = _near(mesh.nodes[mesh.faces], mesh.period)
    sides = corners[:, [1, 2, 3]] - corners[:, [0]]
    areas = 0.5 * np.linalg.norm(np.cross(sides[:, :2], sides[:, 1:]), axis=2).sum(1)
    table = interface_table(mesh)
    curvature = dict(zip(zip(table["cell_a"], table["cell_b"], strict=True), table["curvature"], strict=True))
    inner, labels = pairs[:, 0] >= 0, [tuple(row) for row in mesh.ids[np.maximum(pairs, 0)].tolist()]
    found = {
        "pair": np.arange(len(pairs), dtype=float),
        "area": np.bincount(number, areas, len(pairs)),
        "curvature": np.array([curvature.get(pair, np.nan) for pair in labels], float),
    }
    if tensions is not None:
        found["tension"] = np.array([tensions.get(pair, np.nan) for pair in labels], float)
    return {name: value if name in ("pair", "area") else np.where(inner, value, np.nan) for name, value in found.items()}


@checked()
def draw(
    mesh: InterfaceMesh,
    values: Mapping[str, np.ndarray] | None = None,
    *,
    apart: float = 0.0,
    beyond: tuple[int, float] | None = None,
) -> DrawnMesh:
    """Return the mesh as triangles for a picture or a file.

    Parameters
    ----------
    mesh
        A mesh in space.
    values
        What `interface_values` returns; computed if not given.
    apart
        How far the cells are moved apart, in distances from the middle of all: 0 keeps them together, 1 doubles the distances. Cells
        that are moved apart are closed, each with faces of its own.
    beyond
        Axis and position [unit]: cells whose middle lies beyond it are left out, so that one sees inside.

    Raises
    ------
    InputError
        If the mesh is planar.
    ParameterError
        If `apart` is negative, or there is no such axis.
    """
    _require_solid(mesh)
    if not 0 <= apart < np.inf:
        raise ParameterError(f"apart = {apart:g} is not possible: choose 0 (together) or more.")
    if beyond is not None and beyond[0] not in range(mesh.ndim):
        raise ParameterError(f"There is no axis {beyond[0]} to cut along: choose 0 (z), 1 (y) or 2 (x).")
    pairs, number = _interfaces(mesh)
    owner, face = _sides(mesh.pairs)
    kept = np.ones(len(mesh.ids), bool)
    middles = cell_middles(mesh)
    if beyond is not None:
        kept = middles[:, beyond[0]] <= beyond[1]
    kept[0] = False
    if apart:
        use = kept[owner]
        owner, face = owner[use], face[use]
        high = mesh.pairs[face, 1] == owner
        quads = np.where(high[:, None], mesh.faces[face], mesh.faces[face][:, ::-1])
        corners = _near(mesh.nodes[quads], mesh.period, _anchors(mesh)[owner])
        present = np.unique(owner)
        middle = middles[present].mean(0) if len(present) else np.zeros(3)
        corners = corners + apart * (middles[owner] - middle)[:, None]
        patch, interface = 2 * number[face] + high, number[face]
    else:
        use = np.flatnonzero(kept[mesh.pairs[:, 1]] | kept[np.maximum(mesh.pairs[:, 0], 0)])
        nodes, quads = unrolled(mesh.nodes, mesh.faces[use], mesh.period)
        corners = nodes[quads]
        patch = interface = number[use]
    vertices, faces, first = _own_vertices(corners, quads, patch)
    found = interface_values(mesh) if values is None else values
    return DrawnMesh(
        vertices.astype(np.float32), cut_quads(vertices, faces).astype(np.int32), interface[first], mesh.ids[np.maximum(pairs, 0)], found
    )


@checked()
def closed_cells(mesh: InterfaceMesh) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """Yield label, vertices (v, 3) float32 [unit] and triangles (f, 3) int32 of every cell but the medium, in rising order.

    Cells share their interfaces to the last bit. Triangles are counterclockwise seen from outside in a world of (x, y, z). In a periodic
    box a cell is whole, wherever the box cuts it.
    """
    _require_solid(mesh)
    owner, face = _sides(mesh.pairs)
    order = np.argsort(owner, kind="stable")
    anchors = _anchors(mesh)
    for part in np.split(order, np.flatnonzero(np.diff(owner[order])) + 1):
        if not len(part):
            continue
        cell, chosen = owner[part[0]], face[part]
        high = mesh.pairs[chosen, 1] == cell
        quads = np.where(high[:, None], mesh.faces[chosen], mesh.faces[chosen][:, ::-1])
        corners = _near(mesh.nodes[quads], mesh.period, anchors[[cell]])
        vertices, faces, _ = _own_vertices(corners, quads, np.zeros(len(quads), np.int64))
        yield int(mesh.ids[cell]), vertices.astype(np.float32), cut_quads(vertices, faces).astype(np.int32)


def cell_middles(mesh: InterfaceMesh) -> np.ndarray:
    """Return the middle of the surface of each cell, (K, 3) [unit]; nan for cells without one."""
    owner, face = _sides(mesh.pairs)
    corners = _near(mesh.nodes[mesh.faces[face]], mesh.period, _anchors(mesh)[owner])
    areas = np.linalg.norm(np.cross(corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 1]), axis=1) + 1e-12
    total = np.bincount(owner, areas, len(mesh.ids))
    sums = [np.bincount(owner, areas * corners[..., axis].mean(1), len(mesh.ids)) for axis in range(3)]
    with np.errstate(invalid="ignore"):
        result: np.ndarray = np.stack(sums, axis=1) / total[:, None]
    return result


def _require_solid(mesh: InterfaceMesh) -> None:
    if mesh.ndim != 3:
        raise InputError("This mesh is planar: its interfaces are lines (see `polylines`), not surfaces.")


def _interfaces(mesh: InterfaceMesh) -> tuple[np.ndarray, np.ndarray]:
    """Return the pairs of cells by number, -1 beyond the border, and the row of each face."""
    return pair_numbers(mesh.pairs)


def _sides(pairs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the cell and the face of every side of a face that a cell (not the medium) is on."""
    owner = np.concatenate([pairs[:, 1], pairs[:, 0]])
    face = np.concatenate([np.arange(len(pairs))] * 2)
    real = owner > 0
    return owner[real], face[real]


def _anchors(mesh: InterfaceMesh) -> np.ndarray:
    """Return a node of each cell, (K, 3), next to which its other nodes are taken in a periodic box."""
    owner, face = _sides(mesh.pairs)
    result = np.zeros((len(mesh.ids), mesh.ndim))
    result[owner[::-1]] = mesh.nodes[mesh.faces[face[::-1], 0]]
    return result


def _near(corners: np.ndarray, period: np.ndarray, anchors: np.ndarray | None = None) -> np.ndarray:
    """Return corners (m, 4, 3) as they lie next to anchors (m, 3) or (1, 3), by default their own first corner."""
    if not period.any():
        return corners
    origin = corners[:, :1] if anchors is None else anchors[:, None]
    turns = np.where(period > 0, np.round((corners - origin) / np.where(period > 0, period, 1)), 0)
    result: np.ndarray = corners - turns * period
    return result


def _own_vertices(corners: np.ndarray, quads: np.ndarray, patch: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return vertices, quads of them and the quad of each vertex, where quads of different patches share none."""
    key = patch[:, None].astype(np.int64) * (int(quads.max(initial=0)) + 1) + quads
    _, first, index = np.unique(key, return_index=True, return_inverse=True)
    return corners.reshape(-1, 3)[first], index.reshape(quads.shape), first // 4

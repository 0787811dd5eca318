"""Cells for finite elements: Abaqus (.inp), Gmsh (.msh 2.2) and VTK (.vtu). Files hold (x, y, z), meshes (z, y, x)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from shapelab.errors import InputError
from shapelab.io.element_suffixes import FEM_SUFFIXES
from shapelab.io.output import new_file
from shapelab.mesh import TetrahedronMesh, TriangleMesh
from shapelab.stopping import check_stop

__all__ = ["write_tetrahedra", "write_triangles"]

_PER_LINE = 12
_Mesh = TriangleMesh | TetrahedronMesh


def write_triangles(path: str | Path, mesh: TriangleMesh) -> Path:
    """Write a mesh of triangles with its sets; numbers are read back to the last bit. Nothing is overwritten.

    Parameters
    ----------
    path
        - ``.inp``: CPS3 elements; element sets ``CELL_3``; node sets ``INTERFACE_3_5``, ``JUNCTIONS``, ``Y0`` … ``X1``. Where the mesh
          repeats, equations for all pairs of nodes, with the reference nodes ``STRAIN_Y`` and ``STRAIN_X``, whose displacements are
          those of one side of the box against the other.
        - ``.msh``: physical groups ``cell 3``, ``interface 3 5`` (lines) and ``side y0`` (lines).
        - ``.vtu``: cell data ``label``.
    mesh
        The mesh.

    Raises
    ------
    InputError
        If the suffix is another, or the file exists or cannot be written.
    """
    return _write(path, mesh)


def write_tetrahedra(path: str | Path, mesh: TetrahedronMesh) -> Path:
    """Write a mesh of tetrahedra with its sets; numbers are read back to the last bit. Nothing is overwritten.

    Parameters
    ----------
    path
        - ``.inp``: C3D4 elements; element sets ``CELL_3``; node sets ``INTERFACE_3_5``, ``LINE_3_5_8`` (where three cells meet),
          ``JUNCTIONS`` (where four or more do), ``Z0`` … ``X1``; surfaces ``SIDE_Z0`` … ``SIDE_X1`` and, between cells, ``FACE_3_5``. Where
          the mesh repeats, equations for all pairs of nodes, with the reference nodes ``STRAIN_Z``, ``STRAIN_Y`` and ``STRAIN_X``, whose
          displacements are those of one side of the box against the other.
        - ``.msh``: physical groups ``cell 3``, ``interface 3 5`` and ``side z0`` (triangles), ``line 3 5 8`` (lines).
        - ``.vtu``: cell data ``label``.
    mesh
        The mesh.

    Raises
    ------
    InputError
        If the suffix is another, or the file exists or cannot be written.
    """
    return _write(path, mesh)


def _write(path: str | Path, mesh: _Mesh) -> Path:
    file = Path(path)
    writers = {".inp": _abaqus, ".msh": _gmsh, ".vtu": _vtu}
    if file.suffix.lower() not in writers:
        raise InputError(f"{file.name} must end in {', '.join(FEM_SUFFIXES)}.")
    with new_file(file) as partial, partial.open("w", encoding="ascii", newline="\n") as stream:
        for line in writers[file.suffix.lower()](mesh):
            check_stop()
            stream.write(f"{line}\n")
    return file


def _elements(mesh: _Mesh) -> np.ndarray:
    return mesh.triangles if isinstance(mesh, TriangleMesh) else mesh.tetrahedra


def _points(mesh: _Mesh) -> list[list[float]]:
    points: list[list[float]] = mesh.nodes[:, ::-1].tolist()
    return points


def _mirrored(elements: np.ndarray) -> np.ndarray:
    """Corners in the order that is positive in (x, y, z), or for a face points the same way: reversing the axes mirrors a mesh."""
    return np.concatenate([elements[:, :-2], elements[:, :-3:-1]], axis=1)


def _names(mesh: _Mesh) -> str:
    return "zyx"[3 - mesh.nodes.shape[1] :]


def _abaqus(mesh: _Mesh) -> Iterator[str]:
    yield "*HEADING"
    yield "cells, written by napari-shapelab"
    pairs, elements = mesh.periodic_pairs(), _mirrored(_elements(mesh)) + 1
    strains = {axis: len(mesh.nodes) + 1 + i for i, axis in enumerate(pairs)}
    yield "*NODE"  # once: readers take the last of several
    yield from (f"{i}, {', '.join(map(repr, point))}" for i, point in enumerate(_points(mesh), 1))
    yield from (f"{node}{', 0.0' * len(_names(mesh))}" for node in strains.values())
    yield f"*ELEMENT, TYPE={'CPS3' if isinstance(mesh, TriangleMesh) else 'C3D4'}, ELSET=ALL"
    yield from (f"{i}, {', '.join(map(str, corners))}" for i, corners in enumerate(elements.tolist(), 1))
    order = np.argsort(mesh.cells, kind="stable")
    labels, first = np.unique(mesh.cells[order], return_index=True)
    for label, members in zip(labels.tolist(), np.split(order, first[1:]), strict=True):
        yield from _set("ELSET", f"CELL_{label}", members + 1)
    interfaces = mesh.interfaces()
    for (a, b), faces in interfaces.items():
        yield from _set("NSET", f"INTERFACE_{a}_{b}", np.unique(faces) + 1)
    if isinstance(mesh, TetrahedronMesh):
        for cells, edges in mesh.triple_lines().items():
            yield from _set("NSET", "LINE_" + "_".join(map(str, cells)), np.unique(edges) + 1)
    yield from _set("NSET", "JUNCTIONS", mesh.junctions() + 1)
    for name, nodes in mesh.sides().items():
        yield from _set("NSET", name.upper(), nodes + 1)
    for axis, node in strains.items():
        yield from _set("NSET", f"STRAIN_{axis.upper()}", [node])
    if isinstance(mesh, TetrahedronMesh):
        yield from _surfaces(mesh, interfaces)
    yield from _equations(mesh, pairs, strains)


def _set(kind: str, name: str, members: Iterable[int]) -> Iterator[str]:
    numbers = [str(int(member)) for member in members]
    if not numbers:
        return
    yield f"*{kind}, {kind}={name}"
    yield from (", ".join(numbers[i : i + _PER_LINE]) for i in range(0, len(numbers), _PER_LINE))


_FACE_NUMBERS = {3: 1, 2: 2, 0: 3, 1: 4}
"""Number of the face of a C3D4 element across each of its corners as written."""


def _surfaces(mesh: TetrahedronMesh, interfaces: dict[tuple[int, ...], np.ndarray]) -> Iterator[str]:
    """Surfaces of elements and their faces: sides of the box, and interfaces as faces of the cell with the lower label."""
    wanted: dict[str, tuple[np.ndarray, int | None]] = {f"SIDE_{name.upper()}": (faces, None) for name, faces in mesh.side_faces().items()}
    wanted |= {f"FACE_{a}_{b}": (faces, a) for (a, b), faces in interfaces.items()}
    elements = _mirrored(mesh.tetrahedra)
    m = len(elements)
    all_faces = np.sort(np.concatenate([np.delete(elements, corner, axis=1) for corner in range(4)]), axis=1)
    pairs = np.unique(_paired(all_faces[:, 0], all_faces[:, 1]))
    keys = _paired(np.searchsorted(pairs, _paired(all_faces[:, 0], all_faces[:, 1])), all_faces[:, 2])
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    for name, (faces, label) in wanted.items():
        if not len(faces):
            continue
        sought = np.sort(faces, axis=1)
        at = np.searchsorted(keys, _paired(np.searchsorted(pairs, _paired(sought[:, 0], sought[:, 1])), sought[:, 2]))
        if label is not None:
            at += mesh.cells[order[at] % m] != label
        yield f"*SURFACE, TYPE=ELEMENT, NAME={name}"
        yield from (f"{one % m + 1}, S{_FACE_NUMBERS[one // m]}" for one in order[at].tolist())


def _paired(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """One whole number for two below 2³¹."""
    return a.astype(np.int64) << 32 | b.astype(np.int64)


def _equations(mesh: _Mesh, pairs: dict[str, np.ndarray], strains: dict[str, int]) -> Iterator[str]:
    """Each node on a far side moves as its image on the near sides, and the box's strain along each axis between the two."""
    image = np.arange(len(mesh.nodes))
    shifts: dict[int, list[int]] = {}
    for axis, nodes in pairs.items():
        for high in nodes[:, 1].tolist():
            shifts.setdefault(high, []).append(strains[axis])
    for nodes in pairs.values():
        image[nodes[:, 1]] = image[nodes[:, 0]]
    for _ in pairs:  # an edge or corner of the box has its image several steps away
        image = image[image]
    for high, moves in sorted(shifts.items()):
        for direction in range(1, len(_names(mesh)) + 1):
            terms = [(high + 1, 1.0), (int(image[high]) + 1, -1.0), *((node, -1.0) for node in moves)]
            yield "*EQUATION"
            yield str(len(terms))
            yield from (", ".join(f"{node}, {direction}, {factor}" for node, factor in terms[i : i + 4]) for i in range(0, len(terms), 4))


def _gmsh_groups(mesh: _Mesh) -> dict[str, np.ndarray]:
    """Lines and triangles with names."""
    groups: dict[str, np.ndarray] = {}
    if isinstance(mesh, TriangleMesh):
        groups |= {f"interface {a} {b}": edges for (a, b), edges in mesh.interfaces().items()}
        return groups | {
            f"side {name}": np.stack([nodes[:-1], nodes[1:]], axis=1) for name, nodes in mesh.sides().items() if len(nodes) > 1
        }
    groups |= {f"interface {a} {b}": _mirrored(faces) for (a, b), faces in mesh.interfaces().items()}
    groups |= {f"side {name}": _mirrored(faces) for name, faces in mesh.side_faces().items() if len(faces)}
    return groups | {f"line {' '.join(map(str, cells))}": edges for cells, edges in mesh.triple_lines().items()}


_GMSH_KINDS = {2: 1, 3: 2}
"""Gmsh's number of a line and of a triangle, by their corners; a tetrahedron is 4."""


def _gmsh(mesh: _Mesh) -> Iterator[str]:
    groups, elements = _gmsh_groups(mesh), _mirrored(_elements(mesh)) + 1
    labels, dim = np.unique(mesh.cells), len(_names(mesh))
    yield from ("$MeshFormat", "2.2 0 8", "$EndMeshFormat", "$PhysicalNames", str(len(labels) + len(groups)))
    yield from (f'{dim} {i} "cell {label}"' for i, label in enumerate(labels.tolist(), 1))
    yield from (f'{parts.shape[1] - 1} {i} "{name}"' for i, (name, parts) in enumerate(groups.items(), len(labels) + 1))
    yield from ("$EndPhysicalNames", "$Nodes", str(len(mesh.nodes)))
    end = " 0" if dim == 2 else ""
    yield from (f"{i} {' '.join(map(repr, point))}{end}" for i, point in enumerate(_points(mesh), 1))
    yield from ("$EndNodes", "$Elements", str(len(elements) + sum(map(len, groups.values()))))
    number, kind = 0, 2 if dim == 2 else 4
    for group, corners in zip((np.searchsorted(labels, mesh.cells) + 1).tolist(), elements.tolist(), strict=True):
        number += 1
        yield f"{number} {kind} 2 {group} {group} {' '.join(map(str, corners))}"
    for group, parts in enumerate(groups.values(), len(labels) + 1):
        for corners in (parts + 1).tolist():
            number += 1
            yield f"{number} {_GMSH_KINDS[len(corners)]} 2 {group} {group} {' '.join(map(str, corners))}"
    yield "$EndElements"


def _vtu(mesh: _Mesh) -> Iterator[str]:
    elements = _mirrored(_elements(mesh))
    n, (m, corners) = len(mesh.nodes), elements.shape
    end = " 0" if len(_names(mesh)) == 2 else ""

    def array(name: str, kind: str, words: Iterable[str], components: int = 1) -> Iterator[str]:
        vectors = f' NumberOfComponents="{components}"' if components > 1 else ""
        yield f'<DataArray type="{kind}" Name="{name}"{vectors} format="ascii">'
        yield " ".join(words)
        yield "</DataArray>"

    yield '<?xml version="1.0"?>'
    yield '<VTKFile type="UnstructuredGrid" version="1.0" byte_order="LittleEndian"><UnstructuredGrid>'
    yield f'<Piece NumberOfPoints="{n}" NumberOfCells="{m}"><Points>'
    yield from array("Points", "Float64", (f"{' '.join(map(repr, point))}{end}" for point in _points(mesh)), 3)
    yield "</Points><Cells>"
    yield from array("connectivity", "Int64", map(str, elements.ravel().tolist()))
    yield from array("offsets", "Int64", map(str, range(corners, corners * m + 1, corners)))
    yield from array("types", "UInt8", ["5" if corners == 3 else "10"] * m)
    yield "</Cells><CellData>"
    yield from array("label", "Int64", map(str, mesh.cells.tolist()))
    yield "</CellData></Piece></UnstructuredGrid></VTKFile>"

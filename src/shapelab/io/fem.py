"""Triangles of cells for finite elements: Abaqus (.inp), Gmsh (.msh 2.2) and VTK (.vtu). Files hold (x, y), meshes (y, x)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from shapelab.errors import InputError
from shapelab.io.output import new_file
from shapelab.mesh.conforming import TriangleMesh

__all__ = ["FEM_SUFFIXES", "write_triangles"]

FEM_SUFFIXES = (".inp", ".msh", ".vtu")
_PER_LINE = 12


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
    file = Path(path)
    writers = {".inp": _abaqus, ".msh": _gmsh, ".vtu": _vtu}
    if file.suffix.lower() not in writers:
        raise InputError(f"{file.name} must end in {', '.join(FEM_SUFFIXES)}.")
    with new_file(file) as partial:
        partial.write_text("\n".join(writers[file.suffix.lower()](mesh)) + "\n", encoding="ascii")
    return file


def _points(mesh: TriangleMesh) -> list[tuple[float, float]]:
    return [(x, y) for y, x in mesh.nodes.tolist()]


def _corners(mesh: TriangleMesh) -> np.ndarray:
    """Corners counterclockwise in (x, y): exchanging the axes mirrors a triangle."""
    return mesh.triangles[:, [0, 2, 1]]


def _abaqus(mesh: TriangleMesh) -> Iterator[str]:
    yield "*HEADING"
    yield "cells, written by napari-shapelab"
    pairs = mesh.periodic_pairs()
    strains = {axis: len(mesh.nodes) + 1 + i for i, axis in enumerate(pairs)}
    yield "*NODE"  # once: readers take the last of several
    yield from (f"{i}, {x!r}, {y!r}" for i, (x, y) in enumerate(_points(mesh), 1))
    yield from (f"{node}, 0.0, 0.0" for node in strains.values())
    yield "*ELEMENT, TYPE=CPS3, ELSET=ALL"
    yield from (f"{i}, {a}, {b}, {c}" for i, (a, b, c) in enumerate((_corners(mesh) + 1).tolist(), 1))
    for label in np.unique(mesh.cells).tolist():
        yield from _set("ELSET", f"CELL_{label}", np.flatnonzero(mesh.cells == label) + 1)
    for (a, b), edges in mesh.interfaces().items():
        yield from _set("NSET", f"INTERFACE_{a}_{b}", np.unique(edges) + 1)
    yield from _set("NSET", "JUNCTIONS", mesh.junctions() + 1)
    for name, nodes in mesh.sides().items():
        yield from _set("NSET", name.upper(), nodes + 1)
    for axis, node in strains.items():
        yield from _set("NSET", f"STRAIN_{axis.upper()}", [node])
    yield from _equations(mesh, pairs, strains)


def _set(kind: str, name: str, members: Iterable[int]) -> Iterator[str]:
    numbers = [str(int(member)) for member in members]
    if not numbers:
        return
    yield f"*{kind}, {kind}={name}"
    yield from (", ".join(numbers[i : i + _PER_LINE]) for i in range(0, len(numbers), _PER_LINE))


def _equations(mesh: TriangleMesh, pairs: dict[str, np.ndarray], strains: dict[str, int]) -> Iterator[str]:
    """Each node of a far side moves as its partner and the box's strain; the far corner, which has two, as the near corner and both."""
    sides = mesh.sides()
    corner = np.intersect1d(sides["y1"], sides["x1"]) if len(pairs) == 2 else np.zeros(0, int)
    chains: list[tuple[int, int, list[int]]] = []
    for axis, nodes in pairs.items():
        chains += [(high, low, [strains[axis]]) for low, high in nodes.tolist() if high not in corner]
    near = np.intersect1d(sides["y0"], sides["x0"])
    chains += [(int(high), int(low), list(strains.values())) for high, low in zip(corner, near, strict=False)]
    for high, low, shifts in chains:
        for direction in (1, 2):
            terms = [(high + 1, 1.0), (low + 1, -1.0), *((node, -1.0) for node in shifts)]
            yield "*EQUATION"
            yield str(len(terms))
            yield ", ".join(f"{node}, {direction}, {factor}" for node, factor in terms)


def _gmsh(mesh: TriangleMesh) -> Iterator[str]:
    lines = {f"interface {a} {b}": edges for (a, b), edges in mesh.interfaces().items()}
    lines |= {f"side {name}": np.stack([nodes[:-1], nodes[1:]], axis=1) for name, nodes in mesh.sides().items() if len(nodes) > 1}
    labels = np.unique(mesh.cells)
    yield from ("$MeshFormat", "2.2 0 8", "$EndMeshFormat", "$PhysicalNames", str(len(labels) + len(lines)))
    yield from (f'2 {i} "cell {label}"' for i, label in enumerate(labels.tolist(), 1))
    yield from (f'1 {i} "{name}"' for i, name in enumerate(lines, len(labels) + 1))
    yield from ("$EndPhysicalNames", "$Nodes", str(len(mesh.nodes)))
    yield from (f"{i} {x!r} {y!r} 0" for i, (x, y) in enumerate(_points(mesh), 1))
    yield from ("$EndNodes", "$Elements", str(len(mesh.triangles) + sum(map(len, lines.values()))))
    groups = np.searchsorted(labels, mesh.cells) + 1
    number = 0
    for group, (a, b, c) in zip(groups.tolist(), (_corners(mesh) + 1).tolist(), strict=True):
        number += 1
        yield f"{number} 2 2 {group} {group} {a} {b} {c}"
    for group, edges in enumerate(lines.values(), len(labels) + 1):
        for a, b in (edges + 1).tolist():
            number += 1
            yield f"{number} 1 2 {group} {group} {a} {b}"
    yield "$EndElements"


def _vtu(mesh: TriangleMesh) -> Iterator[str]:
    n, m = len(mesh.nodes), len(mesh.triangles)

    def array(name: str, kind: str, words: Iterable[str], components: int = 1) -> Iterator[str]:
        vectors = f' NumberOfComponents="{components}"' if components > 1 else ""
        yield f'<DataArray type="{kind}" Name="{name}"{vectors} format="ascii">'
        yield " ".join(words)
        yield "</DataArray>"

    yield '<?xml version="1.0"?>'
    yield '<VTKFile type="UnstructuredGrid" version="1.0" byte_order="LittleEndian"><UnstructuredGrid>'
    yield f'<Piece NumberOfPoints="{n}" NumberOfCells="{m}"><Points>'
    yield from array("Points", "Float64", (f"{x!r} {y!r} 0" for x, y in _points(mesh)), 3)
    yield "</Points><Cells>"
    yield from array("connectivity", "Int64", map(str, _corners(mesh).ravel().tolist()))
    yield from array("offsets", "Int64", map(str, range(3, 3 * m + 1, 3)))
    yield from array("types", "UInt8", ["5"] * m)
    yield "</Cells><CellData>"
    yield from array("label", "Int64", map(str, mesh.cells.tolist()))
    yield "</CellData></Piece></UnstructuredGrid></VTKFile>"

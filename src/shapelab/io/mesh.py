"""Meshes on disk: PLY and VTK (with values at the vertices), OBJ and STL. Files hold (x, y, z), arrays hold (z, y, x)."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from shapelab.arguments import checked
from shapelab.convert.mesh import Mesh
from shapelab.convert.mesh_cleaning import clean_mesh
from shapelab.errors import InputError
from shapelab.io.obj_faces import obj_of_triangles
from shapelab.io.output import new_version
from shapelab.io.ply_faces import even_ply, ply_triangles
from shapelab.io.presence import is_file

__all__ = ["MESH_SUFFIXES", "WRITTEN_SUFFIXES", "MeshFile", "check_suffix", "read_mesh", "read_mesh_file", "write_mesh"]

MESH_SUFFIXES = (".ply", ".obj", ".stl")
WRITTEN_SUFFIXES = (*MESH_SUFFIXES, ".vtk")
_LOST = 1e-3
"""Part of an edge by which 32-bit numbers may move a vertex."""


@checked()
def write_mesh(path: str | Path, mesh: Mesh, values: Mapping[str, np.ndarray] | None = None, colours: np.ndarray | None = None) -> Path:
    """Write a mesh; a PLY or VTK file also keeps `values`, one number per vertex under each name; PLY and OBJ keep `colours`.

    Coordinates that float32 would move are written in double precision (PLY, VTK), or with all digits (OBJ); STL has only
    float32, and refuses them. Values that are whole numbers, such as ids, stay exact in PLY.

    Parameters
    ----------
    path
        File to write; its suffix says the format.
    mesh
        Vertices (z, y, x) and triangles.
    values
        Name -> one number per vertex.
    colours
        uint8 (n, 3) or (n, 4): red, green, blue and opacity of each vertex.

    Raises
    ------
    InputError
        If the suffix is unknown, the folder is missing, the file cannot be written, its format holds no colours, or cannot state
        where the mesh lies.
    """
    file = Path(path)
    suffix = check_suffix(file, WRITTEN_SUFFIXES)
    for name, value in (values or {}).items():
        if len(value) != len(mesh.vertices):
            raise InputError(f"The values {name!r} are {len(value)} numbers for {len(mesh.vertices)} vertices.")
    if colours is not None and suffix not in (".ply", ".obj"):
        raise InputError(f"{suffix[1:].upper()} holds no colours of vertices: save as .ply or .obj.")
    if colours is not None and np.shape(colours) not in ((len(mesh.vertices), 3), (len(mesh.vertices), 4)):
        raise InputError(
            f"The colours have the shape {np.shape(colours)}: they are 3 or 4 numbers for each of {len(mesh.vertices)} vertices."
        )
    if suffix == ".ply":
        content = _ply(mesh, values or {}, colours)
    else:
        content = _vtk(mesh, values or {}) if suffix == ".vtk" else _exported(mesh, suffix, colours)
    with new_version(file) as partial:
        partial.write_bytes(content)
    return file


def _exported(mesh: Mesh, suffix: str, colours: np.ndarray | None) -> bytes:
    import trimesh

    if suffix == ".stl" and _distance_lost(np.asarray(mesh.vertices)) > _LOST * _edge(mesh):
        raise InputError("The mesh lies so far from the origin that STL (32-bit numbers) cannot state its place: move it, or save as .ply.")
    surface = trimesh.Trimesh(np.asarray(mesh.vertices)[:, ::-1], np.asarray(mesh.faces), process=False, vertex_colors=colours)
    options: dict[str, Any] = {"digits": 12, "include_normals": False} if suffix == ".obj" else {}
    exported: Any = surface.export(file_type=suffix[1:], **options)
    return exported.encode() if isinstance(exported, str) else bytes(exported)


def _distance_lost(points: np.ndarray) -> float:
    """Return by how much 32-bit numbers would move a coordinate."""
    return float(np.abs(points.astype(np.float32).astype(float) - points).max(initial=0.0))


def _edge(mesh: Mesh) -> float:
    """Return the median edge of the triangles."""
    corners = np.asarray(mesh.vertices, float)[np.asarray(mesh.faces)]
    return float(np.median(np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=-1))) if len(corners) else 0.0


def _ply(mesh: Mesh, values: Mapping[str, np.ndarray], colours: np.ndarray | None) -> bytes:
    """Return binary PLY (Turk, 1994): trimesh writes coordinates in single precision only."""
    points = np.asarray(mesh.vertices)[:, ::-1]
    exact = np.array_equal(points.astype(np.float32), points)
    types = {"f4": "float", "f8": "double", "u1": "uchar", "i4": "int"}
    columns: dict[str, tuple[str, np.ndarray]] = {
        axis: ("f4" if exact else "f8", column) for axis, column in zip("xyz", points.T, strict=True)
    }
    columns |= {name.replace(" ", "_"): (_code(np.asarray(value)), np.asarray(value)) for name, value in values.items()}
    if colours is not None:
        columns |= {name: ("u1", column) for name, column in zip(("red", "green", "blue", "alpha"), np.asarray(colours).T, strict=False)}
    table = np.empty(len(points), [(name, f"<{code}") for name, (code, _) in columns.items()])
    for name, (_, column) in columns.items():
        table[name] = column
    faces = np.empty(len(mesh.faces), [("n", "u1"), ("v", "<i4", 3)])
    faces["n"], faces["v"] = 3, mesh.faces
    lines = ["ply", "format binary_little_endian 1.0", f"element vertex {len(points)}"]
    lines += [f"property {types[code]} {name}" for name, (code, _) in columns.items()]
    lines += [f"element face {len(faces)}", "property list uchar int vertex_indices", "end_header\n"]
    return "\n".join(lines).encode() + table.tobytes() + faces.tobytes()


def _code(values: np.ndarray) -> str:
    """Return the type that values have in a file: whole numbers such as ids stay exact."""
    if values.dtype.kind not in "iu" or not values.size:
        return "f4"
    return "i4" if int(values.min()) >= -(2**31) and int(values.max()) < 2**31 else "f8"


def _vtk(mesh: Mesh, values: Mapping[str, np.ndarray]) -> bytes:
    """Return legacy VTK polydata in big-endian binary (The VTK User's Guide, "VTK File Formats"); trimesh writes none."""
    n, faces, points = len(mesh.vertices), np.asarray(mesh.faces), np.asarray(mesh.vertices)[:, ::-1]
    exact = _distance_lost(points) <= _LOST * _edge(mesh)
    cells = np.column_stack([np.full(len(faces), 3), faces])
    parts = [
        f"# vtk DataFile Version 3.0\nshapelab\nBINARY\nDATASET POLYDATA\nPOINTS {n} {'float' if exact else 'double'}\n".encode(),
        points.astype(">f4" if exact else ">f8").tobytes(),
        f"\nPOLYGONS {len(faces)} {cells.size}\n".encode(),
        cells.astype(">i4").tobytes(),
        f"\nPOINT_DATA {n}\n".encode() if values else b"",
    ]
    for name, value in values.items():
        parts += [f"SCALARS {name.replace(' ', '_')} float 1\nLOOKUP_TABLE default\n".encode(), np.asarray(value, ">f4").tobytes(), b"\n"]
    return b"".join(parts)


class MeshFile(NamedTuple):
    """What a mesh file holds."""

    mesh: Mesh
    values: dict[str, np.ndarray]
    """Name -> one number per vertex (PLY)."""
    colours: np.ndarray | None
    """uint8 (n, 4): red, green, blue and opacity of each vertex, None if it has none."""
    notes: tuple[str, ...]
    """In sentences: what was merged or left out."""


@checked()
def read_mesh(path: str | Path) -> tuple[Mesh, dict[str, np.ndarray]]:
    """Return the mesh in a PLY, OBJ or STL file, and the values at its vertices by name (PLY only); see `read_mesh_file`."""
    found = read_mesh_file(path)
    return found.mesh, found.values


def read_mesh_file(path: str | Path) -> MeshFile:
    """Return the mesh in a PLY, OBJ or STL file with values, colours, and what was mended.

    Vertices at the same place (each triangle of an STL file brings its own, and each seam of a texture) are merged;
    triangles that collapse or come twice, and vertices that no triangle uses, are left out. Faces with more corners are cut
    into triangles, also those that are not convex (`cut_polygons`).

    Raises
    ------
    InputError
        If the file is missing, damaged, holds no triangles, or faces that cross themselves.
    """
    file = Path(path)
    suffix = check_suffix(file)
    if not is_file(file):
        raise InputError(f"There is no file {str(file)!r}.")
    try:
        surface, faces = _loaded(file.read_bytes(), suffix)
        points = np.asarray(surface.vertices, dtype=np.float64)[:, ::-1]
        values = _ply_values(surface, len(points))
        colours = np.asarray(surface.visual.vertex_colors, np.uint8) if surface.visual.kind == "vertex" else None
    except InputError as error:
        raise InputError(f"{file.name}: {error}") from None
    except Exception as error:  # trimesh raises anything on damaged files
        raise InputError(f"{file.name} cannot be read; it may be damaged or not be what its name says.") from error
    usable = len(faces) and faces.min() >= 0 and faces.max() < len(points) and np.isfinite(points[np.unique(faces)]).all()
    if not usable:
        raise InputError(f"{file.name} holds no usable triangle mesh: it has no triangles, or vertices that are missing or not finite.")
    try:
        mesh, kept, notes = clean_mesh(Mesh(points, faces))
    except InputError as error:
        raise InputError(f"{file.name} holds no usable triangle mesh: {error}") from None
    return MeshFile(mesh, {k: v[kept] for k, v in values.items()}, None if colours is None else colours[kept], notes)


def _loaded(content: bytes, suffix: str) -> tuple[Any, np.ndarray]:
    """Return a file as trimesh reads it, and its triangles."""
    import trimesh

    if suffix == ".obj":
        content = obj_of_triangles(content)
    options: dict[str, Any] = {}
    if suffix == ".ply":
        content, options = even_ply(content), {"fix_texture": False}
    surface: Any = trimesh.load(BytesIO(content), file_type=suffix[1:], process=False, force="mesh", skip_materials=True, **options)
    face = surface.metadata.get("_ply_raw", {}).get("face", {}).get("data")
    cut = None if face is None else ply_triangles(face, np.asarray(surface.vertices))
    return surface, np.asarray(surface.faces, np.int64) if cut is None else cut


def _ply_values(surface: Any, n: int) -> dict[str, np.ndarray]:
    raw = surface.metadata.get("_ply_raw", {}).get("vertex", {}).get("data")
    names = getattr(getattr(raw, "dtype", None), "names", None) or (list(raw) if isinstance(raw, dict) else [])
    known = {"x", "y", "z", "nx", "ny", "nz", "red", "green", "blue", "alpha"}
    values = {name: np.asarray(raw[name]).ravel() for name in names if name not in known}
    return {name: _exact(value) for name, value in values.items() if len(value) == n and value.dtype.kind in "biuf"}


def _exact(values: np.ndarray) -> np.ndarray:
    """Return values in the machine's byte order: whole numbers, such as ids, as they are, others in single precision."""
    with np.errstate(over="ignore", invalid="ignore"):
        short = values.astype(np.float32)
    ids = values.dtype.kind in "iu" or bool((values == np.rint(values)).all() and (short != values).any())
    return values.astype(values.dtype.newbyteorder("=")) if ids else short


def check_suffix(file: Path, known: tuple[str, ...] = MESH_SUFFIXES) -> str:
    """Return the suffix of a mesh file, refusing unknown ones."""
    suffix = file.suffix.lower()
    if suffix not in known:
        raise InputError(f"{file.name}: a mesh file must end in {', '.join(known)}.")
    return suffix

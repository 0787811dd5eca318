"""Meshes on disk: PLY and VTK (with values at the vertices), OBJ and STL. Files hold (x, y, z), arrays hold (z, y, x)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from shapelab.convert.mesh import Mesh
from shapelab.errors import InputError

__all__ = ["MESH_SUFFIXES", "WRITTEN_SUFFIXES", "check_suffix", "read_mesh", "write_mesh"]

MESH_SUFFIXES = (".ply", ".obj", ".stl")
WRITTEN_SUFFIXES = (*MESH_SUFFIXES, ".vtk")


def write_mesh(path: str | Path, mesh: Mesh, values: Mapping[str, np.ndarray] | None = None) -> Path:
    """Write a mesh; a PLY or VTK file also keeps `values`, one number per vertex under each name.

    Raises
    ------
    InputError
        If the suffix is unknown, the folder is missing or the file cannot be written.
    """
    file = Path(path)
    suffix = check_suffix(file, WRITTEN_SUFFIXES)
    for name, value in (values or {}).items():
        if len(value) != len(mesh.vertices):
            raise InputError(f"The values {name!r} are {len(value)} numbers for {len(mesh.vertices)} vertices.")
    content = _vtk(mesh, values or {}) if suffix == ".vtk" else _exported(mesh, values or {}, suffix)
    try:
        file.write_bytes(content)
    except OSError as error:
        raise InputError(f"{str(file)!r} cannot be written: {error.strerror or error}.") from error
    return file


def _exported(mesh: Mesh, values: Mapping[str, np.ndarray], suffix: str) -> bytes:
    import trimesh

    surface = trimesh.Trimesh(np.asarray(mesh.vertices)[:, ::-1], np.asarray(mesh.faces), process=False)
    for name, value in values.items():
        surface.vertex_attributes[name] = np.asarray(value, dtype=np.float32)
    options: dict[str, Any] = {"include_attributes": True} if suffix == ".ply" else {}
    exported: Any = surface.export(file_type=suffix[1:], **options)
    return exported.encode() if isinstance(exported, str) else bytes(exported)


def _vtk(mesh: Mesh, values: Mapping[str, np.ndarray]) -> bytes:
    """Return legacy VTK polydata in big-endian binary (The VTK User's Guide, "VTK File Formats"); trimesh writes none."""
    n, faces = len(mesh.vertices), np.asarray(mesh.faces)
    cells = np.column_stack([np.full(len(faces), 3), faces])
    parts = [
        f"# vtk DataFile Version 3.0\nshapelab\nBINARY\nDATASET POLYDATA\nPOINTS {n} float\n".encode(),
        np.asarray(mesh.vertices)[:, ::-1].astype(">f4").tobytes(),
        f"\nPOLYGONS {len(faces)} {cells.size}\n".encode(),
        cells.astype(">i4").tobytes(),
        f"\nPOINT_DATA {n}\n".encode() if values else b"",
    ]
    for name, value in values.items():
        parts += [f"SCALARS {name.replace(' ', '_')} float 1\nLOOKUP_TABLE default\n".encode(), np.asarray(value, ">f4").tobytes(), b"\n"]
    return b"".join(parts)


def read_mesh(path: str | Path) -> tuple[Mesh, dict[str, np.ndarray]]:
    """Return the mesh in a PLY, OBJ or STL file, and the values at its vertices by name (PLY only).

    Vertices at the same place (each triangle of an STL file brings its own) are merged.
    """
    import trimesh

    file = Path(path)
    suffix = check_suffix(file)
    if not file.is_file():
        raise InputError(f"There is no file {str(file)!r}.")
    try:
        surface: Any = trimesh.load(file, file_type=suffix[1:], process=False, force="mesh", skip_materials=True)
        if suffix == ".stl":
            surface.merge_vertices()
        mesh = Mesh(np.asarray(surface.vertices, dtype=np.float32)[:, ::-1].copy(), np.asarray(surface.faces, dtype=np.int32))
    except Exception as error:  # trimesh raises anything on damaged files
        raise InputError(f"{file.name} cannot be read; it may be damaged or not be what its name says.") from error
    if len(mesh.faces) == 0 or mesh.faces.min() < 0 or mesh.faces.max() >= len(mesh.vertices) or not np.isfinite(mesh.vertices).all():
        raise InputError(f"{file.name} holds no usable triangle mesh.")
    return mesh, _ply_values(surface, len(mesh.vertices))


def _ply_values(surface: Any, n: int) -> dict[str, np.ndarray]:
    raw = surface.metadata.get("_ply_raw", {}).get("vertex", {}).get("data")
    names = getattr(getattr(raw, "dtype", None), "names", None) or (list(raw) if isinstance(raw, dict) else [])
    known = {"x", "y", "z", "nx", "ny", "nz", "red", "green", "blue", "alpha"}
    values = {name: np.asarray(raw[name]).ravel() for name in names if name not in known}
    return {name: value.astype(np.float32) for name, value in values.items() if len(value) == n and value.dtype.kind in "biuf"}


def check_suffix(file: Path, known: tuple[str, ...] = MESH_SUFFIXES) -> str:
    """Return the suffix of a mesh file, refusing unknown ones."""
    suffix = file.suffix.lower()
    if suffix not in known:
        raise InputError(f"{file.name}: a mesh file must end in {', '.join(known)}.")
    return suffix

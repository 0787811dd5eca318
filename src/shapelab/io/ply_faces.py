"""PLY files as trimesh reads them: headers in any encoding, and faces of different numbers of corners as triangles."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from shapelab.errors import InputError
from shapelab.io.polygons import cut_polygons

__all__ = ["even_ply", "ply_triangles"]

_CODES = {
    **{"char": "b", "uchar": "B", "short": "h", "ushort": "H", "int": "i", "uint": "I", "float": "f", "double": "d"},
    **{"int8": "b", "uint8": "B", "int16": "h", "uint16": "H", "int32": "i", "uint32": "I", "float32": "f", "float64": "d"},
    **{"int64": "q", "uint64": "Q"},
}
_CORNERS = ("vertex_indices", "vertex_index")


class _Element(NamedTuple):
    name: str
    length: int
    lines: list[str]
    properties: list[tuple[str, str, str]]
    """Name, type, and type of the number of entries of a list ("" if it is none)."""

    @property
    def even(self) -> bool:
        """Whether it has no lists."""
        return not any(counted for _, _, counted in self.properties)


def even_ply(content: bytes) -> bytes:
    """Return a PLY file without comments (which may have any encoding), and with triangles where trimesh cannot read the faces.

    It reads headers in UTF-8 only, of binary files only those whose faces have equally many corners, and few whose faces have
    several lists, such as places in a texture.
    """
    start = content.index(b"\n", content.index(b"\nend_header") + 1) + 1
    header = content[:start]
    try:
        text = header.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = header.decode("latin-1")
    lines = [line.strip() for line in text.split("\n") if line.strip() and line.split()[0] not in ("comment", "obj_info")]
    plain = "\n".join(lines).encode() + b"\n" + content[start:]
    binary, order = "binary" in lines[1], ">" if "big" in lines[1] else "<"
    elements = _elements(lines[2:-1])
    if [element.name for element in elements[:2]] != ["vertex", "face"] or not elements[0].even or elements[1].even:
        return plain
    vertex, face = elements[:2]
    several = sum(bool(counted) for _, _, counted in face.properties) > 1
    if not binary:
        return _text_triangles(lines, content[start:], vertex, face) if several else plain
    dtype = np.dtype([(name, order + _CODES[code]) for name, code, _ in vertex.properties])
    table = np.frombuffer(content, dtype, vertex.length, start)
    at = start + table.nbytes
    if not several and _one_size(content, at, face, order):
        return plain
    rows = _cut(np.column_stack([table[axis] for axis in "xyz"]), _polygons(content, at, face, order))
    faces = np.empty(len(rows), [("n", "u1"), ("v", f"{order}i4", 3)])
    faces["n"], faces["v"] = 3, rows
    return _head(lines, vertex, rows) + table.tobytes() + faces.tobytes()


def _text_triangles(lines: list[str], body: bytes, vertex: _Element, face: _Element) -> bytes:
    """Return a PLY file in text whose faces are triangles."""
    rows = [row for row in body.decode("ascii").splitlines() if row.strip()]
    if len(rows) < vertex.length + face.length:
        raise InputError("The file is incomplete.")
    columns = [[name for name, _, _ in vertex.properties].index(axis) for axis in "xyz"]
    points = np.array([[float(word) for word in row.split()] for row in rows[: vertex.length]])[:, columns]
    polygons = []
    for row in rows[vertex.length : vertex.length + face.length]:
        words = row.split()
        for name, _, counted in face.properties:
            n = int(words[0]) if counted else 1
            if len(words) < n + bool(counted):
                raise InputError("The file is incomplete.")
            entries, words = words[bool(counted) : n + bool(counted)], words[n + bool(counted) :]
            if name in _CORNERS:
                polygons.append([int(entry) for entry in entries])
    triangles = _cut(points, polygons)
    text = "\n".join([*rows[: vertex.length], *(f"3 {a} {b} {c}" for a, b, c in triangles.tolist())]) + "\n"
    return _head(lines, vertex, triangles) + text.encode()


def _head(lines: list[str], vertex: _Element, triangles: np.ndarray) -> bytes:
    head = [*lines[:2], *vertex.lines, f"element face {len(triangles)}", "property list uchar int vertex_indices", "end_header\n"]
    return "\n".join(head).encode()


def _cut(points: np.ndarray, polygons: Sequence[Sequence[int]]) -> np.ndarray:
    cuts = cut_polygons(points.astype(np.float64), polygons)
    return np.concatenate([np.asarray(polygon, np.int64)[cut] for polygon, cut in zip(polygons, cuts, strict=True)])


def ply_triangles(face: Any, points: np.ndarray) -> np.ndarray | None:
    """Return the triangles (m, 3) of the faces as trimesh keeps them (`_ply_raw`), None if none has more than three corners."""
    names = getattr(getattr(face, "dtype", None), "names", None) or (list(face) if isinstance(face, dict) else [])
    name = next((name for name in _CORNERS if name in names), names[0] if len(names) == 1 else None)
    if name is None:
        return None
    corners = face[name]["f1"] if isinstance(face, np.ndarray) else face[name]
    if corners.ndim == 2 and corners.shape[1] <= 3:
        return None
    return _cut(points, list(corners))


def _elements(lines: list[str]) -> list[_Element]:
    found: list[_Element] = []
    for line in lines:
        words = line.split()
        if words[0] == "element":
            found.append(_Element(words[1], int(words[2]), [line], []))
        else:
            found[-1].lines.append(line)
            found[-1].properties.append((words[-1], words[-2], words[2] if words[1] == "list" else ""))
    return found


def _one_size(content: bytes, at: int, face: _Element, order: str) -> bool:
    """Whether every list of the faces has as many entries as that of the first one."""
    fields: list[tuple[Any, ...]] = []
    offset = at
    for name, code, counted in face.properties:
        fixed = np.dtype(order + _CODES[code])
        if not counted:
            fields.append((name, fixed))
            offset += fixed.itemsize
            continue
        count = np.dtype(order + _CODES[counted])
        n = int(np.frombuffer(content, count, 1, offset)[0]) if face.length else 0
        fields += [(f"{name} n", count), (name, fixed, (n,))]
        offset += count.itemsize + n * fixed.itemsize
    dtype = np.dtype(fields)
    if at + face.length * dtype.itemsize > len(content):
        return False
    table = np.frombuffer(content, dtype, face.length, at)
    return all((table[f"{name} n"] == table.dtype[name].shape[0]).all() for name, _, counted in face.properties if counted)


def _polygons(content: bytes, at: int, face: _Element, order: str) -> list[tuple[int, ...]]:
    """Return the vertices of every face of a binary file."""
    found = []
    steps = [
        (name in _CORNERS, _CODES[code], struct.Struct(order + _CODES[counted or code]), bool(counted))
        for name, code, counted in face.properties
    ]
    for _ in range(face.length):
        for corners, code, single, counted in steps:
            (n,) = single.unpack_from(content, at)
            at += single.size
            if counted:
                entries = f"{order}{n}{code}"
                if corners:
                    found.append(struct.unpack_from(entries, content, at))
                at += struct.calcsize(entries)
    if at > len(content):
        raise InputError("The file is incomplete.")
    return found

"""PLY files as trimesh reads them: headers in any encoding, and faces of different numbers of corners as triangles."""

from __future__ import annotations

import struct
from typing import Any, NamedTuple

import numpy as np

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
    """Return a PLY file without comments (which may have any encoding) and, if it is binary, with faces of one number of corners.

    trimesh reads headers in UTF-8 only, and of binary files only those whose faces have equally many corners: others become triangles.
    """
    start = content.index(b"\n", content.index(b"\nend_header") + 1) + 1
    header = content[:start]
    try:
        text = header.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = header.decode("latin-1")
    lines = [line.strip() for line in text.split("\n") if line.strip() and line.split()[0] not in ("comment", "obj_info")]
    plain = "\n".join(lines).encode() + b"\n" + content[start:]
    if "binary" not in lines[1]:
        return plain
    order = ">" if "big" in lines[1] else "<"
    elements = _elements(lines[2:-1])
    names = [element.name for element in elements]
    if names[:2] != ["vertex", "face"] or not elements[0].even or elements[1].even:
        return plain
    vertex, face = elements[:2]
    dtype = np.dtype([(name, order + _CODES[code]) for name, code, _ in vertex.properties])
    table = np.frombuffer(content, dtype, vertex.length, start)
    at = start + table.nbytes
    if _one_size(content, at, face, order):
        return plain
    polygons = _polygons(content, at, face, order)
    points = np.column_stack([table[axis] for axis in "xyz"]).astype(np.float64)
    rows = np.concatenate([np.asarray(polygon)[cut] for polygon, cut in zip(polygons, cut_polygons(points, polygons), strict=True)])
    faces = np.empty(len(rows), [("n", "u1"), ("v", f"{order}i4", 3)])
    faces["n"], faces["v"] = 3, rows
    lines = [*lines[:2], *vertex.lines, f"element face {len(rows)}", "property list uchar int vertex_indices", "end_header\n"]
    return "\n".join(lines).encode() + table.tobytes() + faces.tobytes()


def ply_triangles(face: Any, points: np.ndarray) -> np.ndarray | None:
    """Return the triangles (m, 3) of the faces as trimesh keeps them (`_ply_raw`), None if none has more than three corners."""
    names = getattr(getattr(face, "dtype", None), "names", None) or (list(face) if isinstance(face, dict) else [])
    name = next((name for name in _CORNERS if name in names), names[0] if len(names) == 1 else None)
    if name is None:
        return None
    corners = face[name]["f1"] if isinstance(face, np.ndarray) else face[name]
    if corners.ndim == 2 and corners.shape[1] <= 3:
        return None
    cuts = cut_polygons(points, list(corners))
    return np.concatenate([np.asarray(polygon, np.int64)[cut] for polygon, cut in zip(corners, cuts, strict=True)])


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
    return found

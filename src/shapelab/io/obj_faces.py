"""Faces of OBJ files as triangles: polygons cut, and numbers of vertices that count backwards made absolute."""

from __future__ import annotations

import re

import numpy as np

from shapelab.errors import InputError
from shapelab.io.polygons import cut_polygons

__all__ = ["obj_of_triangles"]

_OTHER_THAN_TRIANGLES = re.compile(rb"^f(?:(?:[ \t]+[^\s#]+){4}|[ \t][^\n]*-)", re.MULTILINE)
_FROM_ZERO = re.compile(rb"^f[^\n#]*[ \t][+-]?0+(?![^\s/])", re.MULTILINE)
_INDENT = re.compile(rb"^[ \t]+", re.MULTILINE)
_KINDS = ("v", "vt", "vn")


def obj_of_triangles(content: bytes) -> bytes:
    """Return an OBJ file (Wavefront, 1995) whose faces are triangles.

    trimesh itself fans polygons out, convex or not, and takes the vertex -1 for the last of the file, not of those before the face.

    Raises
    ------
    InputError
        If a face has the vertex 0, which there is none of, or faces cross themselves.
    """
    content = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\\\n", b" ")
    content = _INDENT.sub(b"", content) if _INDENT.search(content) else content
    if _FROM_ZERO.search(content):
        raise InputError("A face has the vertex 0; OBJ files count vertices from 1.")
    if not _OTHER_THAN_TRIANGLES.search(content):
        return content
    lines = content.decode("utf-8", errors="replace").split("\n")
    vertices: list[list[float]] = []
    seen = dict.fromkeys(_KINDS, 0)
    faces: dict[int, list[str]] = {}
    for row, line in enumerate(lines):
        words = line.partition("#")[0].split()
        kind = words[0] if words else ""
        if kind in seen:
            seen[kind] += 1
            if kind == "v":
                vertices.append([float(word) for word in words[1:4]])
        elif kind == "f":
            faces[row] = [_absolute(word, seen) for word in words[1:]] if "-" in line else words[1:]
    polygons = [[int(corner.partition("/")[0]) - 1 for corner in face] for face in faces.values()]
    triangles = cut_polygons(np.array(vertices, np.float64).reshape(-1, 3), polygons)
    for (row, face), cut in zip(faces.items(), triangles, strict=True):
        lines[row] = "\n".join([f"f {face[a]} {face[b]} {face[c]}" for a, b, c in cut.tolist()])
    return "\n".join(lines).encode()


def _absolute(corner: str, seen: dict[str, int]) -> str:
    """Return the numbers of a corner's vertex, place in the texture and normal, counted from 1."""
    numbers = zip(corner.split("/"), _KINDS, strict=False)
    return "/".join(str(seen[kind] + 1 + int(number)) if number.startswith("-") else number for number, kind in numbers)

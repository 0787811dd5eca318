"""Triangles that fill the cells of a plane and share their interfaces, for finite elements."""

from __future__ import annotations

from shapelab.mesh.conforming.make import conforming_triangles, triangles_of_field
from shapelab.mesh.conforming.mesh import TriangleMesh

__all__ = ["TriangleMesh", "conforming_triangles", "triangles_of_field"]

"""Tetrahedra that fill the cells of space and share their interfaces, for finite elements."""

from __future__ import annotations

from shapelab.mesh.tetrahedral.make import conforming_tetrahedra, tetrahedra_of_field
from shapelab.mesh.tetrahedral.mesh import SolidQuality, TetrahedronMesh

__all__ = ["SolidQuality", "TetrahedronMesh", "conforming_tetrahedra", "tetrahedra_of_field"]

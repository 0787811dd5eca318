"""One mesh for a whole label image, whose faces neighbouring cells share."""

from __future__ import annotations

from shapelab.mesh.conforming import TriangleMesh, conforming_triangles
from shapelab.mesh.drawing import DrawnMesh, closed_cells, draw, interface_values
from shapelab.mesh.interfaces import angle_table, interface_table, junction_angles
from shapelab.mesh.make import as_periodic, interface_mesh
from shapelab.mesh.mesh import InterfaceMesh
from shapelab.mesh.tetrahedral import TetrahedronMesh, conforming_tetrahedra

__all__ = [
    "DrawnMesh",
    "InterfaceMesh",
    "TetrahedronMesh",
    "TriangleMesh",
    "angle_table",
    "as_periodic",
    "closed_cells",
    "conforming_tetrahedra",
    "conforming_triangles",
    "draw",
    "interface_mesh",
    "interface_table",
    "interface_values",
    "junction_angles",
]

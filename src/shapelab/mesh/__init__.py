"""One mesh for a whole label image, whose faces neighbouring cells share."""

from __future__ import annotations

from shapelab.mesh.interfaces import angle_table, interface_table, junction_angles
from shapelab.mesh.make import as_periodic, interface_mesh
from shapelab.mesh.mesh import InterfaceMesh

__all__ = ["InterfaceMesh", "angle_table", "as_periodic", "interface_mesh", "interface_table", "junction_angles"]

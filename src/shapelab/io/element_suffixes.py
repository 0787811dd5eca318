"""Ends of the names of files of finite elements, for whoever only asks for these."""

from __future__ import annotations

__all__ = ["FEM_SUFFIXES"]

FEM_SUFFIXES = (".inp", ".msh", ".vtu")
"""Abaqus, Gmsh and VTK (`shapelab.io.fem`)."""

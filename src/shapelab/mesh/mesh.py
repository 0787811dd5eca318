"""The shared-interface mesh of a label image: every face belongs to two cells."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from shapelab.errors import InputError
from shapelab.mesh.facets import Facets, facets_of
from shapelab.mesh.net import Net
from shapelab.mesh.polylines import Polylines, trace_polylines
from shapelab.mesh.triangles import cut_quads, unrolled
from shapelab.mesh.volumes import swept_volumes
from shapelab.short_repr import short_repr

__all__ = ["InterfaceMesh"]


@short_repr
@dataclass(frozen=True, eq=False)
class InterfaceMesh:
    """Nodes and faces (quads in 3-D, segments in 2-D) that neighbouring cells share.

    Cells are numbered 0 (the medium), 1, 2…; `ids` gives their labels. Positions are physical, with voxel 0 centred at 0.
    """

    net: Net = field(repr=False)
    spacing: tuple[float, ...]
    """Voxel size along each axis [unit]."""
    shape: tuple[int, ...]
    """Shape of the label image."""
    smoothing: int
    """As given to `interface_mesh`; 0 if not smoothed."""
    closed: bool
    """Whether there are faces on the border of the image."""
    frozen: np.ndarray
    """Labels of the cells whose nodes were left on the voxels' corners: too small to be smoothed."""

    @property
    def ndim(self) -> int:
        """Number of axes, 2 or 3."""
        return self.net.ndim

    @property
    def ids(self) -> np.ndarray:
        """Label of each cell, (K,); the first is 0, the medium, present or not."""
        return self.net.ids

    @property
    def faces(self) -> np.ndarray:
        """Nodes of each face, (m, 4) or (m, 2) int32; the normal points from the first to the second of its `pairs`."""
        return self.net.faces

    @property
    def pairs(self) -> np.ndarray:
        """Numbers of the cells on both sides of each face, lower first, -1 beyond the border of the image, (m, 2) int32."""
        return self.net.pairs

    @property
    def nodes(self) -> np.ndarray:
        """Positions of the nodes, (n, d) float64 [unit]."""
        net = self.net
        result: np.ndarray = (net.cubes + net.offset + net.moves) * np.asarray(self.spacing)
        return result

    @property
    def node_cells(self) -> np.ndarray:
        """How many cells meet at each node, the medium counted: 2 on an interface, 3 on a line (2-D: at a junction), (n,) uint8."""
        return self.net.node_counts

    @property
    def on_border(self) -> np.ndarray:
        """Whether each node lies on the border of the image, (n,) bool."""
        return self.net.border

    @property
    def period(self) -> np.ndarray:
        """Length of each axis that repeats, 0 for others, (d,) [unit]."""
        result: np.ndarray = self.net.period * np.asarray(self.spacing)
        return result

    @property
    def cut(self) -> np.ndarray:
        """Whether the border of the image cuts each cell, (K,) bool; False for the medium."""
        touching = self.net.labels[self.net.border]
        result = np.zeros(len(self.ids), bool)
        result[touching[touching > 0]] = True
        return result

    def volumes(self) -> np.ndarray:
        """Return the volume (2-D: area) of each cell, that of the medium included, (K,) [unit]."""
        result: np.ndarray = (self.net.counts + swept_volumes(self.net).volumes) * float(np.prod(self.spacing))
        return result

    def polylines(self) -> Polylines:
        """Return the segments of a planar mesh in order, from junction to junction.

        Raises
        ------
        InputError
            In space, where interfaces are no lines.
        """
        if self.ndim != 2:
            raise InputError("Only a planar mesh has polylines; the interfaces of this one are surfaces (see `surface`).")
        return trace_polylines(self.faces, self.pairs, len(self.net.cubes))

    def facets(self) -> Facets:
        """Return middle, normal and area of every face between two cells."""
        return facets_of(self.nodes, self.faces, self.pairs, self.period)

    def surface(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the mesh as triangles (2-D: segments) for drawing and export.

        Quads are cut along their shorter diagonal. Where a periodic mesh leaves the box on one side and enters on the
        other, the nodes are repeated beyond its end.

        Returns
        -------
        vertices, faces, pairs
            (v, d) float32 [unit], (f, d) int32, and the labels on both sides of each, (f, 2); where a face lies on the
            border of the image, the first is the medium.
        """
        nodes, faces = self.nodes, self.faces
        if self.period.any():
            nodes, faces = unrolled(nodes, faces, self.period)
        numbers = np.maximum(self.pairs, 0)
        if self.ndim == 3:
            faces, numbers = cut_quads(nodes, faces), np.repeat(numbers, 2, axis=0)
        return nodes.astype(np.float32), faces.astype(np.int32), self.ids[numbers]

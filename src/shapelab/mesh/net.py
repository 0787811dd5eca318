"""The net of a label image while it is made: nodes on their cubes, what they may do, and the faces between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Net"]


@dataclass
class Net:
    """Nodes, faces and cells by number; lengths in voxels."""

    ids: np.ndarray
    """Label of each cell, (K,); the first is 0, the medium."""
    counts: np.ndarray
    """Voxels of each cell, (K,) int64."""
    cubes: np.ndarray
    """Index of each node's cube, (n, d) int32."""
    moves: np.ndarray
    """Displacement of each node from the middle of its cube, (n, d) float32."""
    labels: np.ndarray
    """Cells that meet at each node, rising, -1 behind them, (n, w) int32."""
    node_counts: np.ndarray
    """How many cells meet at each node, (n,) uint8."""
    locks: np.ndarray
    """Bits of the axes along which a node must not move, lowest bit for the first axis, (n,) uint8."""
    border: np.ndarray
    """Whether each node lies on the border of the image, (n,) bool."""
    faces: np.ndarray
    """Nodes of each quad (m, 4) or segment (m, 2), int32; the normal points from the lower to the higher cell."""
    pairs: np.ndarray
    """Cells on both sides of each face, lower first, -1 beyond the border, (m, 2) int32."""
    kinds: np.ndarray
    """Axis that each face was normal to before it moved, + 4 if it points against it, (m,) uint8; empty in the plane."""
    sides: np.ndarray
    """Bits of the sides -z +z -y +y -x +x beyond which lie the nodes that a node is smoothed with, (n,) uint8; empty in the plane."""
    neighbours: np.ndarray
    """Those nodes in that order, the number of nodes behind them, (n, 6) uint32; empty in the plane."""
    node_starts: np.ndarray
    """First node of each slab of cubes, and the number of nodes."""
    face_starts: np.ndarray
    """First face of each slab of voxels, and the number of faces."""
    offset: np.ndarray
    """Position of the middle of cube 0 in voxels of the image, (d,)."""
    period: np.ndarray
    """Voxels along each periodic axis, 0 along others, (d,) int64."""

    @property
    def ndim(self) -> int:
        """Number of axes, 2 or 3."""
        return int(self.cubes.shape[1])

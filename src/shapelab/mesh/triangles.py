"""Quads as triangles, and periodic faces as they lie in space."""

from __future__ import annotations

import numpy as np

__all__ = ["cut_quads", "unrolled"]


def cut_quads(nodes: np.ndarray, quads: np.ndarray) -> np.ndarray:
    """Cut quads (m, 4) along their shorter diagonals into triangles (2 m, 3), those of one quad one after the other."""
    a, b, c, d = (nodes[quads[:, i]] for i in range(4))
    first = ((a - c) ** 2).sum(1) <= ((b - d) ** 2).sum(1)
    return np.where(first[:, None], quads[:, [0, 1, 2, 0, 2, 3]], quads[:, [0, 1, 3, 1, 2, 3]]).reshape(-1, 3)


def unrolled(nodes: np.ndarray, faces: np.ndarray, period: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Repeat nodes beyond the end of a periodic box for faces that cross it."""
    corners = nodes[faces]
    lowest = corners.min(axis=1, keepdims=True)
    crossing = (period > 0) & (np.ptp(corners, axis=1, keepdims=True) > 0.5 * period)
    turns = (crossing & (corners - lowest < 0.5 * period)).reshape(-1, nodes.shape[1])
    key = faces.reshape(-1).astype(np.int64) * 8 + turns @ (1 << np.arange(nodes.shape[1]))
    different, index = np.unique(key, return_inverse=True)
    bits = (different[:, None] % 8) >> np.arange(nodes.shape[1]) & 1
    return nodes[different // 8] + bits * period, index.reshape(faces.shape)

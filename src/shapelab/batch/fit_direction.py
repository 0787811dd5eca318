"""The direction that stands out in a shape: along which its surface runs, or across which it lies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Alignment", "alignment_of"]

_SMOOTHING = 1.5
"""Standard deviation of the smoothing before normals are taken [smallest voxels]."""


@dataclass(frozen=True)
class Alignment:
    """How the surface of a shape lies."""

    direction: tuple[float, float, float]
    """Unit vector (z, y, x) that stands out."""
    share: float
    """Mean square of the normals along it: 1/3 if no direction stands out, 0 of tubes along it, 1 of sheets across it."""

    @property
    def sign(self) -> int:
        """1 if the surface runs along the direction, -1 if it lies across it."""
        return 1 if self.share < 1 / 3 else -1

    @property
    def strength(self) -> float:
        """From 0, no direction stands out, to 1."""
        return min(1.0, abs(self.share - 1 / 3) / (1 / 3 if self.sign > 0 else 2 / 3))


def alignment_of(inside: np.ndarray, spacing: tuple[float, ...]) -> Alignment:
    """Return the direction that stands out in a mask (z, y, x): the mean of n n^T over its surface, of the normals n."""
    from scipy.ndimage import gaussian_filter

    sigma = [_SMOOTHING * min(spacing) / step for step in spacing]
    padded = np.pad(inside.astype(np.float32), [(n > 1) * np.array([3, 3]) for n in inside.shape], mode="edge")
    slopes = np.stack(list(np.gradient(gaussian_filter(padded, sigma), *spacing)))
    steep = np.linalg.norm(slopes, axis=0)
    some = steep > 1e-3 * steep.max()
    normals, area = slopes[:, some] / steep[some], steep[some]
    values, vectors = np.linalg.eigh((normals * area) @ normals.T / area.sum())
    which = 2 if values[2] - values[1] > values[1] - values[0] else 0  # normals about one direction, or across one
    z, y, x = (float(value) for value in vectors[:, which])
    return Alignment((z, y, x), float(values[which]))

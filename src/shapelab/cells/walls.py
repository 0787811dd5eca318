"""Where cells may be: walls, and how seeds are kept off them."""

from __future__ import annotations

import numpy as np

from shapelab.cells.parameters import CellParameters

__all__ = ["Room", "coordinates"]


def coordinates(p: CellParameters) -> tuple[np.ndarray, ...]:
    """Return the coordinates of the pixel centres, one array of the grid's shape per axis, in box lengths."""
    axes = [(np.arange(n) + 0.5) * h for n, h in zip(p.shape, p.spacing, strict=True)]
    return np.meshgrid(*axes, indexing="ij")


class Room:
    """The pixels that are not wall, for keeping seeds inside.

    Parameters
    ----------
    p
        The grid.
    mask
        True where there is no wall; None for the whole box.
    periodic
        Whether the box has no outer walls.
    """

    def __init__(self, p: CellParameters, mask: np.ndarray | None, periodic: tuple[bool, ...]) -> None:
        self.shape, self.spacing = np.array(p.shape), np.array(p.spacing)
        self.size = self.shape * self.spacing
        self.mask, self.periodic = mask, np.array(periodic)
        self._nearest: np.ndarray | None = None

    @property
    def volume(self) -> float:
        """Area or volume that is not wall."""
        return float(np.prod(self.size) if self.mask is None else np.count_nonzero(self.mask) * np.prod(self.spacing))

    def keep_inside(self, positions: np.ndarray) -> np.ndarray:
        """Return positions wrapped along periodic axes, moved half a pixel off outer walls, and out of inner ones."""
        margin = 0.5 * self.spacing
        clamped = np.clip(positions, margin, self.size - margin)
        positions = np.where(self.periodic, positions % self.size, clamped)
        if self.mask is None or not len(positions):
            return positions
        pixel = self._pixel(positions)
        outside = ~self.mask[tuple(pixel.T)]
        if outside.any():
            nearest = self._nearest_free()[(slice(None), *pixel[outside].T)].T
            positions[outside] = (nearest + 0.5) * self.spacing
        return positions

    def part(self, positions: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return positions of which none are nearer than two pixels: those that were are moved by as much, at random."""
        from scipy.spatial import cKDTree

        for _ in range(20):
            near = cKDTree(positions).query_pairs(2 * self.spacing.min(), output_type="ndarray")
            if not len(near):
                break
            rows = np.unique(near)
            positions = positions.copy()
            positions[rows] += rng.standard_normal((len(rows), len(self.size))) * 2 * self.spacing
            positions = self.keep_inside(positions)
        return positions

    def contains(self, position: np.ndarray) -> bool:
        """Return whether a position lies in the box and not in a wall."""
        if (position < 0).any() or (position > self.size).any():
            return False
        return self.mask is None or bool(self.mask[tuple(self._pixel(position[None])[0])])

    def random_positions(self, n: int, rng: np.random.Generator, where: np.ndarray | None = None) -> np.ndarray:
        """Return `n` positions, uniform over the pixels of the mask `where` (all that are not wall, by default)."""
        allowed = self.mask if where is None else where & self.mask if self.mask is not None else where
        if allowed is None:
            return rng.random((n, len(self.shape))) * self.size
        pixels = np.argwhere(allowed)[rng.integers(0, np.count_nonzero(allowed), n)]
        return (pixels + rng.random(pixels.shape)) * self.spacing

    def _pixel(self, positions: np.ndarray) -> np.ndarray:
        return np.clip((positions / self.spacing).astype(int), 0, self.shape - 1)

    def _nearest_free(self) -> np.ndarray:
        if self._nearest is None:
            from scipy.ndimage import distance_transform_edt

            assert self.mask is not None
            self._nearest = distance_transform_edt(~self.mask, sampling=self.spacing, return_distances=False, return_indices=True)
        return self._nearest

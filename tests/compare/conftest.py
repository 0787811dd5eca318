from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest


@pytest.fixture
def ball() -> Callable[..., np.ndarray]:
    def make(radius: float, shape: tuple[int, ...] = (32, 32, 32), spacing: float = 1.0, shift: float = 0.0) -> np.ndarray:
        """A ball (disk) in the middle of the box, moved along x; lengths in units, voxels share the corner of the box."""
        axes = [(np.arange(n) + 0.5 - n / 2) * spacing for n in shape]
        axes[-1] = axes[-1] - shift
        return sum(x**2 for x in np.meshgrid(*axes, indexing="ij")) < radius**2

    return make


@pytest.fixture
def voronoi() -> Callable[..., np.ndarray]:
    def make(cells: int = 12, shape: tuple[int, ...] = (48, 60), seed: int = 0, shift: float = 0.0) -> np.ndarray:
        sites = np.random.default_rng(seed).random((cells, len(shape))) * shape + shift
        grid = np.stack(np.meshgrid(*(np.arange(n) for n in shape), indexing="ij"), -1)
        return np.argmin(((grid[..., None, :] - sites) ** 2).sum(-1), axis=-1) + 1

    return make

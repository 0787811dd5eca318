"""Label images that the tests of meshes share."""

from __future__ import annotations

import numpy as np


def random_labels(rng: np.random.Generator, ndim: int) -> np.ndarray:
    """Noise, blocks, holes, specks, with or without a medium: up to 8 labels meet in one cube."""
    shape = tuple(rng.integers(3, 10, ndim))
    labels = rng.integers(rng.integers(0, 2), rng.integers(2, 10), shape)
    if rng.random() < 0.5:  # cells of several voxels, with specks
        labels = np.kron(labels[tuple(slice(0, 3) for _ in shape)], np.ones((4,) * ndim, int))
        labels[tuple(rng.integers(0, n) for n in labels.shape)] = 11
    if rng.random() < 0.3:
        labels[tuple(slice(1, 3) for _ in labels.shape)] = 0
    labels[(0,) * ndim] = 5
    return labels

"""Which level of a multiscale layer is taken: the finest one that fits into memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from napari.layers import Layer

from shapelab.device import available_memory

__all__ = ["level_of"]

_MEMORY_SHARE = 0.25
"""Part of the free memory that one layer may take; beyond it, a coarser level is read."""


def level_of(layer: Layer, matrix: np.ndarray, spatial: Sequence[int], *, full: bool) -> tuple[Any, np.ndarray, list[str]]:
    """Return the finest level of which one frame fits into memory, its matrix, and a sentence if it is not the full one.

    Parameters
    ----------
    layer
        A multiscale layer.
    matrix
        From the pixels of its full level to the world, (n + 1, n + 1).
    spatial
        Its spatial axes.
    full
        Whether to take the full level even if it does not fit.
    """
    shapes = [np.array(shape) for shape in layer.level_shapes]
    allowed = _MEMORY_SHARE * available_memory()
    sizes = [float(np.prod(shape[list(spatial)], dtype=float)) * layer.dtype.itemsize for shape in shapes]
    fits = [i for i, size in enumerate(sizes) if full or size <= allowed]
    level = fits[0] if fits else len(shapes) - 1
    if level == 0:
        return layer.data[0], matrix, []
    ratio = shapes[0] / shapes[level]
    inner = np.eye(len(matrix))
    inner[:-1, :-1] = np.diag(ratio)
    inner[:-1, -1] = (ratio - 1) / 2  # a coarse pixel's centre is that of the fine ones it stands for
    size = " × ".join(str(int(n)) for n in shapes[level])
    return layer.data[level], matrix @ inner, [f"The full resolution does not fit into memory: level {level} ({size}) was taken."]

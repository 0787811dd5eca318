"""Four cells that exchange neighbours."""

from __future__ import annotations

import numpy as np


def four(state, size=24):
    """Four cells, 1 and 2 left and right, 3 and 4 above and below: 1 and 2 touch, or 3 and 4, or all at a point."""
    image = np.zeros((size, size), np.int32)
    half, gap = size // 2, 3
    y, x = np.indices(image.shape) - (size - 1) / 2
    image[:] = np.where(np.abs(y) > np.abs(x), np.where(y < 0, 3, 4), np.where(x < 0, 1, 2))
    if state == "1-2":
        image[half - gap : half + gap, :half], image[half - gap : half + gap, half:] = 1, 2
    if state == "3-4":
        image[:half, half - gap : half + gap], image[half:, half - gap : half + gap] = 3, 4
    return image

"""Compile the kernels before they are needed; the first time on a machine it takes some seconds."""

from __future__ import annotations

from functools import cache

import numpy as np

from shapelab.foam.drawing import drawn_rows
from shapelab.foam.fragments import return_fragments
from shapelab.foam.motion import Forces, move
from shapelab.foam.pixels import Pixels
from shapelab.foam.resolution import Resolution

__all__ = ["compile_foam"]


@cache
def compile_foam() -> None:
    """Move something small, once per process."""
    rows = np.repeat(np.repeat(np.arange(4).reshape(2, 2), 10, 0), 10, 1)
    pixels, resolution = Pixels.of_rows(rows, periodic=False), Resolution(2.0, (1.0, 1.0))
    kinds, targets = np.arange(4, dtype=np.int32), np.array([np.nan, 100.0, 100.0, 100.0])
    forces = Forces(kinds, 1.0 - np.eye(4), False, kinds, targets, np.zeros((0, 3)), medium=True)
    extent = pixels.extent(np.zeros((4, 3)))
    pixels, *_ = move(pixels, extent, np.zeros(4), forces, resolution)
    return_fragments(pixels, 4)
    drawn_rows(pixels, 2)

"""The grid on which cells live: parameters that all families of cells share."""

from __future__ import annotations

import math
from typing import Annotated, Any

import annotated_types
from pydantic import field_validator

from shapelab.parameters import Parameters, parameter

__all__ = ["GridParameters", "Size", "ball_radius"]

Size = Annotated[float, annotated_types.Gt(0), annotated_types.Le(1e9)]
"""Edge length of a pixel."""


class GridParameters(Parameters):
    """Parameters of a box of pixels: how many, how large, in which unit."""

    shape: tuple[int, ...] = parameter((96, 96), "Size of the grid.", unit="pixels", main=True)
    voxel_size: tuple[Size, ...] = parameter((1.0, 1.0), "Edge lengths of a pixel; layers and volumes are in this unit.")
    unit: str = parameter("um", "Unit of the pixel size, such as µm, nm or mm.", min_length=1, max_length=32)

    @field_validator("shape", check_fields=False)
    @classmethod
    def _grid(cls, shape: tuple[int, ...]) -> tuple[int, ...]:
        if min(shape) < 8:
            raise ValueError("each side of the grid must have at least 8 pixels")
        if max(shape) > 16384:
            raise ValueError("each side of the grid can have at most 16384 pixels")
        return shape

    @property
    def ndim(self) -> int:
        """Number of axes, 2 or 3."""
        return len(self.shape)


def ball_radius(volume: Any, ndim: int) -> Any:
    """Return the radius of a disk or ball of the given area or volume; of an array, one for each."""
    return (volume / math.pi) ** 0.5 if ndim == 2 else (volume * 0.75 / math.pi) ** (1 / 3)

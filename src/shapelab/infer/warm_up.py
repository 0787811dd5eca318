"""Compile the kernels of the inference before a user waits for them."""

from __future__ import annotations

from shapelab.infer.double_bubble import double_bubble
from shapelab.infer.infer import infer_tensions

__all__ = ["warm_up"]


def warm_up() -> None:
    """Infer the tensions of something small, in 2-D and in 3-D."""
    for ndim in (2, 3):
        infer_tensions(double_bubble((40,) * ndim, (1.0, 1.0, 1.0), 8).labels)

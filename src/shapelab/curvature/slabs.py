"""Slabs of planes that threads share: how the box of a texture is divided."""

from __future__ import annotations

from shapelab.device import thread_count
from shapelab.threads import ranges

__all__ = ["slab_bounds"]

_THINNEST = 4
"""Planes in the thinnest slab: a slab repeats the work of two planes beside it."""


def slab_bounds(planes: int) -> list[tuple[int, int]]:
    """Return the first and last (excluded) plane of each slab, at most one slab per thread.

    Sums are kept plane by plane, so that the division changes no bit of the result.
    """
    return ranges(planes, _THINNEST, thread_count())

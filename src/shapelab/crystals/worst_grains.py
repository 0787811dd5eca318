"""The grains that a diagram represents worst, with the reason that their shape gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from shapelab.units import percent

__all__ = ["Kind", "WorstGrain", "worst_grains"]

Kind = Literal["pieces", "hole", "small", "non-convex", "lost", "curved"]
"""Several pieces, a hole, few pixels, a shape far from convex, no cell left, or a boundary more curved than the order allows."""


@dataclass(frozen=True)
class WorstGrain:
    """A grain that the fit misses."""

    id: int
    """Its label."""
    pixels: int
    """Its size in the image."""
    mismatch: float
    """Fraction of its pixels that the diagram gives to another cell."""
    kind: Kind
    """What its shape says."""
    reason: str
    """The same in words, with numbers."""


def worst_grains(index: np.ndarray, fitted: np.ndarray, ids: np.ndarray, count: int = 20) -> tuple[WorstGrain, ...]:
    """Return the grains with the most pixels given to another cell, most first.

    Parameters
    ----------
    index, fitted
        Index of the cell of each pixel in the image (-1 outside) and in the diagram.
    ids
        Label of each cell.
    count
        Number of grains to return at most; grains without a wrong pixel are left out.
    """
    n = len(ids)
    inside = index >= 0
    size = np.bincount(index[inside], minlength=n)
    wrong = np.bincount(index[inside & (index != fitted)], minlength=n)
    order = [i for i in np.argsort(-wrong, kind="stable")[:count] if wrong[i]]
    boxes = _boxes(index, n)
    return tuple(
        WorstGrain(int(ids[i]), int(size[i]), float(wrong[i] / size[i]), *_reason(index[boxes[i]] == i, fitted[boxes[i]] == i))
        for i in order
    )


def _boxes(index: np.ndarray, n: int) -> list[tuple[slice, ...]]:
    from scipy.ndimage import find_objects

    return find_objects(index + 1, n)  # type: ignore[no-any-return]


def _reason(grain: np.ndarray, cell: np.ndarray) -> tuple[Kind, str]:
    from scipy.ndimage import binary_fill_holes, label
    from skimage import measure

    pieces = label(grain)[1]
    if pieces > 1:
        return "pieces", f"in {pieces} pieces"
    if (binary_fill_holes(grain) & ~grain).any():
        return "hole", "has a hole"
    if grain.sum() < 2**grain.ndim * 3:
        return "small", "few pixels"
    if min(grain.shape) > 2:
        solidity = float(measure.regionprops(grain.astype(np.uint8))[0].solidity)  # type: ignore[no-untyped-call]
        if solidity < 0.85:
            return "non-convex", f"strongly non-convex (fills {percent(solidity)} of its convex hull)"
    return ("curved", "boundary more curved than the order allows") if cell.any() else ("lost", "lost its cell")

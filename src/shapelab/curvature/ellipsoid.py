"""Ellipsoids of revolution: area, reduced volume, and the aspect ratio that has a wanted reduced volume."""

from __future__ import annotations

import math

__all__ = ["area", "aspect_ratio", "reduced_volume"]


def area(polar: float, equator: float) -> float:
    """Return the area of the ellipsoid with semi-axes (polar, equator, equator)."""
    ratio = polar / equator
    if abs(ratio - 1) < 1e-9:
        return 4 * math.pi * equator**2
    if ratio < 1:
        e = math.sqrt(1 - ratio**2)
        return 2 * math.pi * equator**2 * (1 + (1 - e**2) / e * math.atanh(e))
    e = math.sqrt(1 - ratio**-2)
    return 2 * math.pi * equator**2 * (1 + ratio / e * math.asin(e))


def reduced_volume(ratio: float) -> float:
    """Return V / (4/3 pi R0^3), R0 = sqrt(A / 4 pi), of the ellipsoid whose polar axis is `ratio` times its equator."""
    return ratio / math.pow(area(ratio, 1.0) / (4 * math.pi), 1.5)


def aspect_ratio(reduced: float, *, prolate: bool) -> float:
    """Return polar over equatorial axis of the ellipsoid of revolution with this reduced volume, in (0, 1].

    The reduced volume falls steadily away from the ball on either side, so bisection finds it.
    """
    low, high = (1.0, 1e4) if prolate else (1e-4, 1.0)  # reduced volume falls with the ratio when prolate, rises when oblate
    for _ in range(200):
        middle = math.sqrt(low * high)
        if (reduced_volume(middle) > reduced) == prolate:
            low = middle
        else:
            high = middle
    return math.sqrt(low * high)

"""How finely the foam is resolved: the width of the kernel, of the ramp across an interface, and the step of time that follows."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

__all__ = ["RAMP", "Resolution"]

RAMP = 1.5
"""Half the width of the ramp across an interface [pixels]. A Hann window of three pixels has no aliasing on the axes of the grid:
interfaces do not stick to it."""
_RAMP_VARIANCE = RAMP**2 * (1 / 3 - 2 / math.pi**2)
_REACH = 3.2
"""Where the Gaussian is cut off, in standard deviations."""


@dataclass(frozen=True)
class Resolution:
    """Kernel, ramp and step of time on one grid. Axes are (z, y, x); a plane has one pixel along z.

    Parameters
    ----------
    width
        Standard deviation of the Gaussian, in pixels of the coarsest axis.
    spacing
        Size of a pixel along each axis [unit].
    """

    width: float
    spacing: tuple[float, ...]
    taps: np.ndarray = field(init=False)
    """Weights along each axis, (3, 2 r + 1) float32, r the longest reach; zeros outside."""
    reach: np.ndarray = field(init=False)
    """Reach of the kernel along each axis [pixels], (3,) int64."""

    def __post_init__(self) -> None:
        steps = (1.0,) * (3 - len(self.spacing)) + self.spacing
        coarsest = max(self.spacing)
        flat = 3 - len(self.spacing)
        # the ramp adds a variance of its own on each axis: the Gaussian makes up for it where pixels are not square
        total = self.width**2 + _RAMP_VARIANCE
        widths = [0.0 if i < flat else math.sqrt(total * (coarsest / h) ** 2 - _RAMP_VARIANCE) for i, h in enumerate(steps)]
        reach = [math.ceil(_REACH * s) for s in widths]
        taps = np.zeros((3, 2 * max(reach) + 1), np.float32)
        for i, (s, r) in enumerate(zip(widths, reach, strict=True)):
            t = np.arange(-r, r + 1)
            weights = np.exp(-0.5 * (t / s) ** 2) if s else np.ones(1)
            taps[i, : 2 * r + 1] = weights / weights.sum()
        object.__setattr__(self, "taps", taps)
        object.__setattr__(self, "reach", np.array(reach, np.int64))

    @property
    def slope(self) -> float:
        """Slope of the smoothed cell at a flat interface across the coarsest axis [1/pixel]."""
        return 1 / (math.sqrt(self.width**2 + _RAMP_VARIANCE) * math.sqrt(2 * math.pi))

    @property
    def least_slope(self) -> float:
        """The same across the finest axis [1/pixel]."""
        return self.slope * min(self.spacing) / max(self.spacing)

    @property
    def dt(self) -> float:
        """Time of a step [unit²]: an interface of curvature k moves by k dt.

        It is the Gaussian that moves a free interface: the ramp across it, the same on both sides, does not.
        """
        return 0.5 * self.width**2 * max(self.spacing) ** 2

    @property
    def area_factor(self) -> float:
        """Area of an interface [unit^(d-1)] over the sum, in pixels, of one cell times the smoothed other."""
        width = math.sqrt(self.width**2 + 2 * _RAMP_VARIANCE) * max(self.spacing)  # both sides have the ramp
        return math.sqrt(2 * math.pi) / width * math.prod(self.spacing)

    @property
    def pressure_factor(self) -> float:
        """Pressure [tension/unit] over price. The Gaussian's own width is the right one: with the ramp's it reads 2-4 % low."""
        return math.sqrt(2 * math.pi) / (self.width * max(self.spacing))

"""An orientation map: orientation and phase of each pixel, and the symmetry of each phase."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from scipy.spatial.transform import Rotation

from shapelab.crystals.orientation import ipf_colours
from shapelab.short_repr import short_repr

__all__ = ["CrystalPhase", "EbsdMap", "to_standard_frame"]


@dataclass(frozen=True)
class CrystalPhase:
    """What a file says of one phase."""

    name: str = ""
    symmetry: str = "cubic"
    """One of `shapelab.crystals.laue.SYMMETRIES`."""
    x_along: Literal["a", "a*"] = "a"
    """What the crystal's x axis is: a (EDAX), or a*, 30 degrees from it in hexagonal and trigonal crystals (Oxford)."""


@short_repr
@dataclass(frozen=True, eq=False)
class EbsdMap:
    """Orientations on a grid."""

    orientations: np.ndarray
    """Unit quaternions (x, y, z, w), shape (H, W, 4); of a stack of sections (D, H, W, 4), as everything that follows."""
    phase: np.ndarray
    """Phase of each pixel, 0 where none was indexed or nothing was measured, shape (H, W)."""
    spacing: tuple[float, ...]
    """Size of a pixel (y, x) or (z, y, x) [µm]."""
    symmetry: str = "cubic"
    """Crystal symmetry of the first phase, and of those that `phases` does not list."""
    notes: tuple[str, ...] = ()
    """What the reader found and assumed, in sentences."""
    phases: Mapping[int, CrystalPhase] = field(default_factory=dict)
    """What is known of each phase, by its number in `phase`."""
    measured: np.ndarray | None = None
    """Where there is a point of measurement, shape (H, W); None if everywhere."""
    origin: tuple[float, ...] = (0.0, 0.0)
    """Place (y, x) or (z, y, x) of the first pixel's centre [µm]: not 0 for a map that was cut from a larger one."""

    def phase_of(self, number: int) -> CrystalPhase:
        """Return what is known of a phase."""
        return self.phases.get(int(number)) or CrystalPhase(f"phase {int(number)}", self.symmetry)

    @property
    def numbers(self) -> list[int]:
        """The phases that occur."""
        return [int(number) for number in np.unique(self.phase) if number > 0]

    def colours(self, direction: tuple[float, float, float] = (0, 0, 1)) -> np.ndarray:
        """Return the colours of the inverse pole figure of a sample direction (x, y, z), each phase by its own symmetry.

        RGB in 0 to 1, one for each pixel; black where nothing was indexed.
        """
        colours = np.zeros((*self.phase.shape, 3))
        for number in self.numbers:
            here, phase = self.phase == number, self.phase_of(number)
            colours[here] = ipf_colours(to_standard_frame(self.orientations[here], phase), direction, phase.symmetry)
        return colours


def to_standard_frame(orientations: np.ndarray, phase: CrystalPhase, back: bool = False) -> np.ndarray:
    """Return orientations of a crystal whose x axis is a, in which `shapelab.crystals.orientation` counts; or the way back."""
    if phase.x_along == "a" or phase.symmetry.split()[0] not in ("trigonal", "hexagonal"):
        return orientations
    turn = Rotation.from_euler("z", 30 if back else -30, degrees=True)  # a lies 30 degrees clockwise of a*
    turned = (Rotation.from_quat(orientations.reshape(-1, 4)) * turn).as_quat()
    return np.asarray(turned).reshape(orientations.shape)

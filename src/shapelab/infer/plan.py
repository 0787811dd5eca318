"""What an inference will work on and what to expect of it, known before it runs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from shapelab.arguments import checked
from shapelab.convert.spacing import Spacing, as_spacing
from shapelab.labels.check import as_labels
from shapelab.memory import of_tensions
from shapelab.units import percent

__all__ = ["TensionPlan", "expected_error", "plan_tensions", "radius_of"]

_SMALL_RADIUS = 8.0
_MANY_CUT = 0.5
_SECONDS_PER_FACE = {2: 2e-5, 3: 8e-6}


@dataclass(frozen=True)
class TensionPlan:
    """Cells of a label image, and the error, memory and time to expect."""

    ndim: int
    cells: int
    """Labels other than 0."""
    cut: int
    """Cells that touch the border of the image."""
    radius: float
    """Radius of the ball (2-D: disc) of the median cell [voxels]."""
    medium: bool
    """Whether there is any background, whose pressure is then 0."""
    error: float
    """Mean relative error of a tension to expect from voxels alone, in a tissue at rest."""
    memory: int
    """[bytes]."""
    seconds: float
    """On two cores, once the kernels are compiled."""

    @property
    def _pixels(self) -> str:
        return "pixels" if self.ndim == 2 else "voxels"

    @property
    def warnings(self) -> tuple[str, ...]:
        """What limits the result, in sentences."""
        said = []
        if self.cells < 2:
            said.append(
                "There is one cell: tensions are relative, so there is nothing to compare. If the label holds several cells, give "
                "each its own label first."
            )
            return tuple(said)
        if self.radius < _SMALL_RADIUS:
            said.append(
                f"The cells are small (radius {self.radius:.1f} {self._pixels}): single interfaces may be off by "
                f"several times the average of {percent(self.error)}."
            )
        if self.cells and self.cut > _MANY_CUT * self.cells:
            said.append(f"{self.cut} of {self.cells} cells are cut by the border of the image: many interfaces will stay undetermined.")
        return tuple(said)

    def __str__(self) -> str:
        if self.cells < 2:
            return " ".join(self.warnings)
        size = f"{self.memory / 1e9:.1f} GB" if self.memory >= 1e9 else f"{max(1, round(self.memory / 1e6))} MB"
        time = f"{self.seconds:.0f} s" if self.seconds >= 1.5 else "about a second"
        head = (
            f"{self.cells} cells ({self.cut} cut by the border), median radius {self.radius:.1f} {self._pixels}: tensions within about "
            f"{percent(self.error)} on average where the tissue is at rest; {time}, {size}."
        )
        return " ".join([head, *self.warnings])


def expected_error(ndim: int, radius: float) -> float:
    """Return the mean relative error of tensions that voxels alone cause, for cells of `radius` voxels (measured on truths)."""
    return min(1.0, (0.40 if ndim == 2 else 0.25) / max(radius, 1e-9))


@checked()
def plan_tensions(labels: Any, spacing: Spacing = 1.0) -> TensionPlan:
    """Return what inferring tensions from a label image would work on, and what to expect; fast.

    Parameters
    ----------
    labels
        Whole numbers, (z, y, x) or (y, x); 0 is the medium.
    spacing
        Voxel size [unit].

    Raises
    ------
    InputError
        If `labels` are no labels.
    """
    array = as_labels(labels)
    as_spacing(spacing, array.ndim)
    ids, counts = _counted(array)
    touching = np.unique(np.concatenate([np.moveaxis(array, axis, 0)[[0, -1]].ravel() for axis in range(array.ndim)]))
    cells = ids != 0
    parts = [np.moveaxis(array, axis, 0) for axis in range(array.ndim)]
    faces = sum(int(np.count_nonzero(part[1:] != part[:-1])) for part in parts)
    median = float(np.median(counts[cells]))
    radius = radius_of(median, array.ndim)
    return TensionPlan(
        ndim=array.ndim,
        cells=int(cells.sum()),
        cut=int((touching != 0).sum()),
        radius=radius,
        medium=not cells.all(),
        error=expected_error(array.ndim, radius),
        memory=of_tensions(array.shape, faces),
        seconds=0.3 + _SECONDS_PER_FACE[array.ndim] * faces,
    )


def _counted(array: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the different labels and how many pixels each has; sorting all pixels takes ten times longer than counting them."""
    if array.dtype == bool or int(array.max()) < 4 * array.size:
        counts = np.bincount(array.ravel())
        ids = np.flatnonzero(counts)
        return ids, counts[ids]
    return np.unique(array, return_counts=True)


def radius_of(volume: float, ndim: int) -> float:
    """Return the radius of the disc or ball of a volume."""
    return math.sqrt(volume / math.pi) if ndim == 2 else (0.75 * volume / math.pi) ** (1 / 3)

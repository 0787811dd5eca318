"""What measuring a label volume that is read piece by piece will take, judged by a few of its planes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shapelab.arguments import checked
from shapelab.convert.spacing import Spacing, as_spacing
from shapelab.device import thread_count
from shapelab.labels.planes import LabelPixels, as_label_planes

__all__ = ["LabelPlan", "plan_labels"]

_PLANES = 4
"""Neighbouring planes that are looked at."""
_PER_FACE = 180
"""Bytes of the mesh for each two voxels beside each other that differ, at the highest."""
_PER_VOXEL = 20
"""Bytes of each voxel of the planes that are worked on at a time."""
_VOXEL_TIME, _FACE_TIME = 45e-9, 0.5e-6
"""Of one core, packed chunks read three times [s]."""


@dataclass(frozen=True)
class LabelPlan:
    """An estimate for `shapelab.measure.measure_labels`."""

    voxels: int
    planes: int
    """Planes that are read at a time."""
    memory: int
    """Beside the array itself, if it is in memory [bytes]."""
    seconds: float

    def __str__(self) -> str:
        minutes = f"{self.seconds:.0f} s" if self.seconds < 120 else f"{self.seconds / 60:.0f} min"
        minutes = minutes if self.seconds >= 1.5 else "a second"
        size = f"{self.memory / 1e9:.1f} GB" if self.memory >= 1e9 else f"{max(1, round(self.memory / 1e6))} MB"
        return f"{self.voxels:,} voxels, read {self.planes} planes at a time: about {minutes} and {size} of memory."


@checked()
def plan_labels(labels: LabelPixels, spacing: Spacing = 1.0) -> LabelPlan:
    """Estimate what `measure_labels` takes; a few planes in the middle are read.

    Parameters
    ----------
    labels, spacing
        As in `shapelab.measure.measure_labels`.
    """
    planes = as_label_planes(labels)
    as_spacing(spacing, len(planes.shape))
    depth, ny, nx = planes.solid_shape
    first = max(0, depth // 2 - _PLANES // 2)
    part = planes.read(first, min(depth, first + _PLANES))
    differing = sum(int(np.count_nonzero(np.diff(part, axis=axis))) for axis in range(3))
    voxels = depth * ny * nx
    faces = differing * (voxels / part.size)
    seconds = (_VOXEL_TIME * voxels + _FACE_TIME * faces) / thread_count()
    memory = int(_PER_FACE * faces) + _PER_VOXEL * ny * nx * planes.thickness
    return LabelPlan(voxels, planes.thickness, memory, seconds)

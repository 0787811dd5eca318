"""A polycrystal that was made: its labels and diagram, what was asked for, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from shapelab.crystals.diagram import Diagram
from shapelab.crystals.moments import Moments
from shapelab.crystals.orientation import colours_by_symmetry
from shapelab.crystals.population import Population
from shapelab.short_repr import short_repr
from shapelab.units import percent, short_unit

if TYPE_CHECKING:
    import pandas as pd

    from shapelab.crystals.sample import GrainSample

__all__ = ["Crystal"]


@short_repr
@dataclass(frozen=True, eq=False)
class Crystal:
    """A polycrystal made by `generate_crystal`."""

    labels: np.ndarray
    """Grain i has label i + 1; 0 outside the mask."""
    diagram: Diagram
    volumes: np.ndarray
    """Volume of each grain [physical unit]."""
    targets: np.ndarray
    """Volumes asked for."""
    population: Population
    """Sizes and shapes measured on the labels."""
    moments: Moments
    """Volumes, centroids and covariances measured on the labels; the centre of pixel 0 is at 0 (`shapelab.box`)."""
    orientations: np.ndarray
    """Crystal orientation of each grain, unit quaternions (x, y, z, w), shape (N, 4)."""
    spacing: tuple[float, ...]
    statistics: Mapping[str, float]
    """Observables; with a sample to be like, its Kolmogorov-Smirnov distances as "ks_volume", "ks_aspect_ratio", "ks_angle"."""
    seconds: float
    message: str
    """Whether the volumes were reached, in a sentence."""
    symmetries: tuple[str, ...] | None = None
    """Crystal symmetry of each grain, drawn with its orientation; None where the sample states none: cubic."""
    phases: np.ndarray | None = None
    """Number of the phase of each grain, None where there is but one."""
    phase_names: tuple[str, ...] | None = None
    """Its name."""

    def colours(self, direction: tuple[float, float, float] = (0, 0, 1)) -> np.ndarray:
        """Return the colours of the inverse pole figure of a direction (x, y, z), each grain by its symmetry, shape (N, 3)."""
        return colours_by_symmetry(self.orientations, self.symmetries or ("cubic",) * len(self.orientations), direction)

    def sample(self, unit: str = "") -> GrainSample:
        """Return the grains with their place, orientations, diagram and table, to be saved; `unit` is that of the spacing."""
        from shapelab.convert.place import Place
        from shapelab.crystals.sample import GrainSample

        phases = None if self.phases is None else self.phases.tolist()
        parts = self.table(unit), self.diagram, self.orientations, phases, self.phase_names, self.symmetries
        return GrainSample(self.labels, Place.of(self.spacing, unit=short_unit(unit)), *parts, periodic=self.periodic)

    def table(self, unit: str = "") -> pd.DataFrame:
        """Return one row per grain: place, size, shape, orientation, and how far its volume is from the one asked for."""
        import pandas as pd

        from shapelab.crystals.saved_table import saved_table

        pixels = np.rint(self.volumes / float(np.prod(self.spacing))).astype(int)
        errors = self.volumes / self.targets - 1
        report = pd.DataFrame({"id": self.moments.ids, "volume_error": errors, "pixels": pixels})
        return saved_table(report, self.moments, unit, self.orientations, None if self.phases is None else self.phases.tolist())

    @property
    def periodic(self) -> bool:
        """Whether opposite sides fit together along all axes."""
        return bool(self.diagram.period) and all(self.diagram.period)

    def summary(self, like: str = "") -> str:
        """Return what was made, in sentences; `like` names the sample that it is like."""
        statistics = self.statistics
        axes = [axis for axis, length in zip("zyx"[-self.labels.ndim :], self.diagram.period, strict=False) if length]
        parts = [
            f"{len(self.volumes)} grains, volume error: mean {percent(self.mean_volume_error)}, largest {percent(self.volume_error)}.",
            f"Mean aspect ratio {statistics['aspect_ratio']:.2f}, variation of the volumes {statistics['volume_variation']:.2f}.",
            f"Periodic along {', '.join(axes)}." if axes else "Not periodic.",
            f"{self.seconds:.1f} s.",
            *([] if self.message.startswith("Converged") else [self.message]),
        ]
        distances = {name.removeprefix("ks_").replace("_", " "): value for name, value in statistics.items() if name.startswith("ks_")}
        if "mdf_distance" in statistics:
            parts.insert(
                1,
                f"Misorientations at boundaries differ by {percent(statistics['mdf_distance'])} "
                f"from those measured (0 %: identical, 100 %: disjoint).",
            )
        if distances:
            said = ", ".join(f"{name} {value:.2f}" for name, value in distances.items())
            parts.insert(1, f"Kolmogorov-Smirnov distances to {like or 'the reference'}: {said} (0: identical, 1: disjoint).")
        return " ".join(parts)

    @property
    def volume_error(self) -> float:
        """Largest relative volume error."""
        return float(np.max(np.abs(self.volumes - self.targets) / self.targets))

    @property
    def mean_volume_error(self) -> float:
        """Mean relative volume error."""
        return float(np.mean(np.abs(self.volumes - self.targets) / self.targets))

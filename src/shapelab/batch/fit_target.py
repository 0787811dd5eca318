"""How near a texture comes to a mask: their curvatures at the best scale, how much they fill, and effective properties."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from shapelab.batch.distances import diagram_places
from shapelab.convert.spacing import Spacing, as_spacing
from shapelab.errors import InputError, ShapelabError, Stopped
from shapelab.measure import curvature_diagram, effective_properties

__all__ = ["Target", "Trial", "misfit_of", "suited", "target_of", "trial_of"]

_LEVELS = (-0.4, -0.2, 0.0, 0.2, 0.4)
"""Values of the field that are tried on the surface."""


@dataclass(frozen=True)
class Trial:
    """One texture compared with the target."""

    parameters: Mapping[str, Any]
    """Of the texture, `voxel_size` and `unit` included."""
    distance: float
    """Sliced Wasserstein distance of the curvature diagrams [1/unit]."""
    volume_fraction: float
    misfit: float
    """What the search lowers: relative distance and relative difference of the volume fractions, root of the squares."""
    field: np.ndarray
    """Phase field (z, y, x) as it was grown."""
    stretch: float = 1.0
    """How much longer its voxels are along z than along y and x."""
    level: float = 0.0
    """Value of the field on its surface; above is inside."""
    properties: Mapping[str, float] = dataclasses.field(default_factory=dict)
    """Those effective properties that the search was asked to meet."""

    @property
    def shape(self) -> np.ndarray:
        """The field counted from its surface: positive inside."""
        return np.asarray(self.field - np.float32(self.level)) if self.level else self.field

    @property
    def spacing(self) -> tuple[float, float, float]:
        """Size of its voxels [unit]."""
        size = float(self.parameters["voxel_size"])
        return self.stretch * size, size, size


@dataclass(frozen=True)
class Target:
    """What textures are compared with."""

    places: np.ndarray
    volume_fraction: float
    is_mask: bool
    unit: str
    properties: Mapping[str, float]

    def measure(self, field: np.ndarray, voxel: float, stretch: float = 1.0, level: float = 0.0) -> np.ndarray:
        """Return the place of a texture's diagram, measured as the target is: the smoothing of a mask changes curvatures."""
        steps = stretch * voxel, voxel, voxel
        if self.is_mask:
            return diagram_places(curvature_diagram(field > level, steps))
        return diagram_places(curvature_diagram(field - np.float32(level), steps, boundary="periodic"))

    def scale(self, places: np.ndarray) -> float:
        """Return the factor on the curvatures of a texture that brings its diagram nearest."""
        return float(places @ self.places) / float(places @ places)

    def misfit(self, distance: float, volume_fraction: float, properties: Mapping[str, float] | None = None) -> float:
        """Return relative distance and relative differences of volume fraction and properties, the root of their squares."""
        relative = distance / float(np.linalg.norm(self.places))
        volume = (volume_fraction - self.volume_fraction) / self.volume_fraction
        others = [_difference(value, (properties or {}).get(name, math.nan)) for name, value in self.properties.items()]
        return math.hypot(relative, volume, math.sqrt(float(np.mean(np.square(others)))) if others and properties else 0.0)


def _difference(wanted: float, value: float) -> float:
    """Return the relative difference of a property; of one that only one of the two has, 1."""
    if math.isnan(wanted) or math.isnan(value):
        return 0.0 if math.isnan(wanted) and math.isnan(value) else 1.0
    return (value - wanted) / max(abs(wanted), 1e-12)


def misfit_of(trial: Trial) -> float:
    """Return what the search lowers."""
    return trial.misfit


def target_of(mask: Any, spacing: Spacing, volume_fraction: float | None, unit: str, properties: Sequence[str]) -> Target:
    """Return what a mask asks of a texture; see `shapelab.batch.fit.fit_texture`."""
    array, steps = np.asarray(mask), as_spacing(spacing, 3)
    diagram = curvature_diagram(array, steps)
    inside = array > 0
    rows = [np.flatnonzero(inside.any(axis=tuple(a for a in range(3) if a != axis))) for axis in range(3)]
    inner = inside[tuple(slice(r[0], r[-1] + 1) for r in rows)]
    if volume_fraction is None:
        volume_fraction = float(inner.mean())
    if not 0 < volume_fraction < 1:
        raise InputError(f"volume_fraction must lie between 0 and 1; received {volume_fraction:.4g}.")
    wanted = _properties(inner, steps, properties)
    return Target(diagram_places(diagram), volume_fraction, array.dtype.kind != "f", unit, wanted)


def _properties(inside: np.ndarray, steps: tuple[float, ...], names: Sequence[str]) -> dict[str, float]:
    """Return the effective properties of these names."""
    if not names:
        return {}
    known = effective_properties(inside, steps, names=names)
    return {name: known[name] for name in names}


def trial_of(
    parameters: dict[str, Any],
    places: np.ndarray,
    voxel: float,
    field: np.ndarray,
    target: Target,
    stretch: float = 1.0,
    level: float = 0.0,
) -> Trial:
    """Compare a texture, whose voxels had the edge `voxel`, with the target at the scale that suits it best."""
    factor = max(target.scale(places), 1e-9)
    distance = float(np.linalg.norm(factor * places - target.places))
    inside = field > level
    share, size = float(np.mean(inside)), voxel / factor
    found = _properties(inside, (stretch * size, size, size), tuple(target.properties)) if 0 < share < 1 else {}
    scaled = {**parameters, "voxel_size": size, "unit": target.unit}
    return Trial(scaled, distance, share, target.misfit(distance, share, found), field, stretch, level, found)


def suited(trial: Trial, target: Target, stretches: Sequence[float]) -> Trial:
    """Return a texture at the level, and then with the stretch, that suit it best."""
    best = trial
    voxel = float(trial.parameters["voxel_size"])
    for what, values in (("level", _LEVELS), ("stretch", stretches)):
        for value in values:
            stretch, level = (best.stretch, value) if what == "level" else (value, best.level)
            if (stretch, level) == (best.stretch, best.level):
                continue
            try:
                places = target.measure(trial.field, voxel, stretch, level)
            except Stopped:
                raise
            except ShapelabError:  # nothing is inside at this level
                continue
            best = min(best, trial_of(dict(trial.parameters), places, voxel, trial.field, target, stretch, level), key=misfit_of)
    return best

"""How near a texture comes to a mask: their curvatures at the best scale, how much they fill, and effective properties."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from shapelab.batch.distances import diagram_places
from shapelab.batch.fit_view import mask_places, seen_in, with_room
from shapelab.convert.field import Boundary
from shapelab.convert.spacing import Spacing, as_spacing
from shapelab.errors import InputError, ShapelabError, Stopped
from shapelab.measure import curvature_diagram, effective_properties

__all__ = ["Target", "Trial", "misfit_of", "suited", "target_of"]

_HIGHEST = 0.4
"""Value of the field up to which, on either side of 0, its surface may lie."""
_STRETCHES = (0.5, 0.6, 0.7, 0.84, 1.0, 1.2, 1.4, 1.7, 2.0)
"""What is tried of stretching along z."""
_SETTLED, _ROUNDS = 0.03, 4
"""The scale is found when it changes by less than this part; it is looked for so many times."""


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
    places: np.ndarray = dataclasses.field(default_factory=lambda: np.zeros(0), repr=False)
    """Place of its curvature diagram, seen in the voxels of the target [1/unit]."""

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
    spacing: tuple[float, ...]
    """Of its voxels, those of a mask are what textures are seen in [unit]."""
    whole: tuple[bool, ...]
    """Along which axes no border of the image cuts it on both sides."""
    is_mask: bool
    unit: str
    properties: Mapping[str, float]
    boundary: Boundary
    """Of the boxes in which textures grow."""

    def trial(
        self,
        parameters: Mapping[str, Any],
        field: np.ndarray,
        voxel: float,
        stretch: float = 1.0,
        level: float = 0.0,
        *,
        worst: float = math.inf,
    ) -> Trial:
        """Compare a texture, whose voxels have about the edge `voxel` when it is scaled, at the scale that suits it best.

        Its effective properties are left out where its misfit is above `worst` without them.

        Raises
        ------
        ShapelabError
            If it has no surface.
        """
        shape, size, factor = field - np.float32(level), voxel, 1.0
        for _ in range(_ROUNDS):  # a mask looks different at another scale, for its voxels stay as they are
            size /= factor
            places = self._seen(shape, (stretch * size, size, size))
            factor = self.factor(places)
            if not self.is_mask or abs(factor - 1) < _SETTLED:
                break
        size /= factor
        inside = field > level
        share = float(np.mean(inside))
        distance = float(np.linalg.norm(factor * places - self.places))
        wanted = tuple(self.properties) if self.misfit(distance, share) < worst else ()
        found = _properties(inside, (stretch * size, size, size), wanted)
        scaled = {**parameters, "voxel_size": size, "unit": self.unit}
        return Trial(scaled, distance, share, self.misfit(distance, share, found), field, stretch, level, found, factor * places)

    def level(self, field: np.ndarray) -> float:
        """Return the value of a field above which it fills as much as the target does, near 0."""
        return float(np.clip(np.quantile(field, 1 - self.volume_fraction), -_HIGHEST, _HIGHEST))

    def distance(self, places: np.ndarray) -> float:
        """Return how far a diagram is at that scale [1/unit]."""
        return float(np.linalg.norm(self.factor(places) * places - self.places))

    def misfit(self, distance: float, volume_fraction: float, properties: Mapping[str, float] | None = None) -> float:
        """Return relative distance and relative differences of volume fraction and properties, the root of their squares."""
        relative = distance / float(np.linalg.norm(self.places))
        volume = (volume_fraction - self.volume_fraction) / self.volume_fraction
        others = [_difference(value, (properties or {}).get(name, math.nan)) for name, value in self.properties.items()]
        return math.hypot(relative, volume, math.sqrt(float(np.mean(np.square(others)))) if others and properties else 0.0)

    def factor(self, places: np.ndarray) -> float:
        """Return the factor on the curvatures of a texture that brings its diagram nearest, as if its voxels grew with it."""
        return max(float(places @ self.places) / float(places @ places), 1e-9)

    def _seen(self, shape: np.ndarray, steps: tuple[float, ...]) -> np.ndarray:
        """Return the place of a texture's diagram, seen as the target is."""
        if self.is_mask:
            return seen_in(shape, steps, self.spacing, self.boundary, self.whole)
        return diagram_places(curvature_diagram(shape, steps, boundary=self.boundary))


def _difference(wanted: float, value: float) -> float:
    """Return the relative difference of a property; of one that only one of the two has, 1."""
    if math.isnan(wanted) or math.isnan(value):
        return 0.0 if math.isnan(wanted) and math.isnan(value) else 1.0
    return (value - wanted) / max(abs(wanted), 1e-12)


def misfit_of(trial: Trial) -> float:
    """Return what the search lowers."""
    return trial.misfit


def target_of(
    mask: Any,
    spacing: Spacing,
    volume_fraction: float | None,
    unit: str,
    properties: Sequence[str],
    boundary: Boundary = "periodic",
) -> Target:
    """Return what a mask asks of a texture; see `shapelab.batch.fit.fit_texture`."""
    array, steps = np.asarray(mask), as_spacing(spacing, 3)
    is_mask = array.dtype.kind != "f"
    diagram = curvature_diagram(array, steps)
    inside = array > 0
    inner = box_around(inside)
    if volume_fraction is None:
        volume_fraction = _filled(inside, steps)
    if not 0 < volume_fraction < 1:
        raise InputError(f"volume_fraction must lie between 0 and 1; received {volume_fraction:.4g}.")
    places = mask_places(with_room(inside, steps), steps) if is_mask else diagram_places(diagram)
    cut = [bool(face[0].any() and face[-1].any()) for face in (np.moveaxis(inside, axis, 0) for axis in range(3))]
    whole = tuple(not one for one in cut)
    return Target(places, volume_fraction, steps, whole, is_mask, unit, _properties(inner, steps, properties), boundary)


def _filled(inside: np.ndarray, steps: tuple[float, ...]) -> float:
    """Return which part of its box a shape fills, with half a strut of room on each side where it ends inside the image.

    A texture goes on beyond its box: one that filled as much as the box that just holds a lone shape would touch its neighbours.
    """
    inner = box_around(inside)
    ends = np.array([sum(not face[side].any() for side in (0, -1)) for face in (np.moveaxis(inside, axis, 0) for axis in range(3))])
    if not ends.any():
        return float(inner.mean())
    sides = np.array(inner.shape) * steps
    strut = effective_properties(inner, steps, names=["strut_size"])["strut_size"] if not inner.all() else sides[ends > 0].min()
    return float(inner.mean() * np.prod(sides / (sides + 0.5 * np.nan_to_num(strut) * ends)))


def box_around(inside: np.ndarray) -> np.ndarray:
    """Return the part of a mask that holds all of it."""
    rows = [np.flatnonzero(inside.any(axis=tuple(a for a in range(3) if a != axis))) for axis in range(3)]
    return np.asarray(inside[tuple(slice(r[0], r[-1] + 1) for r in rows)])


def _properties(inside: np.ndarray, steps: tuple[float, ...], names: Sequence[str]) -> dict[str, float]:
    """Return the effective properties of these names, or groups."""
    if not names or inside.all() or not inside.any():
        return {}
    return effective_properties(inside, steps, names=names)


def suited(trial: Trial, target: Target) -> Trial:
    """Return a texture with the stretch that suits it best, looked for downhill from where it is."""
    best = trial
    for way in (1, -1):
        begun = best
        while best.stretch in _STRETCHES and 0 <= (place := _STRETCHES.index(best.stretch) + way) < len(_STRETCHES):
            moved = _stretched(best, target, _STRETCHES[place])
            if moved is None or moved.misfit >= best.misfit:
                break
            best = moved
        if best is not begun:
            break
    return best


def _stretched(trial: Trial, target: Target, stretch: float) -> Trial | None:
    """Return a texture with another stretch, None if it has no surface there."""
    size = float(trial.parameters["voxel_size"])
    try:
        return target.trial(trial.parameters, trial.field, size, stretch, trial.level, worst=trial.misfit)
    except Stopped:
        raise
    except ShapelabError:
        return None

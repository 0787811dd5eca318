"""Curvature textures fitted to a mask: search the atlas, then refine by short runs.

A texture scaled by L has its curvatures divided by L, so the length of the texture in the world is fitted along with
the parameters: for each member of the atlas the best one has a closed form.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from shapelab.arguments import Pixels, checked
from shapelab.batch.atlas import Atlas, AtlasMember, shipped_atlas
from shapelab.batch.distances import diagram_places
from shapelab.batch.spec import ATLAS_RANGES
from shapelab.convert.spacing import Spacing, as_spacing
from shapelab.errors import InputError, ShapelabError
from shapelab.measure import curvature_diagram

__all__ = ["TextureFit", "Trial", "fit_texture"]

_WIDEST, _NARROWEST = 0.15, 0.02
"""Steps of the first and of the last proposals, in units of the ranges of the atlas."""
_VOLUME_EVERY = 6
"""Every so many runs, only the mass is changed, to what the missing volume asks for."""
_MASSES = (-0.9, 0.6)
_SHORTLIST = 20


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
    """Phase field (z, y, x), positive inside."""


@dataclass(frozen=True)
class TextureFit:
    """The texture that comes nearest to a mask."""

    start: Trial
    """Nearest member of the atlas."""
    best: Trial
    """After the refinement; never worse than `start`."""
    member: str
    """Name of the member that `start` is."""
    volume_fraction: float
    """Of the target."""
    curvature: float
    """Root mean square curvature of the target [1/unit]: what a distance compares with."""
    trials: int
    """Runs that were made."""


@dataclass(frozen=True)
class _Target:
    places: np.ndarray
    volume_fraction: float
    is_mask: bool

    def measure(self, field: np.ndarray, voxel: float) -> np.ndarray:
        """Return the place of a texture's diagram, measured as the target is: the smoothing of a mask changes curvatures."""
        diagram = curvature_diagram(field > 0, voxel) if self.is_mask else curvature_diagram(field, voxel, boundary="periodic")
        return diagram_places(diagram)

    def scale(self, places: np.ndarray) -> float:
        """Return the factor on the curvatures of a texture that brings its diagram nearest."""
        return float(places @ self.places) / float(places @ places)

    def misfit(self, distance: float, volume_fraction: float) -> float:
        relative = distance / float(np.linalg.norm(self.places))
        return math.hypot(relative, (volume_fraction - self.volume_fraction) / self.volume_fraction)


@checked()
def fit_texture(
    mask: Pixels,
    spacing: Spacing = 1.0,
    *,
    unit: str = "um",
    atlas: Atlas | None = None,
    volume_fraction: float | None = None,
    trials: int = 40,
    steps: int = 500,
    seed: int = 1,
    progress: Callable[[int, int, float], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> TextureFit:
    """Return the curvature texture whose diagram and volume fraction come nearest to those of a mask.

    Parameters
    ----------
    mask
        Mask or phase field (z, y, x); a mask is smoothed by two voxels first, as for every curvature diagram.
    spacing, unit
        Voxel size and its unit.
    atlas
        Textures to begin with; by default the atlas of the package.
    volume_fraction
        Part of the space that is filled; by default that of the box around the mask.
    trials
        Short runs for the refinement. Each proposes parameters around the best ones so far, in ever smaller steps, and
        starts from the same noise.
    steps
        Steps of each run.
    seed
        Of the noise, and of the proposals.
    progress
        Called with the runs made, those planned, and the lowest misfit.
    stop
        Asked before each run; True ends the refinement.

    Raises
    ------
    InputError
        If the mask has no surface, or the atlas no textures.
    """
    target = _target(mask, spacing, volume_fraction)
    atlas = atlas if atlas is not None else shipped_atlas()
    start, member = _nearest(atlas, target, unit)
    rng = np.random.default_rng(seed)
    best, done = start, 0
    while done < trials and not (stop is not None and stop()):
        width = _WIDEST * (_NARROWEST / _WIDEST) ** (done / trials)
        proposal = _with_volume(best, target) if done % _VOLUME_EVERY == 0 else _proposal(best, rng, width)
        trial = _run(atlas, {**proposal, "seed": seed}, target, unit, steps)
        if trial is not None and trial.misfit < best.misfit:
            best = trial
        done += 1
        if progress is not None:
            progress(done, trials, best.misfit)
    return TextureFit(start, best, member, target.volume_fraction, math.sqrt(2) * float(np.linalg.norm(target.places)), done)


def _target(mask: Any, spacing: Spacing, volume_fraction: float | None) -> _Target:
    array = np.asarray(mask)
    diagram = curvature_diagram(array, as_spacing(spacing, 3))
    if volume_fraction is None:
        inside = array > 0
        rows = [np.flatnonzero(inside.any(axis=tuple(a for a in range(3) if a != axis))) for axis in range(3)]
        volume_fraction = float(inside[tuple(slice(r[0], r[-1] + 1) for r in rows)].mean())
    if not 0 < volume_fraction < 1:
        raise InputError(f"volume_fraction must lie between 0 and 1; received {volume_fraction:.4g}.")
    return _Target(diagram_places(diagram), volume_fraction, is_mask=array.dtype.kind != "f")


def _nearest(atlas: Atlas, target: _Target, unit: str) -> tuple[Trial, str]:
    """Return the member of the atlas that is nearest, at its best scale."""
    chosen: list[tuple[Trial, str]] = []
    for member in _shortlist(atlas, target):
        voxel, field = float(member.shape.meta["scale"][0]), np.asarray(member.shape.data, np.float32)
        trial = _trial(dict(member.parameters), target.measure(field, voxel), voxel, field, target, unit)
        chosen.append((trial, member.name))
    if not chosen:
        raise InputError("This atlas holds no textures to begin with.")
    best, name = min(chosen, key=lambda pair: pair[0].misfit)
    field = best.field / np.abs(best.field).max()
    return replace(best, parameters={**atlas.common, **best.parameters}, field=field), name


def _shortlist(atlas: Atlas, target: _Target) -> list[AtlasMember]:
    """Return the members worth measuring anew, judged by the diagrams that the atlas holds."""

    def misfit(member: AtlasMember) -> float:
        assert member.diagram is not None
        places = diagram_places(member.diagram)
        distance = float(np.linalg.norm(max(target.scale(places), 1e-9) * places - target.places))
        return target.misfit(distance, float(member.mask.mean()))

    return sorted((member for member in atlas.members if member.diagram is not None), key=misfit)[:_SHORTLIST]


def _trial(parameters: dict[str, Any], places: np.ndarray, voxel: float, field: np.ndarray, target: _Target, unit: str) -> Trial:
    """Compare a texture, whose voxels had the edge `voxel`, with the target at the scale that suits it best."""
    factor = max(target.scale(places), 1e-9)
    distance = float(np.linalg.norm(factor * places - target.places))
    share = float(np.mean(field > 0))
    scaled = {**parameters, "voxel_size": voxel / factor, "unit": unit}
    return Trial(scaled, distance, share, target.misfit(distance, share), field)


def _run(atlas: Atlas, parameters: Mapping[str, Any], target: _Target, unit: str, steps: int) -> Trial | None:
    """Run one texture; None if it left no surface."""
    try:
        simulation = atlas.simulation({**parameters, "max_steps": steps})
        *_, frame = simulation.run(steps, every=steps)
        field = np.asarray(frame["field"])
        voxel = float(simulation.parameters.voxel_size)  # type: ignore[attr-defined]
        places = target.measure(field, voxel)
    except ShapelabError:  # it vanished, or its parameters are outside of what is allowed
        return None
    return _trial(dict(parameters), places, voxel, field, target, unit)


def _with_volume(best: Trial, target: _Target) -> dict[str, Any]:
    """Return the best parameters with the mass that the missing volume asks for."""
    mass = best.parameters["mass"] + 2 * (target.volume_fraction - best.volume_fraction)
    return {**best.parameters, "mass": float(np.clip(mass, *_MASSES))}


def _proposal(best: Trial, rng: np.random.Generator, width: float) -> dict[str, Any]:
    """Return parameters around the best ones, `width` in units of the ranges of the atlas."""
    proposal = dict(best.parameters)
    changed = rng.choice(len(ATLAS_RANGES), size=rng.integers(1, 4), replace=False)  # few at once: more of them succeed
    for index in changed.tolist():
        name, (low, high) = list(ATLAS_RANGES.items())[index]
        limits = _MASSES if name == "mass" else (low, high)
        proposal[name] = float(np.clip(proposal[name] + width * (high - low) * rng.normal(), *limits))
    return proposal

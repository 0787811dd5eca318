"""Curvature textures fitted to a mask: search the atlas, then refine by short runs around what comes nearest.

A texture scaled by L has its curvatures divided by L, so the length of the texture in the world is fitted along with
the parameters: for each texture the best one has a closed form. Two more numbers cost no run: how far the texture is stretched
along z, for masks that are flatter or longer than any texture that grows alike in all directions, and at which value of its field
its surface lies, which makes it thinner or thicker.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from shapelab.arguments import Pixels, checked
from shapelab.batch.atlas import Atlas, AtlasMember, shipped_atlas
from shapelab.batch.distances import diagram_places
from shapelab.batch.fit_target import Target, Trial, misfit_of, suited, target_of, trial_of
from shapelab.batch.spec import ATLAS_RANGES
from shapelab.convert.spacing import Spacing
from shapelab.errors import InputError, ShapelabError, Stopped

__all__ = ["TextureFit", "Trial", "fit_texture"]

_WIDEST, _NARROWEST = 0.15, 0.02
"""Steps of the first and of the last proposals, in units of the ranges of the atlas."""
_STRETCHES = (0.5, 0.7, 1.0, 1.4, 2.0)
"""What is tried of stretching along z."""
_PARENTS = 5
"""Textures around which others are proposed."""
_CROSSED = 0.3
"""Share of the proposals that take up the difference of two other textures."""
_VOLUME_EVERY = 6
"""Every so many runs, only the mass is changed, to what the missing volume asks for."""
_MASSES = (-0.95, 0.6)
_SHORTLIST = 20


@dataclass(frozen=True)
class TextureFit:
    """The texture that comes nearest to a mask."""

    start: Trial
    """Nearest member of the atlas, not stretched."""
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
    properties: Mapping[str, float] = field(default_factory=dict)
    """Effective properties of the target that the search was asked to meet."""


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
    stretch: bool = True,
    properties: Sequence[str] = (),
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
        Short runs for the refinement. Each proposes parameters around one of the best textures so far, in ever smaller steps and
        also beyond what the atlas covers, and starts from the same noise; the first grows the most promising member anew.
    steps
        Steps of each run.
    seed
        Of the noise, and of the proposals.
    stretch
        Whether textures may be stretched along z, the axis along which voxels of images are long.
    properties
        Names of effective properties that the texture shall have, too, such as "strut_size" and "pore_size"
        (`shapelab.measure.effective_properties`); those of the space in the box around the mask.
    progress
        Called with the runs made, those planned, and the lowest misfit.
    stop
        Asked before each run; True ends the refinement, with what was found so far, and so does an event (`shapelab.stopping`) then.

    Raises
    ------
    InputError
        If the mask has no surface, the atlas no textures, or a property is unknown.
    """
    target = target_of(mask, spacing, volume_fraction, unit, properties)
    atlas = atlas if atlas is not None else shipped_atlas()
    members = _nearest(atlas, target)
    start, member = members[0]
    rng = np.random.default_rng(seed)
    stretches = _STRETCHES if stretch else (1.0,)
    best, done = start, 0
    parents: list[Trial] = []
    while done < trials and not (stop is not None and stop()):
        try:
            if not parents:
                parents = sorted((suited(one, target, stretches) for one, _ in members[:_PARENTS]), key=misfit_of)
                proposal = dict(parents[0].parameters)
            elif done % _VOLUME_EVERY == 0:
                proposal = {**_with_volume(parents[0], target), "seed": seed}
            else:
                proposal = {**_proposal(parents, rng, _WIDEST * (_NARROWEST / _WIDEST) ** (done / trials)), "seed": seed}
            trial = _run(atlas, proposal, target, steps)
            if trial is not None and trial.misfit < 2 * parents[0].misfit:
                trial = suited(trial, target, stretches)
        except Stopped:
            if stop is None:
                raise
            break
        if trial is not None:
            parents = sorted([*parents, trial], key=misfit_of)[:_PARENTS]
            best = min(best, trial, key=misfit_of)
        done += 1
        if progress is not None:
            progress(done, trials, best.misfit)
    curvature = math.sqrt(2) * float(np.linalg.norm(target.places))
    return TextureFit(start, best, member, target.volume_fraction, curvature, done, target.properties)


def _nearest(atlas: Atlas, target: Target) -> list[tuple[Trial, str]]:
    """Return the members of the atlas that are nearest, each at its best scale, with their names, the nearest first."""
    chosen: list[tuple[Trial, str]] = []
    for member in _shortlist(atlas, target):
        voxel, field = float(member.shape.meta["scale"][0]), np.asarray(member.shape.data, np.float32)
        field = field / np.abs(field).max()
        trial = trial_of({**atlas.common, **member.parameters}, target.measure(field, voxel), voxel, field, target)
        chosen.append((trial, member.name))
    if not chosen:
        raise InputError("This atlas holds no textures to begin with.")
    return sorted(chosen, key=lambda pair: pair[0].misfit)


def _shortlist(atlas: Atlas, target: Target) -> list[AtlasMember]:
    """Return the members worth measuring anew, judged by the diagrams that the atlas holds."""

    def misfit(member: AtlasMember) -> float:
        assert member.diagram is not None
        places = diagram_places(member.diagram)
        distance = float(np.linalg.norm(max(target.scale(places), 1e-9) * places - target.places))
        return target.misfit(distance, float(member.mask.mean()))

    return sorted((member for member in atlas.members if member.diagram is not None), key=misfit)[:_SHORTLIST]


def _run(atlas: Atlas, parameters: Mapping[str, Any], target: Target, steps: int) -> Trial | None:
    """Run one texture; None if it left no surface."""
    try:
        simulation = atlas.simulation({**parameters, "max_steps": steps})
        *_, frame = simulation.run(steps, every=steps)
        field = np.asarray(frame["field"])
        voxel = float(simulation.parameters.voxel_size)  # type: ignore[attr-defined]
        places = target.measure(field, voxel)
    except Stopped:
        raise
    except ShapelabError:  # it vanished, or its parameters are outside of what is allowed
        return None
    return trial_of(dict(parameters), places, voxel, field, target)


def _with_volume(best: Trial, target: Target) -> dict[str, Any]:
    """Return the best parameters with the mass that the missing volume asks for."""
    mass = best.parameters["mass"] + 2 * (target.volume_fraction - best.volume_fraction)
    return {**best.parameters, "mass": float(np.clip(mass, *_MASSES))}


def _proposal(parents: Sequence[Trial], rng: np.random.Generator, width: float) -> dict[str, Any]:
    """Return parameters around those of one of the best textures, the best most often; `width` in units of the ranges of the atlas."""
    place = min(int(rng.geometric(0.5)) - 1, len(parents) - 1)
    proposal = dict(parents[place].parameters)
    crossed = len(parents) > 2 and rng.random() < _CROSSED
    if crossed:
        a, b = (parents[i].parameters for i in rng.choice(len(parents), size=2, replace=False))
        proposal |= {name: float(proposal[name] + 0.6 * (a[name] - b[name])) for name in ATLAS_RANGES}
    changed = rng.choice(len(ATLAS_RANGES), size=rng.integers(1, 4), replace=False)  # few at once: more of them succeed
    for index in changed.tolist():
        name, (low, high) = list(ATLAS_RANGES.items())[index]
        proposal[name] = float(proposal[name] + width * (high - low) * rng.normal())
    proposal["mass"] = float(np.clip(proposal["mass"], *_MASSES))
    proposal["a02"] = max(proposal["a02"], ATLAS_RANGES["a02"][0])  # other parameters may leave the ranges of the atlas
    return proposal

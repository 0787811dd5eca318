"""Curvature textures fitted to a mask: search the atlas, then refine by short runs around what comes nearest.

A texture scaled by L has its curvatures divided by L, so the length of the texture in the world is fitted along with
the parameters. It is seen in the voxels of the mask (`shapelab.batch.fit_view`). Two more numbers cost no run: how far the texture is
stretched along z, for masks that are flatter or longer than any texture that grows alike in all directions, and at which value of
its field its surface lies: there where it fills as much as the mask does. Where the mask has a direction, textures may be aligned
with it. What suits one noise only is not taken: the promising are grown from a second one, and the best again from others.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from shapelab.arguments import Pixels, checked
from shapelab.batch.atlas import Atlas, shipped_atlas
from shapelab.batch.fit_direction import alignment_of
from shapelab.batch.fit_search import FINALISTS, Search
from shapelab.batch.fit_target import Trial, box_around, target_of
from shapelab.batch.fit_verdict import Spread, distance_of_halves, verdict_of
from shapelab.convert.field import Boundary
from shapelab.convert.spacing import Spacing, as_spacing
from shapelab.errors import Stopped
from shapelab.limits import at_least
from shapelab.short_repr import short_repr

__all__ = ["TextureFit", "fit_texture"]

_REPEATS, _FEWEST, _CONFIRMED_FROM = 3, 2, 10
"""Most and fewest other noises from which the best is grown again, and the runs for each."""


@short_repr
@dataclass(frozen=True, eq=False)
class TextureFit:
    """The texture that comes nearest to a mask."""

    start: Trial
    """Nearest member of the atlas, not stretched."""
    best: Trial
    """After the refinement: never worse than `start`, from 10 runs on, on average over several noises; of those, the nearest."""
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
    halves: float = math.nan
    """How far two halves of the target are from each other [1/unit]: what is nearer is as near as a piece of the target itself."""
    start_again: Spread = field(default_factory=Spread)
    """Distances of the parameters of `start` from other noise."""
    best_again: Spread = field(default_factory=Spread)
    """Distances of the parameters of `best` from the same other noises."""
    verdict: str = ""
    """Whether it came nearer than by chance, and if it could not, why: a sentence."""


@checked(trials=at_least(0), steps=at_least(1))
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
    align: bool = True,
    boundary: Boundary = "periodic",
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
        Part of the space that is filled; by default that of the box around the mask, with half a strut of room on each side where
        the mask ends inside the image.
    trials
        Short runs. Each proposes parameters around one of the best textures so far, in ever smaller steps and also beyond what the
        atlas covers, and starts from the same noise; the first grows the most promising member again, and a run that is far off
        after two fifths of its steps ends there. From 10 runs on, what is promising is grown from a second noise, too, and the
        last runs, up to nine, grow the nearest member and the two best again from others: the best on average is taken.
    steps
        Steps of each run.
    seed
        Random seed of the noise and of the proposals.
    stretch
        Whether textures may be stretched along z, the axis along which voxels of images are long.
    align
        Whether textures may be aligned with the direction that stands out in the mask (`orientation` and `direction` of the model).
    boundary
        How textures go on beyond the box in which they grow: "periodic", or "replicate" for walls that surfaces meet at right angles.
    properties
        Names of effective properties that the texture should have, too, such as "strut_size" and "pore_size"
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
    target = target_of(mask, spacing, volume_fraction, unit, properties, boundary)
    alignment = alignment_of(box_around(np.asarray(mask) > 0), as_spacing(spacing, 3)) if align else None
    repeats, done = max(_FEWEST, min(_REPEATS, trials // _CONFIRMED_FROM)) if trials >= _CONFIRMED_FROM else 0, 0
    atlas = atlas if atlas is not None else shipped_atlas()
    search = Search(atlas, target, steps, seed, stretch, alignment, 2 if repeats else 1, stop if stop is not None else lambda: False)
    halves = math.nan
    try:
        for _ in itertools.chain(search.refine(trials - (1 + FINALISTS) * repeats), search.confirm(repeats)):
            done += 1
            if progress is not None:
                progress(done, trials, search.best.misfit)
        halves = distance_of_halves(np.asarray(mask), spacing)
    except Stopped:
        if stop is None:
            raise
    verdict = verdict_of(*search.spreads, halves, target.places, search.best.places, unit)
    curvature = math.sqrt(2) * float(np.linalg.norm(target.places))
    found = search.start, search.best, search.member, target.volume_fraction, curvature, done, target.properties
    return TextureFit(*found, halves, *search.spreads, verdict)

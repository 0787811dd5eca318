"""The search for a texture: the nearest members of an atlas, short runs around them, and the best again from other noise."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from shapelab.batch.atlas import Atlas, AtlasMember
from shapelab.batch.distances import diagram_places
from shapelab.batch.fit_direction import Alignment
from shapelab.batch.fit_proposals import PARENTS, aligned, proposal, with_volume
from shapelab.batch.fit_target import Target, Trial, misfit_of, suited
from shapelab.batch.fit_verdict import Spread
from shapelab.batch.spec import ATLAS_RANGES
from shapelab.catalog import create
from shapelab.errors import InputError, ShapelabError, Stopped

__all__ = ["FINALISTS", "Search"]

_VOLUME_EVERY = 6
"""Every so many proposals, only the mass is changed, to what the missing volume asks for, if more than a part `_ENOUGH` is missing."""
_ENOUGH = 0.03
_SHORTLIST, _REGROWN = 12, 3
"""Members of the atlas that are looked at, and grown again."""
_LOOK, _HOPELESS = 0.4, 2.0
"""After that part of its steps a run ends whose misfit is so many times the lowest."""
_PROMISING = 1.25
"""A stretch is looked for, and a second noise is tried, where the misfit is below so many times the lowest."""
_UNSURE = 1.2
"""A misfit from one noise counts for so much more beside those from two."""
FINALISTS = 2
"""Best textures that are grown again from other noise."""
_DIRECTED, _STRENGTH = 0.15, 1000.0
"""How strongly a direction must stand out for textures to be aligned with it, and how strongly the first of them are."""


@dataclass(eq=False)
class Candidate:
    """Parameters, and what grew from them from several noises."""

    trials: list[Trial]

    @property
    def misfit(self) -> float:
        """Mean over the noises."""
        return float(np.mean([trial.misfit for trial in self.trials]))

    @property
    def best(self) -> Trial:
        """The nearest of what grew."""
        return min(self.trials, key=misfit_of)


@dataclass
class Search:
    """A search, and what it has found so far.

    `refine` and `confirm` yield after every run; what they have found is in `best`.
    """

    atlas: Atlas
    target: Target
    steps: int
    seed: int
    stretch: bool
    alignment: Alignment | None
    """Of the mask, None if textures are not to be aligned with it."""
    noises: int
    """From how many noises what is promising is grown."""
    stop: Callable[[], bool]
    """Asked before each run."""
    start: Trial = field(init=False)
    """Nearest member of the atlas."""
    member: str = field(init=False)
    best: Trial = field(init=False)
    members: list[Trial] = field(init=False)
    """The nearest members of the atlas, the nearest first: each of them grew from one noise only, and was chosen for what came of it."""
    pool: list[Candidate] = field(default_factory=list)
    """The best textures that were grown here, the best first."""
    spreads: tuple[Spread, Spread] = field(default_factory=lambda: (Spread(), Spread()))
    """Of `start` and of `best`, grown from other noise."""

    def __post_init__(self) -> None:
        if self.alignment is not None and self.alignment.strength < _DIRECTED:
            self.alignment = None
        chosen: list[tuple[Trial, str]] = []
        worst = math.inf
        for member in self._shortlist():
            voxel, values = float(member.shape.meta["scale"][0]), np.asarray(member.shape.data, np.float32)
            guess = voxel / self.target.factor(_places(member))
            parameters = {**self.atlas.common, **member.parameters}
            try:
                chosen.append((self.target.trial(parameters, values / np.abs(values).max(), guess, worst=worst), member.name))
            except Stopped:
                raise
            except ShapelabError:  # in the voxels of the mask, it has no surface
                continue
            worst = sorted(trial.misfit for trial, _ in chosen)[PARENTS - 1] if len(chosen) >= PARENTS else math.inf
        if not chosen:
            raise InputError("This atlas holds no textures to begin with.")
        chosen.sort(key=lambda pair: pair[0].misfit)
        self.members = [trial for trial, _ in chosen[:PARENTS]]
        self.start, self.member = chosen[0]
        self.best = self.start

    def refine(self, runs: int) -> Iterator[None]:
        """Make short runs around the best; the promising ones are grown from a second noise."""
        rng = np.random.default_rng(self.seed)
        queue: list[dict[str, Any]] = []
        proposed = 0
        pending: Candidate | None = None
        for done in range(runs):
            if self.stop():
                return
            if done == 0 and self.noises == 1:  # too few runs to tell chance from gain
                self.members = sorted((self._suited(one) for one in self.members), key=misfit_of)
                self.pool = [Candidate([one]) for one in self.members]
            if done == 0:
                queue = self._first()
            if pending is not None:
                known = pending.trials[0]
                again = self._run({**known.parameters, "seed": self.seed + 1}, math.inf, known.stretch)
                if again is None:  # it vanishes from other noise
                    self.pool = [one for one in self.pool if one is not pending]
                else:
                    pending.trials.append(again)
                pending = None
            else:
                parents = [one.best for one in self.pool] or self.members
                parameters = queue.pop(0) if queue else self._next(parents, rng, done / runs, proposed)
                proposed += 1
                pending = self._tried({**parameters, "seed": self.seed})
            self._sort()
            self.best = min([self.best, *(one.best for one in self.pool[:1])], key=misfit_of)
            yield

    def confirm(self, repeats: int) -> Iterator[None]:
        """Grow the nearest member and the best again from other noise; the best is then what is best on average."""
        finalists = [one for one in self.pool if len(one.trials) == self.noises][:FINALISTS] if repeats else []
        found: list[list[Trial]] = [[] for _ in range(1 + len(finalists))]
        for repeat in range(repeats):
            for trials, one in zip(found, (self.start, *(one.best for one in finalists)), strict=True):
                if self.stop():
                    return
                level = self.start.level if one is self.start else None
                again = self._run({**one.parameters, "seed": self.seed + self.noises + repeat}, math.inf, one.stretch, level)
                trials += [again] if again is not None else []
                yield
        if not finalists:
            return
        averages = [float(np.mean([one.misfit for one in trials])) if len(trials) == repeats else math.inf for trials in found]
        which = int(np.argmin(averages[1:]))
        chosen = found[1 + which] if averages[1 + which] < averages[0] else found[0]
        self.best = min([*finalists[which].trials, *chosen], key=misfit_of) if chosen is not found[0] else self.start
        self.spreads = Spread.of(found[0], repeats), Spread.of(chosen, repeats)

    def _first(self) -> list[dict[str, Any]]:
        """Return what is grown first: the nearest members, with a larger budget also tubes, and some of them aligned with the mask."""
        members = [dict(one.parameters) for one in self.members[:_REGROWN]]
        if self.noises == 1:
            return members[:1]
        known = create("curvatubes", "tubes").parameters.to_json()
        tubes = {**members[0], **{name: known[name] for name in (*ATLAS_RANGES, "a20")}, "mass": 2 * self.target.volume_fraction - 1}
        turned = [] if self.alignment is None else [aligned(one, self.alignment, _STRENGTH) for one in (tubes, members[0])]
        return [*members, *(turned or [tubes])]

    def _next(self, parents: list[Trial], rng: np.random.Generator, done: float, number: int) -> dict[str, Any]:
        missing = abs(parents[0].volume_fraction / self.target.volume_fraction - 1)
        if number % _VOLUME_EVERY == _VOLUME_EVERY - 1 and missing > _ENOUGH:
            return with_volume(parents[0], self.target)
        return proposal(parents, rng, done, self.alignment)

    def _tried(self, parameters: dict[str, Any]) -> Candidate | None:
        """Grow parameters once; return them if a second noise is to tell more."""
        lowest = self.pool[0].misfit if self.pool else math.inf
        trial = self._run(parameters, _HOPELESS * lowest)
        if trial is None:
            return None
        promising = trial.misfit < _PROMISING * lowest
        if promising:
            trial = self._suited(trial)
        candidate = Candidate([trial])
        self.pool.append(candidate)
        return candidate if promising and self.noises > 1 else None

    def _suited(self, trial: Trial) -> Trial:
        return suited(trial, self.target) if self.stretch else trial

    def _sort(self) -> None:
        self.pool.sort(key=lambda one: one.misfit * (_UNSURE if len(one.trials) < self.noises else 1.0))
        del self.pool[2 * PARENTS :]

    def _run(self, parameters: Mapping[str, Any], worst: float, stretch: float = 1.0, level: float | None = None) -> Trial | None:
        """Run one texture, its surface where it fills enough; None if it left no surface or was far off on its way."""
        parameters = dict(parameters) if self.target.boundary == "periodic" else {**parameters, "boundary": self.target.boundary}
        try:
            simulation = self.atlas.simulation({**parameters, "max_steps": self.steps})
            voxel, trial = float(simulation.parameters.voxel_size), None  # type: ignore[attr-defined]
            for frame in simulation.run(self.steps, every=max(1, math.ceil(_LOOK * self.steps))):
                last = simulation.step_number >= self.steps or simulation.done
                if trial is None or last:
                    values = np.asarray(frame["field"])
                    height = self.target.level(values) if level is None else level
                    trial = self.target.trial(parameters, values, voxel, stretch, height, worst=worst)
                if trial.misfit > worst and not last:
                    return None
        except Stopped:
            raise
        except ShapelabError:  # it vanished, or its parameters are outside of what is allowed
            return None
        return trial

    def _shortlist(self) -> list[AtlasMember]:
        """Return the members worth measuring again, judged by the diagrams that the atlas holds."""

        def misfit(member: AtlasMember) -> float:
            return self.target.misfit(self.target.distance(_places(member)), float(member.mask.mean()))

        return sorted((member for member in self.atlas.members if member.diagram is not None), key=misfit)[:_SHORTLIST]


def _places(member: AtlasMember) -> np.ndarray:
    assert member.diagram is not None
    return diagram_places(member.diagram)

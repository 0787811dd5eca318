"""What tensions that were read off an image make of the parameters of a model that sorts, and where a fit of it begins."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from shapelab.errors import InputError
from shapelab.estimate.estimates import Estimate, Estimates
from shapelab.estimate.tensions import TENSIONS, estimate_tensions
from shapelab.movies import Movie
from shapelab.parameters import Parameters

__all__ = ["RATIOS", "TensionStart", "parameters_of", "tensions_to_start"]

RATIOS = {
    "first_tension": {"first_medium": 1, "second_medium": -1},
    "repulsion": {"second": 1, "second_medium": -1},
    "first_repulsion": {"first": 1, "second_medium": 1, "second": -1, "first_medium": -1},
    "contrast": {"between": 1, "first": -1},
}
"""Parameters of the models that sort in space: each is a ratio of tensions, with these powers."""


def parameters_of(found: Estimates, model: Parameters, fixed: Mapping[str, Any]) -> dict[str, Estimate]:
    """Return the tensions that were estimated as parameters of a model: tensions, or their ratios; nothing where it has neither.

    Parameters
    ----------
    found
        From `estimate_tensions`.
    model
        Parameters of the model, from which the scale of tensions is taken, as only their ratios can be known: their mean stays, or that
        of those which the user fixed.
    fixed
        What the user fixed.
    """
    infos = type(model).infos()
    if set(TENSIONS) <= set(infos):
        return _scaled(found, model, fixed)
    if not set(RATIOS) <= set(infos):
        return {}
    known = {one.name: one for one in found.found if one.value > 0}
    return {name: _ratio(name, powers, known) for name, powers in RATIOS.items() if set(powers) <= set(known)}


def _ratio(name: str, powers: Mapping[str, int], known: Mapping[str, Estimate]) -> Estimate:
    """Return a product of powers of estimates, whose relative errors add up as those of independent ones do."""
    value = float(np.prod([known[one].value ** power for one, power in powers.items()]))
    away = float(np.hypot.reduce([power * np.log(known[one].high / known[one].value) for one, power in powers.items()]))
    return Estimate(name, value, value * float(np.exp(-away)), value * float(np.exp(away)))


def _scaled(found: Estimates, model: Parameters, fixed: Mapping[str, Any]) -> dict[str, Estimate]:
    infos = type(model).infos()
    known = [one for one in found.found if one.name in infos and one.value > 0]
    anchors = [one for one in known if one.name in fixed] or known
    total = sum(one.value for one in anchors)
    scale = sum(float(fixed.get(one.name, getattr(model, one.name))) for one in anchors) / total if total else 0.0
    return {one.name: Estimate(one.name, scale * one.value, scale * max(one.low, 0.0), scale * one.high) for one in known} if scale else {}


@dataclass(frozen=True)
class TensionStart:
    """Where a fit of a model that sorts begins."""

    fixed: Mapping[str, float] = field(default_factory=dict)
    """Tensions that are neither fixed nor looked for: the runs have those that were inferred."""
    near: Mapping[str, Estimate] = field(default_factory=dict)
    """Tensions that are looked for: half of the first round is made near these."""
    notes: tuple[str, ...] = ()


def tensions_to_start(
    movie: Movie,
    model: Parameters,
    ranges: Mapping[str, tuple[float, float]],
    fixed: Mapping[str, Any],
    types: Mapping[int, int] | None,
    level: float,
) -> TensionStart:
    """Return the tensions of a movie's frames as a start for a fit; nothing where the model has none, or the cells no types."""
    infos = type(model).infos()
    if not types or not (set(TENSIONS) <= set(infos) or set(RATIOS) <= set(infos)):
        return TensionStart()
    try:
        direct = estimate_tensions(movie, types, level=level)
    except InputError as error:
        return TensionStart(notes=(f"The tensions could not be inferred: {error}",))
    found = parameters_of(direct, model, fixed)
    of = "the image" if len(movie) == 1 else f"{len(movie)} frames"
    only = ", up to a common factor" if set(TENSIONS) <= set(infos) else ", as ratios of tensions"
    notes = [f"Inferred from {of}{only}: {'; '.join(map(str, found.values()))}."] if found else []
    near, outside, set_to = {}, [], {}
    for name, one in found.items():
        if name in ranges:
            low, high = ranges[name]
            if low < one.value < high:
                near[name] = one
            else:
                outside.append(name)
        elif name not in fixed:
            set_to[name] = float(f"{np.clip(one.value, infos[name].minimum, infos[name].maximum):.4g}")
    if near:
        notes.append(f"Half of the first round searched for {_names(near)} near it.")
    if outside:
        notes.append(f"What was inferred for {_names(outside)} lies outside the range that was given.")
    if set_to:
        told = [f"{_names([name])} {value:g}" for name, value in set_to.items()]
        notes.append(f"All runs have {', '.join(told)}.")
    notes += [note for note in direct.notes if "undetermined" in note]
    return TensionStart(set_to, near, tuple(notes))


def _names(names: Iterable[str]) -> str:
    return ", ".join(name.replace("_", " ") for name in names)

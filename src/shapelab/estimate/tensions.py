"""Tensions between types of cells, read off a segmentation, and what they make of the parameters of a model that sorts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from shapelab.arguments import checked
from shapelab.convert.given_labels import numbered_types
from shapelab.convert.spacing import Spacing
from shapelab.errors import InputError
from shapelab.estimate.estimates import Estimate, Estimates
from shapelab.infer import Tensions, infer_tensions
from shapelab.limits import between
from shapelab.movies import Movie, as_movie
from shapelab.movies.movie import MovieSource
from shapelab.movies.single import as_film
from shapelab.parameters import Parameters
from shapelab.stopping import done_apart

__all__ = ["TENSIONS", "TensionStart", "estimate_tensions", "scaled_to", "tensions_to_start"]

TENSIONS = {"first": (0, 0), "second": (1, 1), "between": (0, 1), "first_medium": (-1, 0), "second_medium": (-1, 1)}
"""Parameters of the models that sort: between which types they act; -1 is the medium."""


@checked(level=between(0.5, 0.999))
@done_apart
def estimate_tensions(
    labels: MovieSource,
    types: Mapping[int, int],
    spacing: Spacing | None = None,
    *,
    periodic: bool | Sequence[bool] | None = None,
    level: float = 0.9,
) -> Estimates:
    """Estimate the tensions between two types of cells, and of each to the medium, from a segmentation of cells at rest.

    `shapelab.infer_tensions` gives the tension of each interface; those of one pair of types are averaged, each counting as it is
    sure. Interfaces share errors, so that an interval is never narrower than that of the surest one.

    Parameters
    ----------
    labels, spacing, periodic
        A label image (a 3-D one as a layer, or as a list of one); of a movie the first frame is taken.
    types
        Label -> type of every cell. The first type is the one of the smaller number.
    level
        Share of cases in which an interval should contain the true value.

    Returns
    -------
    Estimates
        Those of `first`, `second`, `between`, `first_medium` and `second_medium` that are determined [mean tension]; its notes say
        which are not, and why.

    Raises
    ------
    InputError
        If a cell has no type, there are more than two types, or no two cells touch.
    """
    movie = as_movie(as_film(labels), spacing, periodic=periodic)
    image = movie[0]
    ids = np.unique(image)
    ids = ids[ids != 0]
    kinds = numbered_types(types, ids)
    if max(kinds.values(), default=0) > 1:
        raise InputError(f"Tensions are estimated between two types of cells; there are {len(set(kinds.values()))}.")
    inferred = infer_tensions(movie.layer(0), periodic=movie.periodic)
    kinds[0] = -1
    pairs = np.sort([[kinds[int(a)], kinds[int(b)]] for a, b in inferred.pairs.tolist()], axis=1)
    found, notes = [], [*movie.notes, *inferred.notes]
    for name, pair in TENSIONS.items():
        here = (pairs == pair).all(1)
        one = _mean(name, inferred, here, level)
        if one is None:
            notes.append(_why_not(name, inferred, here))
        else:
            found.append(one)
    return Estimates("Tensions", tuple(found), level, len(ids), tuple(notes))


def _mean(name: str, inferred: Tensions, here: np.ndarray, level: float) -> Estimate | None:
    """Return the mean tension of some interfaces, None if none of them is determined."""
    from scipy.stats import t

    here = here & inferred.determined
    n = int(here.sum())
    if not n:
        return None
    values, errors = inferred.tensions[here], np.maximum(inferred.errors[here], 1e-6)
    weights = errors**-2.0 / (errors**-2.0).sum()
    mean = float(weights @ values)
    effective = 1 / float((weights**2).sum())
    scatter = float(weights @ (values - mean) ** 2) / max(effective - 1, 1)
    away = float(t.ppf(0.5 + level / 2, max(n - 1, 3))) * float(np.sqrt(scatter + errors.min() ** 2))
    return Estimate(name, mean, mean - away, mean + away, "mean tension")


def _why_not(name: str, inferred: Tensions, here: np.ndarray) -> str:
    told = name.replace("_", " ")
    if not here.any():
        return f"The tension {told!r} is undetermined: no cells touch there."
    why = ", ".join(sorted(set(inferred.reasons[here].tolist())))
    return f"The tension {told!r} is undetermined: each of its {int(here.sum())} interfaces is {why}."


def scaled_to(found: Estimates, model: Parameters, fixed: Mapping[str, Any]) -> dict[str, Estimate]:
    """Return the tensions that were estimated as parameters of a model; only their ratios can be known.

    Parameters
    ----------
    found
        From `estimate_tensions`.
    model
        Parameters of the model, from which the scale is taken: their mean tension stays, or that of those which the user fixed.
    fixed
        What the user fixed.
    """
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
    """Return the tensions of the first frame as a start for a fit; nothing where the model has none, or the cells no types."""
    infos = type(model).infos()
    if not types or not set(TENSIONS) <= set(infos):
        return TensionStart()
    try:
        direct = estimate_tensions(movie, types, level=level)
    except InputError as error:
        return TensionStart(notes=(f"The tensions of the first frame could not be inferred: {error}",))
    found = scaled_to(direct, model, fixed)
    notes = [f"Inferred from the first frame, up to a common factor: {'; '.join(map(str, found.values()))}."] if found else []
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
        notes.append(f"Half of the first round looked for {_names(near)} near it.")
    if outside:
        notes.append(f"What was inferred for {_names(outside)} lies outside the range that was given.")
    if set_to:
        told = [f"{_names([name])} {value:g}" for name, value in set_to.items()]
        notes.append(f"All runs have {', '.join(told)}.")
    notes += [note for note in direct.notes if "undetermined" in note]
    return TensionStart(set_to, near, tuple(notes))


def _names(names: Iterable[str]) -> str:
    return ", ".join(name.replace("_", " ") for name in names)

"""Tensions between types of cells, read off a segmentation or all frames of a movie."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from shapelab.arguments import checked
from shapelab.convert.given_labels import numbered_types
from shapelab.convert.spacing import Spacing
from shapelab.errors import InputError
from shapelab.estimate.estimates import Estimates
from shapelab.estimate.pooled_tensions import Pool, SeenInterfaces
from shapelab.infer import infer_tensions
from shapelab.limits import between
from shapelab.movies import Movie, as_movie
from shapelab.movies.movie import MovieSource
from shapelab.movies.single import as_film
from shapelab.stopping import check_stop, done_apart
from shapelab.units import percent

__all__ = ["TENSIONS", "estimate_tensions"]

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

    `shapelab.infer_tensions` gives the tension of each interface, of a movie in every frame; those of one pair of types are averaged,
    each counting as it is sure. Interfaces share errors, so that an interval is never narrower than that of the surest one; frames
    are pooled as `shapelab.estimate.pooled_tensions.Pool` says.

    Parameters
    ----------
    labels, spacing, periodic
        A label image (a 3-D one as a layer, or as a list of one), or a movie whose cells keep their labels, all frames of which count.
    types
        Label -> type of every cell of the first frame; of a movie, interfaces of cells that come later and have none are left out. The
        first type is the one of the smaller number.
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
    cells = np.unique(movie[0])
    kinds = _two_types(types, cells[cells != 0])
    frames, notes = _inferred(movie)
    ids = np.unique(np.concatenate([frame.pairs for _, frame in frames]))
    stated = (types.get(label) for label in ids.tolist())
    typed = ids[[kind is not None and kind == kind for kind in stated]]  # NaN, of a table, is not itself
    kinds = {**_two_types(types, np.union1d(cells[cells != 0], typed)), 0: -1}
    if lost := len(ids) - len(kinds.keys() & set(ids.tolist())):
        notes.append(f"{lost} cells come after the first frame and have no type: their interfaces were left out.")
    interfaces = _with_types(frames, kinds)
    pool = Pool(interfaces.known)
    found = []
    for name, pair in TENSIONS.items():
        one = pool.mean(name, pair, level)
        if one is None:
            notes.append(interfaces.why_not(name, pair))
        else:
            found.append(one)
    if len(frames) > 1:
        notes.append(f"{len(frames)} frames were pooled; {percent(1 - pool.changing)} of the squared errors are the same in all of them.")
    return Estimates("Tensions", tuple(found), level, len(kinds) - 1, (*movie.notes, *notes))


def _two_types(types: Mapping[int, int], ids: np.ndarray) -> dict[int, int]:
    kinds = numbered_types(types, ids)
    if max(kinds.values(), default=0) > 1:
        raise InputError(f"Tensions are estimated between two types of cells; there are {len(set(kinds.values()))}.")
    return kinds


@dataclass(frozen=True, eq=False)
class _Frame:
    """What was inferred of one frame."""

    pairs: np.ndarray
    tensions: np.ndarray
    errors: np.ndarray
    reasons: np.ndarray


def _inferred(movie: Movie) -> tuple[list[tuple[int, _Frame]], list[str]]:
    """Return the frames whose tensions could be inferred, with their numbers, and what is to be said, each kind of sentence once."""
    frames, said, failed = [], dict[str, str](), list[str]()
    for number in range(len(movie)):
        check_stop()
        try:
            one = infer_tensions(movie.layer(number), periodic=movie.periodic)
        except InputError as error:
            if len(movie) == 1:
                raise
            failed.append(f"Frame {number}: {str(error).removeprefix(f'Frame {number}: ')}")
            continue
        frames.append((number, _Frame(one.pairs, one.tensions, one.errors, one.reasons)))  # the mesh is not kept
        for note in one.notes:
            said.setdefault(re.sub(r"[\d.,]+", "", note), note)
    if not frames:
        raise InputError(failed[0])
    if failed:
        said[""] = f"{len(failed)} of {len(movie)} frames were left out. {failed[0]}"
    return frames, list(said.values())


@dataclass(frozen=True, eq=False)
class _Interfaces:
    """The interfaces of all frames between cells whose types are known."""

    known: SeenInterfaces
    kinds: np.ndarray
    """Types on both sides of all, those whose tension is unknown as well, (n, 2)."""
    reasons: np.ndarray
    """Why it is unknown, (n,)."""

    def why_not(self, name: str, kind: tuple[int, int]) -> str:
        """Return why nothing is known of the tension of a pair of types."""
        told, here = name.replace("_", " "), (self.kinds == kind).all(1)
        if not here.any():
            return f"The tension {told!r} is undetermined: no cells touch there."
        why = ", ".join(sorted(set(self.reasons[here].tolist())))
        return f"The tension {told!r} is undetermined: each of its {int(here.sum())} interfaces is {why}."


def _with_types(frames: Sequence[tuple[int, _Frame]], kinds: Mapping[int, int]) -> _Interfaces:
    number = np.concatenate([np.full(len(frame.pairs), n) for n, frame in frames])
    pairs, tensions, errors, reasons = (
        np.concatenate([getattr(frame, name) for _, frame in frames]) for name in ("pairs", "tensions", "errors", "reasons")
    )
    sides = np.array([[kinds.get(int(a), -2), kinds.get(int(b), -2)] for a, b in pairs.tolist()]).reshape(-1, 2)
    typed = (sides > -2).all(1)
    of_types = np.sort(sides, axis=1)
    known = typed & np.isfinite(tensions)
    seen = SeenInterfaces(number[known], pairs[known], of_types[known], tensions[known], errors[known])
    return _Interfaces(seen, of_types[typed], reasons[typed])

"""Frame by frame, where two movies lie over each other: overlaps, and a picture of their difference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from shapelab.compare.differences import drawn_difference
from shapelab.compare.frames import in_one_frame
from shapelab.compare.grids import on_common_grid
from shapelab.compare.inputs import Shape
from shapelab.compare.movie_pairs import FramePairs
from shapelab.compare.overlap import adjusted_rand, dice, iou, match_labels
from shapelab.device import require_memory
from shapelab.frame import LayerData
from shapelab.movies import Movie
from shapelab.stopping import check_stop

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["difference_of_movies", "laid_over", "overlaps_of"]


def laid_over(a: Movie, b: Movie, first: int, second: int) -> tuple[Shape, Shape, np.ndarray | None, list[str]]:
    """Return a frame of each movie on one grid, what leads from that grid's frame to the world, and what was done."""
    one, two, turn, said = in_one_frame(_shape(a, first), _shape(b, second))
    one, two, notes = on_common_grid(one, two)
    return one, two, turn, [*said, *notes]


def _shape(movie: Movie, frame: int) -> Shape:
    place, labels = movie.place, movie[frame]
    if place.is_aligned:
        return Shape("labels", labels, place.spacing, tuple(place.origin.tolist()), unit=movie.unit)
    return Shape("labels", labels, place.spacing, (0.0,) * place.ndim, turn=place.turn, unit=movie.unit)


def overlaps_of(a: Movie, b: Movie, pairs: FramePairs) -> tuple[pd.DataFrame, list[str]]:
    """Return `dice`, `iou` (of what is inside a cell), `mismatch` and `adjusted_rand` (of the cells) of every pair, and what was done."""
    import pandas as pd

    rows, notes = [], list[str]()
    for first, second in zip(pairs.a.tolist(), pairs.b.tolist(), strict=True):
        check_stop()
        one, two, _, said = laid_over(a, b, first, second)
        notes += [note for note in said if note not in notes]
        inside = [shape.mask for shape in (one, two)]
        row = {"dice": dice(*inside), "iou": iou(*inside), "mismatch": np.nan, "adjusted_rand": np.nan}
        if inside[0].any() and inside[1].any():
            row |= {"mismatch": match_labels(one.data, two.data).mismatch, "adjusted_rand": adjusted_rand(one.data, two.data)}
        rows.append(row)
    return pd.DataFrame(rows), notes


def difference_of_movies(a: Movie, b: Movie, pairs: FramePairs, name: str) -> LayerData:
    """Return a Labels layer over time that says of each voxel of each pair of frames where the two agree, as `difference` does."""
    drawn: np.ndarray | None = None
    turn: np.ndarray | None = None
    one: Shape | None = None
    for number, (first, second) in enumerate(zip(pairs.a.tolist(), pairs.b.tolist(), strict=True)):
        check_stop()
        one, two, turn, _ = laid_over(a, b, first, second)
        if drawn is None:
            require_memory(len(pairs.a) * one.data.size)
            drawn = np.zeros((len(pairs.a), *one.data.shape), np.uint8)
        drawn[number] = drawn_difference(one, two)
    assert drawn is not None
    assert one is not None
    waits = np.diff(pairs.times)
    even = len(waits) == 0 or np.allclose(waits, waits.mean())
    start, step = (float(pairs.times[0]), float(waits.mean()) if len(waits) else 1.0) if even else (0.0, 1.0)
    axes = ("t", *"zyx"[-a.ndim :])
    meta: dict[str, Any] = {
        "scale": (step, *one.spacing),
        "translate": (start, *(one.origin or (0.0,) * a.ndim)),
        "axis_labels": axes,
    }
    if turn is not None:
        matrix = np.eye(a.ndim + 2)
        matrix[1:, 1:] = turn
        meta["affine"] = matrix
    if not even:  # a layer has no other place for them
        meta["metadata"] = {"shapelab": {"times": pairs.times.tolist(), "time_unit": a.time_unit}}
    if a.unit:
        timed = a.time_unit if even and a.time_unit not in ("", "frame") else "pixel"
        meta["units"] = (timed, *(a.unit,) * a.ndim)
    return LayerData(name, drawn, "labels", meta)

"""What shapes cells have: size, elongation, alignment, neighbours, with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from shapelab.arguments import checked
from shapelab.convert.spacing import Spacing
from shapelab.errors import InputError
from shapelab.estimate.estimates import BOOTSTRAP, Estimates, interval, resampled
from shapelab.estimate.tracked import track
from shapelab.measure.labels import measure_labels
from shapelab.movies import Movie, as_movie
from shapelab.movies.movie import MovieSource
from shapelab.movies.single import as_film
from shapelab.stopping import done_apart

__all__ = ["estimate_shape"]

_FEWEST = 4


@checked(**BOOTSTRAP)
@done_apart
def estimate_shape(
    labels: MovieSource,
    spacing: Spacing | None = None,
    *,
    unit: str = "",
    periodic: bool | Sequence[bool] | None = None,
    border_cells: bool = False,
    level: float = 0.9,
    resamples: int = 400,
    seed: int = 1,
) -> Estimates:
    """Estimate the shapes of the cells of a segmentation.

    Parameters
    ----------
    labels, spacing, unit, periodic
        A label image (a 3-D one as a layer, or as a list of one); of a movie the last frame is taken.
    border_cells
        Whether cells that the border of the image cuts count.
    level, resamples, seed
        For the bootstrap over cells, as in `estimate_motion`.

    Returns
    -------
    Estimates
        `size` [unit^d]; `size_variation`, standard deviation over mean; `elongation`, (a - b)/(a + b) of the longest and the
        shortest axis; `alignment`, 0 for long axes at random to 1 for parallel ones; `direction` of their common axis, in a
        plane [degrees from x towards y]; `neighbours`; `shape_index` (perimeter over the root of the area) or `sphericity`.

    Raises
    ------
    InputError
        If there are fewer than 4 whole cells.
    """
    movie = as_movie(as_film(labels), spacing, unit=unit, periodic=periodic)
    image = movie[len(movie) - 1]
    cells = track(Movie([image], movie.shape, movie.place, np.zeros(1), movie.unit, movie.time_unit, movie.periodic, sure=True))
    table = measure_labels(image, movie.spacing, periodic=movie.periodic)
    kept = np.ones(len(table), bool) if border_cells else ~table["touches_border"].to_numpy(bool)
    if kept.sum() < _FEWEST:
        whole = "" if border_cells else f" of {len(kept)} that the border does not cut (border_cells=True, --border-cells takes all)"
        raise InputError(f"Shapes need at least {_FEWEST} cells; there are {int(kept.sum())}{whole}.")
    n = int(kept.sum())
    draws = resampled(n, resamples, seed)
    found = [
        interval(name, values, n, level, of_unit)
        for name, values, of_unit in _numbers(draws, table[kept], cells.shapes[kept, 0], movie.unit, movie.ndim)
    ]
    left_out = [] if n == len(kept) else [f"{len(kept) - n} of {len(kept)} cells, cut by the border, were left out."]
    left_out += [f"Only the last of {len(movie)} frames was looked at."] if len(movie) > 1 else []
    return Estimates("Shape", tuple(found), level, n, (*movie.notes, *left_out))


def _numbers(draws: np.ndarray, table: Any, shapes: np.ndarray, unit: str, ndim: int) -> list[tuple[str, np.ndarray, str]]:
    """Return name, values of all bootstrap samples, unit."""
    shares = draws / draws.sum(1, keepdims=True)
    size = table["volume" if ndim == 3 else "area"].to_numpy(float)
    long, short = table["semi_axis_1"].to_numpy(float), table[f"semi_axis_{ndim}"].to_numpy(float)
    roundness = (
        table["sphericity"].to_numpy(float) if ndim == 3 else table["perimeter"].to_numpy(float) / np.sqrt(table["area"].to_numpy(float))
    )
    mean = shares @ size
    axes = np.linalg.eigh(shapes)[1][:, :, -1]
    order = np.einsum("bn,ni,nj->bij", shares, axes, axes) - np.eye(ndim) / ndim
    values, vectors = np.linalg.eigh(order)
    found = [
        ("size", mean, f"{unit or 'pixel'}^{ndim}"),
        ("size_variation", np.sqrt(np.maximum(shares @ size**2 - mean**2, 0)) / mean, ""),
        ("elongation", shares @ ((long - short) / (long + short)), ""),
        ("alignment", values[:, -1] * ndim / (ndim - 1), ""),
        ("neighbours", shares @ table["neighbours"].to_numpy(float), ""),
        ("sphericity" if ndim == 3 else "shape_index", shares @ roundness, ""),
    ]
    if ndim == 2:
        angle = np.degrees(np.arctan2(vectors[:, 0, -1], vectors[:, 1, -1]))
        near = angle[0] + (angle - angle[0] + 90) % 180 - 90  # an axis has no sign
        found.insert(4, ("direction", near - 180 * np.round(angle[0] / 180), "°"))
    return found

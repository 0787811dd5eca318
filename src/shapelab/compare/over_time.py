"""`compare_movies`: a model against a movie, or one movie against another, frame by frame and as a whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from shapelab.arguments import checked
from shapelab.compare.movie_overlap import difference_of_movies, overlaps_of
from shapelab.compare.movie_pairs import Alignment, FramePairs, in_same_units, pair_frames
from shapelab.compare.movie_statistics import displacements_of, distributions_of, inner_cells, pooled_of, quantities_of, summary_of
from shapelab.convert.spacing import Spacing
from shapelab.errors import InputError
from shapelab.frame import LayerData
from shapelab.limits import between
from shapelab.movies import CellsOverTime, Movie, as_movie, link_cells, measure_over_time
from shapelab.movies.movie import MovieSource
from shapelab.short_repr import short_repr
from shapelab.stopping import done_apart
from shapelab.units import percent

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["MovieComparison", "compare_movies"]


@short_repr
@dataclass(frozen=True, eq=False)
class MovieComparison:
    """How two movies of cells differ."""

    a: CellsOverTime = field(repr=False)
    """What was measured on each movie; the second one in the units of the first."""
    b: CellsOverTime = field(repr=False)
    pairs: FramePairs = field(repr=False)
    frames: pd.DataFrame = field(repr=False)
    """One row per pair of frames: `frame_a`, `frame_b`, `time`; what `CellsOverTime.per_frame` says of each (`cells_a`, `cells_b`,
    `mean_area_a` …); with overlaps `dice`, `iou`, `mismatch`, `adjusted_rand`."""
    distributions: pd.DataFrame = field(repr=False)
    """One row per pair of frames and `quantity`: `n_a`, `n_b`, `mean_a`, `mean_b`, the Kolmogorov-Smirnov distance `ks` and its
    asymptotic `p_value`, the `wasserstein` distance [that of the quantity] and its bootstrap interval of 95 %, `low`, `high`."""
    pooled: pd.DataFrame = field(repr=False)
    """The same over all paired frames, one row per quantity; whole cells are resampled."""
    displacements: pd.DataFrame = field(repr=False)
    """Mean squared displacements: `movie` (a or b), `lag`, `time`, `msd`, `pairs`, `exponent`."""
    summary: pd.DataFrame = field(repr=False)
    """One row per number of the whole movies: rates of events [1/(cell time_unit)] with their intervals, the exponent of the mean
    squared displacement, means of speed and order: `a`, `b`, `difference`, `low_a` …."""
    movies: tuple[Movie, Movie] = field(repr=False)
    names: tuple[str, str] = ("A", "B")
    parameters: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    """What was done and what limits the numbers, in sentences."""

    @property
    def unit(self) -> str:
        """Unit of length."""
        return self.a.unit

    @property
    def time_unit(self) -> str:
        """Unit of time."""
        return self.a.time_unit

    def __str__(self) -> str:
        worst = self.pooled.set_index("quantity")["ks"].astype(float).nlargest(3).to_dict()
        distances = ", ".join(f"{name!s} {ks:.2f}" for name, ks in worst.items())
        parts = [f"{len(self.pairs.a)} pairs of frames."]
        if distances:
            parts.append(f"Largest Kolmogorov-Smirnov distances: {distances}.")
        if "mismatch" in self.frames:
            ends = self.frames["mismatch"].to_numpy(float)[[0, -1]]
            parts.append(f"Mismatch of the cells: {percent(ends[0])} in the first pair, {percent(ends[1])} in the last.")
        return " ".join([*parts, *self._of_whole_movies(), *self.notes])

    def _of_whole_movies(self) -> list[str]:
        numbers = self.summary.set_index("number")[["a", "b"]]
        each = f"per cell and {'frame' if self.time_unit == 'frame' else self.time_unit or 'unit of time'}"
        said = []
        for name, what in (("neighbour exchange rate", f"Neighbour exchanges {each}"), ("division rate", f"Divisions {each}")):
            rates = numbers.loc[name].to_numpy(float)
            if np.nansum(rates) > 0:
                said.append(f"{what}: {rates[0]:.3g} and {rates[1]:.3g}.")
        exponents = numbers.loc["msd exponent"].to_numpy(float)
        if np.isfinite(exponents).all():
            said.append(f"Exponents of the mean squared displacement: {exponents[0]:.2f} and {exponents[1]:.2f}.")
        return said

    def curves(self) -> dict[str, tuple[np.ndarray, ...]]:
        """Return what can be plotted against the time of the pairs: name -> (values of a, of b), or (values,) of what is between them."""
        stems = [str(name)[:-2] for name in self.frames if str(name).endswith("_a") and name != "frame_a"]
        curves: dict[str, tuple[np.ndarray, ...]] = {
            stem: (self.frames[f"{stem}_a"].to_numpy(float), self.frames[f"{stem}_b"].to_numpy(float)) for stem in stems
        }
        curves |= {
            name: (self.frames[name].to_numpy(float),) for name in ("mismatch", "adjusted_rand", "dice", "iou") if name in self.frames
        }
        for name, rows in self.distributions.groupby("quantity", sort=False):
            by_frame = rows.set_index("frame_a")
            for what, shown in (("ks", "KS distance"), ("wasserstein", "Wasserstein distance")):
                curves[f"{shown} of {name}"] = (by_frame[what].reindex(self.pairs.a).to_numpy(float),)
        return curves

    def difference(self, name: str = "difference") -> LayerData:
        """Return a Labels layer over time, one frame per pair, that says where the two agree; see `shapelab.compare.difference`."""
        return difference_of_movies(*self.movies, self.pairs, name)

    def report(self) -> dict[str, Any]:
        """Return everything by name, as `shapelab.compare.write_report` takes it."""
        tables = ("frames", "distributions", "pooled", "displacements", "summary")
        return {
            "compared": "movies",
            "a": self.names[0],
            "b": self.names[1],
            "unit": self.unit,
            "time_unit": self.time_unit,
            "pairs": len(self.pairs.a),
            **{name: getattr(self, name) for name in tables},
            "parameters": dict(self.parameters),
            "notes": list(self.notes),
        }


@checked(bootstrap=between(0, 100_000), seed=between(0, 2**63))
@done_apart
def compare_movies(
    a: MovieSource,
    b: MovieSource,
    spacing: Spacing | None = None,
    *,
    spacing_b: Spacing | None = None,
    interval: float | None = None,
    interval_b: float | None = None,
    unit: str = "",
    time_unit: str = "",
    periodic: bool | None = None,
    align: Alignment = "auto",
    link: bool = False,
    overlaps: bool = True,
    exclude_border: bool = True,
    bootstrap: int = 100,
    seed: int = 0,
    names: tuple[str, str] = ("A", "B"),
    progress: Callable[[float, str], None] | None = None,
) -> MovieComparison:
    """Compare two movies of cells, simulated or real: arrays, layers, saved runs, or the frames of a run.

    Parameters
    ----------
    a, b
        As in `shapelab.movies.as_movie`: arrays (t, y, x) or (t, z, y, x), lists of label images, layers, saved runs, frames.
    spacing, interval, unit, time_unit, periodic
        As in `shapelab.movies.as_movie`, of both.
    spacing_b, interval_b
        Those of `b`, if they differ.
    align
        How frames are paired: "time", "frame" (by number), or "auto": by time where both movies know it, else by number. Of the movie
        with fewer frames in the common time each gets the nearest frame of the other one; numbers of whole movies are of all frames.
    link
        Give each cell one label first (`shapelab.movies.link_cells`), in both.
    overlaps
        Lay paired frames over each other, for movies of the same scene: Dice, mismatch, adjusted Rand index.
    exclude_border
        Leave cells that the border of the image cuts out of the distributions.
    bootstrap
        Resamplings for the intervals of Wasserstein distances; 0 for none.
    seed
        Random seed of the resampling.
    names
        What the movies are called in reports.
    progress
        Called with the part done, 0 to 1, and what is being done.

    Returns
    -------
    MovieComparison

    Raises
    ------
    InputError
        If one of them is not a movie of cells, their units cannot be converted, or they have no frames to pair.
    """
    tell = progress or (lambda part, text: None)
    movies = [
        as_movie(source, steps, interval=time, unit=unit, time_unit=time_unit, periodic=periodic)
        for source, steps, time in (
            (a, spacing, interval),
            (b, spacing if spacing_b is None else spacing_b, interval if interval_b is None else interval_b),
        )
    ]
    first, second, notes = in_same_units(*movies)
    pairs = pair_frames(first, second, align)
    cells_a, cells_b = _measured_both(first, second, link, tell)
    rows_a, rows_b, cut = inner_cells(cells_a, cells_b, exclude_border)
    notes = [pairs.note, *notes, *(f"{side}: {note}" for side, found in (("A", cells_a), ("B", cells_b)) for note in found.notes), *cut]
    rng = np.random.default_rng(seed)
    tell(0.7, "Distributions…")
    quantities = quantities_of(cells_a)
    distributions = distributions_of(rows_a, rows_b, pairs, quantities, bootstrap, rng)
    pooled = pooled_of(rows_a, rows_b, pairs, quantities, bootstrap, rng)
    displacements, exponents = displacements_of(cells_a, cells_b)
    frames = _side_by_side(cells_a, cells_b, pairs)
    if overlaps:
        tell(0.85, "Finding where they overlap…")
        over, said = overlaps_of(first, second, pairs)
        frames = frames.join(over)
        notes += said
    return MovieComparison(
        cells_a,
        cells_b,
        pairs,
        frames,
        distributions,
        pooled,
        displacements,
        summary_of(cells_a, cells_b, exponents),
        (first, second),
        names,
        {"align": align, "link": link, "overlaps": overlaps, "exclude_border": exclude_border, "bootstrap": bootstrap, "seed": seed},
        tuple(notes),
    )


def _measured_both(a: Movie, b: Movie, link: bool, tell: Callable[[float, str], None]) -> tuple[CellsOverTime, CellsOverTime]:
    """Return the cells of both movies over time, linked first if asked for; takes the first 70 % of the progress."""
    found = []
    for number, (side, movie) in enumerate((("A", a), ("B", b))):
        begin = 0.35 * number
        if link:
            tell(begin, f"Linking the cells of {side}…")
            movie = movie.with_labels(link_cells(movie))
        try:
            found.append(measure_over_time(movie, progress=_frames_of(side, begin, tell)))
        except InputError as error:
            raise InputError(f"{side}: {error}") from None
    return found[0], found[1]


def _frames_of(side: str, begin: float, tell: Callable[[float, str], None]) -> Callable[[int, int], None]:
    """Return what tells the frames of one side that are done."""
    return lambda done, n: tell(begin + 0.35 * done / n, f"{side}: frame {done} of {n}.")


def _side_by_side(a: CellsOverTime, b: CellsOverTime, pairs: FramePairs) -> pd.DataFrame:
    """Return the frames of both that are paired, in one table."""
    import pandas as pd

    tables = [
        found.per_frame().iloc[frames].drop(columns=["frame", "time"]).reset_index(drop=True)
        for found, frames in ((a, pairs.a), (b, pairs.b))
    ]
    columns: dict[str, Any] = {"frame_a": pairs.a, "frame_b": pairs.b, "time": pairs.times}
    for name in tables[0]:
        if name in tables[1]:
            columns |= {f"{name}_a": tables[0][name], f"{name}_b": tables[1][name]}
    return pd.DataFrame(columns)

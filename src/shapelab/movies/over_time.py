"""Every cell in every frame of a movie, in one long table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from shapelab.arguments import checked
from shapelab.convert.place import straightened
from shapelab.convert.spacing import Spacing
from shapelab.errors import InputError
from shapelab.frame import LayerData
from shapelab.limits import above, at_least
from shapelab.measure.contacts import label_contacts
from shapelab.measure.labels import placed_centroids, table_of_labels
from shapelab.movies.displacement import displacements
from shapelab.movies.events import Event, Events
from shapelab.movies.following import jump_at_random
from shapelab.movies.intervals import mean_interval
from shapelab.movies.movie import Movie, MovieSource, as_movie
from shapelab.movies.order import order_of
from shapelab.short_repr import short_repr
from shapelab.stopping import check_stop, done_apart
from shapelab.units import percent

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CellsOverTime", "measure_over_time"]

_EXACT = 2**53
"""Whole numbers up to this one are told apart as floats."""
_NEW_IDS = 0.3
"""Share of cells that keep their label from frame to frame below which the labels are no tracks."""


@short_repr
@dataclass(frozen=True, eq=False)
class CellsOverTime:
    """What was measured on a movie of cells."""

    table: pd.DataFrame = field(repr=False)
    """One row per frame and cell, with the columns `frame`, `time`, `label`, those of `shapelab.measure.measure_labels`, `axis_y` …
    (unit vector along the longest axis, of either sign), `elongation` (1 - second/first semi-axis), and `velocity_y` … and `speed`
    since the frame before [unit/time_unit], NaN where the cell was not there."""
    events: pd.DataFrame = field(repr=False)
    """One row per event: `frame`, `time`, `kind`, `label`, `others`, `at_border`; see `shapelab.movies.events.Events`."""
    times: np.ndarray
    """Time of each frame [time_unit]."""
    unit: str
    time_unit: str
    box: np.ndarray
    """Length of the box along each periodic axis [unit], 0 along the others."""
    notes: tuple[str, ...] = ()
    """What limits the numbers, in sentences."""

    def __str__(self) -> str:
        counts = self.table.groupby("frame").size().reindex(range(len(self.times)), fill_value=0)
        kinds = ", ".join(Event(kind).counted(count) for kind, count in self.events["kind"].value_counts().items())
        cells = f"{counts.min()}" if counts.min() == counts.max() else f"{counts.min()} to {counts.max()}"
        frames = "1 frame" if len(self.times) == 1 else f"{len(self.times)} frames"
        head = f"{frames}, {cells} {'cell' if cells == '1' else 'cells'} in each; {kinds or 'no events'}."
        return " ".join([head, *self.notes])

    @property
    def axes(self) -> list[str]:
        """Names of the axes of space."""
        return [axis for axis in "zyx" if f"centroid_{axis}" in self.table]

    def per_frame(self) -> pd.DataFrame:
        """Return one row per frame: time, number of cells, means over the cells, order, and how many events of each kind there were.

        `nematic_order` is that of the long axes, `hexatic_order` (2-D) that of the six nearest neighbours (cells at the border left
        out), `polar_order` that of the directions of movement: 0 if random, 1 if perfect (N random ones read about 1/sqrt(N)).
        """
        size = "volume" if "volume" in self.table else "area"
        shape = "sphericity" if "volume" in self.table else "circularity"
        frames = self.table.groupby("frame")
        means = frames[[size, shape, "elongation", "neighbours", "speed"]].mean().add_prefix("mean_")
        orders = frames[[*self.table]].apply(lambda cells: order_of(cells, self.axes, self.box))
        means = means.join(orders).reindex(range(len(self.times)))
        means.insert(0, "cells", frames.size().reindex(means.index, fill_value=0))
        means.insert(0, "time", self.times)
        for kind in Event:
            here = self.events.loc[self.events["kind"] == kind.value, "frame"]
            means[kind.plural] = here.value_counts().reindex(means.index, fill_value=0)
        return means.rename_axis("frame").reset_index()

    def paths(self) -> np.ndarray:
        """Return the centroids of every cell along its path, unwrapped through periodic sides: rows (label, frame, z, y, x).

        Where labels are above 2**53, which these numbers cannot hold, cells are counted from 1 in the order of their labels.
        """
        rows = self._sorted()
        paths = np.column_stack(
            [self._numbers(rows["label"]), rows[["frame", *(f"centroid_{axis}" for axis in self.axes)]].to_numpy(float)]
        )
        if self.box.any():
            same = np.diff(paths[:, 0]) == 0
            steps = np.diff(paths[:, 2:], axis=0)
            shift = np.where(self.box > 0, np.round(steps / np.where(self.box > 0, self.box, 1)) * self.box, 0) * same[:, None]
            total = np.cumsum(shift, axis=0)
            starts = np.flatnonzero(np.r_[True, ~same])
            total = np.vstack([np.zeros((1, total.shape[1])), total])
            paths[:, 2:] -= total - np.repeat(total[starts], np.diff(np.r_[starts, len(paths)]), axis=0)
        return paths

    def tracks(self) -> LayerData:
        """Return the paths as a tracks layer, daughters joined to their mother; its features hold `label` and `speed`."""
        paths, rows = self.paths(), self._sorted()
        number = dict(zip(rows["label"].tolist(), paths[:, 0].astype(np.int64).tolist(), strict=True))
        graph: dict[int, list[int]] = {}
        divisions = self.events[self.events["kind"] == Event.DIVISION.value]
        for mother, daughters in zip(divisions["label"].tolist(), divisions["others"].tolist(), strict=True):
            graph |= {number[one]: [number[mother]] for one in daughters if one != mother and one in number and mother in number}
        features = {"label": rows["label"].to_numpy(), "speed": np.nan_to_num(rows["speed"].to_numpy(float))}
        return LayerData("tracks", paths, "tracks", {"graph": graph, "features": features})

    def _sorted(self) -> pd.DataFrame:
        """Return the table cell by cell."""
        return self.table.sort_values(["label", "frame"])

    @staticmethod
    def _numbers(labels: pd.Series) -> np.ndarray:
        """Return labels as floats that are told apart."""
        exact = labels.to_numpy()
        found, order = np.unique(exact, return_inverse=True)
        return np.asarray(exact if int(found[-1]) <= _EXACT else order + 1, float)

    def mean_squared_displacement(self) -> pd.DataFrame:
        """Return the mean squared displacement of all cells against the lag.

        Its columns are `lag` [intervals], `time`, `msd` [unit^2], `pairs` and `exponent`. The mean is over cells and starts. Where
        frames are not equally far apart, pairs of them are sorted by the time between them. See
        `shapelab.movies.displacement.displacements`.
        """
        return displacements(self.paths(), self.times)

    @property
    def interval(self) -> float:
        """Mean time between two frames [time_unit]; 1 of a single frame."""
        return mean_interval(self.times)


@checked(interval=above(0), patience=at_least(0))
@done_apart
def measure_over_time(
    movie: MovieSource,
    spacing: Spacing | None = None,
    *,
    interval: float | None = None,
    unit: str = "",
    time_unit: str = "",
    periodic: bool | Sequence[bool] | None = None,
    patience: int = 5,
    progress: Callable[[int, int], None] | None = None,
) -> CellsOverTime:
    """Measure every cell in every frame of a movie, and find what happens: divisions, deaths, neighbour exchanges.

    A cell has the same label in all frames; where it does not, `link_cells` gives it one first.

    Parameters
    ----------
    movie, spacing, interval, unit, time_unit, periodic
        As in `as_movie`: an array (t, y, x) or (t, z, y, x), a list of label images, a layer, a saved run of cells.
    patience
        Frames within which a contact may be lost and the other one made in a neighbour exchange (T1).
    progress
        Called with the number of frames done and the total.

    Returns
    -------
    CellsOverTime

    Raises
    ------
    InputError
        If no frame has cells, or one of them is no label image: the sentence says which.
    """
    import pandas as pd

    source = as_movie(movie, spacing, interval=interval, unit=unit, time_unit=time_unit, periodic=periodic)
    events, tables, notes = Events(source.times, source.periodic, patience), [], [*source.notes]
    for number, labels in enumerate(source):
        check_stop()
        if labels.any():
            table, note = _measured(source, labels)
            table.insert(0, "time", source.times[number])
            table.insert(0, "frame", number)
            tables.append(table.reset_index().set_index(["frame", "time", "label"]).reset_index())
            notes += [note] if note and note not in notes else []
        events.add(labels)
        if progress is not None:
            progress(number + 1, len(source))
    if not tables:
        raise InputError("The movie has no cells: every frame is 0, the background.")
    whole = _with_velocities(pd.concat(tables, ignore_index=True), source.box, source.times)
    notes += _doubts(whole, len(source), source.box)
    return CellsOverTime(whole, events.table(), source.times, source.unit, source.time_unit, source.box, tuple(notes))


def _measured(movie: Movie, labels: np.ndarray) -> tuple[pd.DataFrame, str]:
    """Measure one frame; centroids lie in the world."""
    array, place, note = straightened(labels, movie.place, smooth=False)
    repeats = movie.periodic if array is labels else (False,) * movie.ndim
    table = table_of_labels(array, place.spacing, label_contacts(array, place.spacing, repeats), repeats, long_axes=True)
    names = [f"axis_{axis}" for axis in "zyx"[-movie.ndim :]]
    table[names] = table[names].to_numpy(float) @ (place.linear / place.spacing).T
    table["elongation"] = 1 - table["semi_axis_2"] / table["semi_axis_1"]
    return placed_centroids(table, place), note


def _with_velocities(table: pd.DataFrame, box: np.ndarray, times: np.ndarray) -> pd.DataFrame:
    """Add how fast each centroid has moved since the frame before, the short way round a periodic box."""
    axes = [axis for axis in "zyx" if f"centroid_{axis}" in table]
    order = table.sort_values(["label", "frame"], kind="stable")
    places = order[[f"centroid_{axis}" for axis in axes]].to_numpy(float)
    label, frame = order["label"].to_numpy(), order["frame"].to_numpy()
    steps = np.full(places.shape, np.nan)
    steps[1:] = np.diff(places, axis=0)
    steps -= np.where(box > 0, np.round(steps / np.where(box > 0, box, 1)) * box, 0)
    next_to = np.r_[False, (label[1:] == label[:-1]) & (np.diff(frame) == 1)]
    waited = np.r_[np.nan, times[frame[1:]] - times[frame[:-1]]]
    velocity = np.where(next_to[:, None] & (waited > 0)[:, None], steps / np.where(waited > 0, waited, 1)[:, None], np.nan)
    order = order.assign(**{f"velocity_{axis}": velocity[:, i] for i, axis in enumerate(axes)}, speed=np.linalg.norm(velocity, axis=1))
    return order.sort_index()


def _doubts(table: pd.DataFrame, frames: int, box: np.ndarray) -> list[str]:
    """Say so if labels do not seem to follow cells."""
    later = table["frame"] > 0
    if frames < 2 or not later.any():
        return []
    kept = float(table.loc[later, "speed"].notna().mean())
    if kept < _NEW_IDS:
        what = f"Only {percent(kept)} of the cells have a label that was there in the frame before"
    elif _jumps(table, frames, box):
        what = "Labels jump from cell to cell, as where they are given anew in each frame"
    else:
        return []
    return [f"{what}: velocities and events need labels that follow each cell; link_cells (--link on the command line) gives them."]


def _jumps(table: pd.DataFrame, frames: int, box: np.ndarray) -> bool:
    axes = [axis for axis in "zyx" if f"centroid_{axis}" in table]
    _, cell = np.unique(table["label"].to_numpy(), return_inverse=True)
    places = np.full((int(cell.max()) + 1, frames, len(axes)), np.nan)
    places[cell, table["frame"].to_numpy()] = table[[f"centroid_{axis}" for axis in axes]].to_numpy(float)
    size = float(table["volume" if "volume" in table else "area"].mean())
    radius = (3 * size / (4 * np.pi)) ** (1 / 3) if "volume" in table else np.sqrt(size / np.pi)
    return jump_at_random(places, float(radius), box) is not None

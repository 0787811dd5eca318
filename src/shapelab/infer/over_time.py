"""Tensions of a movie: frame by frame, and smoothed along each interface where the frames are few and noisy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence, Sized
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from shapelab.arguments import checked
from shapelab.convert.spacing import Spacing
from shapelab.errors import InputError
from shapelab.frame import LayerData
from shapelab.infer.infer import infer_tensions
from shapelab.infer.options import TensionOptions
from shapelab.infer.result import Tensions
from shapelab.io import Run
from shapelab.limits import between
from shapelab.movies import Movie, as_movie
from shapelab.stopping import check_stop
from shapelab.units import percent

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TensionsOverTime", "infer_tensions_over_time"]

_REACH = 3.0
"""Frames farther away than this many widths do not count."""
_FEW_SHARED = 0.3


@dataclass(frozen=True, eq=False)
class TensionsOverTime:
    """Tensions of each frame of a movie whose cells keep their labels."""

    frames: tuple[Tensions, ...] = field(repr=False)
    width: float
    """Of the smoothing in time [frames]; 0 for none."""

    def __len__(self) -> int:
        return len(self.frames)

    @property
    def shared(self) -> float:
        """Mean part of the interfaces of a frame that the next one has too; 1 for a single frame."""
        parts = [len(a.keys() & b.keys()) / max(len(a), 1) for a, b in zip(self._keys[:-1], self._keys[1:], strict=True)]
        return float(np.mean(parts)) if parts else 1.0

    @property
    def notes(self) -> tuple[str, ...]:
        """What limits the result, in sentences."""
        said = list(dict.fromkeys(note for frame in self.frames for note in frame.notes))
        if self.shared < _FEW_SHARED:
            said.append(
                f"Only {percent(self.shared)} of the interfaces are found in the next frame too: smoothing in time needs cells that keep "
                "their labels (track them first)."
            )
        return tuple(said)

    @cached_property
    def smoothed(self) -> tuple[tuple[np.ndarray, np.ndarray], ...]:
        """Tensions and standard errors of each frame's interfaces, from all frames near it, each weighted by its error.

        An interface that was lost in between is not smoothed across the gap.
        """
        if not self.width:
            return tuple((frame.tensions, frame.errors) for frame in self.frames)
        return tuple(self._near(number) for number in range(len(self.frames)))

    def table(self) -> pd.DataFrame:
        """Return one row per interface and frame: that of `Tensions.table` with the frame and the smoothed tension and error."""
        import pandas as pd

        tables = []
        for number, (frame, (tension, error)) in enumerate(zip(self.frames, self.smoothed, strict=True)):
            table = frame.table()
            table.insert(0, "frame", number)
            table.insert(5, "smoothed", tension)
            table.insert(6, "smoothed_error", error)
            tables.append(table)
        return pd.concat(tables, ignore_index=True)

    def cells(self) -> pd.DataFrame:
        """Return one row per cell and frame: that of `Tensions.cells`, with label and frame as columns."""
        import pandas as pd

        return pd.concat([frame.cells().reset_index().assign(frame=number) for number, frame in enumerate(self.frames)], ignore_index=True)

    def __str__(self) -> str:
        known = [int(frame.determined.sum()) for frame in self.frames]
        head = f"{len(self.frames)} frames with {min(known)} to {max(known)} tensions each"
        return " ".join([f"{head}; {percent(self.shared)} of the interfaces last to the next.", *self.notes])

    @cached_property
    def _keys(self) -> tuple[dict[tuple[int, int], int], ...]:
        """Row of each pair of labels, frame by frame."""
        return tuple({(int(a), int(b)): row for row, (a, b) in enumerate(frame.pairs.tolist())} for frame in self.frames)

    def _near(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        frame = self.frames[number]
        n = len(frame.tensions)
        total, weight, squares = np.zeros(n), np.zeros(n), np.zeros(n)
        for direction in (1, -1):
            here = np.ones(n, bool)  # not lost yet, on the way from this frame
            for other in _on_the_way(number, direction, int(_REACH * self.width), len(self.frames)):
                rows = np.array([self._keys[other].get((int(a), int(b)), -1) for a, b in frame.pairs.tolist()], int)
                here &= rows >= 0
                if other == number and direction < 0:
                    continue
                value, error = self.frames[other].tensions[rows], self.frames[other].errors[rows]
                use = here & np.isfinite(value)
                share = np.exp(-0.5 * ((other - number) / self.width) ** 2)
                w = np.where(use, share / np.where(use, error, 1) ** 2, 0)
                total += np.where(use, w * np.nan_to_num(value), 0)
                weight += w
                squares += np.where(use, w**2 * np.nan_to_num(error) ** 2, 0)
        known = weight > 0
        safe = np.where(known, weight, 1)
        return np.where(known, total / safe, np.nan), np.where(known, np.sqrt(squares) / safe, np.nan)


def _on_the_way(number: int, direction: int, reach: int, count: int) -> list[int]:
    """Frames from `number` on, in one direction."""
    return [other for step in range(reach + 1) if 0 <= (other := number + direction * step) < count]


@checked(width=between(0, 1000))
def infer_tensions_over_time(
    frames: Iterable[Any] | LayerData | Movie | Run,
    spacing: Spacing | None = None,
    *,
    periodic: bool | Sequence[bool] | None = None,
    options: TensionOptions | None = None,
    width: float = 1.0,
    progress: Callable[[int, int], None] | None = None,
) -> TensionsOverTime:
    """Infer the tensions of every frame of a movie.

    Parameters
    ----------
    frames
        Label images, one per frame: an array (t, y, x) or (t, z, y, x), a layer over time, a saved run of cells, or a list of
        images, layers or frames of a run. A cell has the same label in all.
    spacing, periodic
        As in `infer_tensions`; by default those of the layer or run, else 1 and not.
    options
        As in `infer_tensions`.
    width
        Standard deviation of the smoothing in time [frames]; 0 for none.
    progress
        Called with the number of frames done, and that of all (0 where nobody knows).

    Returns
    -------
    TensionsOverTime

    Raises
    ------
    InputError
        If there is no frame, or one of them has no interfaces: the sentence says which.
    """
    source, count, around = _one_by_one(frames, spacing, periodic)
    found = []
    for number, frame in enumerate(source):
        check_stop()
        try:
            found.append(infer_tensions(frame, 1.0 if spacing is None else spacing, periodic=around, options=options))
        except InputError as error:
            raise (error if str(error).startswith(f"Frame {number}") else InputError(f"Frame {number}: {error}")) from None
        if progress is not None:
            progress(number + 1, count)
    if not found:
        raise InputError("There are no frames.")
    return TensionsOverTime(tuple(found), width)


def _one_by_one(
    frames: Any, spacing: Spacing | None, periodic: bool | Sequence[bool] | None
) -> tuple[Iterable[Any], int, bool | Sequence[bool]]:
    """Return the frames, those of one whole as layers that are read when they are asked for; their number; how their box goes on."""
    if not isinstance(frames, LayerData | Movie | Run) and not hasattr(frames, "shape"):
        return frames, len(frames) if isinstance(frames, Sized) else 0, False if periodic is None else periodic
    movie = as_movie(frames, spacing, periodic=periodic)
    return map(movie.layer, range(len(movie))), len(movie), movie.periodic

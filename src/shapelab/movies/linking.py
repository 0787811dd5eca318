"""Give each cell of a movie one label for all frames, by what overlaps from frame to frame."""

from __future__ import annotations

import numpy as np

from shapelab.arguments import checked
from shapelab.device import require_memory
from shapelab.errors import InputError
from shapelab.limits import between
from shapelab.movies.movie import MovieSource, as_movie
from shapelab.stopping import done_apart

__all__ = ["link_cells"]

_PER_VOXEL = 32
"""Bytes: all frames are linked at once."""


@checked(min_overlap=between(0, 1))
@done_apart
def link_cells(movie: MovieSource, *, min_overlap: float = 0.3) -> np.ndarray:
    """Return the labels of a movie renumbered, so that a cell has the same label in all frames.

    From frame to frame cells are paired so that the sum of their overlaps (intersection over union) is largest, as
    laptrack does (Y. T. Fukai and K. Kawaguchi, Bioinformatics 39, btac799 (2023)). Daughters get labels of their own.

    Parameters
    ----------
    movie
        As in `as_movie`. Cells must move by less than about half their diameter between two frames.
    min_overlap
        Intersection over union below which two cells are not taken for one. Half of a cell must have been its mother's.

    Returns
    -------
    ndarray
        Labels (t, y, x) or (t, z, y, x), int64, numbered from 1 in the order of appearance.
    """
    from laptrack import OverLapTrack

    source = as_movie(movie)
    require_memory(_PER_VOXEL * len(source) * int(np.prod(source.shape, dtype=float)))
    ranks = [np.unique(labels, return_inverse=True) for labels in source]
    frames = [rank.reshape(source.shape) + int(ids[0] > 0) for ids, rank in ranks]
    if not any(frame.any() for frame in frames):
        raise InputError("The movie has no cells: every frame is 0, the background.")
    tracker = OverLapTrack(
        metric_coefs=(1, 0, -1, 0, 0),
        cutoff=1 - min_overlap,
        gap_closing_cutoff=False,
        splitting_metric_coefs=(1, 0, 0, 0, -1),
        splitting_cutoff=0.5,
    )
    found, _, _ = tracker.predict_overlap_dataframe(frames)
    linked = np.zeros((len(source), *source.shape), np.int64)
    for number, frame in enumerate(frames):
        names = np.zeros(int(frame.max()) + 1, np.int64)
        if len(names) > 1:
            here = found.xs(number, level="frame")["track_id"]
            names[here.index.to_numpy(int)] = here.to_numpy(int) + 1
        linked[number] = names[frame]
    return linked

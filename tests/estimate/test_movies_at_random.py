"""Straight paths in movies drawn at random: the speed is what was put in, whatever axes, voxels, times, ids and sides there are."""

from __future__ import annotations

import numpy as np
import pytest

from shapelab.estimate import estimate_motion
from shapelab.movies import as_movie, measure_over_time

LANES, FRAMES, SIDE = 6, 10, 3


def straight(rng: np.random.Generator, ndim: int, periodic: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return a movie of cells that move by two pixels in a unit of time, along lanes of the last axis, and its times.

    One of them comes later, one goes earlier, and one is lost for a frame; in a box that repeats they go round it.
    """
    times = np.r_[0, np.cumsum(rng.integers(1, 4, FRAMES - 1))]
    width = 30 if periodic else 4 * int(times[-1]) + 2 * SIDE + 4
    ids = rng.choice(2**40, LANES, replace=False) + 1
    there = np.ones((LANES, FRAMES), bool)
    there[0, :3] = there[1, 7:] = there[2, rng.integers(1, 9)] = False
    movie = np.zeros((FRAMES, *(5,) * (ndim - 2), 5 * LANES, width), np.int64)
    for lane, way in enumerate(rng.choice([-2, 2], LANES)):
        for frame in np.flatnonzero(there[lane]):
            columns = (np.arange(SIDE) + width // 2 + way * times[frame]) % width
            place = np.ix_(*(range(1, 4),) * (ndim - 2), range(5 * lane + 1, 5 * lane + 4), columns)
            movie[frame][place] = ids[lane]
    return movie, times


@pytest.mark.parametrize("seed", range(8))
def test_speed_of_straight_paths(seed):
    rng = np.random.default_rng(seed)
    ndim, periodic = 2 + seed % 2, bool(seed & 2)
    movie, times = straight(rng, ndim, periodic)
    spacing, wait = rng.uniform(0.2, 3, ndim).tolist(), float(rng.uniform(0.1, 5))
    source = as_movie(movie, spacing, times=(wait * times).tolist(), time_unit="ms", periodic=periodic)
    speed = 2 * spacing[-1] / wait
    known = measure_over_time(source).table["speed"].dropna().to_numpy()
    assert known == pytest.approx(speed)
    assert len(known) == LANES * (FRAMES - 1) - 3 - 3 - 2
    motion = estimate_motion(source, resamples=50)
    assert motion["speed"].value == pytest.approx(speed, rel=1e-3)
    assert motion["persistence"].value > 100 * wait * times[-1]
    assert motion["position_error"].value < 0.01 * spacing[-1]

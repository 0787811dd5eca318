"""Movies far larger than memory: an OME-Zarr of 100 GB, almost all of which was never written, is read frame by frame."""

from __future__ import annotations

import argparse
import threading
import tracemalloc

import numpy as np
import pytest
import zarr

from shapelab.cli.image_file import read_movie
from shapelab.errors import Stopped
from shapelab.movies import as_movie, measure_over_time
from shapelab.stopping import stoppable

FRAMES, SHAPE = 100_000, (8, 256, 256)
FRAME = 2 * int(np.prod(SHAPE))


@pytest.fixture
def store(tmp_path):
    """Cell 65535 walks along x, in the first frames; cell 7 rests."""
    path = tmp_path / "large.zarr"
    group = zarr.open_group(path, mode="w", zarr_format=2)
    array = group.create_array("0", shape=(FRAMES, *SHAPE), chunks=(1, *SHAPE), dtype="u2", fill_value=0)
    axes = [{"name": "t", "type": "time", "unit": "minute"}, *({"name": n, "type": "space", "unit": "micrometer"} for n in "zyx")]
    scaled = [{"type": "scale", "scale": [5, 2, 0.5, 0.5]}]
    group.attrs["multiscales"] = [{"version": "0.4", "axes": axes, "datasets": [{"path": "0", "coordinateTransformations": scaled}]}]
    for t in range(3):
        array[t, 2:6, 100:120, 50 + 4 * t : 70 + 4 * t] = 65535
        array[t, 1:7, 10:40, 10:40] = 7
    return path


def test_memory_is_that_of_a_few_frames_and_it_stops_at_once(store):
    known = argparse.Namespace(key=None, channel=None)
    measure_over_time([np.ones((4, 8, 8), int)])  # imports are no part of it
    seen, stop = [], threading.Event()

    def progress(done, count):
        seen.append((done, count))
        if done == 4:
            stop.set()

    tracemalloc.start()
    with stoppable(stop), pytest.raises(Stopped):
        measure_over_time(read_movie(store, known), progress=progress)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert seen == [(n, FRAMES) for n in range(1, 5)]
    assert peak < 16 * FRAME


def test_its_frames_are_measured_in_their_units(store):
    layer = read_movie(store, argparse.Namespace(key=None, channel=None))
    movie = as_movie(layer)
    assert (len(movie), movie.unit, movie.spacing) == (FRAMES, "um", (2, 0.5, 0.5))
    found = measure_over_time([movie.layer(number) for number in range(3)], interval=float(movie.times[1]))
    walk = found.table.set_index(["label", "frame"]).loc[65535]
    assert walk["velocity_x"].to_numpy()[1:] * 300 == pytest.approx(4 * 0.5)
    assert walk["volume"].to_numpy() == pytest.approx(4 * 20 * 20 * 0.5)

"""Movies drawn from a random schedule of what happens: every division, loss, arrival and neighbour exchange is found, and no other."""

from __future__ import annotations

import numpy as np
import pytest
from four_cells import four

from shapelab.movies import link_cells, measure_over_time

TILE, COLUMNS, ROWS, FRAMES = 28, 5, 4, 16


def tile_of_exchange(rng, first):
    """Four cells in which 1 and 2 touch, and from some frame on 3 and 4: at once, or after frames in which all four meet."""
    at, between = int(rng.integers(2, 9)), int(rng.integers(0, 4))
    states = ["1-2"] * at + ["all"] * between + ["3-4"] * (FRAMES - at - between)
    frames = [np.pad(np.where(four(state) > 0, four(state) + first - 1, 0), 2) for state in states]
    return frames, [(at + between, "neighbour exchange", frozenset({first, first + 1}), frozenset({first + 2, first + 3}))]


def tile_of_division(rng, first):
    """A cell that divides, across or along, and keeps its label or gives it up."""
    at, along, keeps = int(rng.integers(1, FRAMES)), bool(rng.integers(2)), bool(rng.integers(2))
    whole = np.zeros((TILE, TILE), int)
    whole[6:22, 6:22] = first
    halves = whole.copy()
    half = (slice(6, 22), slice(14, 22))
    halves[half if along else half[::-1]] = first + 1
    if not keeps:
        halves[halves == first] = first + 2
    daughters = frozenset({first + 1, first if keeps else first + 2})
    return [whole] * at + [halves] * (FRAMES - at), [(at, "division", frozenset({first}), daughters)]


def tile_of_life(rng, first):
    """A cell that comes and goes."""
    born, gone = sorted(rng.choice(np.arange(1, FRAMES), 2, replace=False).tolist())
    cell = np.zeros((TILE, TILE), int)
    cell[8:18, 9:19] = first
    frames = [cell if born <= t < gone else cell * 0 for t in range(FRAMES)]
    return frames, [(born, "appearance", frozenset({first}), frozenset()), (gone, "loss", frozenset({first}), frozenset())]


def drawn(seed):
    """Return a movie of many tiles, and what happens in it."""
    rng = np.random.default_rng(seed)
    rows, truth, first = [], [], 1
    for _ in range(ROWS):
        tiles = []
        for make in rng.choice([tile_of_exchange, tile_of_division, tile_of_life], COLUMNS):
            frames, events = make(rng, first)
            tiles.append(np.stack(frames))
            truth += events
            first += 4
        rows.append(np.concatenate(tiles, axis=2))
    return np.concatenate(rows, axis=1), truth


def found_in(movie, **options):
    events = measure_over_time(movie, **options).events
    return [
        (row.frame, row.kind, frozenset({row.label, row.others[0]}), frozenset(row.others[1:]))
        if row.kind == "neighbour exchange"
        else (row.frame, row.kind, frozenset({row.label}), frozenset(row.others))
        for row in events.itertuples()
    ]


def key(event):
    return (event[0], event[1], sorted(event[2]), sorted(event[3]))


@pytest.mark.parametrize("seed", range(6))
def test_every_event_is_found_and_no_other(seed):
    movie, truth = drawn(seed)
    assert len(truth) >= ROWS * COLUMNS
    assert sorted(found_in(movie), key=key) == sorted(truth, key=key)
    counts = measure_over_time(movie).per_frame()
    for name, kind in (("divisions", "division"), ("losses", "loss"), ("neighbour exchanges", "neighbour exchange")):
        wanted = np.bincount([event[0] for event in truth if event[1] == kind], minlength=FRAMES)
        assert counts[name].tolist() == wanted.tolist()


@pytest.mark.parametrize("seed", range(2))
def test_events_of_labels_that_had_to_be_linked(seed):
    movie, truth = drawn(seed)
    rng = np.random.default_rng(seed)
    mixed = np.stack([np.r_[0, rng.permutation(500) + 1][frame] for frame in movie])
    found = found_in(link_cells(mixed))
    assert sorted(event[:2] for event in found) == sorted(event[:2] for event in truth)


@pytest.mark.parametrize(("periodic", "seed"), [(True, 0), (False, 1)])
def test_tracks_of_cells_that_walk_on_the_pixels(periodic, seed):
    """Paths, speeds and mean squared displacements are those of the walks, to rounding, also round a box many times."""
    rng = np.random.default_rng(seed)
    shape, side, n, frames = np.array([120, 30]), 6, 10, 25
    lanes = np.arange(n) * 12
    steps = rng.integers(-7, 8, (frames - 1, n)) if periodic else rng.integers(0, 2, (frames - 1, n))
    x = np.vstack([np.zeros((1, n), int), np.cumsum(steps, axis=0)])
    movie = np.zeros((frames, *shape), int)
    for t in range(frames):
        for i, lane in enumerate(lanes):
            columns = np.arange(x[t, i], x[t, i] + side)
            movie[np.ix_([t], np.arange(lane, lane + side), columns % shape[1])] = i + 1
    found = measure_over_time(movie, 0.5, interval=2.0, periodic=periodic)
    paths = found.paths().reshape(n, frames, 4)
    walked = 0.5 * (x.T - x.T[:, :1])
    assert paths[..., 3] - paths[:, :1, 3] == pytest.approx(walked, abs=1e-9)
    speeds = found.table.set_index(["label", "frame"])["speed"].unstack().to_numpy()[:, 1:]
    assert speeds == pytest.approx(0.25 * np.abs(steps.T))
    msd = found.mean_squared_displacement()
    for lag in (1, 5, 24):
        wanted = np.mean((walked[:, lag:] - walked[:, :-lag]) ** 2)
        assert msd.set_index("lag").loc[lag, "msd"] == pytest.approx(wanted)
    moved = steps[np.abs(steps).sum(1) > 0]
    order = [abs(np.sign(row[row != 0]).mean()) for row in moved]
    assert found.per_frame()["polar_order"].dropna().to_numpy() == pytest.approx(order)

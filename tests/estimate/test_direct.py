"""Direct estimates: walks, growth and shapes whose truth is known are found again, and their intervals are honest."""

from __future__ import annotations

import numpy as np
import pytest

import shapelab as sl
from shapelab.convert.place import Place
from shapelab.errors import ArgumentError, InputError
from shapelab.estimate import estimate_growth, estimate_motion, estimate_shape
from shapelab.estimate.estimates import interval
from shapelab.estimate.motion import independent_cells, walks_of
from shapelab.estimate.walk import Pace, displacement_products, fit_walks
from shapelab.movies import Movie, as_movie

SPEED, PERSISTENCE, STEP = 3.0, 1.0, 0.2


def walkers(seed: int, n: int = 24, frames: int = 40, size: int = 3, side: int = 400) -> np.ndarray:
    """Squares that keep their speed and turn at random, in a box that repeats."""
    rng = np.random.default_rng(seed)
    heading, fine = rng.uniform(0, 2 * np.pi, n), 10
    places = np.stack(np.meshgrid(np.arange(5), np.arange(5), indexing="ij"), -1).reshape(-1, 2)[:n] * side / 5 + side / 10
    movie = np.zeros((frames, side, side), np.int32)
    for frame in movie:
        for label, (y, x) in enumerate(np.rint(places).astype(int), 1):
            frame[np.ix_(np.arange(y, y + size) % side, np.arange(x, x + size) % side)] = label
        for _ in range(fine):
            places = places + 6 * SPEED * STEP / fine * np.stack([np.sin(heading), np.cos(heading)], axis=1)
            heading = heading + np.sqrt(2 / PERSISTENCE * STEP / fine) * rng.standard_normal(n)
    return movie


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_speed_persistence_and_diffusion_of_walkers(seed):
    """Pixels of 1/6 µm: the places of cells are rounded to them."""
    found = estimate_motion(walkers(seed), 1 / 6, interval=STEP, unit="um", time_unit="min", periodic=True)
    assert found["speed"].value == pytest.approx(SPEED, rel=0.08)
    assert found["persistence"].value == pytest.approx(PERSISTENCE, rel=0.5)
    assert found["rotational_diffusion"].value == pytest.approx(1 / found["persistence"].value)
    assert found["position_error"].value == pytest.approx(1 / 6 / np.sqrt(12), abs=0.06)
    assert found["speed"].unit == "um/min"
    assert found.cells == 24
    for one in found.found:
        assert one.low <= one.value <= one.high


def paths_of(seed: int, n: int, frames: int, alike: int = 1) -> np.ndarray:
    """Paths (n, frames, 2) of walks with a speed and a persistence of 1, every 0.2; `alike` cells each walk the same way."""
    rng = np.random.default_rng(seed)
    shape = (n // alike, 10 * frames)
    heading = np.cumsum(np.sqrt(0.04) * rng.standard_normal(shape), axis=1) + rng.uniform(0, 7, (shape[0], 1))
    return np.repeat(np.cumsum(0.02 * np.stack([np.cos(heading), np.sin(heading)], -1), axis=1)[:, ::10], alike, axis=0)


@pytest.mark.parametrize("alike", [1, 3])
def test_intervals_hold_the_truth_as_often_as_they_say(alike):
    """Walks without pixels: 90 % intervals, in 60 trials; fewer than 45 would happen once in 10 000 times.

    Where three cells each walk together, as neighbours may, intervals that took them for independent hold it about 40 times.
    """
    hits = np.zeros(2)
    for seed in range(60):
        steps = np.diff(paths_of(seed, 30, 40, alike), axis=1)
        walk, effective, _ = walks_of(steps, 0.2 * np.arange(40), 200, seed)
        for i, (values, truth) in enumerate(((walk.speed, 1.0), (walk.persistence, 1.0))):
            one = interval("", values, effective, 0.9, positive=True)
            hits[i] += one.low <= truth <= one.high
    assert (hits >= 45).all(), hits


@pytest.mark.parametrize(("alike", "low", "high"), [(1, 24, 30), (3, 8, 15), (30, 2, 2.5)])
def test_cells_that_move_together_count_less(alike, low, high):
    found = []
    for seed in range(8):
        steps = np.diff(paths_of(seed, 30, 60, alike), axis=1)
        steps[3, :20] = np.nan  # a track that begins later
        sums, counts = displacement_products(steps, 20)
        found.append(independent_cells(steps, sums.sum(0) / counts.sum(0)))
    assert low <= np.mean(found) <= high


UNEVEN = np.array([k for k in range(80) if k % 8 in (0, 1, 2, 3, 6)])
"""Frames of a fine movie that are left: bursts, and a pause after each."""


def test_uneven_times_are_taken_as_they_are():
    """The same walks, looked at in bursts; with the mean interval, the persistence would be 40 % too long."""
    speeds, lasting = [], []
    for seed in range(30):
        steps = np.diff(paths_of(seed, 30, 80)[:, UNEVEN], axis=1)
        sums, counts = displacement_products(steps, 12)
        products = (sums.sum(0) / counts.sum(0))[None]
        walk = fit_walks(products, Pace.of(0.2 * UNEVEN, steps, 12), 2)
        speeds.append(walk.speed[0])
        lasting.append(walk.persistence[0])
    assert np.mean(speeds) == pytest.approx(1, abs=0.02)
    assert np.mean(lasting) == pytest.approx(1, abs=0.06)


def test_motion_of_a_movie_with_pauses():
    movie = as_movie(walkers(2, frames=80)[UNEVEN], 1 / 6, times=(STEP * UNEVEN).tolist(), time_unit="min", periodic=True)
    found = estimate_motion(movie)
    assert found["speed"].value == pytest.approx(SPEED, rel=0.05)
    assert found["persistence"].low < PERSISTENCE < found["persistence"].high
    assert "move together" not in str(found)
    assert found.curve is not None
    assert found.curve["time"].iloc[5] == pytest.approx(8 * STEP)  # five frames are one burst and its pause


def test_a_common_drift_can_be_taken_away():
    movie = np.stack([np.roll(frame, 6 * number, axis=1) for number, frame in enumerate(walkers(4))])
    still, moved = (estimate_motion(movie, 1 / 6, interval=STEP, periodic=True, remove_drift=remove) for remove in (True, False))
    assert still["speed"].value == pytest.approx(SPEED, rel=0.1)
    assert moved["speed"].value > 1.3 * SPEED


def test_a_field_that_moves_as_one_is_said_to():
    steps = walkers(4, n=1)
    movie = np.zeros_like(steps)
    for label in range(1, 7):
        movie[np.roll(steps, (60 * label, 60 * (label % 3)), (1, 2)) > 0] = label
    found = estimate_motion(movie, 1 / 6, interval=STEP, periodic=True)
    assert "6 of them carry as much information as 2" in str(found)
    assert found["speed"].high - found["speed"].low > 0


def growing(rate: float, linear: bool = False, noise: float = 0.0) -> np.ndarray:
    """Six rods that lengthen and divide in two when they have doubled; the mother keeps her label."""
    frames, rng = np.zeros((24, 120, 260), np.int32), np.random.default_rng(1)
    for row in range(6):
        y, mother, length, label = 6 + 18 * row, row + 1, 60.0 + 6 * row, row + 1
        born = False
        for t in range(24):
            grown = length + (rate * 60 if linear else 0)
            length = grown if linear else length * np.exp(rate)
            if length > 118 and not born:
                born, label, length = True, row + 11, length / 2
            n = round(length * (1 + noise * rng.standard_normal()))
            frames[t, y : y + 10, 4 : 4 + n] = mother
            if born:
                frames[t, y : y + 10, 4 + n : 4 + 2 * n] = label
        assert born
    return frames


def test_growth_between_divisions():
    found = estimate_growth(growing(0.04), interval=0.5, time_unit="h", unit="um", spacing=1.0)
    assert found["growth_rate"].value == pytest.approx(0.08, rel=0.03)
    assert found["doubling_time"].value == pytest.approx(np.log(2) / 0.08, rel=0.03)
    assert found["growth_rate"].low <= 0.08 <= found["growth_rate"].high + 0.002
    assert "Exponential growth fits better" in str(found)
    counts = [len(np.unique(frame)) - 1 for frame in growing(0.04)]
    there = (sum(counts) - (counts[0] + counts[-1]) / 2) * 0.5  # nothing is seen before the first frame and after the last
    assert found["division_rate"].value == pytest.approx(6 / there)


def test_growth_of_a_movie_with_pauses():
    kept = np.array([k for k in range(24) if k % 4 != 3])
    found = estimate_growth(as_movie(growing(0.04)[kept], times=(0.5 * kept).tolist(), time_unit="h"))
    assert found["growth_rate"].value == pytest.approx(0.08, rel=0.03)
    evenly = estimate_growth(growing(0.04)[: kept[-1] + 1], interval=0.5)
    assert found["division_rate"].value == pytest.approx(evenly["division_rate"].value, rel=0.05)


def test_linear_growth_is_told_from_exponential():
    found = estimate_growth(growing(0.05, linear=True))
    assert "Linear growth fits better" in str(found)
    assert found["gain"].value == pytest.approx(0.05 * 60 * 10, rel=0.05)


def test_shapes_of_rods_that_lie_at_an_angle():
    labels = np.zeros((200, 200), np.int32)
    y, x = np.indices(labels.shape)
    for i, (cy, cx) in enumerate([(50, 50), (50, 150), (150, 50), (150, 150), (100, 100)]):
        along = (x - cx) * np.cos(np.pi / 6) + (y - cy) * np.sin(np.pi / 6)
        across = -(x - cx) * np.sin(np.pi / 6) + (y - cy) * np.cos(np.pi / 6)
        labels[(along / 24) ** 2 + (across / 8) ** 2 < 1] = i + 1
    found = estimate_shape(labels, 0.5, unit="um")
    assert found["elongation"].value == pytest.approx(0.5, abs=0.01)
    assert found["direction"].value == pytest.approx(30, abs=1)
    assert found["alignment"].value == pytest.approx(1, abs=0.01)
    assert found["size"].value == pytest.approx(np.pi * 12 * 4, rel=0.02)


def test_of_a_tissue_at_random_nothing_is_aligned():
    sim = sl.Cells("relaxation", shape=(160, 160), n_cells=60, seed=1)
    for _ in range(3):
        sim.step()
    found = estimate_shape(sim.frame(), border_cells=True)
    assert found["alignment"].value < 0.4
    assert "direction" in str(found)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: estimate_motion(walkers(1)[:3]), "at least 5 frames"),
        (lambda: estimate_motion(np.arange(1, 7)[:, None, None] * np.ones((6, 8, 8), int)), "link"),
        (lambda: estimate_motion(walkers(1)[[0] * 6]), "No cell moves"),
        (lambda: estimate_growth(walkers(1)[:2]), "4 frames in a row"),
        (lambda: estimate_shape(np.ones((9, 9), int)), "at least 4 cells"),
        (lambda: estimate_motion(np.zeros((6, 8, 8), int)), "no cells"),
    ],
)
def test_what_cannot_be_estimated_is_a_sentence(call, words):
    with pytest.raises(InputError, match=words):
        call()


def test_levels_have_limits():
    with pytest.raises(ArgumentError, match="level"):
        estimate_motion(walkers(1), level=2.0)


def test_a_movie_with_gaps_is_not_taken_apart():
    movie = walkers(1)
    movie[7][movie[7] == 3] = 0
    assert estimate_motion(Movie(movie, movie.shape[1:], Place.of((1.0, 1.0)), np.arange(40.0), periodic=(True, True))).cells == 24

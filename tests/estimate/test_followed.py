"""Displacements are those of whole cells that keep their label: what is not is left out and said, or refused."""

from __future__ import annotations

import numpy as np
import pytest

from shapelab.errors import InputError
from shapelab.estimate import estimate_growth, estimate_motion
from shapelab.estimate.followed import displacements_of, require_tracks
from shapelab.estimate.motion import walks_of
from shapelab.estimate.tracked import Tracked
from shapelab.estimate.walk import Pace, displacement_products, fit_walks

SIDE = 100.0


def tracked(seed: int = 1, n: int = 16, frames: int = 30, step: float = 1.0, box: float = 0.0) -> Tracked:
    """Cells of radius 4 that start on a grid and step at random."""
    rng = np.random.default_rng(seed)
    grid = (np.stack(np.meshgrid(np.arange(4), np.arange(4)), -1).reshape(-1, 1, 2)[:n] + 0.5) * SIDE / 4
    places = grid + np.cumsum(step * rng.standard_normal((n, frames, 2)), axis=1)
    sizes = np.full((n, frames), np.pi * 16)
    border = np.zeros((n, frames), bool)
    return Tracked(np.arange(1, n + 1), places, sizes, np.zeros((n, frames, 2, 2)), border, np.arange(frames, dtype=float), np.full(2, box))


def relabelled(cells: Tracked, rng: np.random.Generator, share: float) -> Tracked:
    """In each frame, a share of the labels is given to other cells; paths continue the short way through the sides."""
    for frame in range(1, cells.places.shape[1]):
        some = np.flatnonzero(rng.random(len(cells.ids)) < share)
        cells.places[some, frame:] = cells.places[rng.permutation(some), frame:]
    if cells.box.any():
        steps = np.diff(cells.places, axis=1)
        cells.places[:, 1:] -= np.cumsum(np.round(steps / cells.box) * cells.box, axis=1)
    return cells


@pytest.mark.parametrize("box", [0.0, SIDE])
@pytest.mark.parametrize("share", [0.5, 1.0])
def test_labels_that_follow_no_cell_are_refused(share, box):
    for seed in range(5):
        with pytest.raises(InputError, match="Link the cells first"):
            require_tracks(relabelled(tracked(seed, box=box), np.random.default_rng(seed), share))


@pytest.mark.parametrize("step", [0.2, 1.0, 4.0, 10.0])
def test_cells_that_are_followed_are_not_refused(step):
    for seed in range(10):
        cells = tracked(seed, step=step)
        require_tracks(cells)
        moved = displacements_of(cells)
        assert np.isfinite(moved.steps).all() or step >= 4  # then some come where another was
        assert np.isfinite(moved.steps).mean() > 0.97


def test_swaps_borders_and_divisions_are_left_out_and_said():
    cells = tracked()
    true = np.diff(cells.places, axis=1)
    cells.places[:2, 10:] = cells.places[1::-1, 10:]  # two labels change places
    cells.sizes[3, 20:] /= 2
    cells.at_border[5, :4] = True
    moved = displacements_of(cells)
    unknown = {(int(i), int(k)) for i, k in np.argwhere(np.isnan(moved.steps[:, :, 0]))}
    assert unknown == {(0, 9), (1, 9), (3, 19), *((5, k) for k in range(4))}
    assert [word in " ".join(moved.notes) for word in ("border", "division", "changed places")] == [True] * 3
    assert np.allclose(moved.steps[6:], true[6:])


def test_where_all_cells_reach_the_border_that_is_said():
    cells = tracked()
    cells.at_border[:] = True
    moved = displacements_of(cells)
    assert np.isfinite(moved.steps).all()
    assert "parts inside" in str(moved.notes)


def test_straight_paths_keep_their_speed():
    """Were the longest persistence to bend them at all, generalised least squares would take a lower speed."""
    rng = np.random.default_rng(3)
    heading = rng.standard_normal((12, 1, 3))
    heading /= np.linalg.norm(heading, axis=2, keepdims=True)
    for frames in (5, 40):
        steps = np.diff(heading * 0.5 * np.arange(frames)[None, :, None], axis=1)
        walk, _, _ = walks_of(steps, np.arange(frames, dtype=float), 50, 1)
        assert walk.speed[0] == pytest.approx(0.5, rel=0.01)
        assert walk.persistence[0] > 100 * frames


def test_errors_of_positions_alone_are_no_motion():
    steps = np.diff(np.random.default_rng(2).normal(0, 0.3, (40, 50, 2)), axis=1)
    walk, _, _ = walks_of(steps, np.arange(50.0), 50, 1)
    assert np.sqrt(walk.error_square[0]) == pytest.approx(0.3, rel=0.05)
    assert walk.speed[0] ** 2 * walk.persistence[0] / 2 < 0.01


def test_short_tracks_tell_as_much_as_long_ones():
    """Pieces of 8 of 40 frames; the walks have a speed of 2 and a persistence of 0.5, and speeds that vary (three axes)."""
    rng, keep, n = np.random.default_rng(5), np.exp(-0.01 / 0.5), 300
    velocity, places = 2 / np.sqrt(3) * rng.standard_normal((n, 3)), [np.zeros((n, 3))]
    for _ in range(400):
        velocity = keep * velocity + 2 / np.sqrt(3) * np.sqrt(1 - keep**2) * rng.standard_normal((n, 3))
        places.append(places[-1] + 0.01 * velocity)
    steps = np.diff(np.stack(places[:400:10], axis=1), axis=1)
    for row, begin in enumerate(rng.integers(0, 33, n)):
        steps[row, :begin] = steps[row, begin + 7 :] = np.nan
    walk, _, curve = walks_of(steps, 0.1 * np.arange(40), 50, 1)
    assert walk.speed[0] == pytest.approx(2, rel=0.05)
    assert walk.persistence[0] == pytest.approx(0.5, rel=0.1)
    assert len(curve) == 7


def test_tracks_that_are_too_short_are_refused():
    steps = np.random.default_rng(1).standard_normal((20, 9, 2))
    steps[:, 2:] = np.nan  # three frames each
    with pytest.raises(InputError, match="4 frames in a row"):
        walks_of(steps, np.arange(10.0), 50, 1)


def test_time_and_length_scale_out():
    """The same walk in other units: minutes are 60 seconds, and 1 µm is 1000 nm."""
    steps = np.diff(tracked(7).places, axis=1)
    times = np.cumsum(np.random.default_rng(1).uniform(0.5, 1.5, 30))
    found = [walks_of(length * steps, time * times, 50, 1)[0] for length, time in ((1.0, 1.0), (1000.0, 60.0))]
    assert found[1].speed == pytest.approx(1000 / 60 * found[0].speed)
    assert found[1].persistence == pytest.approx(60 * found[0].persistence)


def test_taking_a_drift_away_takes_nothing_else():
    """Of 3 cells, a third of what each does by itself is in their mean."""
    values = []
    for seed in range(12):
        movie = np.zeros((40, 120, 120), np.int32)
        places = 30 + np.cumsum(np.random.default_rng(seed).standard_normal((3, 40, 2)), axis=1)
        for frame, now in zip(movie, np.moveaxis(places, 1, 0), strict=True):
            for label, (y, x) in enumerate(np.rint(now + 25 * np.arange(3)[:, None]).astype(int), 1):
                frame[y - 2 : y + 3, x - 2 : x + 3] = label
        values.append(estimate_motion(movie, remove_drift=True, resamples=50)["diffusion"].value)
    assert np.mean(values) == pytest.approx(0.5, rel=0.12)


def test_growth_of_labels_at_random_is_refused():
    rng = np.random.default_rng(4)
    movie = np.zeros((8, 80, 80), np.int32)
    for frame in movie:
        for place, label in enumerate(rng.permutation(16) + 1):
            y, x = 20 * (place // 4) + 5, 20 * (place % 4) + 5
            frame[y : y + 6, x : x + 6 + place % 3] = label
    with pytest.raises(InputError, match="Link the cells first"):
        estimate_growth(movie)


def test_products_that_share_displacements_do_not_count_twice():
    """Persistence scatters by a twelfth among walks of 12 cells; with each lag by itself by a seventh."""
    found = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        heading = rng.uniform(0, 7, (12, 1)) + np.cumsum(np.sqrt(0.04) * rng.standard_normal((12, 400)), axis=1)
        places = np.cumsum(0.02 * np.stack([np.cos(heading), np.sin(heading)], -1), axis=1)[:, ::10]
        steps = np.diff(places, axis=1)
        sums, counts = displacement_products(steps, 20)
        pace = Pace.of(0.2 * np.arange(40), steps, 20)
        found.append(fit_walks((sums.sum(0) / counts.sum(0))[None], pace, 2).persistence[0])
    assert np.std(np.log(found)) < 0.13
    assert np.mean(found) == pytest.approx(1, abs=0.07)

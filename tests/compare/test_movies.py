"""Two movies against each other: frames that belong together, units, distances, rates and order whose truth is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ks_2samp, wasserstein_distance

import shapelab as sl
from shapelab.compare import compare_movies, write_report
from shapelab.compare.differences import BOTH, ONLY_A, ONLY_B, OTHER_CELL
from shapelab.compare.movie_pairs import pair_frames
from shapelab.compare.movie_statistics import _distance
from shapelab.errors import InputError
from shapelab.frame import LayerData
from shapelab.movies import as_movie, measure_over_time


def moving(step, n=5, sides=(6, 8, 10), shape=(60, 80), start=4):
    """Squares of several sizes that all move by `step` pixels a frame to the right."""
    movie = np.zeros((n, *shape), np.int32)
    for t in range(n):
        for i, side in enumerate(sides):
            movie[t, 4 + 16 * i : 4 + 16 * i + side, start + step * t : start + step * t + side] = i + 1
    return movie


def layer(movie, interval=1.0, pixel=1.0, units=("s", "um", "um"), origin=0.0):
    meta = {"scale": (interval, pixel, pixel), "units": units, "axis_labels": ("t", "y", "x"), "translate": (0.0, origin, origin)}
    return LayerData("movie", movie, "labels", meta)


def quick(a, b, **options):
    return compare_movies(a, b, **{"bootstrap": 10, **options})


def test_a_movie_is_like_itself():
    found = quick(moving(2), moving(2))
    assert (found.pooled["ks"] == 0).all()
    assert (found.pooled[["wasserstein", "low"]] == 0).all(axis=None)
    assert (found.frames[["dice", "iou", "adjusted_rand"]] == 1).all(axis=None)
    assert (found.frames["mismatch"] == 0).all()
    assert found.summary.set_index("number").loc["msd exponent", ["a", "b"]].tolist() == pytest.approx([2, 2])
    assert set(np.unique(found.difference().data)) == {0, BOTH}


def test_distances_are_scipys_and_cells_count_once_over_all_frames():
    rng = np.random.default_rng(3)
    sides = [rng.integers(4, 8, 20), rng.integers(6, 10, 20)]
    movies = []
    for chosen in sides:
        frame = np.zeros((60, 64), int)
        for i, side in enumerate(chosen):
            y, x = 2 + 12 * (i // 5), 2 + 12 * (i % 5)
            frame[y : y + side, x : x + side] = i + 1
        movies.append(np.stack([frame] * 3))
    found = quick(*movies, bootstrap=200)
    areas = [chosen.astype(float) ** 2 for chosen in sides]
    row = found.distributions.set_index(["frame_a", "quantity"]).loc[(1, "area")]
    assert row["wasserstein"] == pytest.approx(wasserstein_distance(*areas))
    assert row["ks"] == pytest.approx(ks_2samp(*areas).statistic)
    assert row["mean_b"] - row["mean_a"] == pytest.approx(areas[1].mean() - areas[0].mean())
    pooled = found.pooled.set_index("quantity").loc["area"]
    assert (pooled["n_a"], pooled["wasserstein"]) == (60, pytest.approx(row["wasserstein"]))
    assert pooled["high"] - pooled["low"] > 0.5 * (row["high"] - row["low"])  # a cell is like itself a frame later: no narrower
    again = quick(*movies, bootstrap=200)
    pd.testing.assert_frame_equal(found.distributions, again.distributions)


@pytest.mark.parametrize("shift", [1.0, 3.0])
def test_intervals_of_distances_hold_the_truth(shift):
    held = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        x, y = rng.normal(size=(30, 1)), rng.normal(shift, size=(30, 1))
        found = _distance([list(x), list(y)], 60, rng)
        held += found["low"] <= shift <= found["high"]
    assert held >= 33  # 38 of an interval of 95 %


BY_TIME = [((10, 1.0), (5, 2.0), ([0, 2, 4, 6, 8], [0, 1, 2, 3, 4])), ((4, 2.0), (9, 1.0), ([0, 1, 2, 3], [0, 2, 4, 6]))]


@pytest.mark.parametrize(("a", "b", "pairs"), BY_TIME)
def test_frames_are_paired_by_time(a, b, pairs):
    first, second = (as_movie(layer(moving(1, n=n), interval)) for n, interval in (a, b))
    found = pair_frames(first, second)
    assert (found.a.tolist(), found.b.tolist()) == pairs
    assert found.by_time
    assert "at the same times" in found.note


def test_frames_without_times_are_paired_by_number():
    known, unknown = as_movie(layer(moving(1, n=6))), as_movie(moving(1, n=4))
    found = pair_frames(known, unknown)
    assert found.b.tolist() == [0, 1, 2, 3]
    assert "they do not both state their times: the first 4 of A's 6 and B's 4" in found.note
    with pytest.raises(InputError, match="B does not state it"):
        pair_frames(known, unknown, "time")
    late = replace(known, times=known.times + 100)
    assert "hardly overlap" in pair_frames(known, late).note
    with pytest.raises(InputError, match="no time in common"):
        pair_frames(known, late, "time")
    shifted = pair_frames(known, replace(known, times=known.times + 2.25))
    assert (shifted.a.tolist(), shifted.b.tolist()) == ([2, 3, 4, 5], [0, 1, 2, 3])
    assert "at most 0.25 s apart" in shifted.note
    assert not pair_frames(known, replace(known, times=known.times + 2), "frame").by_time


def test_units_of_length_and_time_are_converted():
    a = layer(moving(2), 60.0, 0.5)
    b = layer(moving(2), 1.0, 500.0, ("min", "nm", "nm"))
    found = quick(a, b)
    assert found.pairs.b.tolist() == [0, 1, 2, 3, 4]
    assert (found.frames["mismatch"] == 0).all()
    assert found.frames["mean_speed_b"].dropna().to_numpy() == pytest.approx(2 * 0.5 / 60)
    assert found.frames["mean_area_b"].to_numpy() == pytest.approx(found.frames["mean_area_a"].to_numpy())
    assert any("converted to um" in note for note in found.notes)
    with pytest.raises(InputError, match="same number of axes"):
        quick(a, np.ones((3, 4, 5, 6), int))


def test_the_difference_lies_over_the_movies_frame_by_frame():
    a = moving(0, sides=(8,))
    b = np.where(moving(1, sides=(8,)) > 0, 7, 0)
    found = quick(layer(a, 2.0, 0.5, origin=3.0), layer(b, 2.0, 0.5, origin=3.0))
    drawn = found.difference("where")
    assert (drawn.name, drawn.kind, drawn.data.shape) == ("where", "labels", a.shape)
    assert drawn.meta["scale"] == (2.0, 0.5, 0.5)
    assert drawn.meta["translate"] == (0.0, 3.0, 3.0)
    for t in range(5):
        counts = np.bincount(drawn.data[t].ravel(), minlength=5)
        assert counts[[BOTH, ONLY_A, ONLY_B, OTHER_CELL]].tolist() == [8 * (8 - t), 8 * t, 8 * t, 0]
    assert found.frames["iou"].to_numpy() == pytest.approx([(8 - t) / (8 + t) for t in range(5)])
    coarse = quick(layer(a, 2.0, 0.5), layer(b[:, ::2, ::2], 2.0, 1.0, origin=0.25))
    assert (coarse.difference().data[0] == BOTH).sum() == 64
    empty = a.copy()
    empty[2] = 0
    without = quick(a, empty)
    assert without.frames["dice"].tolist() == [1, 1, 0, 1, 1]
    assert (without.difference().data[2] == ONLY_A).sum() == 64


def test_rates_of_events_are_per_cell_and_time():
    halves = moving(0, n=6, sides=(8,))
    halves[3:, 4:8, 4:12] = np.where(halves[3:, 4:8, 4:12] > 0, 9, 0)
    found = quick(layer(moving(0, n=6, sides=(8,)), 10.0), layer(halves, 10.0))
    rate = found.summary.set_index("number").loc["division rate"]
    exposure = 10.0 * (1 + 1 + 1 + 2 + 2)
    assert (rate["a"], rate["b"]) == (0, pytest.approx(1 / exposure))
    assert rate["low_b"] * exposure == pytest.approx(0.0253, rel=0.01)
    assert rate["high_b"] * exposure == pytest.approx(5.572, rel=0.01)
    assert found.frames["divisions_b"].tolist() == [0, 0, 0, 1, 0, 0]


def test_a_run_under_way_and_a_saved_one_are_movies_like_any_other(tmp_path):
    def run():
        return sl.Cells("run_and_tumble", n_cells=10, shape=(48, 48), seed=4)

    frames = list(run().run(4, every=2))
    live = quick(run().run(4, every=2), frames)
    assert (live.frames["mismatch"] == 0).all()
    assert live.pairs.by_time
    assert "rate" in live.summary["number"].str.cat()
    files = write_report(live.report(), tmp_path / "report", figure=False)
    tables = {f"{name}.csv" for name in ("frames", "distributions", "pooled", "displacements", "summary")}
    assert {file.name for file in files} >= {*tables, "comparison.json"}


def hexagons(n=6, width=16):
    """Centres of a hexagonal lattice that fits a periodic box, and the box."""
    height = width * np.sqrt(3) / 2
    rows = [(height * i, width * (j + 0.5 * (i % 2))) for i in range(n) for j in range(n)]
    return np.array(rows), np.array([height * n, width * n])


def test_order_is_that_of_lattices_stripes_and_swarms():
    centres, box = hexagons()
    shape = (round(box[0]), round(box[1]))
    y, x = np.indices(shape)
    apart = [np.abs(z[None] - c[:, None, None]) for z, c in ((y, centres[:, 0]), (x, centres[:, 1]))]
    apart = [np.minimum(one, side - one) for one, side in zip(apart, box, strict=True)]
    lattice = 1 + np.argmin(apart[0] ** 2 + apart[1] ** 2, axis=0)
    frames = measure_over_time([lattice, np.roll(lattice, 3, axis=1)], periodic=True).per_frame()
    assert frames["hexatic_order"].to_numpy() == pytest.approx(1, abs=0.03)
    assert frames["polar_order"].iloc[1] == pytest.approx(1, abs=1e-6)
    bricks = np.kron(np.arange(1, 37).reshape(12, 3), np.ones((4, 16), int))
    frames = measure_over_time([bricks]).per_frame()
    assert frames["nematic_order"].iloc[0] == pytest.approx(1, abs=1e-6)
    assert frames["mean_elongation"].iloc[0] == pytest.approx(0.75, abs=1e-6)
    turn = np.eye(4)
    turn[1:3, 1:3] = [[0.6, -0.8], [0.8, 0.6]]
    turned = LayerData("m", bricks[None], "labels", {"affine": turn})
    axes = measure_over_time(turned).table[["axis_y", "axis_x"]].to_numpy()
    assert np.abs(axes @ [-0.8, 0.6]) == pytest.approx(1)
    crossed = bricks.copy()
    crossed[:, 24:] = np.kron(np.arange(101, 119).reshape(3, 6), np.ones((16, 4), int))
    assert measure_over_time([crossed[:, :48]]).per_frame()["nematic_order"].iloc[0] < 0.5


@pytest.mark.parametrize(("power", "seed"), [(1.0, 0), (2.0, 1)])
def test_exponents_of_random_walks_and_of_straight_paths(power, seed):
    from shapelab.movies.displacement import displacements, exponent_of

    rng = np.random.default_rng(seed)
    steps = rng.normal(size=(300, 40, 2)) if power == 1 else np.repeat(rng.normal(size=(300, 1, 2)), 40, axis=1)
    places = np.cumsum(steps, axis=1)
    label, frame = np.indices((300, 40))
    found = displacements(np.column_stack([label.ravel(), frame.ravel(), places.reshape(-1, 2)]), 0.5 * np.arange(40))
    assert exponent_of(found) == pytest.approx(power, abs=0.06)
    assert found["time"].iloc[3] == 2.0
    assert np.isnan(exponent_of(found.assign(msd=0.0)))


def test_movies_in_space(tmp_path):
    a, b = np.zeros((3, 12, 20, 20), np.int32), np.zeros((3, 12, 20, 20), np.int32)
    for t in range(3):
        a[t, 3:9, 5:11, 4 + t : 10 + t] = 1
        b[t, 3:9, 5:11, 4 + 2 * t : 10 + 2 * t] = 1
    meta = {"scale": (2.0, 1.0, 0.5, 0.5), "units": ("min", "um", "um", "um"), "axis_labels": ("t", "z", "y", "x")}
    found = quick(LayerData("a", a, "labels", meta), LayerData("b", b, "labels", meta))
    assert set(found.pooled["quantity"]) == {"volume", "sphericity", "elongation", "neighbours", "speed"}
    assert found.pooled.set_index("quantity").loc["speed", ["mean_a", "mean_b"]].tolist() == pytest.approx([0.25, 0.5])
    drawn = found.difference()
    assert (drawn.data.shape, drawn.meta["scale"], drawn.meta["units"][1:]) == (a.shape, (2.0, 1.0, 0.5, 0.5), ("um",) * 3)
    assert (drawn.data[2] == ONLY_A).sum() == 6 * 6 * 2
    assert "hexatic_order_a" not in found.frames


def test_a_turned_movie_is_laid_over_the_other():
    a = moving(1, shape=(60, 60))
    turn = np.eye(4)
    turn[1:3, 1:3] = [[0, -1], [1, 0]]  # pixel (i, j) lies at y = 59 - j, x = i
    turn[1:3, 3] = [59, 0]
    b = LayerData("b", np.rot90(a, k=-1, axes=(1, 2)), "labels", {"affine": turn})
    found = quick(LayerData("a", a, "labels", {"translate": (0, 0, 0)}), b)
    straight = quick(a, a)
    assert found.frames["dice"].to_numpy() == pytest.approx(1)
    assert found.frames["mean_speed_b"].dropna().to_numpy() == pytest.approx(straight.frames["mean_speed_b"].dropna().to_numpy())


@pytest.mark.parametrize(
    ("units", "said"),
    [
        (("pixel", "um", "um"), "A counts time in s and B in frames: speeds, rates"),
        (("s", "pixel", "pixel"), "B states no unit of length: it was assumed to be in um."),
        (("s", "um", "um"), ""),
    ],
)
def test_units_that_only_one_of_them_states_are_told(units, said):
    found = quick(layer(moving(2)), layer(moving(2), units=units), bootstrap=0, overlaps=False)
    assert any(said in note for note in found.notes)
    assert len(found.notes) == (1 if not said else 2)


def test_the_difference_of_frames_at_times_of_their_own_states_them():
    movie = as_movie(moving(2), times=[0, 1, 3, 10, 11], time_unit="min")
    found = quick(movie, movie, bootstrap=0, overlaps=False)
    meta = found.difference().meta
    assert meta["scale"][0] == 1
    assert meta["metadata"]["shapelab"] == {"times": [0, 1, 3, 10, 11], "time_unit": "min"}

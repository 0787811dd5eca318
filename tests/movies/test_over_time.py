"""Cells over time: velocities, paths, divisions, losses and neighbour exchanges of movies whose truth is known."""

from __future__ import annotations

import dask.array as da
import numpy as np
import pandas as pd
import pytest
import zarr
from four_cells import four

import shapelab as sl
from shapelab.errors import InputError
from shapelab.frame import LayerData
from shapelab.io import RunWriter, load_run
from shapelab.movies import as_movie, link_cells, measure_over_time


def squares(places, shape=(40, 60), side=8):
    """Draw the square `label` with its corner at each place."""
    image = np.zeros(shape, np.int32)
    for label, (y, x) in places.items():
        image[np.ix_(np.arange(y, y + side) % shape[0], np.arange(x, x + side) % shape[1])] = label
    return image


def kinds(found):
    return [(row.frame, row.kind, row.label, row.others) for row in found.events.itertuples()]


def test_velocities_in_the_units_of_the_movie():
    movie = [squares({5: (2 + 2 * t, 3 + 3 * t), 9: (30, 50 - t)}) for t in range(4)]
    layer = LayerData(
        "movie", np.stack(movie), "labels", {"scale": (0.5, 0.2, 0.1), "units": ("s", "um", "um"), "axis_labels": ("t", "y", "x")}
    )
    found = measure_over_time(layer)
    assert (found.unit, found.time_unit) == ("um", "s")
    table = found.table.set_index(["label", "frame"])
    assert table.loc[5, "time"].tolist() == [0, 0.5, 1, 1.5]
    assert np.isnan(table.loc[(5, 0), "speed"])
    assert table.loc[5, "velocity_y"].to_numpy()[1:] == pytest.approx(2 * 0.2 / 0.5)
    assert table.loc[5, "velocity_x"].to_numpy()[1:] == pytest.approx(3 * 0.1 / 0.5)
    assert table.loc[9, "speed"].to_numpy()[1:] == pytest.approx(0.1 / 0.5)
    assert found.events.empty
    msd = found.mean_squared_displacement()
    assert msd["time"].tolist() == [0.5, 1, 1.5]
    squares_of = [((2 * 0.2) ** 2 + (3 * 0.1) ** 2) * lag**2 + (0.1 * lag) ** 2 for lag in (1, 2, 3)]
    assert msd["msd"].to_numpy() == pytest.approx(np.array(squares_of) / 2)
    assert msd["pairs"].tolist() == [6, 4, 2]


def test_a_turned_layer_moves_in_the_world():
    movie = np.stack([squares({1: (10, 10 + 2 * t)}) for t in range(3)])
    turn = np.eye(4)
    turn[1:3, 1:3] = [[0, -1], [1, 0]]  # x of the array runs against y of the world
    found = measure_over_time(LayerData("movie", movie, "labels", {"scale": (1, 1, 1), "affine": turn}))
    assert found.table["velocity_y"].to_numpy()[1:] == pytest.approx(-2)
    assert found.table["velocity_x"].to_numpy()[1:] == pytest.approx(0)


def test_a_periodic_box_is_crossed_the_short_way():
    movie = [squares({1: (10, (40 + 4 * t) % 60)}) for t in range(8)]
    found = measure_over_time(np.stack(movie), periodic=True)
    assert found.table["velocity_x"].to_numpy()[1:] == pytest.approx(4)
    paths = found.paths()
    assert np.diff(paths[:, 3]) == pytest.approx(4)
    assert found.mean_squared_displacement()["msd"].to_numpy() == pytest.approx([(4 * lag) ** 2 for lag in range(1, 8)])


def test_divisions_losses_arrivals_and_new_labels():
    whole = squares({7: (10, 10)}, side=12)
    halves = whole.copy()
    halves[10:22, 16:22] = 8
    both = np.where(whole > 0, halves + 20, 0)  # 27 and 28: the mother's label is gone
    assert kinds(measure_over_time([whole, halves])) == [(1, "division", 7, (7, 8))]
    assert kinds(measure_over_time([whole, both])) == [(1, "division", 7, (27, 28))]
    assert kinds(measure_over_time([whole, np.where(whole > 0, 3, 0)])) == [(1, "new label", 7, (3,))]
    assert kinds(measure_over_time([halves, whole])) == [(1, "loss", 8, (7,))]
    edge = squares({7: (10, 10)}, side=12) + squares({4: (0, 40)})
    found = measure_over_time([whole, edge, whole])
    assert kinds(found) == [(1, "appearance", 4, ()), (2, "loss", 4, ())]
    assert found.events["at_border"].tolist() == [True, True]
    graph = measure_over_time([whole, both, both]).tracks().meta["graph"]
    assert graph == {27: [7], 28: [7]}


@pytest.mark.parametrize("between", [[], ["all"], ["all"] * 3])
def test_a_neighbour_exchange_is_found_once(between):
    movie = [four(state) for state in ["1-2", "1-2", *between, "3-4", "3-4"]]
    found = [kind for kind in kinds(measure_over_time(movie)) if kind[1] == "neighbour exchange"]
    assert len(found) == 1
    assert {found[0][2], found[0][3][0]} == {1, 2}
    assert set(found[0][3][1:]) == {3, 4}
    back = measure_over_time([*movie, *movie[::-1]]).per_frame()
    assert back["neighbour exchanges"].sum() == 2


def test_a_contact_that_comes_and_goes_is_no_exchange():
    apart = four("1-2")
    apart[:, 12] = 0  # nothing between 1 and 2, nor 3 and 4
    assert "neighbour exchange" not in {kind[1] for kind in kinds(measure_over_time([four("1-2"), apart, four("1-2")]))}
    late = [four("1-2"), *[four("all")] * 4, four("3-4")]
    assert len(kinds(measure_over_time(late, patience=10))) == 1


@pytest.mark.parametrize("seed", range(3))
def test_linked_cells_are_the_cells(seed):
    rng = np.random.default_rng(seed)
    simulation = sl.Cells("run_and_tumble", n_cells=20, shape=(96, 96), seed=seed)
    frames = [np.asarray(simulation.frame()["cells"])]
    for _ in range(5):
        simulation.step()
        frames.append(np.asarray(simulation.frame()["cells"]))
    ids = [rng.choice(1000, int(frame.max()), replace=False) + 1 for frame in frames]
    mixed = [np.r_[0, names][frame] for names, frame in zip(ids, frames, strict=True)]
    doubtful = measure_over_time(mixed)
    assert "link_cells" in str(doubtful)
    linked = link_cells(mixed)
    for frame, result in zip(frames, linked, strict=True):  # one label for each, the same in all frames
        pairs = np.unique(np.stack([frame.ravel(), result.ravel()]), axis=1)
        assert len(pairs.T) == len(np.unique(frame))
    assert len(np.unique(np.stack([np.stack(frames).ravel(), linked.ravel()]), axis=1).T) == 21
    truth, again = measure_over_time(frames), measure_over_time(linked)
    pd.testing.assert_frame_equal(truth.per_frame(), again.per_frame())
    assert not truth.notes


def test_linking_gives_daughters_their_mother():
    whole = squares({7: (10, 10)}, side=12)
    halves = whole.copy()
    halves[10:22, 16:22] = 3
    found = measure_over_time(link_cells([whole, whole * 2, halves, halves]))
    assert [(row.kind, row.frame, len(row.others)) for row in found.events.itertuples()] == [("division", 2, 2)]


def test_a_saved_run_is_a_movie(tmp_path):
    simulation = sl.Cells("active_crystal", n_cells=10, shape=(64, 64), seed=2)
    with RunWriter(tmp_path / "run.zarr", simulation) as writer:
        for _ in range(4):
            simulation.step()
            writer.write(simulation.frame())
    run = load_run(tmp_path / "run.zarr")
    movie = as_movie(run)
    assert movie.time_unit == "s"
    assert movie.periodic == (simulation.model.periodic,) * 2
    found = measure_over_time(run)
    by_hand = measure_over_time([run.frame(index) for index in range(len(run))], periodic=movie.periodic)
    assert found.table["label"].tolist() == by_hand.table["label"].tolist()
    assert found.table["speed"].to_numpy() == pytest.approx(by_hand.table["speed"].to_numpy(), nan_ok=True)
    assert found.times.tolist() == run.record.times


@pytest.mark.parametrize(
    ("movie", "sentence"),
    [
        (np.zeros((4, 8, 8), int), "no cells"),
        (np.ones((8, 8), int), "axes"),
        ([], "no frames"),
        ([np.ones((4, 4), int), np.ones((4, 5), int)], "Frame 1 has shape"),
        ([np.ones((4, 4), int), -np.ones((4, 4), int)], "Frame 1: Labels must not be negative"),
        (np.full((3, 4, 4), 0.5), "Frame 0: Labels must be whole numbers"),
        (3, "received int"),
        (LayerData("a", np.ones((2, 3, 4, 4), int), "labels", {"axis_labels": ("t", "c", "y", "x")}), "channel"),
        (LayerData("a", np.ones((2, 3, 4), int), "labels", {"axis_labels": ("t", "x", "frame")}), "only one of them can be time"),
        (LayerData("a", np.ones((2, 3, 4), int), "labels", {"axis_labels": ("z", "y", "x")}), "none of them is time"),
        (LayerData("a", np.ones((5, 2)), "points"), "kind points"),
        (LayerData("a", np.ones((2, 3, 4), int), "labels", {"affine": np.eye(4)[[1, 0, 2, 3]]}), "mixes time with space"),
    ],
)
def test_what_is_no_movie_is_a_sentence(movie, sentence):
    with pytest.raises(InputError, match=sentence):
        measure_over_time(movie)


def test_grey_images_are_no_cells():
    grey = np.random.default_rng(0).integers(0, 255, (3, 64, 64))
    with pytest.raises(InputError, match="grey image"):
        measure_over_time(grey)


def walk(**meta):
    """Cell 5 walks by (2, 3) pixels a frame, cell 9 by (0, -1)."""
    movie = np.stack([squares({5: (2 + 2 * t, 3 + 3 * t), 9: (30, 50 - t)}) for t in range(4)])
    return LayerData("movie", movie, "labels", {"axis_labels": ("t", "y", "x"), **meta})


@pytest.mark.parametrize(
    ("meta", "times", "unit", "velocity"),
    [
        ({"scale": (5, 0.5, 0.25), "translate": (10, 1, 2), "units": ("min", "um", "um")}, [10, 15, 20, 25], "min", (0.2, 0.15)),
        ({"affine": np.diag([2.0, 1, 1, 1])}, [0, 2, 4, 6], "", (1, 1.5)),
        (
            {"scale": (5, 1, 1), "affine": np.diag([2.0, 3, 1, 1]), "rotate": np.eye(3), "shear": np.zeros(3)},
            [0, 10, 20, 30],
            "",
            (0.6, 0.3),
        ),
        ({"scale": (1, -0.5, 0.25)}, [0, 1, 2, 3], "frame", (-1, 0.75)),
        ({"scale": (5, 500, 0.25), "units": ("s", "nm", "um")}, [0, 5, 10, 15], "s", (0.2, 0.15)),
        ({"scale": (5, 1, 1), "units": ("pixel", "um", "um")}, [0, 5, 10, 15], "", (0.4, 0.6)),
        ({"scale": (2, 0.5, 0.25), "units": ("um", "um", "um")}, [0, 1, 2, 3], "frame", (1, 0.75)),
        ({"scale": (0.5, 0.25)}, [0, 1, 2, 3], "frame", (1, 0.75)),
    ],
)
def test_time_and_space_follow_the_transform_of_a_layer(meta, times, unit, velocity):
    found = measure_over_time(walk(**meta))
    assert found.times.tolist() == times
    assert found.time_unit == unit
    rows = found.table.set_index(["label", "frame"]).loc[5]
    assert rows[["velocity_y", "velocity_x"]].to_numpy()[1:] == pytest.approx(np.tile(velocity, (3, 1)))


def test_time_that_runs_backwards_is_refused():
    with pytest.raises(InputError, match="Time runs backwards"):
        as_movie(walk(scale=(-1, 1, 1)))


def test_frames_at_times_of_their_own():
    """Cell 5 goes at constant speed, of which the frames are taken at odd moments."""
    times = [0, 1, 3, 4, 8, 10]
    movie = np.stack([squares({5: (2 + t, 3 + 2 * t)}) for t in times])
    found = measure_over_time(as_movie(movie, 0.5, times=times, unit="um", time_unit="min"))
    assert found.table["speed"].to_numpy()[1:] == pytest.approx(0.5 * np.sqrt(5))
    msd = found.mean_squared_displacement()
    assert msd["pairs"].sum() == 15
    lone = msd[msd["pairs"] == 1]
    assert len(lone)
    assert lone["msd"].to_numpy() == pytest.approx(1.25 * lone["time"].to_numpy() ** 2)
    for wrong, said in (([0, 1, 1, 2, 3, 4], "later than the one before"), ([0, 1], "one entry for each of the 6 frames")):
        with pytest.raises(InputError, match=said):
            as_movie(movie, times=wrong)
    with pytest.raises(InputError, match="give one of the two"):
        as_movie(movie, times=times, interval=2)


@pytest.mark.parametrize("ids", [(2**53, 2**53 + 1), (2**63 - 1, 2**63 - 2), (2**64 - 1, 2**63 + 5)])
def test_large_ids_are_told_apart(ids):
    small = walk().data
    movie = np.select([small == 5, small == 9], np.array(ids, np.uint64), np.uint64(0))
    movie[2:][(small == 5)[2:] & (np.arange(60) < 13)] = 3  # part of it buds off
    found, wanted = measure_over_time(movie), measure_over_time(np.where(movie == ids[0], 5, np.where(movie == ids[1], 9, movie)))
    assert set(found.table["label"].tolist()) == {*ids, 3}
    pd.testing.assert_frame_equal(found.mean_squared_displacement(), wanted.mean_squared_displacement())
    tracks = found.tracks()
    labels = tracks.meta["features"]["label"].tolist()
    assert set(labels) == {*ids, 3}
    for label in ids:
        assert len({number for number, of in zip(tracks.data[:, 0].tolist(), labels, strict=True) if of == label}) == 1
    assert len(np.unique(tracks.data[:, 0])) == 3


def test_labels_that_come_and_go_and_frames_without_cells():
    movie = walk().data.copy()
    movie[1][movie[1] == 5] = 0
    found = measure_over_time(movie)
    assert [kind[:3] for kind in kinds(found)] == [(1, "loss", 5), (2, "appearance", 5)]
    speeds = found.table.set_index(["label", "frame"])["speed"]
    assert np.isnan(speeds[5, 2])
    assert speeds[5, 3] == pytest.approx(np.sqrt(13))
    assert found.mean_squared_displacement()["pairs"].tolist() == [4, 3, 2]
    movie[0] = 0
    assert measure_over_time(movie).per_frame()["cells"].tolist() == [0, 1, 2, 2]
    alone = measure_over_time(movie[-1:])
    assert alone.mean_squared_displacement().empty
    assert "1 frames" not in str(alone)
    assert len(alone.tracks().data) == 2


@pytest.mark.parametrize("kind", ["array", "dask", "zarr"])
@pytest.mark.parametrize("time", [1, 2, 3])
def test_time_may_stand_anywhere_where_the_axes_are_named(time, kind):
    """In space, each axis with its own step, some of them turned: the same cells at the same places and times."""
    movie = np.stack([np.stack([frame] * 3) for frame in walk().data])
    turn = np.eye(5)
    turn[1:3, 1:3], turn[:4, 4] = [[0, -1], [1, 0]], (7, 1, 2, 3)
    place = {"axis_labels": ("t", "z", "y", "x"), "scale": (5, 2, 0.5, 0.25), "units": ("min", "um", "um", "um")}
    first = LayerData("movie", movie, "labels", {**place, "affine": turn})
    order = [1, 2, 3]
    order.insert(time, 0)
    rows = [*order, 4]
    moved = np.ascontiguousarray(movie.transpose(order))
    made = {"array": np.asarray, "dask": da.from_array, "zarr": zarr.array}[kind]
    per_axis = {name: tuple(values[axis] for axis in order) for name, values in place.items()}
    other = LayerData("movie", made(moved), "labels", {**per_axis, "affine": turn[np.ix_(rows, rows)]})
    found, wanted = as_movie(other), as_movie(first)
    assert found.shape == wanted.shape
    assert (found.times.tolist(), found.time_unit, found.unit) == ([7, 12, 17, 22], "min", "um")
    assert found.place.matrix == pytest.approx(wanted.place.matrix)
    assert all(np.array_equal(a, b) for a, b in zip(found, wanted, strict=True))
    pd.testing.assert_frame_equal(measure_over_time(found).table, measure_over_time(wanted).table)
    flat = as_movie(LayerData("flat", moved, "labels", {"axis_labels": per_axis["axis_labels"], "scale": (2, 0.5, 0.25)}))
    assert flat.spacing == (2, 0.5, 0.25)  # of space alone

"""The foam as a model: presets, checkpoints, the user's hand, topology, grids of any kind, and sentences for what cannot be."""

from __future__ import annotations

import json

import numpy as np
import pytest

import shapelab as sl
from shapelab import catalog
from shapelab.errors import EditError, InputError, ParameterError
from shapelab.foam import explain_tensions
from shapelab.foam.drawing import drawn_rows
from shapelab.scenario_check import quick_run

SQUARES = np.pad(np.repeat(np.repeat(np.arange(1, 5).reshape(2, 2), 16, 0), 16, 1), 12)
EQUAL = {"first": 1.0, "first_medium": 1.0}


def areas(frame):
    features = frame.layer("seeds").meta["features"]
    return dict(zip(features["id"].tolist(), features["volume"].tolist(), strict=True))


def last(simulation, steps):
    *_, frame = simulation.run(steps, every=steps)
    return frame


def touching(labels, a, b):
    pairs = [(labels[1:], labels[:-1]), (labels[:, 1:], labels[:, :-1])]
    return sum(int((((p == a) & (q == b)) | ((p == b) & (q == a))).sum()) for p, q in pairs)


@pytest.mark.parametrize("name", list(catalog.scenarios("foam")))
def test_presets_show_what_is_expected(name):
    item = catalog.scenario("foam", name)
    simulation = quick_run(item)
    frame = simulation.frame()
    for observable, (low, high) in item.expect.items():
        assert low <= frame.scalars[observable] <= high, (observable, frame.scalars[observable])
    assert frame.scalars["max_volume_error"] < 5e-4
    assert item.citation


@pytest.mark.parametrize("name", ["foam_sorting", "growing_tissue", "double_bubble_3d"])
def test_a_checkpoint_goes_on_bit_for_bit(name):
    item = catalog.scenario("foam", name)
    one, other = (sl.Foam(name, seed=3, **item.quick) for _ in range(2))
    last(one, 5)
    plain, arrays = one.checkpoint()
    other.restore_checkpoint(json.loads(json.dumps(plain)), {key: np.array(value) for key, value in arrays.items()})
    for simulation in (one, other):
        last(simulation, 7)
    for (key, a), b in zip(one.checkpoint()[1].items(), other.checkpoint()[1].values(), strict=True):
        np.testing.assert_array_equal(a, b, err_msg=key)


def test_a_damaged_checkpoint_is_refused():
    simulation = sl.Foam("foam_sorting", n_cells=4, shape=(48, 48), seed=1)
    last(simulation, 2)
    plain, arrays = simulation.checkpoint()
    for key, change in (
        ("codes", lambda a: a + 100),
        ("cells", lambda a: a + 50),
        ("fractions", lambda a: a[:-1]),
        ("codes", lambda a: a[:-1]),
    ):
        with pytest.raises(InputError, match="damaged"):
            simulation.restore_checkpoint(plain, {**arrays, key: change(arrays[key])})


def test_neighbours_are_exchanged_as_the_tensions_ask():
    """A T1: four cells at a cross; the pair whose contact is cheap joins, and with other tensions the other pair."""
    tensions = {(0, i): 1.0 for i in (1, 2, 3, 4)} | {(1, 2): 1.0, (1, 3): 1.0, (2, 4): 1.0, (3, 4): 1.0}
    simulation = sl.Foam(labels=SQUARES, tensions=tensions | {(1, 4): 1.5, (2, 3): 0.7})
    frame = last(simulation, 60)
    assert touching(frame["cells"], 1, 4) == 0
    assert touching(frame["cells"], 2, 3) > 5
    simulation.edit("set_tension", first=1, second=4, tension=0.7)
    simulation.edit("set_tension", first=2, second=3, tension=1.6)
    frame = last(simulation, 200)
    assert touching(frame["cells"], 1, 4) > 5
    assert touching(frame["cells"], 2, 3) == 0
    assert frame.scalars["max_volume_error"] < 5e-4


def test_a_cell_that_is_removed_shrinks_away_and_the_others_keep_their_volumes():
    simulation = sl.Foam(labels=SQUARES, **EQUAL)
    last(simulation, 5)
    simulation.edit("remove_cell", cell=2)
    frame = last(simulation, 70)
    assert set(areas(frame)) == {1, 3, 4}
    assert frame.scalars["deaths"] == 1
    for cell in (1, 3, 4):
        assert areas(frame)[cell] == pytest.approx(256, rel=5e-4)


def test_division_makes_two_halves_that_are_exact():
    simulation = sl.Foam(labels=SQUARES, **EQUAL)
    last(simulation, 5)
    simulation.edit("divide_cell", cell=1, axis=(0, 1))
    frame = last(simulation, 10)
    assert set(areas(frame)) == {1, 2, 3, 4, 5}
    assert areas(frame)[1] == pytest.approx(128, rel=5e-4)
    assert areas(frame)[5] == pytest.approx(128, rel=5e-4)


def test_volumes_are_exact_in_every_step_also_while_cells_divide_and_vanish():
    growing = sl.Foam("growing_tissue", shape=(112, 112), n_cells=4, filling=0.08, growth=0.02, seed=2)
    worst = [(frame.scalars["max_volume_error"], frame.step) for frame in growing.run(90, every=1) if frame.step > 20]
    assert max(worst)[0] < 5e-4, max(worst)
    assert growing.frame().scalars["births"] > 2
    simulation = sl.Foam(labels=SQUARES, **EQUAL)
    last(simulation, 20)
    simulation.edit("remove_cell", cell=2)
    worst = [(frame.scalars["max_volume_error"], frame.step) for frame in simulation.run(70, every=1)]
    assert max(worst)[0] < 5e-4, max(worst)
    simulation.edit("divide_cell", cell=3)
    assert simulation.frame().scalars["max_volume_error"] < 5e-4


def test_cells_are_added_painted_and_changed():
    simulation = sl.Foam(labels=SQUARES, types={1: 0, 2: 1, 3: 1, 4: 0}, between=0.9, first_medium=1.0, second_medium=1.0)
    simulation.edit("add_cell", position=(5, 30), volume=80.0, type=1)
    simulation.edit("set_volume", cell=1, volume=300.0)
    simulation.edit("set_type", cell=4, type=1)
    frame = last(simulation, 30)
    features = frame.layer("seeds").meta["features"]
    assert features["type"].tolist() == [0, 1, 1, 1, 1]
    assert areas(frame)[5] == pytest.approx(80, rel=5e-4)
    assert areas(frame)[1] == pytest.approx(300, rel=5e-4)
    mask = np.zeros(SQUARES.shape, bool)
    mask[20:24, 20:24] = True
    before = areas(simulation.frame())
    simulation.edit("paint_cell", cell=0, mask=mask)
    after = areas(last(simulation, 10))
    assert sum(before.values()) - sum(after.values()) == pytest.approx(16, abs=1)


def test_a_cell_is_moved_at_once_and_pulled_through_the_others():
    simulation = sl.Foam(labels=SQUARES, **EQUAL)
    last(simulation, 10)
    before = areas(simulation.frame())
    simulation.edit("move_cell", cell=1, position=(44.0, 30.0))
    np.testing.assert_allclose(simulation.frame()["seeds"][0], (44, 30), atol=1)
    frame = last(simulation, 30)
    assert areas(frame) == pytest.approx(before, rel=5e-4)
    start = frame["seeds"][0]
    aim = start - (20, 0)
    simulation.edit("pull_cell", cell=1, position=aim)
    apart = [np.linalg.norm(start - aim)]
    for frame in simulation.run(60, every=20):
        apart.append(np.linalg.norm(frame["seeds"][0] - aim))
        assert frame.scalars["max_volume_error"] < 5e-4
    assert all(np.diff(apart[1:]) < -0.3)
    assert apart[-1] > 2
    for _ in range(40):
        last(simulation, 10)
    assert not simulation.state().pulls.any(axis=0)[3]  # let go


def test_cells_are_drawn_finer_than_they_are_moved():
    """The line between two cells lies within a twentieth of a pixel of where it is; areas are those of the cells."""
    n, radius = 48, 15.0
    y, x = np.mgrid[:n, :n] - 23.3
    simulation = sl.Foam(labels=(np.hypot(y, x) < radius).astype(np.uint8), tensions={(0, 1): 1.0}, fineness=4)
    frame = last(simulation, 30)
    assert frame["cells"].shape == (4 * n, 4 * n)
    cells, seeds = frame.layer("cells").meta, frame.layer("seeds").meta
    assert cells["scale"] == (0.25, 0.25)
    assert cells["translate"] == (-0.375, -0.375)
    assert seeds["scale"] == (1.0, 1.0)
    places = np.stack(np.meshgrid(*[np.arange(4 * n) / 4 - 0.375] * 2, indexing="ij"), axis=-1)
    away = np.linalg.norm(places - frame["seeds"][0], axis=-1) - np.sqrt(areas(frame)[1] / np.pi)
    inside = frame["cells"] == 1
    assert inside[away < -0.05].all()
    assert not inside[away > 0.05].any()


@pytest.mark.parametrize("shape", [(24, 28), (12, 14, 16)])
@pytest.mark.parametrize("periodic", [False, True])
def test_drawings_of_any_fineness_show_the_same_cells(shape, periodic):
    simulation = sl.Foam("coarsening", shape=shape, voxel_size=(1.0,) * len(shape), n_cells=5, periodic=periodic, exact_volumes=True)
    last(simulation, 4)
    pixels = simulation.state().pixels
    rows = drawn_rows(pixels, 1)
    np.testing.assert_array_equal(rows, pixels.rows())
    odd = drawn_rows(pixels, 3)
    middle = odd[tuple(slice(1, None, 3) for _ in shape)]  # drawn where a pixel has its middle
    np.testing.assert_array_equal(middle, rows)
    even = drawn_rows(pixels, 2)
    assert even.shape == tuple(2 * k for k in shape)
    volumes = simulation.state().extent().volumes
    np.testing.assert_allclose(np.bincount(even.ravel(), minlength=6) / 2 ** len(shape), volumes, rtol=0.06, atol=1)


@pytest.mark.parametrize(
    ("action", "arguments", "sentence"),
    [
        ("fly", {}, "has no edit"),
        ("remove_cell", {"cell": 9}, "There is no cell 9"),
        ("move_cell", {"cell": 9, "position": (5, 5)}, "There is no cell 9"),
        ("pull_cell", {"cell": 1, "position": (5,)}, "needs 2 finite numbers"),
        ("pull_cell", {"cell": 1, "position": (500, 1)}, "outside the box"),
        ("divide_cell", {"cell": 1, "axis": (0, 0)}, "not all 0"),
        ("add_cell", {"position": (500, 1)}, "outside the box"),
        ("set_volume", {"cell": 1, "volume": -1.0}, "positive volume"),
        ("set_volume", {"cell": 1, "volume": 1e9}, "not enough space"),
        ("set_tension", {"first": 1, "second": 2, "tension": 1.0}, "from the types"),
        ("paint_cell", {"cell": 1, "mask": np.ones((3, 3))}, "must be equal"),
        ("set_type", {"cell": 1, "type": -1}, "whole numbers"),
    ],
)
def test_edits_that_cannot_be_are_refused(action, arguments, sentence):
    simulation = sl.Foam(labels=SQUARES)
    with pytest.raises(EditError, match=sentence):
        simulation.edit(action, **arguments)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"labels": np.zeros((20, 20), int)}, "empty"),
        ({"labels": SQUARES, "tensions": {(0, 1): -1.0}}, "above 0"),
        ({"labels": SQUARES, "tensions": np.ones((3, 3))}, "has shape"),
        ({"labels": SQUARES, "tensions": np.triu(np.ones((5, 5)))}, "symmetric"),
        ({"labels": SQUARES, "tensions": {}}, "No tension is known"),
        ({"labels": SQUARES, "tensions": {"a": 1}}, "pairs of labels"),
        ({"labels": SQUARES, "types": {1: 0}}, "have no type"),
        ({"labels": SQUARES, "volumes": {1: 0}}, "have no volume"),
        ({"labels": SQUARES, "background": "wall"}, "it must be 'medium' or 'none'"),
        ({"labels": SQUARES, "initial": SQUARES}, "once"),
        ({"tensions": {(0, 1): 1.0}}, "need the labels"),
        ({"n_cells": 2000, "shape": (64, 64)}, "fewer cells"),
    ],
)
def test_what_cannot_start_is_said_in_a_sentence(given, sentence):
    with pytest.raises((InputError, ParameterError), match=sentence):
        sl.Foam(**given).frame()


def test_a_foam_that_fills_a_periodic_box_does_not_depend_on_where_the_box_begins():
    rng = np.random.default_rng(0)
    seeds = rng.random((9, 2)) * 48
    grid = np.stack(np.meshgrid(*[np.arange(48) + 0.5] * 2, indexing="ij"), -1)
    distance = [(((grid - s + 24) % 48 - 24) ** 2).sum(-1) for s in seeds]
    labels = np.argmin(distance, axis=0) + 1
    one = last(sl.Foam(labels=labels, periodic=True, **EQUAL), 12)
    other = last(sl.Foam(labels=np.roll(labels, (17, 30), (0, 1)), periodic=True, **EQUAL), 12)
    np.testing.assert_array_equal(np.roll(one["cells"], (17, 30), (0, 1)), other["cells"])
    assert sum(areas(one).values()) == pytest.approx(48 * 48, rel=1e-4)


def test_pixels_that_are_not_square_leave_a_circle_round():
    """One cell on pixels twice as high as wide: its covariance is that of a circle."""
    y, x = np.meshgrid((np.arange(40) - 19.4) * 2, np.arange(80) - 39.3, indexing="ij")
    layer = sl.LayerData("cell", ((y / 26) ** 2 + (x / 14) ** 2 < 1).astype(np.uint8), "labels", {"scale": (2.0, 1.0)})
    simulation = sl.Foam(labels=layer, first_medium=1.0)
    last(simulation, 60)
    share = simulation.state().pixels.share(1)
    centre = [(share * a).sum() / share.sum() for a in (y, x)]
    width = [np.sqrt((share * (a - c) ** 2).sum() / share.sum()) for a, c in zip((y, x), centre, strict=True)]
    assert width[0] == pytest.approx(width[1], rel=0.02)


def test_the_background_goes_to_the_nearest_cells_where_it_is_no_medium():
    frame = last(sl.Foam(labels=SQUARES, background="none"), 5)
    assert frame["cells"].all()
    assert sum(areas(frame).values()) == pytest.approx(SQUARES.size, rel=1e-4)


def test_cells_stay_in_one_piece_and_noise_moves_them():
    from skimage.measure import label

    simulation = sl.Foam("foam_checkerboard", n_cells=12, shape=(80, 80), seed=2, motility=0.4)
    first = simulation.frame()["seeds"].copy()
    for frame in simulation.run(60, every=10):
        labels = frame["cells"]
        assert label(labels, connectivity=1).max() == len(np.unique(labels)) - 1 == 12
    assert np.abs(frame["seeds"] - first).max() > 1


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ([[0, 1.4, 1.4], [1.4, 0.7, 1.3], [1.4, 1.3, 0.7]], ()),
        ([[0, 1.0, 1.0], [1.0, 0.7, 2.5], [1.0, 2.5, 0.7]], ("The medium comes between A and B",)),
        ([[0, 2.0, 1.0], [2.0, 0.8, 0.9], [1.0, 0.9, 0.7]], ("B comes between the medium and A",)),
        ([[0, 1.4, 1.4], [1.4, 1.5, 0.76], [1.4, 0.76, 1.0]], ("B nearly comes between two cells of A",)),
        ([[0, 0.4, 1.0], [0.4, 1.0, 0.9], [1.0, 0.9, 0.7]], ("The medium comes between two cells of A",)),
    ],
)
def test_tables_that_wet_completely_are_explained(table, expected):
    sentences = explain_tensions(table, ("the medium", "A", "B"))
    assert bool(sentences) == bool(expected)
    for part in expected:
        assert any(part in sentence for sentence in sentences), sentences


def test_tensions_of_its_own_are_not_overruled_by_those_of_the_types():
    simulation = sl.Foam(labels=SQUARES, tensions={(0, 1): 1.0, (1, 2): 0.9})
    simulation.step()
    with pytest.raises(ParameterError, match="tensions of its own"):
        simulation.update(between=1.2)
    assert "take the mean" in " ".join(simulation.frame().notices)


def test_labels_and_tensions_come_back_in_a_script():
    from shapelab.script import given_arrays

    simulation = sl.Foam(labels=SQUARES, tensions={(0, 1): 1.0, (1, 2): 0.9}, volumes={1: 200, 2: 250, 3: 260, 4: 270})
    arrays = given_arrays(simulation)
    again = sl.Foam(**arrays)
    np.testing.assert_array_equal(last(simulation, 3)["cells"], last(again, 3)["cells"])
    assert simulation.frame().scalars == again.frame().scalars


def test_cells_that_vanish_unasked_are_told():
    y, x = np.mgrid[:72, :72]
    labels = (y // 18) * 4 + x // 18 + 1
    rng = np.random.default_rng(0)
    tensions = {(a, b): float(rng.choice([0.1, 3.1])) for a in range(17) for b in range(a + 1, 17)}
    *_, frame = sl.Foam(labels=labels, tensions=tensions).run(steps=40, every=40)
    lost = 16 - int(frame.scalars["cells"])
    assert lost > 0
    assert any(notice.startswith(f"{lost} cell") and "vanished" in notice for notice in frame.notices)
    assert any(notice.startswith("The cells miss their volumes by ") for notice in frame.notices)

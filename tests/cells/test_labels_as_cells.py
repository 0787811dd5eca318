"""A user's labels become cells."""

from __future__ import annotations

import numpy as np
import pytest

from shapelab.cells import Cells, CellState
from shapelab.cells.labels_as_cells import GivenCells
from shapelab.cells.scenarios import SCENARIOS
from shapelab.cells.scenarios.relaxation import RelaxationParameters
from shapelab.errors import InputError
from shapelab.frame import LayerData


def tissue(n=40, size=96, seed=0):
    rng = np.random.default_rng(seed)
    seeds = rng.random((n, 2)) * size
    y = np.stack(np.meshgrid(*[np.arange(size) + 0.5] * 2, indexing="ij"), -1)
    stretch = np.array([1.0, 1.4])
    return 1 + np.argmin([np.sum(((y - s) * stretch) ** 2, -1) for s in seeds], axis=0)


def test_ids_volumes_and_places_are_those_of_the_labels():
    labels = 7 * tissue()
    labels[:20] = 0
    layer = LayerData("tissue", labels, "labels", {"scale": (0.5, 0.25), "units": ("nm", "nm")})
    sim = Cells(initial=layer)
    frame = sim.frame()
    features = frame.layer("seeds").meta["features"]
    ids, counts = np.unique(labels[labels > 0], return_counts=True)
    big = counts >= 4
    np.testing.assert_array_equal(features["id"], ids[big])
    np.testing.assert_allclose(features["target"], counts[big] * 0.125)
    assert frame["cells"].shape == labels.shape
    assert frame.layer("cells").meta["scale"] == (0.5, 0.25)
    assert sim.parameters.unit == "nm"
    assert (frame["cells"] == labels).mean() > 0.8
    centre = np.argwhere(labels == ids[big][3]).mean(axis=0)
    np.testing.assert_allclose(frame["seeds"][3], centre, atol=1e-6)


def test_relaxation_evens_the_tissue_out_and_rounds_it_up():
    sim = Cells(initial=tissue())
    start = sim.frame().scalars
    sim.update(memory=0.0)
    for _ in range(25):
        sim.step()
    end = sim.frame().scalars
    assert end["elongation"] < start["elongation"] - 0.05
    assert end["off_centre"] < 0.05
    assert end["volume_error"] < 0.01


def test_labels_with_holes_walls_and_large_ids():
    labels = tissue()
    labels[labels == 5] = 0
    labels[40:44, 40:44] = 0
    labels[labels == 9] = 60_000
    labels[labels == 10] = 100_000
    sim = Cells(initial=labels, walls="background")
    frame = sim.frame()
    assert frame["cells"].dtype == np.uint32
    assert {60_000, 100_000} <= set(np.unique(frame["cells"]).tolist())
    assert not frame["cells"][labels == 0].any()
    assert (frame["walls"] == (labels == 0)).all()
    sim.step()


def test_sixty_thousand_ids_fit_into_uint16():
    labels = tissue().astype(np.int32) * 1500
    assert labels.max() == 60_000
    frame = Cells(initial=labels).frame()
    assert frame["cells"].dtype == np.uint16
    assert frame["cells"].max() == 60_000
    labels = np.repeat(np.repeat(np.arange(1, 60_001).reshape(200, 300), 2, 0), 2, 1)
    given = GivenCells.of(labels)
    assert given.n_cells == 60_000
    state = CellState(parameters=RelaxationParameters(**given.parameters()))
    given.populate(state)
    np.testing.assert_array_equal(state.ids, np.arange(1, 60_001))
    np.testing.assert_allclose(state.positions[300], [3 / 600, 1 / 600])


@pytest.mark.parametrize(
    "scenario", ["relaxation", "tissue_growth", "internalisation", "run_and_tumble", "active_liquid", "protrusions", "engulfment"]
)
def test_any_motion_can_take_it_on(scenario):
    labels = tissue(n=15, size=64)
    labels[:8] = labels[-8:] = 0
    sim = Cells(scenario, initial=labels)
    for _ in range(3):
        sim.step()
    assert sim.frame().scalars["cells"] >= 14
    assert sim.frame().scalars["volume_error"] < 0.05


@pytest.mark.parametrize("scenario", [name for name, item in SCENARIOS.items() if "(3-D)" not in item.title])
def test_cells_that_fill_their_image_have_room_in_every_scenario(scenario):
    labels = tissue(n=12, size=40)
    sim = Cells(scenario, initial=labels)
    sim.step()
    assert 0 < sim.frame().scalars["cells"] <= 12
    assert "walls" not in sim.frame()  # the walls of a scenario are for its own cells


def test_volumes_in_3d_with_long_voxels():
    labels = np.zeros((12, 24, 24), np.uint8)
    labels[2:10, 2:12, 2:12], labels[2:10, 12:22, 4:20] = 1, 2
    sim = Cells(initial=LayerData("x", labels, "labels", {"scale": (2.0, 1.0, 1.0)}))
    features = sim.frame().layer("seeds").meta["features"]
    np.testing.assert_allclose(features["target"], [1600, 2560])
    sim.step()
    assert sim.preset == "relaxation_3d"


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (np.zeros((10, 10, 10, 3)), "axes"),
        (np.random.default_rng(0).random((20, 20)), "whole numbers"),
        (-np.ones((20, 20), int), "between 0"),
        (np.ones((3, 20), int), "at least 8"),
        (np.full((20, 20), 2**63, np.uint64), "between 0"),
    ],
)
def test_what_cannot_be_used_is_a_sentence(labels, words):
    with pytest.raises(InputError, match=words):
        Cells(initial=labels)


def test_dimension_and_walls_must_fit():
    with pytest.raises(InputError, match="3-D and the labels are 2-D"):
        Cells("hourglass", initial=tissue())
    with pytest.raises(InputError, match="must be the same"):
        Cells(initial=tissue(), walls=np.zeros((3, 3)))
    with pytest.raises(InputError, match="need labels"):
        Cells("relaxation", walls=np.zeros((3, 3)))
    assert Cells(initial=np.zeros((20, 20), int)).frame().scalars["cells"] == 0


@pytest.mark.parametrize("ids", [(65_536, 70_000), (2**31, 2**32 + 1), (2**53 + 1, 2**63 - 2)])
def test_ids_of_64_bits_survive_run_save_and_replay(ids, tmp_path):
    from shapelab.io import load_run, save_run

    labels = np.zeros((24, 24), np.uint64)
    labels[2:11, 2:11], labels[13:22, 4:20] = ids
    sim = Cells(initial=labels)
    sim.step()
    assert set(np.unique(sim.frame()["cells"]).tolist()) == {0, *ids}
    save_run(tmp_path / "run.zarr", sim)
    again = load_run(tmp_path / "run.zarr")
    assert set(np.unique(again.frame()["cells"]).tolist()) == {0, *ids}
    assert again.simulation().frame().layer("seeds").meta["features"]["id"].tolist() == list(ids)


def test_labels_that_are_too_small_are_named():
    labels = np.zeros((24, 24), int)
    labels[2:11, 2:11], labels[20, 20:23] = 5, 9
    assert GivenCells.of(labels).left_out.tolist() == [9]


@pytest.mark.parametrize("scenario", ["tissue_growth", "internalisation", "engulfment", "separation"])
def test_what_cells_that_fill_everything_cannot_do_is_said(scenario):
    full = np.kron(np.arange(1, 17).reshape(4, 4), np.ones((12, 12), int))
    free = np.pad(full, 24)
    said = " ".join(Cells(scenario, initial=full).frame().notices)
    assert "cells already fill the space" in said or "cells fill all the space" in said
    assert Cells(scenario, initial=free).frame().notices == ()


def typed(labels, values):
    ids = np.unique(labels[labels > 0])
    features = {"index": [0, *ids.tolist()], "type": [None, *(values[i % len(values)] for i in range(len(ids)))]}
    return LayerData("tissue", labels, "labels", {"features": features}), ids


@pytest.mark.parametrize(("values", "types"), [((0, 1), (0, 1)), ((1, 2), (0, 1)), (("b", "a"), (1, 0)), ((1.0, 0.0, 3.0), (1, 0, 3))])
@pytest.mark.parametrize("scenario", ["checkerboard", "relaxation", "falling_cells"])
def test_cells_have_the_types_that_the_labels_state(scenario, values, types):
    layer, ids = typed(tissue(12), values)
    sim = Cells(scenario, initial=layer)
    features = sim.frame().layer("seeds").meta["features"]
    np.testing.assert_array_equal(features["id"], ids)
    np.testing.assert_array_equal(features["type"], np.resize(types, len(ids)))
    sim.step()
    np.testing.assert_array_equal(sim.frame().layer("seeds").meta["features"]["type"], np.resize(types, len(ids)))


def test_types_that_are_missing_or_too_many_are_refused():
    labels = tissue(12)
    layer, ids = typed(labels, (0, None))
    with pytest.raises(InputError, match=f"{len(ids) // 2} of the {len(ids)} cells have no type"):
        Cells(initial=layer)
    layer, _ = typed(labels, (None,))
    assert GivenCells.of(layer).types is None  # an empty column states nothing
    many = np.arange(1, 1 + 16 * 16).reshape(16, 16).repeat(4, 0).repeat(4, 1)
    with pytest.raises(InputError, match="256 types of cells"):
        GivenCells.of(typed(many, tuple(range(256)))[0])


def test_a_script_gives_the_same_types(tmp_path):
    from shapelab.script import as_script

    layer, _ = typed(tissue(12), ("a", "b", "b"))
    sim = Cells("checkerboard", initial=layer)
    sim.step()
    names = {}
    exec(as_script(sim, tmp_path), names)
    np.testing.assert_array_equal(*(s.frame().layer("seeds").meta["features"]["type"] for s in (sim, names["simulation"])))


def test_a_label_across_joined_sides_is_one_cell():
    """In a periodic box a cell lies where its pixels meet, not half a box away."""
    first = Cells("active_liquid", shape=(40, 40), n_cells=9, filling=0.8, seed=5)
    labels = np.asarray(first.frame()["cells"])
    second = Cells("active_liquid", initial=labels)
    assert np.mean(np.asarray(second.frame()["cells"]) != labels) < 0.03

"""The user's hand on a running simulation."""

from __future__ import annotations

import numpy as np
import pytest

from shapelab.cells import Cells
from shapelab.errors import EditError, InputError, ParameterError


@pytest.fixture
def sim():
    run = Cells("relaxation", shape=(64, 64), n_cells=12, filling=0.5, voxel_size=(0.5, 0.5))
    run.prepare()
    return run


def seeds(sim):
    frame = sim.frame()
    return dict(zip(frame.layer("seeds").meta["features"]["id"].tolist(), frame["seeds"], strict=True))


def test_a_moved_seed_is_where_it_was_put_and_the_cell_around_it(sim):
    sim.edit("move_seed", cell=5, position=(10.0, 50.0))
    np.testing.assert_allclose(seeds(sim)[5], (10, 50))
    assert sim.frame()["cells"][10, 50] == 5
    assert sim.frame().scalars["volume_error"] < 0.03


def test_add_and_remove(sim):
    before = seeds(sim)
    sim.edit("add_cell", position=(32, 32), volume=20.0)
    assert set(seeds(sim)) == set(before) | {13}
    features = sim.frame().layer("seeds").meta["features"]
    assert features["target"][-1] == pytest.approx(20.0)
    assert features["volume"][-1] == pytest.approx(20.0, rel=0.1)
    sim.edit("remove_cell", cell=3)
    assert set(seeds(sim)) == (set(before) | {13}) - {3}
    assert not (sim.frame()["cells"] == 3).any()
    sim.step()
    sim.edit("set_volume", cell=1, volume=10.0)
    sim.edit("set_type", cell=1, type=1)
    features = sim.frame().layer("seeds").meta["features"]
    assert features["target"][0] == pytest.approx(10.0)
    assert features["type"][0] == 1


def test_painted_walls_push_cells_out(sim):
    wall = np.zeros((64, 64), bool)
    wall[20:40, 20:40] = True
    sim.edit("paint_wall", mask=wall)
    frame = sim.frame()
    assert not frame["cells"][wall].any()
    assert frame["walls"][wall].all()
    assert frame.scalars["volume_error"] < 0.03
    inside = [position for position in frame["seeds"] if wall[tuple(np.rint(position).astype(int))]]
    assert not inside
    sim.step()
    sim.edit("paint_wall", mask=wall, wall=False)
    assert "walls" not in sim.frame()
    sim.edit("set_walls", walls=wall)
    assert "walls" in sim.frame()


@pytest.mark.parametrize(
    ("action", "arguments", "words"),
    [
        ("move_seed", {"cell": 99, "position": (1, 1)}, "no cell 99"),
        ("move_seed", {"cell": 1, "position": (100, 1)}, "outside the box"),
        ("move_seed", {"cell": 1, "position": (1, 2, 3)}, "2 finite numbers"),
        ("move_seed", {"cell": 1}, "missing a required argument"),
        ("add_cell", {"position": (np.nan, 1)}, "finite"),
        ("add_cell", {"position": (5, 5), "volume": 1e6}, "not enough space"),
        ("add_cell", {"position": (5, 5), "volume": 0.1}, "less than four pixels"),
        ("set_volume", {"cell": 1, "volume": -1}, "positive"),
        ("set_type", {"cell": 1, "type": -1}, "whole numbers"),
        ("paint_wall", {"mask": np.zeros((3, 3))}, "must be equal"),
        ("paint_wall", {"mask": np.ones((64, 64))}, "cells need"),
        ("dance", {}, "no edit"),
    ],
)
def test_what_cannot_be_is_a_sentence_and_changes_nothing(sim, action, arguments, words):
    before = sim.frame()
    with pytest.raises(EditError, match=words):
        sim.edit(action, **arguments)
    np.testing.assert_array_equal(sim.frame()["cells"], before["cells"])
    sim.step()


def test_a_cell_cannot_be_pushed_into_a_wall():
    sim = Cells("run_and_tumble", shape=(64, 64), n_cells=10)
    with pytest.raises(EditError, match="wall"):
        sim.edit("move_seed", cell=1, position=(0, 0))


def test_a_solid_takes_no_new_cells_but_lets_go_of_old_ones():
    sim = Cells("elastic_block", n_cells=25, shape=(112, 112))
    with pytest.raises(EditError, match="undeformed shape"):
        sim.edit("add_cell", position=(5, 5))
    sim.edit("remove_cell", cell=7)
    sim.step()
    assert sim.frame().scalars["cells"] == 24


def test_all_cells_in_one_place(sim):
    for cell in range(1, 13):
        sim.edit("move_seed", cell=cell, position=(32 + 1e-3 * cell, 32))
    assert sim.frame().scalars["volume_error"] < 0.1
    for _ in range(10):
        sim.step()
    assert sim.frame().scalars["volume_error"] < 0.03


def test_unstable_time_steps_are_refused_also_while_running():
    with pytest.raises(ParameterError, match="unstable"):
        Cells("active_crystal", shape=(48, 48), n_cells=8, dt=0.5).prepare()
    sim = Cells("active_crystal", shape=(48, 48), n_cells=8)
    sim.step()
    with pytest.raises(ParameterError, match="unstable"):
        sim.update(dt=0.5)
    assert sim.parameters.dt is None
    sim.step()
    sim.update(p=2.0)
    sim.step()
    assert sim.frame().scalars["volume_error"] < 0.03


def test_infeasible_parameters_are_sentences():
    with pytest.raises(ParameterError, match="filling"):
        Cells("active_liquid", filling=1.2)
    with pytest.raises(ParameterError, match="did you mean"):
        Cells("blind_swimmer")
    with pytest.raises(InputError, match="pixel"):
        Cells("relaxation", shape=(8, 8), n_cells=1000).prepare()


def test_it_says_when_it_is_over():
    sim = Cells("relaxation", shape=(48, 48), n_cells=6, max_steps=2)
    list(sim.run())
    assert "limit of 2 steps" in sim.reason
    sim = Cells("run_and_tumble", shape=(48, 48), n_cells=0)
    list(sim.run())
    assert sim.reason == "No cells are left."

"""What a scenario speaks of is there to be seen."""

from __future__ import annotations

import numpy as np
import pytest

from shapelab.cells import Cells
from shapelab.cells.scenarios import SCENARIOS
from shapelab.cells.scenery import DOOR, FLOOR, SOURCE, WATER


def frame_of(name: str, **values):
    return Cells(name, **{**SCENARIOS[name].quick, **values}).frame()


@pytest.mark.parametrize(
    ("name", "colour"),
    [
        ("fire_alarm", DOOR), ("fire_alarm_soft", DOOR), ("falling_cells", FLOOR), ("falling_columns", FLOOR), ("dam_break", FLOOR),
        ("plastic_block", FLOOR), ("bubbles", WATER), ("chemotaxis", SOURCE),
    ],
)  # fmt: skip
def test_its_lines_are_in_the_frame(name, colour):
    scene = frame_of(name).layer("scene")
    colours = np.asarray(scene.meta["edge_color"])
    assert len(colours) == len(scene.data)
    assert (np.abs(colours - colour).max(axis=1) < 1e-9).any()


@pytest.mark.parametrize("name", SCENARIOS)
def test_lines_lie_on_the_box_or_in_it(name):
    frame = frame_of(name)
    if "scene" not in frame:
        assert name in ("active_liquid", "active_crystal", "blind_swimmers")
        return
    scene, shape = frame.layer("scene"), np.array(frame["cells"].shape)
    ends = np.concatenate([scene.data[:, 0], scene.data[:, 0] + scene.data[:, 1]])
    inside = (ends >= -0.5 - 1e-6) & (ends <= shape - 0.5 + 1e-6)
    assert inside.all() or name == "chemotaxis"  # rings of an attractant go on beyond the box
    assert tuple(scene.meta["scale"]) == tuple(frame.layer("seeds").meta["scale"])


def test_the_door_is_where_the_wall_is_open():
    sim = Cells("fire_alarm", shape=(128, 128))
    frame = sim.frame()
    scene = frame.layer("scene")
    (door,) = scene.data[np.abs(np.asarray(scene.meta["edge_color"]) - DOOR).max(axis=1) < 1e-9]
    begin, end = door[0], door[0] + door[1]
    column = np.asarray(frame["walls"])[:, -1]
    inside = (np.arange(128) > begin[0]) & (np.arange(128) < end[0])
    assert not column[inside].any()
    assert column[~inside].all()


def test_the_attractant_is_highest_in_the_middle():
    attractant = frame_of("chemotaxis", shape=(65, 65)).layer("attractant")
    assert attractant.kind == "image"
    assert np.unravel_index(np.argmax(attractant.data), (65, 65)) == (32, 32)


@pytest.mark.parametrize(
    ("name", "feature"),
    [
        ("run_and_tumble", "stiffness"),
        ("hard_and_soft_cells", "stiffness"),
        ("blind_swimmers", "heading"),
        ("bubbles", "volume"),
        ("dam_break", "speed"),
    ],
)
def test_a_viewer_is_told_what_to_colour_cells_by(name, feature):
    frame = frame_of(name)
    assert frame.layer("cells").meta["metadata"]["colour_by"] == feature
    assert len(frame.layer("seeds").meta["features"][feature]) == len(frame["seeds"])

"""Cells over time, by clicks: curves, a cursor that follows the slider, tracks and events where the cells are, tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from napari.components import ViewerModel
from napari.layers import Labels
from qtpy.QtCore import Qt

import shapelab as sl
from napari_shapelab.viewer.given_labels import given
from napari_shapelab.viewer.layer_movie import movie_of, show_movie_frame, times_of
from napari_shapelab.viewer.recorded import why_no_film
from napari_shapelab.viewer.shown_frame import shown_frame
from napari_shapelab.work.movies import measure_movie
from shapelab.errors import InputError
from shapelab.io import RunWriter, load_run
from shapelab.movies import measure_over_time

LEFT = Qt.MouseButton.LeftButton


def frames(relabelled=False):
    """Two squares, the second of which divides in frame 2."""
    movie = np.zeros((4, 40, 60), np.int32)
    for t in range(4):
        movie[t, 5:13, 4 + 3 * t : 12 + 3 * t] = 5
        movie[t, 20:32, 30:44] = 9
        if t >= 2:
            movie[t, 20:32, 37:44] = 11
    return np.stack([np.where(frame > 0, frame + 20 * t, 0) for t, frame in enumerate(movie)]) if relabelled else movie


@pytest.fixture
def panel(viewer):
    def opened(data, **settings):
        layer = viewer.add_labels(data, name="cells", **settings)
        measure_movie(viewer)
        panel = viewer.window.dock_widgets["Movies"]
        assert panel.layer.layer is layer
        return panel

    return opened


def measured(qtbot, panel):
    assert panel.work.run_button.isEnabled()
    qtbot.mouseClick(panel.work.run_button, LEFT)
    qtbot.waitUntil(lambda: not panel.work.working, timeout=60_000)
    assert panel.found is not None, panel.work.message.text()
    return panel.found


PLACE = {"scale": (5, 0.5, 0.25), "translate": (0, 3, -2), "units": ("s", "um", "um"), "axis_labels": ("t", "y", "x")}


def test_curves_cursor_tracks_events_and_tables(viewer, panel, qtbot, tmp_path):
    dock = panel(frames(), **PLACE)
    found = measured(qtbot, dock)
    assert (found.unit, found.time_unit) == ("um", "second")
    assert found.table.set_index(["label", "frame"]).loc[(5, 1), "velocity_x"] == pytest.approx(3 * 0.25 / 5)
    assert "1 division" in dock.work.message.text()
    assert dock.plot.series("cells")[1].tolist() == [2, 2, 3, 3]
    viewer.dims.set_point(0, 10.0)
    assert dock.plot.mark.value() == 2
    dock.plot.chosen.emit(3)
    assert viewer.dims.point[0] == 15

    qtbot.mouseClick(dock.tracks_button, LEFT)
    tracks = viewer.layers["cells · tracks"]
    assert tracks.graph == {11: [9]}
    first = tracks.data[(tracks.data[:, 0] == 5) & (tracks.data[:, 1] == 1)][0]
    assert tracks.data_to_world(first[1:])[1:] == pytest.approx([8.5 * 0.5 + 3, 10.5 * 0.25 - 2])

    qtbot.mouseClick(dock.events_button, LEFT)
    events = viewer.layers["cells · events"]
    assert events.features["kind"].tolist() == ["division"]
    assert events.data[0][0] == 2
    assert 20 <= events.data[0][1] < 32

    names = [path.name for path in dock.save(tmp_path / "a.csv")]
    assert names == ["a.csv", "a-events.csv", "a-frames.csv"]
    assert len(pd.read_csv(tmp_path / "a.csv")) == 10
    with pytest.raises(InputError, match="already exists"):
        dock.save(tmp_path / "a.csv")
    (tmp_path / "b-frames.csv").write_text("mine")
    with pytest.raises(InputError, match="already exists"):
        dock.save(tmp_path / "b.csv")
    assert not (tmp_path / "b.csv").exists()  # all three, or none


def test_labels_that_follow_nothing_are_linked_and_shown(viewer, panel, qtbot):
    dock = panel(frames(relabelled=True), axis_labels=("t", "y", "x"))
    assert "link" in str(measured(qtbot, dock)).lower()
    dock.link.click()
    found = measured(qtbot, dock)
    assert found.table.groupby("frame").size().tolist() == [2, 2, 3, 3]
    linked = viewer.layers["cells · linked"]
    assert set(np.unique(linked.data)) - {0} == set(found.table["label"])
    assert found.per_frame()["divisions"].tolist() == [0, 0, 1, 0]


@pytest.mark.parametrize("data", [np.ones((8, 8), int), np.ones((4, 8, 8), int)])
def test_what_is_no_movie_cannot_be_measured(viewer, qtbot, data):
    viewer.add_labels(data, name="still")
    measure_movie(viewer)
    panel = viewer.window.dock_widgets["Movies"]
    assert panel.layer.layer is None
    assert not panel.work.run_button.isEnabled()
    assert not panel.tracks_button.isEnabled()


def test_the_layer_may_go(viewer, panel, qtbot):
    dock = panel(frames(), axis_labels=("t", "y", "x"))
    measured(qtbot, dock)
    viewer.layers.clear()
    viewer.add_image(np.zeros((5, 8, 8)))
    viewer.dims.set_point(0, 3)
    assert not dock.plot.mark.isVisible()
    dock.plot.chosen.emit(1)
    qtbot.mouseClick(dock.tracks_button, LEFT)
    assert "cells · tracks" in viewer.layers


def test_a_saved_run_knows_that_its_box_repeats(viewer, qtbot, tmp_path):
    simulation = sl.Cells("active_crystal", n_cells=8, shape=(48, 48), seed=3)
    with RunWriter(tmp_path / "run.zarr", simulation) as writer:
        for _ in range(3):
            simulation.step()
            writer.write(simulation.frame())
    viewer.open(str(tmp_path / "run.zarr"), plugin="napari-shapelab")
    viewer.layers.selection = {viewer.layers["run · cells"]}
    measure_movie(viewer)
    found = measured(qtbot, viewer.window.dock_widgets["Movies"])
    assert found.box.tolist() == [48, 48]
    wanted = measure_over_time(load_run(tmp_path / "run.zarr")).table
    assert found.table["centroid_x"].to_numpy() == pytest.approx(wanted["centroid_x"].to_numpy())


TURN = np.eye(4)
TURN[0, 3], TURN[1:3, 1:3] = 7, [[0, -1], [1, 0]]


@pytest.mark.parametrize(
    ("settings", "times", "velocity"),
    [
        ({"affine": np.diag([2.0, 1, 1, 1])}, [0, 2, 4, 6], (0, 1.5)),
        ({"affine": TURN, "scale": (5, 1, 1)}, [7, 12, 17, 22], (-0.6, 0)),
        ({"scale": (1, -1, 0.5)}, [0, 1, 2, 3], (0, 1.5)),
        ({"scale": (5, 250, 0.25), "units": ("s", "nm", "um")}, [0, 5, 10, 15], (0, 0.15)),
    ],
)
@pytest.mark.parametrize("order", [(0, 1, 2), (1, 2, 0)])
def test_what_is_seen_is_measured_however_the_layer_lies(settings, times, velocity, order):
    viewer = ViewerModel()
    layer = viewer.add_layer(Labels(frames(), axis_labels=("t", "y", "x"), **settings))
    viewer.dims.order = order
    movie = movie_of(given(layer, viewer, film=True), times_of(layer))
    table = measure_over_time(movie).table.set_index(["label", "frame"])
    assert movie.times.tolist() == times
    assert table.loc[(5, 2), ["velocity_y", "velocity_x"]].to_numpy(float) == pytest.approx(velocity, abs=1e-9)
    for frame in (3, 1):
        show_movie_frame(layer, viewer, frame)
        assert shown_frame(layer, viewer) == frame


@pytest.mark.parametrize(
    ("data", "axes", "settings", "reason"),
    [
        (frames()[:1], "tyx", {}, "it has only one frame"),
        (np.stack([frames()] * 2), "ptyx", {}, "it has p besides time"),
        (np.moveaxis(frames(), 0, -1), "yxt", {"scale": (1, 1, -1)}, "its time runs backwards"),
        (np.moveaxis(frames(), 0, -1), "yxt", {}, ""),
        (frames(), "tyx", {"scale": (-1, 1, 1)}, "its time runs backwards"),
        (frames(), "", {}, "it has no time axis"),
        (np.stack([frames()] * 2, 1), "tcyx", {}, ""),
    ],
)
def test_a_layer_that_is_no_movie_says_why(data, axes, settings, reason):
    said = why_no_film(Labels(data, axis_labels=tuple(axes) or None, **settings))
    assert said.startswith(reason)
    assert bool(said) == bool(reason)


def in_space():
    """The same cells in three planes, with the axes (z, t, y, x)."""
    order = [PLACE[name] for name in ("scale", "translate", "units", "axis_labels")]
    values = [(first, *rest) for first, *rest in order]
    between = [(step, *value) for step, value in zip((2.0, 1.0, "um", "z"), values, strict=True)]
    return np.stack([frames()] * 3), dict(zip(("scale", "translate", "units", "axis_labels"), between, strict=True))


def test_time_that_is_not_the_first_axis(viewer, panel, qtbot):
    data, place = in_space()
    dock = panel(data, **place)
    found = measured(qtbot, dock)
    wanted = measure_over_time(movie_of(given(dock.layer.layer, viewer, film=True), times_of(dock.layer.layer)))
    first = Labels(np.moveaxis(data, 1, 0), axis_labels=("t", "z", "y", "x"), scale=(5, 2, 0.5, 0.25), units=("s", *["um"] * 3))
    turned = measure_over_time(movie_of(given(first, ViewerModel(), film=True), times_of(first)))
    pd.testing.assert_frame_equal(found.table, wanted.table)
    for name in ("volume", "velocity_x", "time"):
        assert found.table[name].to_numpy() == pytest.approx(turned.table[name].to_numpy(), nan_ok=True)
    assert dock.plot.series("cells")[1].tolist() == [2, 2, 3, 3]

    dock.plot.chosen.emit(3)
    assert viewer.dims.point[1] == 15
    viewer.dims.set_point(1, 10.0)
    assert dock.plot.mark.value() == 2
    qtbot.mouseClick(dock.events_button, LEFT)
    events = viewer.layers["cells · events"]
    assert events.data[0][1] == 2
    assert dock.layer.layer.get_value(events.data_to_world(events.data[0]), world=True) in (9, 11)
    qtbot.mouseClick(dock.tracks_button, LEFT)
    assert "cells · tracks" not in viewer.layers
    assert "here the axes are z, t, y, x: move time to the front" in dock.work.message.text()

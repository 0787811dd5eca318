"""Runs that show their present frame only are movies too, of the frames that are saved; what is measured is copied as a script."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from napari.components import ViewerModel
from qtpy.QtWidgets import QApplication
from runs import ENDLESS, click, over, settled, stop

import shapelab as sl
from napari_shapelab.docks.cells import CellsDock
from napari_shapelab.docks.compare import CompareDock
from napari_shapelab.run.layers import RunLayers
from napari_shapelab.viewer.folder_layers import run_triples
from napari_shapelab.work.movies import measure_movie
from shapelab.io import load_run, save_run
from shapelab.movies import measure_over_time


@pytest.fixture
def dock(viewer, tmp_path):
    dock = CellsDock(viewer)
    viewer.window.resize(1200, 760)
    viewer.window.add_dock_widget(dock, name="Cells")
    dock.recording.folder = tmp_path / "runs"
    dock.recording.every.setValue(2)
    dock.choose_scenario("run_and_tumble")
    dock.form.set_values({"fineness": 1, "shape": (32, 32), "n_cells": 6, "max_steps": ENDLESS})
    return dock


def paused(qtbot, dock):
    click(qtbot, dock.panel.step_button)
    qtbot.waitUntil(lambda: dock.panel.snapshot is not None, timeout=120_000)
    settled(qtbot, dock.panel)


def steps(qtbot, dock, count):
    for _ in range(count):
        click(qtbot, dock.panel.step_button)
    settled(qtbot, dock.panel)


def opened(viewer, dock):
    viewer.layers.selection.active = dock.panel.layers["cells"]
    measure_movie(viewer)
    panel = viewer.window.dock_widgets["Movies"]
    assert panel.layer.layer is dock.panel.layers["cells"]
    return panel


def measured(qtbot, panel):
    click(qtbot, panel.work.run_button)
    qtbot.waitUntil(lambda: not panel.work.working, timeout=60_000)
    return panel.found


def copied(qtbot, button, folder):
    QApplication.clipboard().setText("")
    button.copy(folder)
    qtbot.waitUntil(lambda: bool(QApplication.clipboard().text()), timeout=20_000)
    variables = {}
    exec(compile(QApplication.clipboard().text(), "script.py", "exec"), variables)
    return variables["found"]


def test_a_live_run_is_measured_and_compared_over_time(viewer, dock, qtbot, tmp_path):
    paused(qtbot, dock)
    panel = opened(viewer, dock)
    assert measured(qtbot, panel) is None
    assert "Only the current frame of the run" in panel.work.message.text()
    click(qtbot, panel.save_run_button)
    assert dock.recording.box.isChecked()
    assert "try again when there are some" in panel.work.message.text()
    assert panel.save_run_button.isHidden()

    steps(qtbot, dock, 7)
    live = dock.panel.layers["cells"]
    qtbot.waitUntil(lambda: not dock.recording._recorder.writing, timeout=20_000)
    found = measured(qtbot, panel)
    run = load_run(dock.recording.path)
    assert (found.unit, found.time_unit) == ("um", "s")
    assert found.times.tolist() == run.record.times
    pd.testing.assert_frame_equal(found.table, measure_over_time(run).table)
    film = next(layer for layer in viewer.layers if layer.name == "run-and-tumble-1 · cells")
    for place in ((0, 0), (5, 9)):
        assert film.data_to_world((0, *place))[1:] == pytest.approx(live.data_to_world(place))
    assert film.visible
    assert not live.visible
    panel.plot.chosen.emit(1)
    assert viewer.dims.point[0] == 1

    steps(qtbot, dock, 4)  # it goes on, and has more frames
    stop(qtbot, dock.panel)
    more = measured(qtbot, panel)
    assert len(more.times) > len(found.times)
    assert len([layer for layer in viewer.layers if layer.name.endswith("-1 · cells")]) == 1
    assert film.data.shape[0] == len(more.times)

    again = copied(qtbot, panel.script_button, tmp_path)
    pd.testing.assert_frame_equal(again.table, more.table)
    pd.testing.assert_frame_equal(again.events, more.events)
    assert (again.unit, again.time_unit) == ("um", "s")

    compare = CompareDock(viewer)
    viewer.window.add_dock_widget(compare, name="Compare")
    compare.a.choose(dock.panel.layers["cells"])
    compare.b.choose(film)
    compare.over_time.click()
    click(qtbot, compare.work.run_button)
    qtbot.waitUntil(lambda: compare.comparison is not None, timeout=60_000)
    assert (compare.comparison.movies.frames["mismatch"] == 0).all()
    viewer.dims.set_point(0, 2)
    assert compare.results.over_time.mark.value() == 2
    difference = viewer.layers[-1]
    for frame in (0, 3):
        assert difference.data_to_world((frame, 4, 7)) == pytest.approx(film.data_to_world((frame, 4, 7)))


def test_a_copy_of_a_frame_is_no_movie_and_a_run_that_was_not_saved_says_so(viewer, dock, qtbot):
    paused(qtbot, dock)
    stop(qtbot, dock.panel)
    over(qtbot, dock.panel)
    panel = opened(viewer, dock)
    copy = dock.results.copy_cells()
    panel.layer.choose(copy)
    assert panel.layer.layer is not copy
    measured(qtbot, panel)
    click(qtbot, panel.save_run_button)
    assert "press Run" in panel.work.message.text()
    assert dock.recording.box.isChecked()


def test_a_script_compares_movies_in_their_own_units_and_times(viewer, qtbot, tmp_path):
    movie = np.zeros((5, 20, 40), np.uint64)
    for t in range(5):
        movie[t, 2:10, 4 + 2 * t : 12 + 2 * t] = 2**62 + 1
        movie[t, 10:18, 22:34] = 7
    turn = np.eye(4)
    turn[1:3, 1:3] = [[0.8, -0.6], [0.6, 0.8]]
    dock = CompareDock(viewer)
    viewer.window.add_dock_widget(dock, name="Compare")
    place = {"units": ("min", "um", "um"), "axis_labels": ("t", "y", "x")}
    a = viewer.add_labels(movie, name="a", scale=(5, 0.5, 0.25), affine=turn, translate=(10, 1, 2), **place)
    b = viewer.add_labels(movie[::2], name="it's", scale=(600, 500, 250), translate=(600, 1, 2), **{**place, "units": ("s", "nm", "nm")})
    dock.a.choose(a)
    dock.b.choose(b)
    dock.over_time.click()
    click(qtbot, dock.work.run_button)
    qtbot.waitUntil(lambda: dock.comparison is not None, timeout=60_000)
    found, again = dock.comparison.movies, copied(qtbot, dock.script_button, tmp_path)
    for name in ("frames", "summary", "pooled", "distributions", "displacements"):
        pd.testing.assert_frame_equal(getattr(again, name), getattr(found, name))
    assert again.notes == found.notes
    assert found.pairs.a.tolist() == [0, 2, 4]
    assert found.b.table["speed"].dropna().max() == pytest.approx(4 * 0.25 / 10)


def test_what_cells_live_in_lies_behind_them(tmp_path):
    simulation = sl.Cells("chemotaxis", n_cells=3, shape=(32, 32))
    viewer = ViewerModel()
    RunLayers(viewer, "run").show(simulation.frame(), {})
    saved = [meta["name"].rpartition(" ")[2] for _, meta, _ in run_triples(load_run(save_run(tmp_path / "a.zarr", simulation)))]
    for names in ([layer.name.rpartition(" ")[2] for layer in viewer.layers], saved):
        assert names.index("attractant") < names.index("cells")

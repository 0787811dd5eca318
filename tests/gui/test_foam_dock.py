"""The Foam dock with real clicks: run, reach in, settle, start from the user's own labels."""

from __future__ import annotations

import numpy as np
import pytest
from mouse import canvas_point, drag, inner, seed
from napari.layers import Shapes, Vectors
from qtpy.QtCore import Qt
from runs import click, over, settled, stop

from napari_shapelab.docks.foam import FoamDock
from napari_shapelab.docks.replay import ReplayDock
from shapelab.io import load_run

LEFT = Qt.MouseButton.LeftButton
SQUARES = np.pad(np.repeat(np.repeat(np.arange(1, 5).reshape(2, 2), 14, 0), 14, 1), 10)


@pytest.fixture
def dock(viewer):
    dock = FoamDock(viewer)
    viewer.window.add_dock_widget(dock, name="Foam")
    return dock


def run_for(qtbot, dock, steps):
    """Run to `steps`, and wait for the end."""
    dock.form.set_values({"max_steps": steps})
    click(qtbot, dock.panel.run_button)
    qtbot.waitUntil(lambda: dock.panel.snapshot is not None, timeout=120_000)
    over(qtbot, dock.panel)


def ids(dock):
    return set(np.unique(dock.panel.layers["cells"].data).tolist()) - {0}


def test_a_preset_runs_and_its_cells_are_coloured_by_type_and_by_pressure(qtbot, dock):
    dock.form.set_values({"n_cells": 8, "shape": (64, 64)})
    run_for(qtbot, dock, 6)
    cells = dock.panel.layers["cells"]
    assert ids(dock) == set(range(1, 9))
    assert dock.panel.snapshot.frame.scalars["max_volume_error"] < 0.2
    assert dock.colours.combo.currentText() == "type"
    types = np.asarray(dock.panel.snapshot.frame.layer("seeds").meta["features"]["type"])
    bright = [{int(np.argmax(cells.get_color(i + 1)[:3])) for i in np.flatnonzero(types == kind)} for kind in (0, 1)]
    assert bright == [{2}, {0}]  # blue and orange
    dock.colours.choose("pressure")
    assert len({tuple(cells.get_color(i)) for i in ids(dock)}) > 2


def test_cells_divide_change_type_and_leave_by_clicks(qtbot, dock):
    paused(qtbot, dock)
    click(qtbot, dock.tools.buttons["divide"])
    dock.tools.act(1, None)
    qtbot.waitUntil(lambda: len(ids(dock)) == 7, timeout=60_000)
    before = np.asarray(dock.panel.snapshot.frame.layer("seeds").meta["features"]["type"])[1]
    click(qtbot, dock.tools.buttons["type"])
    dock.tools.act(2, None)
    qtbot.waitUntil(lambda: np.asarray(dock.panel.snapshot.frame.layer("seeds").meta["features"]["type"])[1] == 1 - before, timeout=60_000)
    click(qtbot, dock.tools.buttons["look"])
    dock.tools.act(2, None)
    assert "pressure" in dock.tools.info.text()
    stop(qtbot, dock.panel)


def features_now(dock):
    return dock.panel.snapshot.frame.layer("seeds").meta["features"]


def paused(qtbot, dock, **values):
    """Begin a run of few cells that do not swim, step by step."""
    dock.form.set_values({"n_cells": 6, "shape": (64, 64), "motility": 0.0, **values})
    click(qtbot, dock.panel.step_button)
    qtbot.waitUntil(lambda: dock.panel.snapshot is not None and dock.panel.snapshot.frame.step == 1, timeout=120_000)
    settled(qtbot, dock.panel)


def test_a_foam_is_drawn_finer_and_the_hand_reaches_the_cell_that_is_seen(qtbot, dock, viewer):
    viewer.window.resize(1200, 760)
    assert dock.parameters.fineness > 1
    paused(qtbot, dock, fineness=3)
    cells = dock.panel.layers["cells"]
    assert cells.data.shape == (192, 192)
    number, _, world = seed(dock, inner(dock))
    assert cells.get_value(world, world=True) == number
    here, aim = canvas_point(viewer, world), world + np.array([5.0, -4.0])
    drag(viewer, [here])
    assert f"Cell {number}" in dock.tools.info.text()

    click(qtbot, dock.tools.buttons["move"])
    row = features_now(dock)["id"].tolist().index(number)
    drag(viewer, [here, canvas_point(viewer, (world + aim) / 2), canvas_point(viewer, aim)])
    qtbot.waitUntil(lambda: np.abs(seed(dock, row)[2] - aim).max() < 1.5, timeout=60_000)

    click(qtbot, dock.tools.buttons["pull"])
    drag(viewer, [canvas_point(viewer, aim), canvas_point(viewer, world)])
    settled(qtbot, dock.panel)
    for step in (2, 3, 4):
        click(qtbot, dock.panel.step_button)
        qtbot.waitUntil(lambda step=step: dock.panel.snapshot.frame.step == step, timeout=60_000)
    place = seed(dock, row)[2]
    assert 0.2 < np.linalg.norm(place - aim) < np.linalg.norm(world - aim)  # on its way, not there at once

    click(qtbot, dock.tools.buttons["paint"])
    before = features_now(dock)["volume"][row]
    drag(viewer, [canvas_point(viewer, place), canvas_point(viewer, (2.0, 2.0))])
    qtbot.waitUntil(lambda: features_now(dock)["volume"][row] > before + 20, timeout=60_000)
    assert "painted cell" not in viewer.layers

    click(qtbot, dock.tools.buttons["divide"])
    row = next(k for k in range(6) if cells.get_value(seed(dock, k)[2] - np.array([6, 0]), world=True) == seed(dock, k)[0])
    mother, _, other = seed(dock, row)
    drag(viewer, [canvas_point(viewer, other - np.array([6, 0])), canvas_point(viewer, other + np.array([6, 0]))])
    qtbot.waitUntil(lambda: len(ids(dock)) == 7, timeout=60_000)
    left, right = (np.argwhere(np.asarray(cells.data) == i)[:, 1] for i in (mother, max(ids(dock))))
    assert left.max() <= right.min() + 1  # divided along the vertical line that was drawn

    dock.outlines.click()
    qtbot.waitUntil(lambda: any(isinstance(layer, Shapes) for layer in viewer.layers), timeout=60_000)
    outlines = next(layer for layer in viewer.layers if isinstance(layer, Shapes))
    assert (outlines.extent.world[1] <= cells.extent.world[1] + 1).all()
    stop(qtbot, dock.panel)


def test_labels_of_the_user_become_a_foam_where_they_are(qtbot, dock, viewer):
    layer = viewer.add_labels(SQUARES, name="tissue", scale=(0.5, 0.5), translate=(3, 4))
    dock.start_from.choose(layer)
    qtbot.waitUntil(lambda: dock.start_from.layer is layer and dock.panel.run_button.isEnabled(), timeout=60_000)
    run_for(qtbot, dock, 4)
    cells = dock.panel.layers["cells"]
    assert ids(dock) == {1, 2, 3, 4}
    np.testing.assert_allclose(cells.translate, (3, 4))
    np.testing.assert_allclose(cells.scale, (0.5, 0.5))


def test_a_foam_is_settled_exactly_into_a_layer(qtbot, dock, viewer):
    dock.choose_scenario("double_bubble")
    dock.form.set_values({"shape": (48, 48), "fineness": 2})
    run_for(qtbot, dock, 30)
    click(qtbot, dock.settle.button)
    qtbot.waitUntil(lambda: any(isinstance(layer, Vectors) for layer in viewer.layers), timeout=120_000)
    assert "volumes exact" in dock.panel.message.text()
    lines = next(layer for layer in viewer.layers if isinstance(layer, Vectors))
    cells = dock.panel.layers["cells"]
    there = np.argwhere(np.asarray(cells.data) > 0)
    low, high = (cells.data_to_world(place) for place in (there.min(axis=0), there.max(axis=0)))
    ends = np.array([lines.data_to_world(place) for place in lines.data[:, 0]])
    np.testing.assert_allclose(ends.min(axis=0), low, atol=1.5)
    np.testing.assert_allclose(ends.max(axis=0), high, atol=1.5)


def test_a_table_that_wets_completely_is_explained_before_the_run(qtbot, dock):
    assert not dock.warning.text()
    box = dock.form.fields["between"].box
    qtbot.mouseClick(box.lineEdit(), LEFT)
    box.lineEdit().selectAll()
    qtbot.keyClicks(box.lineEdit(), "4")
    qtbot.keyClick(box.lineEdit(), Qt.Key.Key_Return)
    assert "comes between" in dock.warning.text()


def test_a_run_is_saved_and_replayed(qtbot, dock, viewer, tmp_path):
    dock.form.set_values({"n_cells": 8, "shape": (64, 64)})
    run_for(qtbot, dock, 6)
    steps, energies = dock.panel.plot.series("energy")
    told = np.isfinite(energies)
    assert (np.asarray(energies)[told] > 0).all()
    assert told.tolist() == [step >= 2 for step in steps]  # that of whole pixels is no energy
    dock.results.save(tmp_path / "foam.zarr")
    qtbot.waitUntil(lambda: dock.panel.message.text() == "Saved 'foam.zarr'.", timeout=60_000)
    replay = ReplayDock(viewer)
    viewer.window.add_dock_widget(replay, name="Replay")
    replay.open(tmp_path / "foam.zarr")
    qtbot.waitUntil(lambda: "step 6" in replay.frame_label.text(), timeout=60_000)


def test_a_run_is_recorded_from_its_first_frame(qtbot, dock, tmp_path):
    dock.form.set_values({"n_cells": 8, "shape": (64, 64)})
    dock.recording.folder = tmp_path
    dock.recording.box.click()
    run_for(qtbot, dock, 40)
    run = load_run(next(tmp_path.glob("*.zarr")))
    assert run.steps == [0, 20, 40]
    np.testing.assert_array_equal(run.frame(-1)["cells"], dock.panel.layers["cells"].data)

"""The Foam dock with real clicks: run, reach in, settle, start from the user's own labels."""

from __future__ import annotations

import numpy as np
import pytest
from napari.layers import Vectors
from qtpy.QtCore import Qt

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


def click(qtbot, button):
    assert button.isEnabled(), button.text()
    qtbot.mouseClick(button, LEFT)


def run_for(qtbot, dock, steps):
    """Run to `steps`, and wait for the end."""
    dock.form.set_values({"max_steps": steps})
    click(qtbot, dock.panel.run_button)
    qtbot.waitUntil(lambda: dock.panel.snapshot is not None and not dock.panel.running, timeout=120_000)


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
    dock.form.set_values({"n_cells": 6, "shape": (64, 64), "motility": 0.0})
    click(qtbot, dock.panel.run_button)
    qtbot.waitUntil(lambda: dock.panel.snapshot is not None, timeout=120_000)
    click(qtbot, dock.panel.pause_button)
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
    click(qtbot, dock.panel.stop_button)
    qtbot.waitUntil(lambda: not dock.panel.running, timeout=60_000)


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
    dock.form.set_values({"shape": (48, 48)})
    run_for(qtbot, dock, 30)
    click(qtbot, dock.settle.button)
    qtbot.waitUntil(lambda: any(isinstance(layer, Vectors) for layer in viewer.layers), timeout=120_000)
    assert "volumes exact" in dock.panel.message.text()


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

"""Cells estimated and fitted by clicks: numbers, a posterior, and a run that lies beside the layer."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import Qt

import shapelab as sl
from napari_shapelab.run.fit_cells import fit_selected_cells
from napari_shapelab.viewer.given_labels import given

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture(scope="module")
def frames():
    sim = sl.Cells("active_liquid", shape=(32, 32), n_cells=6, filling=0.8, p=2.0, speed=0.3, seed=5)
    sim.prepare()
    return np.stack([np.asarray(frame["cells"]) for frame in [sim.frame(), *sim.run(steps=24, every=3)]]).astype(int)


def test_estimate_fit_save_and_run(viewer, frames, qtbot, tmp_path):
    layer = viewer.add_labels(frames, name="cells", scale=(0.1, 0.5, 0.5), translate=(0, 10, 20), units=("s", "um", "um"))
    layer.axis_labels = ("t", "y", "x")
    kinds = {label: int(label > 3) for label in range(1, 7)}
    layer.features = {"index": list(kinds), "type": list(kinds.values())}
    fit_selected_cells(viewer)
    panel = viewer.window.dock_widgets["Fit cells"]
    assert panel.types.feature.currentText() == "type"
    assert panel.layer.layer is layer
    assert not panel.run_tab_button.isEnabled()

    qtbot.mouseClick(panel.estimate_row.run_button, LEFT)
    qtbot.waitUntil(lambda: not panel.estimate_row.working, timeout=60_000)
    assert "speed" in panel.estimated.text()
    assert "µm/s" in panel.estimated.text()

    panel.ranges.choose({"speed": (0.05, 1.0)})
    panel.options.set_values({"simulations": 20, "rounds": 1})
    qtbot.mouseClick(panel.fit_row.run_button, LEFT)
    qtbot.waitUntil(lambda: not panel.fit_row.working, timeout=120_000)
    assert panel.fit is not None, panel.fit_row.message.text()
    assert panel.fit.target.types == kinds
    assert panel.plot.choice.currentText() == "speed (box/s)"
    assert "range 0.05 to 1" in panel.plot.plot.getAxis("bottom").labelText
    assert "speed" in panel.fitted.text()
    names = [path.name for path in panel.save(tmp_path / "fit")]
    assert names[:2] == ["posterior.csv", "estimates.csv"]

    qtbot.mouseClick(panel.run_tab_button, LEFT)
    qtbot.waitUntil(lambda: any("fitted" in one.name and "cells" in one.name for one in viewer.layers), timeout=60_000)
    panel.panel.stop()
    qtbot.waitUntil(lambda: not panel.panel.running, timeout=60_000)
    made = next(one for one in viewer.layers if one.name.endswith("· cells") and "fitted" in one.name)
    assert made.data_to_world((0, 0)) == pytest.approx([10, 20 + 1.05 * 32 * 0.5])  # beside the layer, which stays in sight
    assert layer.visible


def test_time_that_is_the_last_axis_is_time(viewer, frames, qtbot):
    place = {"scale": (0.5, 0.5, 0.1), "units": ("um", "um", "s"), "axis_labels": ("y", "x", "t")}
    layer = viewer.add_labels(np.moveaxis(frames, 0, -1), name="cells", **place)
    fit_selected_cells(viewer)
    panel = viewer.window.dock_widgets["Fit cells"]
    assert panel.layer.layer is layer
    qtbot.mouseClick(panel.estimate_row.run_button, LEFT)
    qtbot.waitUntil(lambda: not panel.estimate_row.working, timeout=60_000)
    assert str(sl.estimate_motion(frames, 0.5, interval=0.1, unit="um", time_unit="second")["speed"]) in panel.estimated.text()
    (said,) = given(layer, viewer, film=True).beside
    assert "results have y and x alone" in said


def test_the_panel_is_as_wide_with_every_tab_and_scenario(viewer, qtbot):
    viewer.window.resize(1366, 768)
    fit_selected_cells(viewer)
    panel = viewer.window.dock_widgets["Fit cells"]
    qtbot.waitUntil(lambda: panel.width() > 100, timeout=10_000)
    width = panel.width()
    assert width <= 400
    for tab in (1, 2, 0):
        panel.tabs.setCurrentIndex(tab)
        for name in ("elastic_block", "hard_and_soft_cells", "active_liquid"):
            panel.scenarios.select(name)
            panel._on_scenario(name)
            qtbot.wait(1)
            assert panel.width() == width


def test_a_fit_can_be_cancelled_and_nothing_ticked_cannot_begin(viewer, frames, qtbot):
    viewer.add_labels(frames, name="cells").axis_labels = ("t", "y", "x")
    fit_selected_cells(viewer)
    panel = viewer.window.dock_widgets["Fit cells"]
    panel.ranges.choose({})
    assert not panel.fit_row.run_button.isEnabled()
    panel.ranges.choose({"speed": (0.05, 1.0)})
    qtbot.mouseClick(panel.fit_row.run_button, LEFT)
    qtbot.waitUntil(lambda: "Run 1" in panel.fit_row.message.text(), timeout=60_000)
    qtbot.mouseClick(panel.fit_row.cancel_button, LEFT)
    qtbot.waitUntil(lambda: not panel.fit_row.working, timeout=60_000)
    assert panel.fit is None


def test_types_are_a_feature_or_painted(viewer, frames, qtbot):
    layer = viewer.add_labels(frames, name="cells", features={"index": range(1, 7), "kind": ["a", "b", "a", "b", "b", "a"]})
    layer.axis_labels = ("t", "y", "x")
    painted = viewer.add_labels(np.where(frames[0] > 4, 2, 1), name="painted")
    small = viewer.add_labels(np.ones((5, 5), int), name="small")
    viewer.layers.selection.active = layer
    fit_selected_cells(viewer)
    panel = viewer.window.dock_widgets["Fit cells"]
    cells = given(layer, viewer, film=True).frames[0]
    assert panel.types.reader(cells)() is None
    panel.types.feature.setCurrentText("kind")
    assert panel.types.reader(cells)() == {1: 0, 2: 1, 3: 0, 4: 1, 5: 1, 6: 0}
    panel.what.setCurrentText("Tensions")
    qtbot.mouseClick(panel.estimate_row.run_button, LEFT)
    qtbot.waitUntil(lambda: not panel.estimate_row.working, timeout=60_000)
    assert "undetermined" in panel.estimate_row.message.text() or "between" in panel.estimated.text()
    assert "frames were pooled" in panel.estimate_row.message.text()
    panel.types.layer.choose(painted)
    assert panel.types.reader(cells)() == {label: 1 + int(label > 4) for label in range(1, 7)}
    panel.types.layer.choose(small)
    qtbot.mouseClick(panel.fit_row.run_button, LEFT)
    qtbot.waitUntil(lambda: not panel.fit_row.working, timeout=60_000)
    assert "does not lie pixel on pixel" in panel.fit_row.message.text()

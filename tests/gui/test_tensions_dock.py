"""The Tensions dock with real clicks: report, layers, tables and pictures that lead to each other, films, and stale results."""

from __future__ import annotations

import subprocess
import sys
from io import StringIO
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from napari.layers import Image, Labels, Points, Surface, Vectors
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication
from runs import click, stop

from napari_shapelab.docks.tensions import TensionsDock
from shapelab.infer import double_bubble, infer_tensions

CLICK = Qt.MouseButton.LeftButton
FLAT = double_bubble((80, 90), (1.0, 0.8, 0.7), 16)


@pytest.fixture
def dock(viewer):
    viewer.window.resize(1100, 700)
    dock = TensionsDock(viewer)
    viewer.window.add_dock_widget(dock, name="Tensions")
    return dock


def infer(qtbot, dock):
    before = dock.found
    click(qtbot, dock.work.run_button)
    qtbot.waitUntil(lambda: dock.found is not before, timeout=120_000)
    return dock.found


def press(viewer, world, direction=None, displayed=(0, 1)):
    """A click at a place in the world, as the canvas tells it."""

    event = SimpleNamespace(type="mouse_press", position=tuple(world), view_direction=direction, dims_displayed=list(displayed))
    ours = [callback for callback in viewer.mouse_drag_callbacks if callback.__module__.startswith("napari_shapelab")]
    for callback in ours:
        for _ in callback(viewer, event):
            pass


def test_a_plane_is_planned_inferred_drawn_and_linked(viewer, dock, qtbot):
    labels = viewer.add_labels(FLAT.labels, name="cells", scale=(0.5, 0.5), units=("um", "um"), translate=(3, 4))
    assert dock.layer.layer is labels
    qtbot.waitUntil(lambda: "2 cells (0 cut" in dock.plan.text(), timeout=20_000)
    found = infer(qtbot, dock)
    wanted = infer_tensions(FLAT.labels, 0.5)
    np.testing.assert_allclose(found.still.tensions, wanted.tensions)
    assert not labels.visible
    lines, pressures = viewer.layers["tensions · cells"], viewer.layers["pressures · cells"]
    assert isinstance(lines, Vectors)
    assert isinstance(pressures, Labels)
    assert set(lines.features["interface"]) == {0, 1, 2}
    low, high = np.array(lines.data[:, 0].min(0)), np.array(lines.data[:, 0].max(0))
    inside = np.argwhere(FLAT.labels > 0)
    np.testing.assert_allclose(lines.data_to_world(low), labels.data_to_world(inside.min(0)), atol=1)
    np.testing.assert_allclose(lines.data_to_world(high), labels.data_to_world(inside.max(0)), atol=1)
    assert dict(zip(pressures.features["index"], pressures.features["pressure"], strict=True)) == pytest.approx(
        dict(zip([1, 2], wanted.pressures[1:].tolist(), strict=True))
    )

    assert dock.result.tension_scale.low.text() == f"{lines.edge_contrast_limits[0]:.3g}"  # what the colours mean
    assert dock.result.pressure_scale.low.text() == f"-{dock.result.pressure_scale.high.text()}"

    table = dock.result.interfaces
    row = table.model().index(0, 0)
    qtbot.mouseClick(table.viewport(), CLICK, pos=table.visualRect(row).center())
    strongest = int(np.argmax(wanted.tensions))
    assert table.selected == strongest
    assert f"tension {wanted.tensions[strongest]:.2f}" in dock.result.hint.text()
    assert "µm" in dock.result.hint.text()
    mark = viewer.layers["chosen interface"]
    assert isinstance(mark, Points)
    between = lines.data[(lines.features["interface"] == strongest).to_numpy(), 0]
    assert np.min(np.linalg.norm(between - mark.data[0], axis=1)) < 1
    assert viewer.layers.selection.active is labels

    middle = lines.data[(lines.features["interface"] == 2).to_numpy(), 0].mean(0)
    press(viewer, lines.data_to_world(middle))
    assert table.selected == 2
    assert dock.result.cells.selected in (1, 2)
    assert "Between 1 and 2" in dock.result.hint.text()


def test_undetermined_interfaces_are_grey_and_say_why(viewer, dock, qtbot):
    image = np.zeros((60, 60), int)
    image[10:30, 10:30] = 1
    image[30:50, 29:49] = 2  # touch along one pixel
    viewer.add_labels(image)
    infer(qtbot, dock)
    lines = next(layer for layer in viewer.layers if isinstance(layer, Vectors))
    small = (lines.features["undetermined"] == "too small").to_numpy()
    assert small.any()
    np.testing.assert_allclose(lines.edge_color[small], [[0.6, 0.6, 0.6, 1]] * small.sum(), atol=1e-6)
    dock.result.interfaces.select(int(lines.features["interface"][small].iloc[0]))
    assert "undetermined, less than a fifth of a cell radius" in dock.result.hint.text()


def test_a_volume_has_surfaces_that_know_their_interface(viewer, dock, qtbot):
    truth = double_bubble((36, 40, 44), (1.0, 0.8, 0.7), 8)
    image = viewer.add_image(np.zeros((36, 40, 44), np.float32), name="image")
    viewer.add_labels(truth.labels, name="cells", scale=(1, 0.5, 0.5))
    found = infer(qtbot, dock)
    surface = viewer.layers["tensions · cells"]
    assert isinstance(surface, Surface)
    assert viewer.dims.ndisplay == 3
    assert not image.visible
    assert surface.colorbar.visible
    _, faces, values = surface.data
    interface = surface.features["interface"].to_numpy()
    np.testing.assert_allclose(values, found.still.tensions[interface], rtol=1e-6)
    assert np.all(interface[faces] == interface[faces][:, :1])  # no triangle has corners of two interfaces
    dock.result.link.go_to_interface(2)
    assert "chosen interface" in viewer.layers


def test_results_are_out_of_date_while_the_labels_differ(viewer, dock, qtbot):
    labels = viewer.add_labels(FLAT.labels.copy(), name="cells")
    infer(qtbot, dock)
    assert not dock.result.stale.isVisible()
    labels.visible = True  # to paint on them
    labels.paint((40, 30), 0)
    qtbot.waitUntil(lambda: dock.result.stale.isVisible(), timeout=20_000)
    assert "tensions · cells (out of date)" in viewer.layers
    labels.undo()
    qtbot.waitUntil(lambda: not dock.result.stale.isVisible(), timeout=20_000)
    assert "tensions · cells" in viewer.layers
    labels.data = np.roll(FLAT.labels, 3, 0)
    qtbot.waitUntil(lambda: dock.result.stale.isVisible(), timeout=20_000)
    infer(qtbot, dock)
    assert not dock.result.stale.isVisible()


def test_a_film_is_inferred_frame_by_frame_or_only_where_it_stands(viewer, dock, qtbot, tmp_path):
    film = np.stack([FLAT.labels, np.roll(FLAT.labels, 2, 0), np.roll(FLAT.labels, 4, 1)])
    layer = viewer.add_labels(film, name="film", axis_labels=("t", "y", "x"), scale=(10, 0.5, 0.5))
    assert dock.film_form.isVisible()
    qtbot.waitUntil(lambda: dock.plan.text().startswith("3 frames"), timeout=20_000)
    viewer.dims.set_current_step(0, 1)
    found = infer(qtbot, dock)
    assert len(found.film) == 3
    lines, pressures = viewer.layers["tensions · film"], viewer.layers["pressures · film"]
    assert isinstance(pressures, Image)
    assert pressures.data.shape == film.shape
    assert np.isnan(pressures.data[film == 0]).all()
    np.testing.assert_allclose(pressures.data[1][film[1] == 2], found.film.frames[1].pressures[2], rtol=1e-6)
    assert np.array_equal(lines.scale, layer.scale)
    for number in range(3):
        at = lines.data[lines.data[:, 0, 0] == number, 0, 1:]
        np.testing.assert_allclose(at.min(0), np.argwhere(film[number]).min(0) - 0.5, atol=1)
    assert np.allclose(dock.result.link._still.tensions, found.film.smoothed[1][0])
    viewer.dims.set_current_step(0, 2)
    assert np.allclose(dock.result.link._still.tensions, found.film.smoothed[2][0])
    dock.save_table(tmp_path / "film.csv")
    table = pd.read_csv(tmp_path / "film.csv")
    assert table["frame"].tolist() == [0] * 3 + [1] * 3 + [2] * 3
    dock.film_form.fields["film"].set_value(False)
    dock.film_form._on_changed("film")
    found = infer(qtbot, dock)
    assert found.film is None
    assert found.still.out_of_date(film[0])
    assert not found.still.out_of_date(film[2])


def test_what_cannot_be_inferred_is_said(viewer, dock, qtbot):
    viewer.add_image(np.zeros((8, 8)), name="grey")
    assert not dock.work.run_button.isEnabled()
    one = viewer.add_labels((FLAT.labels > 0).astype(int), name="one")
    dock.layer.choose(one)
    qtbot.waitUntil(lambda: "nothing to compare" in dock.plan.text(), timeout=20_000)
    empty = viewer.add_labels(np.zeros((20, 20), int), name="empty")
    dock.layer.choose(empty)
    click(qtbot, dock.work.run_button)
    qtbot.waitUntil(lambda: "empty" in dock.work.message.text(), timeout=20_000)
    assert dock.found is None


def test_a_film_whose_time_has_no_name_is_asked_for_it(viewer, dock, qtbot):
    dock.layer.choose(viewer.add_labels(np.stack([np.kron([[1, 2], [3, 4]], np.ones((20, 20), int))] * 3), name="film"))
    qtbot.waitUntil(lambda: "call it t" in dock.plan.text(), timeout=20_000)


def test_cancel_drops_the_answer(viewer, dock, qtbot):
    viewer.add_labels(FLAT.labels, name="cells")
    click(qtbot, dock.work.run_button)
    click(qtbot, dock.work.cancel_button)
    assert "Cancelled" in dock.work.message.text()
    infer(qtbot, dock)
    assert [layer.name for layer in viewer.layers][:1] == ["cells"]


@pytest.mark.parametrize("ndim", [2, 3])
def test_the_tissue_is_simulated_where_it_lies_and_compared(viewer, dock, qtbot, ndim):
    truth = FLAT if ndim == 2 else double_bubble((32, 32, 36), (1.0, 0.8, 0.7), 7)
    labels = viewer.add_labels(truth.labels, name="cells", scale=(0.5,) * ndim, units=("um",) * ndim, translate=(3,) * ndim)
    infer(qtbot, dock)
    dock.result.tabs.setCurrentIndex(3)
    tab = dock.result.simulate
    tab.tensions.setCurrentIndex(ndim - 2)  # of each interface, of types
    click(qtbot, tab.panel.run_button)
    qtbot.waitUntil(lambda: tab.panel.snapshot is not None and tab.panel.snapshot.frame.step >= 3, timeout=120_000)
    stop(qtbot, tab.panel)
    relaxed = viewer.layers["cells relaxed · cells"]
    assert relaxed.data.shape == truth.labels.shape
    np.testing.assert_allclose(relaxed.data_to_world((5,) * ndim), labels.data_to_world((5,) * ndim))
    assert set(np.unique(relaxed.data)) == {0, 1, 2}
    if ndim == 3:  # the mouse has been over the canvas: napari 0.9 takes no status of a volume before
        viewer.cursor._view_direction = np.array([1.0, 0.0, 0.0])
    click(qtbot, tab.compare_button)
    qtbot.waitUntil(lambda: "of the pixels" in tab.numbers.text(), timeout=60_000)
    assert "100 % of the 3 contacts" in tab.numbers.text()
    difference = viewer.layers["difference · cells ↔ relaxed"]
    np.testing.assert_allclose(difference.data_to_world((5,) * ndim), labels.data_to_world((5,) * ndim))
    parted = np.mean((difference.data != 0) & (difference.data != 1))
    assert parted < 0.05  # it was at rest before


def test_script_and_command_infer_the_same(viewer, dock, qtbot, tmp_path):
    viewer.add_labels(FLAT.labels, name="my cells", scale=(0.5, 0.5))
    dock.form.set_values({"bump": 0.9})
    found = infer(qtbot, dock)
    dock.script_button.copy(tmp_path)
    qtbot.waitUntil(lambda: "script is on" in dock.work.message.text(), timeout=20_000)
    out = subprocess.run([sys.executable, "-c", QApplication.clipboard().text()], capture_output=True, text=True, check=True).stdout
    assert str(found.still) in out
    dock.copy_command(tmp_path)
    qtbot.waitUntil(lambda: "command is on" in dock.work.message.text(), timeout=20_000)
    words = QApplication.clipboard().text().split()
    assert words[:2] == ["shapelab", "tensions"]
    out = subprocess.run([sys.executable, "-m", "shapelab", *words[1:], "--json"], capture_output=True, text=True, check=True).stdout
    np.testing.assert_allclose(pd.read_json(StringIO(out))["tension"], found.still.tensions, rtol=1e-6)


def test_the_table_that_is_shown_is_saved(viewer, dock, qtbot, tmp_path):
    viewer.add_labels(FLAT.labels)
    found = infer(qtbot, dock)
    dock.save_table(tmp_path / "a.csv")
    assert pd.read_csv(tmp_path / "a.csv")["tension"].tolist() == pytest.approx(found.still.tensions.tolist())
    dock.result.tabs.setCurrentWidget(dock.result.cells)
    dock.save_table(tmp_path / "b.csv")
    assert pd.read_csv(tmp_path / "b.csv")["label"].tolist() == [1, 2]
    dock.save_table(tmp_path / "no" / "c.csv")
    assert "cannot be written" in dock.work.message.text()


def test_options_are_remembered_and_can_be_set_back(viewer, dock, qtbot, tmp_path, monkeypatch):
    monkeypatch.setattr("napari_shapelab.settings._memory", lambda: tmp_path / "memory.json")
    viewer.add_labels(FLAT.labels)
    dock.form.set_values({"bump": 0.9})
    infer(qtbot, dock)
    again = TensionsDock(viewer)
    assert again.options.bump == 0.9
    assert "used last" in again.work.message.text()
    again.defaults_button.click()
    assert again.options == type(again.options)()
    (tmp_path / "memory.json").write_text('{"tensions": {"preset": "", "values": {"bump": 99}}}')
    assert TensionsDock(viewer).options.bump == 0.8


def test_a_short_film_with_time_behind_is_no_colour_image(viewer, dock, qtbot):
    layer = viewer.add_labels(np.stack([FLAT.labels] * 3, -1), name="behind", axis_labels=("y", "x", "t"))
    dock.layer.choose(layer)
    found = infer(qtbot, dock)
    assert viewer.layers["pressures · behind"].data.shape == layer.data.shape
    assert len(found.film) == 3

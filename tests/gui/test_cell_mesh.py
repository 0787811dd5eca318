"""The mesh of several cells in the viewer: where it lies, what colours it, apart, cut open, and saved."""

from __future__ import annotations

import numpy as np
import pytest
from napari.layers import Surface
from qtpy.QtCore import Qt
from runs import click

from napari_shapelab.actions import mesh_selected
from napari_shapelab.docks.compare import CompareDock
from napari_shapelab.docks.crystals import CrystalsDock
from napari_shapelab.docks.foam import FoamDock
from napari_shapelab.docks.replay import ReplayDock
from napari_shapelab.docks.tensions import TensionsDock
from napari_shapelab.work.cell_mesh import cell_mesh_panel
from shapelab.infer import double_bubble
from shapelab.io import read_mesh


def four_blocks() -> np.ndarray:
    labels = np.zeros((14, 22, 22), np.int64)
    for i, (y, x) in enumerate([(2, 2), (2, 11), (11, 2), (11, 11)]):
        labels[3:11, y : y + 9, x : x + 9] = i + 3
    return labels


@pytest.fixture
def shown(viewer, qtbot):
    """The surface and its panel, of a turned label image in micrometres."""
    viewer.add_labels(four_blocks(), scale=(2, 1, 1), units=("um",) * 3, rotate=(10, 20, 30), name="tissue")
    mesh_selected(viewer)
    qtbot.waitUntil(lambda: any(isinstance(layer, Surface) for layer in viewer.layers), timeout=60_000)
    return next(layer for layer in viewer.layers if isinstance(layer, Surface)), cell_mesh_panel(viewer)


def drawn_again(qtbot, layer, act) -> None:
    before = layer.data
    act()
    qtbot.waitUntil(lambda: layer.data[0] is not before[0], timeout=60_000)


def test_interfaces_lie_on_their_cells_and_know_them(viewer, shown, qtbot):
    layer, panel = shown
    centre = np.mean([layer.data_to_world(v) for v in (layer.data[0].min(0), layer.data[0].max(0))], axis=0)
    inside = np.argwhere(four_blocks() > 0)
    expected = viewer.layers["tissue"].data_to_world((inside.min(0) + inside.max(0)) / 2)
    np.testing.assert_allclose(centre, expected, atol=0.1)
    pairs = set(zip(layer.features["cell_a"].tolist(), layer.features["cell_b"].tolist(), strict=True))
    assert {(0, 3), (3, 4), (4, 6), (5, 6)} <= pairs
    assert layer.name == "tissue · curvature of interfaces (1/µm)"
    assert "4 cells" in panel.message.text()
    assert viewer.dims.ndisplay == 3
    layer.name = "mine"
    panel.value.setCurrentText("area")
    drawn_again(qtbot, layer, lambda: panel.value.activated.emit(1))
    np.testing.assert_array_equal(layer.data[2], layer.features["area"])
    assert layer.name == "mine"


def test_apart_and_cut_open(shown, qtbot):
    layer, panel = shown
    together = np.ptp(layer.data[0], axis=0)
    drawn_again(qtbot, layer, lambda: panel.apart.setValue(60))
    apart = np.ptp(layer.data[0], axis=0)
    assert apart[2] > together[2] + 5
    assert apart[0] == pytest.approx(together[0], abs=0.2)
    drawn_again(qtbot, layer, lambda: panel.apart.setValue(0))
    panel.axis.setCurrentIndex(3)
    drawn_again(qtbot, layer, lambda: panel.axis.activated.emit(3))
    assert set(layer.features["cell_a"]) | set(layer.features["cell_b"]) >= {3, 5}
    assert layer.data[0][:, 2].max() < 12
    drawn_again(qtbot, layer, lambda: panel.cut.setValue(0))
    drawn_again(qtbot, layer, lambda: panel.cut.setValue(100))
    assert {3, 4, 5, 6} <= set(layer.features["cell_b"])


def test_an_interface_is_singled_out_by_its_row(shown, qtbot):
    layer, panel = shown
    rows = panel.table.model().data_frame
    assert rows["area"].is_monotonic_decreasing
    row = rows.index[(rows["cell_a"] == 3) & (rows["cell_b"] == 4)][0]
    qtbot.mouseClick(
        panel.table.viewport(), Qt.MouseButton.LeftButton, pos=panel.table.visualRect(panel.table.model().index(int(row), 0)).center()
    )
    coloured = np.isfinite(layer.vertex_values)
    pairs = layer.features.loc[coloured, ["cell_a", "cell_b"]].to_numpy()
    assert set(map(tuple, pairs.tolist())) == {(3, 4)}
    drawn_again(qtbot, layer, lambda: panel.apart.setValue(10))
    assert np.isfinite(layer.vertex_values).sum() > coloured.sum()


def test_what_is_seen_is_saved(shown, tmp_path):
    layer, _ = shown
    (path,) = layer.save(str(tmp_path / "tissue.ply"), plugin="napari-shapelab")
    mesh, values = read_mesh(path)
    assert set(values) >= {"pair", "area", "curvature"}
    assert len(mesh.faces) == len(layer.data[1])


def surfaces(viewer) -> list[Surface]:
    return [layer for layer in viewer.layers if isinstance(layer, Surface) and "vertex_values" in layer.metadata]


def test_a_foam_is_drawn_with_its_tensions_and_so_is_a_frame_of_its_replay(viewer, qtbot, tmp_path):
    dock = FoamDock(viewer)
    viewer.window.add_dock_widget(dock, name="Foam")
    dock.choose_scenario("foam_sorting_3d")
    dock.form.set_values({"n_cells": 4, "shape": (24, 24, 24), "max_steps": 2})
    assert not dock.results.mesh_button.isEnabled()
    click(qtbot, dock.panel.run_button)
    qtbot.waitUntil(lambda: dock.panel.snapshot is not None and not dock.panel.running, timeout=120_000)
    click(qtbot, dock.results.mesh_button)
    qtbot.waitUntil(lambda: len(surfaces(viewer)) == 1, timeout=60_000)
    tensions = surfaces(viewer)[0].metadata["vertex_values"]["tension"]
    assert len(set(np.round(tensions[np.isfinite(tensions)], 6).tolist())) > 1
    dock.results.save(tmp_path / "foam.zarr")
    qtbot.waitUntil(lambda: dock.panel.message.text() == "Saved 'foam.zarr'.", timeout=60_000)
    replay = ReplayDock(viewer)
    viewer.window.add_dock_widget(replay, name="Replay")
    replay.open(tmp_path / "foam.zarr")
    qtbot.waitUntil(lambda: "step 2" in replay.frame_label.text(), timeout=60_000)
    click(qtbot, replay.mesh_button)
    qtbot.waitUntil(lambda: len(surfaces(viewer)) == 2, timeout=60_000)
    first, second = surfaces(viewer)
    assert set(first.features["cell_b"]) == set(second.features["cell_b"])


def test_both_sides_of_a_comparison_are_drawn_and_flat_ones_said_to_be(viewer, qtbot):
    first, second = (viewer.add_labels(np.roll(four_blocks(), k, axis=0), name=f"tissue {k}") for k in (0, 1))
    dock = CompareDock(viewer)
    viewer.window.add_dock_widget(dock, name="Compare")
    dock.a.choose(first)
    dock.b.choose(second)
    click(qtbot, dock.mesh_button)
    qtbot.waitUntil(lambda: len(surfaces(viewer)) == 2, timeout=60_000)
    assert {layer.metadata["of"] for layer in surfaces(viewer)} == {"tissue 0", "tissue 1"}
    flat = viewer.add_labels(four_blocks()[5], name="flat")
    dock.a.choose(flat)
    dock.b.choose(None)
    click(qtbot, dock.mesh_button)
    assert "'flat' is 2-D" in dock.work.message.text()


def test_new_grains_are_drawn(viewer, qtbot):
    dock = CrystalsDock(viewer)
    viewer.window.add_dock_widget(dock, name="Crystals")
    tab = dock.generate
    tab.form.set_values({"n_grains": 6, "shape": (16, 16, 16)})
    click(qtbot, tab.work.run_button)
    qtbot.waitUntil(lambda: tab.generated is not None and not tab.work.working, timeout=120_000)
    click(qtbot, tab.mesh_button)
    qtbot.waitUntil(lambda: len(surfaces(viewer)) == 1, timeout=60_000)
    assert set(surfaces(viewer)[0].features["cell_b"]) == {1, 2, 3, 4, 5, 6}


def test_inferred_tensions_colour_the_mesh(viewer, qtbot):
    viewer.add_labels(double_bubble((44, 40, 44), (1.0, 0.8, 0.7), 9).labels, name="bubbles")
    dock = TensionsDock(viewer)
    viewer.window.add_dock_widget(dock, name="Tensions")
    assert not dock.mesh_button.isVisibleTo(dock)
    dock.infer()
    qtbot.waitUntil(lambda: dock.found is not None, timeout=120_000)
    assert dock.mesh_button.isVisibleTo(dock)
    click(qtbot, dock.mesh_button)
    qtbot.waitUntil(lambda: len(surfaces(viewer)) == 1, timeout=60_000)
    layer = surfaces(viewer)[0]
    found = dict(zip(map(tuple, dock.found.still.pairs.tolist()), dock.found.still.tensions, strict=True))
    pair = (layer.features["cell_a"] == 0) & (layer.features["cell_b"] == 1)
    np.testing.assert_allclose(layer.metadata["vertex_values"]["tension"][pair], found[(0, 1)], rtol=1e-6)

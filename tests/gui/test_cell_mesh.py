"""The mesh of several cells in the viewer: where it lies, what colours it, apart, cut open, and saved."""

from __future__ import annotations

import numpy as np
import pytest
from napari.layers import Surface
from qtpy.QtCore import Qt

from napari_shapelab.actions import mesh_selected
from napari_shapelab.work.cell_mesh import cell_mesh_panel
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
    assert layer.name == "tissue · curvature of interfaces [1/µm]"
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

"""What users try that cannot be: one sentence where they look, nothing runs, nothing is lost."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import workers
from qtpy.QtCore import Qt

from napari_shapelab.docks.cells import CellsDock
from napari_shapelab.docks.curvatubes import CurvatubesDock
from shapelab.errors import InputError

CLICK = Qt.MouseButton.LeftButton


def opened(viewer, dock):
    viewer.window.add_dock_widget(dock, name=type(dock).__name__)
    return dock


def run_is_refused(qtbot, dock):
    """Press Run; return the sentence."""
    qtbot.mouseClick(dock.panel.run_button, CLICK)
    qtbot.waitUntil(lambda: not dock.panel.running and bool(dock.panel.message.text()), timeout=20_000)
    assert not workers()
    assert dock.panel.snapshot is None
    return dock.panel.message.text()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (np.zeros((12, 12, 12), int), "empty"),
        (np.ones((12, 12, 12), int), "full"),
    ],
)
def test_masks_without_a_surface(viewer, qtbot, data, words):
    dock = opened(viewer, CurvatubesDock(viewer))
    layer = viewer.add_labels(data)
    dock.start_from.combo.choose(layer)
    assert words in run_is_refused(qtbot, dock)
    assert list(viewer.layers) == [layer]
    assert np.array_equal(layer.data, data)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (np.zeros((24, 24), int), "could become a cell"),
        (-np.ones((24, 24), int), "between 0"),
        (np.ones((3, 24), int), "at least 8"),
    ],
)
def test_labels_that_are_no_cells(viewer, qtbot, data, words):
    dock = opened(viewer, CellsDock(viewer))
    dock.start_from.choose(viewer.add_labels(data))
    if dock.start_from.layer is not None:  # no cells at all is a run that is over at once
        qtbot.mouseClick(dock.panel.run_button, CLICK)
        qtbot.waitUntil(lambda: bool(dock.panel.message.text()) and not dock.panel.running, timeout=60_000)
    assert words in dock.panel.message.text()


def test_volumes_that_do_not_fit(viewer, qtbot):
    dock = opened(viewer, CellsDock(viewer))
    dock.choose_scenario("active_liquid")
    dock.form.set_values({"n_cells": 5000, "shape": (24, 24)})
    assert "less than half a pixel" in run_is_refused(qtbot, dock)


def test_one_cell_and_coefficients_out_of_range(viewer, qtbot):
    cells = opened(viewer, CellsDock(viewer))
    labels = np.zeros((24, 24), int)
    labels[6:14, 6:14] = 60_000
    cells.start_from.choose(viewer.add_labels(labels))
    qtbot.mouseClick(cells.panel.run_button, CLICK)
    qtbot.waitUntil(lambda: cells.panel.snapshot is not None and not cells.panel.running, timeout=60_000)
    assert set(np.unique(cells.panel.layers["cells"].data)) == {0, 60_000}
    tubes = opened(viewer, CurvatubesDock(viewer))
    tubes.form.settings.fields["voxel_size"].set_value(-1.0)
    tubes.form.settings.fields["voxel_size"].changed.emit()
    assert "voxel_size" in tubes.form.problem
    assert not tubes.panel.run_button.isEnabled()


@pytest.mark.parametrize("name", ["a.ply", "a.stl", "a.obj", "a.nii.gz", "a.zarr"])
def test_files_that_cannot_be_read(viewer, tmp_path, name):
    path = tmp_path / name
    if name == "a.zarr":
        path.mkdir()
        path = path / "run.json"
    path.write_bytes(b"\xff\xfe{ no such thing")
    with pytest.raises(InputError, match=r"a\.|run.json"):
        viewer.open(tmp_path / name, plugin="napari-shapelab")
    assert not viewer.layers


def test_the_viewer_is_closed_while_a_texture_and_cells_are_under_way(viewer, qtbot):
    tubes, cells = opened(viewer, CurvatubesDock(viewer)), opened(viewer, CellsDock(viewer))
    tubes.form.set_parameters(tubes.parameters.replace(shape=(16, 16, 16), settle=0.0, max_steps=1_000_000))
    cells.choose_scenario("active_liquid")
    cells.form.set_values({"shape": (32, 32), "n_cells": 5})
    for dock in (tubes, cells):
        dock.panel.run()
    qtbot.waitUntil(lambda: all(dock.panel.snapshot is not None for dock in (tubes, cells)), timeout=90_000)
    viewer.close()
    qtbot.waitUntil(lambda: not workers(), timeout=20_000)

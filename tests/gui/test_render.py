"""Microscope images by clicks: the image lies over its labels, what is exact is there, and all of it is saved."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import Qt

from napari_shapelab.work.render import render_labels
from shapelab.io import list_arrays

LEFT = Qt.MouseButton.LeftButton
STRIPES = np.repeat(np.arange(1, 5), 10)[None].repeat(30, 0)
BLOCKS = np.arange(1, 9).reshape(2, 2, 2).repeat(6, 0).repeat(10, 1).repeat(10, 2)


@pytest.fixture
def panel(viewer):
    def opened(data, **settings):
        layer = viewer.add_labels(data, name="cells", **settings)
        render_labels(viewer)
        panel = viewer.window.dock_widgets["Microscope image"]
        assert panel.layer.layer is layer
        return panel

    return opened


def rendered(qtbot, panel):
    qtbot.mouseClick(panel.work.run_button, LEFT)
    qtbot.waitUntil(lambda: not panel.work.working, timeout=60_000)
    assert panel.rendered is not None, panel.work.message.text()
    return panel.rendered


def test_a_movie_of_nuclei_lies_over_its_labels_and_is_saved(viewer, panel, qtbot, tmp_path):
    place = {"scale": (5, 0.5, 0.25), "translate": (0, 3, -2), "units": ("s", "um", "um"), "axis_labels": ("t", "y", "x")}
    dock = panel(np.stack([STRIPES] * 3), **place)
    dock.form.set_values({"stain": "nucleus"})
    found = rendered(qtbot, dock)
    image, nuclei = viewer.layers["cells · nucleus"], viewer.layers["cells · exact nuclei"]
    for layer in (image, nuclei):
        assert layer.data.shape == (3, 30, 40)
        assert layer.scale == pytest.approx((5, 0.5, 0.25))
        assert layer.translate == pytest.approx((0, 3, -2))
    assert (found.interval, found.movie.unit, found.movie.time_unit) == (5, "um", "second")
    assert np.array_equal(image.data[2], found.image(2))
    assert dock.save(tmp_path / "a.zarr") == [tmp_path / "a.zarr"]
    assert [entry.key for entry in list_arrays(tmp_path / "a.zarr")] == ["", "labels/cells", "labels/nuclei"]


def test_planes_that_are_left_out_are_left_out_of_the_labels(viewer, panel, qtbot):
    dock = panel(BLOCKS, scale=(0.5, 0.2, 0.2))
    dock.form.set_values({"z_step": 3})
    rendered(qtbot, dock)
    exact = viewer.layers["cells · exact cells"]
    assert np.array_equal(exact.data, BLOCKS[::3])
    assert exact.scale == pytest.approx((1.5, 0.2, 0.2))
    assert viewer.layers["cells · membrane"].scale == pytest.approx((1.5, 0.2, 0.2))


def test_without_labels_nothing_can_be_pressed(viewer, qtbot):
    render_labels(viewer)
    panel = viewer.window.dock_widgets["Microscope image"]
    assert not panel.work.run_button.isEnabled()
    assert not panel.save_button.isEnabled()

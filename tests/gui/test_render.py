"""Microscope images by clicks: the image lies over its labels, what is exact is there, and all of it is saved."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import Qt

from napari_shapelab.work.render import render_labels
from shapelab.io import list_arrays
from shapelab.microscopy import render_microscopy
from shapelab.microscopy.microsim_optics import why_no_microsim

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


@pytest.mark.parametrize("time", [0, 1, 2])
def test_the_image_has_the_axes_of_its_layer_wherever_time_stands(viewer, panel, qtbot, time):
    frames = np.stack([np.roll(STRIPES, 3 * t, 1) for t in range(3)])
    names = ["y", "x"]
    names.insert(time, "t")
    found = rendered(qtbot, panel(np.moveaxis(frames, 0, time), axis_labels=names))
    image = np.moveaxis(viewer.layers["cells · membrane"].data, time, 0)
    assert all(np.array_equal(image[t], found.image(t)) for t in range(3))


def test_time_that_runs_backwards_is_refused_and_what_is_missing_is_said(viewer):
    viewer.add_labels(np.stack([STRIPES] * 3), scale=(-1, 1, 1), axis_labels=("t", "y", "x"))
    render_labels(viewer)
    panel = viewer.window.dock_widgets["Microscope image"]
    assert panel.layer.layer is None
    assert panel.work.message.text() == "Choose labels first."
    assert "Choose labels first." in panel.work.run_button.toolTip()
    later = viewer.add_labels(STRIPES)
    assert panel.layer.layer is later  # offered without being asked for
    assert panel.work.message.text() == "Ready."
    assert "first" not in panel.work.run_button.toolTip()
    assert panel.save_button.toolTip().endswith("Render a layer first.")


@pytest.mark.parametrize("missing", ["", "microsim is not installed"])
def test_microsim_is_offered_where_it_is_installed(viewer, panel, monkeypatch, missing):
    monkeypatch.setattr("napari_shapelab.work.render.why_no_microsim", lambda: missing)
    form = panel(STRIPES).form
    assert ("engine" in form.fields) == ("microscope" in form.fields) == (not missing)
    assert form.fields["psf"].isEnabled()
    if not missing:
        assert not form.fields["microscope"].isEnabled()
        box = form.fields["engine"].box
        box.setCurrentIndex(box.findData("microsim"))
        box.activated.emit(box.currentIndex())
        assert form.parameters.engine == "microsim"
        assert form.fields["microscope"].isEnabled()
        assert not form.fields["psf"].isEnabled()


@pytest.mark.skipif(bool(why_no_microsim()), reason="microsim is not installed")
def test_an_image_by_microsim(viewer, panel, qtbot, monkeypatch):
    monkeypatch.setenv("MICROSIM_CACHE", "0")
    dock = panel(BLOCKS, scale=(0.3, 0.1, 0.1), units=("um",) * 3)
    dock.form.set_values({"engine": "microsim", "microscope": "widefield"})
    found = rendered(qtbot, dock)
    assert found.parameters.engine == "microsim"
    assert viewer.layers["cells · membrane"].data.shape == BLOCKS.shape
    again = render_microscopy([BLOCKS], (0.3, 0.1, 0.1), unit="um", engine="microsim", microscope="widefield")
    assert np.array_equal(viewer.layers["cells · membrane"].data, again.image(0))

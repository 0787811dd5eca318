"""The Curvatubes dock with real clicks: run, change live, results, starting from the user's own layers."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtWidgets import QApplication
from runs import click, over, stop

from napari_shapelab.docks.curvatubes import CurvatubesDock

SMALL = (16, 16, 16)


def ball(shape=(20, 24, 28), radius=6.0):
    z, y, x = np.indices(shape)
    c = np.array(shape) / 2
    return ((z - c[0]) ** 2 + (y - c[1]) ** 2 + (x - c[2]) ** 2 < radius**2).astype(np.uint8)


@pytest.fixture
def dock(viewer):
    dock = CurvatubesDock(viewer)
    viewer.window.add_dock_widget(dock, name="Curvatubes")
    dock.form.set_parameters(dock.parameters.replace(shape=SMALL, settle=0.0, max_steps=1_000_000))
    return dock


def run_until(qtbot, dock, steps=3):
    click(qtbot, dock.panel.run_button)
    qtbot.waitUntil(lambda: dock.panel.snapshot is not None and dock.panel.snapshot.frame.step >= steps, timeout=90_000)


def test_run_change_and_results(viewer, dock, qtbot, tmp_path):
    run_until(qtbot, dock)
    field = dock.panel.layers["field"]
    assert field.name == "tubes · field"
    assert (field.rendering, field.iso_threshold, tuple(field.contrast_limits)) == ("iso", 0, (-1, 1))
    assert not dock.form.settings.fields["shape"].isEnabled()
    dock.form.target.fields["radius"].box.setValue(0.06)
    qtbot.waitUntil(lambda: dock.panel.snapshot.provenance["parameters"]["b10"] == pytest.approx(-40 * 5 / 6), timeout=20_000)
    dock.mask_shown.click()
    qtbot.waitUntil(lambda: dock.panel.layers["mask"] is not None, timeout=20_000)
    stop(qtbot, dock.panel)
    assert dock.form.settings.fields["shape"].isEnabled()

    click(qtbot, dock.results.mask_button)
    assert np.array_equal(viewer.layers["tubes · mask [1]"].data > 0, field.data > 0)
    dock.results.add_mesh()
    qtbot.waitUntil(lambda: "triangles" in dock.panel.message.text(), timeout=60_000)
    assert viewer.layers.selection.active.metadata["shapelab"]["preset"] == "tubes"
    click(qtbot, dock.results.measure_button)
    qtbot.waitUntil(lambda: len(dock.results.measurements.rows()) > 5, timeout=60_000)
    assert any(row[0] == "volume (µm³)" for row in dock.results.measurements.rows())
    click(qtbot, dock.results.script_button)
    qtbot.waitUntil(lambda: "clipboard" in dock.panel.message.text(), timeout=30_000)
    script = QApplication.clipboard().text()
    compile(script, "script", "exec")
    assert "sl.Curvatubes(\n    'tubes'" in script
    assert "simulation.update(" in script  # the radius that was changed while it ran
    for name in ("tubes.zarr", "tubes.ply", "tubes.nii.gz"):
        dock.results.save(tmp_path / name)
        qtbot.waitUntil(lambda name=name: dock.panel.message.text() == f"Saved '{name}'.", timeout=60_000)
        assert (tmp_path / name).exists()
    dock.results.save(tmp_path / "tubes.zarr")
    qtbot.waitUntil(lambda: "already exists" in dock.panel.message.text(), timeout=20_000)


def test_saving_while_running(dock, qtbot, tmp_path):
    from shapelab.io import load_run

    run_until(qtbot, dock)
    dock.results.save(tmp_path / "live.zarr")
    qtbot.waitUntil(lambda: dock.panel.message.text() == "Saved 'live.zarr'.", timeout=60_000)
    assert dock.panel.running
    stop(qtbot, dock.panel)
    assert load_run(tmp_path / "live.zarr").simulation().step_number > 0


def test_presets_while_running(dock, qtbot):
    run_until(qtbot, dock)
    dock.presets.select("spheres")
    dock.choose_preset("spheres")
    qtbot.waitUntil(lambda: dock.panel.snapshot.provenance["parameters"]["b10"] == -75, timeout=20_000)
    dock.presets.select("gyroid")
    dock.choose_preset("gyroid")
    assert "stop the run first" in dock.panel.message.text()
    assert dock.presets.name == "spheres"
    stop(qtbot, dock.panel)


def test_two_textures_at_once(viewer, dock, qtbot):
    other = CurvatubesDock(viewer)
    viewer.window.add_dock_widget(other, name="Other", tabify=True)
    other.form.set_parameters(dock.parameters)
    other.choose_preset("sponge")
    other.presets.select("sponge")
    for one in (dock, other):
        one.panel.run()
    qtbot.waitUntil(lambda: all(one.panel.snapshot and one.panel.snapshot.frame.step >= 3 for one in (dock, other)), timeout=90_000)
    for one in (dock, other):
        one.panel.stop()
    for one in (dock, other):
        over(qtbot, one.panel)
    assert {layer.name for layer in viewer.layers} == {"tubes · field", "sponge · field"}


def test_start_from_a_mask_with_long_voxels(viewer, dock, qtbot):
    mask = viewer.add_labels(ball((10, 24, 28)), name="cell", scale=(2.0, 1.0, 1.0), units="um", translate=(5, 6, 7))
    dock.start_from.combo.choose(mask)
    assert "are not cubes: resampled to 1 µm" in dock.start_from.note.text()
    assert dock.parameters.voxel_size == 1
    assert dock.parameters.boundary == "replicate"
    assert dock.stay_near.isVisibleTo(dock)
    run_until(qtbot, dock)
    field = dock.panel.layers["field"]
    assert field.name.startswith("cell as tubes")
    stop(qtbot, dock.panel)
    inside = np.argwhere(field.data > 0).mean(axis=0) * field.scale + field.translate
    expected = np.argwhere(mask.data > 0).mean(axis=0) * mask.scale + mask.translate
    assert np.allclose(inside, expected, atol=1.0)
    dock.start_from.combo.choose(None)
    assert dock.parameters.voxel_size == 0.01


def test_a_thin_shape_is_warned_of_and_computed_on_a_finer_grid(viewer, dock, qtbot):
    thin = np.zeros((20, 24, 28), int)
    thin[8:12, 4:20, 4:24] = 1
    mask = viewer.add_labels(thin, name="sheet", scale=(0.5, 0.5, 0.5), units="um", translate=(5, 6, 7))
    dock.start_from.combo.choose(mask)
    assert "3 × as fine" in dock.start_from.note.text()
    assert dock.parameters.resolution == 100
    thicker = dock.parameters.replace(interface_width=1.0)
    dock.form.set_parameters(thicker)
    dock.form.changed.emit(thicker, thicker)
    assert "blurred" not in dock.start_from.note.text()
    dock.form.set_parameters(dock.parameters.replace(interface_width=2.0))
    dock.start_from.grid.setCurrentIndex(2)
    dock.start_from.grid.activated.emit(2)
    assert "blurred" not in dock.start_from.note.text()
    assert dock.parameters.voxel_size == pytest.approx(0.5 / 3)
    assert dock.parameters.resolution == 300
    run_until(qtbot, dock)
    field = dock.panel.layers["field"]
    stop(qtbot, dock.panel)
    inside = np.argwhere(field.data > 0).mean(axis=0) * field.scale + field.translate
    np.testing.assert_allclose(inside, np.argwhere(thin > 0).mean(axis=0) * 0.5 + mask.translate, atol=0.3)
    dock.start_from.combo.choose(None)
    assert dock.parameters.resolution == 100


def test_the_mesh_of_a_run_is_not_buried_under_the_mask_that_it_came_from(viewer, dock, qtbot):
    mask = viewer.add_labels(ball().astype(np.uint8), name="mask")
    dock.start_from.combo.choose(mask)
    run_until(qtbot, dock)
    stop(qtbot, dock.panel)
    field = dock.panel.layers["field"]
    assert not mask.visible
    dock.results.add_mesh()
    qtbot.waitUntil(lambda: not field.visible, timeout=60_000)
    assert not mask.visible
    next(layer for layer in viewer.layers if "curvature" in layer.name).visible = False
    field.visible = True
    field.visible = False
    assert mask.visible


def test_one_label_of_several(viewer, dock):
    labels = ball()
    labels[:3, :3, :3] = 7
    layer = viewer.add_labels(labels)
    layer.selected_label = 7
    dock.start_from.combo.choose(layer)
    assert dock.start_from.label.currentData() == 7
    assert dock.start_from.source().data.data.sum() == 27


def test_nothing_runs_while_a_layer_is_read(viewer, dock, qtbot, monkeypatch):
    for module in ("start_from", "dock"):
        monkeypatch.setattr(f"napari_shapelab.docks.curvatubes.{module}.is_small", lambda taken: False)
    data = np.zeros((16, 18, 20), int)
    data[4:12, 5:13, 6:14] = 1
    layer = viewer.add_labels(data)
    dock.start_from.crop.setChecked(False)
    dock.start_from.combo.choose(layer)
    assert not dock.panel.run_button.isEnabled()
    qtbot.waitUntil(dock.panel.run_button.isEnabled, timeout=60_000)
    assert tuple(dock.form.parameters.shape) == data.shape
    dock.start_from.combo.choose(layer)
    dock.start_from.combo.choose(None)  # while it is still being read
    assert dock.panel.run_button.isEnabled()


@pytest.mark.parametrize(
    ("add", "words"),
    [
        (lambda v: v.add_labels(np.zeros((12, 12, 12), int)), "empty"),
        (lambda v: v.add_image(np.full((12, 12, 12), np.nan), contrast_limits=(0, 1)), "NaN"),
        (lambda v: v.add_image(np.ones((12, 12, 12)), contrast_limits=(0, 1)), "same value"),
    ],
)
def test_layers_that_cannot_be_used_say_why(viewer, dock, qtbot, add, words):
    dock.start_from.combo.choose(add(viewer))
    assert words in dock.start_from.note.text()
    click(qtbot, dock.panel.run_button)
    assert words in dock.panel.message.text()
    assert not dock.panel.running


def test_layers_of_another_kind_are_listed_with_a_reason(viewer, dock):
    flat = viewer.add_labels(np.ones((8, 8), int), name="flat")
    dock.start_from.combo.choose(flat)
    assert dock.start_from.combo.layer is None
    entries = [dock.start_from.combo.itemText(i) for i in range(dock.start_from.combo.count())]
    assert "flat (2-D: a texture needs a volume)" in entries


def test_a_huge_grid_is_refused_with_the_estimate(dock, qtbot):
    dock.form.set_parameters(dock.parameters.replace(shape=(4000, 4000, 4000)))
    click(qtbot, dock.panel.run_button)
    qtbot.waitUntil(lambda: "GB" in dock.panel.message.text(), timeout=20_000)
    assert not dock.panel.running


def test_a_device_that_is_not_there_is_said(dock, qtbot):
    dock.form.set_parameters(dock.parameters.replace(device="warp"))
    click(qtbot, dock.panel.run_button)
    assert "device = 'warp' is not present on this machine" in dock.panel.message.text()
    assert not dock.panel.running


def test_wrong_input_switches_run_off(dock, qtbot):
    dock.form.settings.fields["shape"].boxes[0].setValue(2)
    assert not dock.panel.run_button.isEnabled()
    assert "at least 8 voxels" in dock.form.problem
    dock.form.settings.fields["shape"].boxes[0].setValue(16)
    assert dock.panel.run_button.isEnabled()


def test_the_diagram_of_a_run(viewer, dock, qtbot):
    mask = viewer.add_labels(ball(), scale=(0.01,) * 3)
    run_until(qtbot, dock)
    with qtbot.waitSignal(dock.panel.found, timeout=60_000):
        dock.panel.tabs.setCurrentWidget(dock.diagram)
    dock.diagram.combo.choose(mask)
    qtbot.waitUntil(lambda: "Orange" in dock.diagram.note.text(), timeout=60_000)
    stop(qtbot, dock.panel)


def test_restore_defaults(dock, qtbot):
    dock.form.target.fields["radius"].box.setValue(0.09)
    click(qtbot, dock.restore_button)
    assert dock.parameters.b10 == -40
    assert dock.parameters.shape == (64, 64, 64)


def test_layer_commands(viewer, qtbot):
    from napari_shapelab.actions import measure_selected, mesh_selected

    viewer.add_labels(ball(), name="ball", scale=(0.5,) * 3)
    mesh_selected(viewer)
    qtbot.waitUntil(lambda: len(viewer.layers) == 2, timeout=60_000)
    viewer.layers.selection = {viewer.layers["ball"]}
    measure_selected(viewer)
    table = viewer.window.dock_widgets["Measurements"]
    qtbot.waitUntil(lambda: len(table.rows()) > 5, timeout=60_000)
    row = next(row for row in table.rows() if row[0] == "euler_characteristic")
    assert row[1] == "2"


@pytest.mark.parametrize("seed", range(3))
def test_a_run_and_its_mesh_lie_over_the_mask_under_any_transform(viewer, dock, qtbot, seed):
    rng = np.random.default_rng(seed)
    turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    affine = np.eye(4)
    affine[:3, :3], affine[:3, 3] = turn @ np.diag(rng.choice([-1, 1], 3)), rng.uniform(-20, 20, 3)
    units = ("um", "um", "um") if seed else ("um", "nm", "nm")
    scale = np.array([1.5, 1.0, 1.0]) if seed else np.array([0.0015, 1.0, 1.0])
    if not seed:
        affine = np.diag([-1.0, 1, -1, 1])
    mask = viewer.add_labels(ball((18, 24, 28)), name="cell", scale=scale, affine=affine, units=units)
    dock.start_from.combo.choose(mask)
    click(qtbot, dock.panel.step_button)
    qtbot.waitUntil(lambda: dock.panel.snapshot is not None and dock.panel.snapshot.frame.step == 1, timeout=90_000)
    stop(qtbot, dock.panel)
    field = dock.panel.layers["field"]
    expected = np.asarray(mask.data_to_world(np.argwhere(mask.data > 0).mean(0)))
    found = np.asarray(field.data_to_world(np.argwhere(field.data > 0).mean(0)))
    voxel = np.abs(np.asarray(mask.data_to_world((1, 1, 1))) - mask.data_to_world((0, 0, 0)))
    assert (np.abs(found - expected) < 0.5 * voxel).all()
    assert not mask.visible
    dock.results.add_mesh()
    qtbot.waitUntil(lambda: "triangles" in dock.panel.message.text(), timeout=60_000)
    mesh = viewer.layers.selection.active
    centre = np.mean([mesh.data_to_world(v) for v in mesh.data[0]], axis=0)
    assert (np.abs(centre - expected) < 0.5 * voxel).all()
    low, high = mesh.contrast_limits
    assert low == -high  # zero is in the middle of the colours


def test_mean_curvature_is_half_the_sum(qtbot):
    from napari_shapelab.viewer.surfaces import compute_surface

    _, values = compute_surface(ball((32, 32, 32), 10.0) > 0, (1.0, 1.0, 1.0))
    assert np.median(values["mean curvature H"]) == pytest.approx(0.1, rel=0.1)


@pytest.mark.parametrize("pixels", [True, False])
def test_a_run_beside_an_image_measures_in_its_own_unit(viewer, dock, qtbot, pixels):
    if pixels:
        viewer.add_labels(np.ones((8, 8), int))
    run_until(qtbot, dock)
    stop(qtbot, dock.panel)
    dock.results.add_mesh()
    qtbot.waitUntil(lambda: "triangles" in dock.panel.message.text(), timeout=60_000)
    field, mesh = dock.panel.layers["field"], viewer.layers.selection.active
    assert np.allclose(np.ptp(field.extent.world[:, -3:], axis=0), 15.0 if pixels else 0.15)
    assert (mesh.extent.world[1] <= field.extent.world[1] + 1e-6).all()
    click(qtbot, dock.results.measure_button)
    qtbot.waitUntil(lambda: len(dock.results.measurements.rows()) > 5, timeout=60_000)
    volume = next(row for row in dock.results.measurements.rows() if row[0].startswith("volume ("))
    assert "µm" in volume[0]
    assert float(volume[1]) == pytest.approx(np.count_nonzero(field.data > 0) * 1e-6, rel=0.3)

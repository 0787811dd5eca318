"""The Crystals dock with real clicks: fit, table and picture linked, files, cancel, new samples."""

from __future__ import annotations

import json
import shlex
import threading
from types import SimpleNamespace

import numpy as np
import pytest
from napari.layers import Labels, Points, Shapes, Surface
from qtpy.QtWidgets import QApplication
from runs import click
from test_layer_data import random_transform

import shapelab as sl
from napari_shapelab.docks.crystals import CrystalsDock
from napari_shapelab.docks.crystals.fit import GrainImage, fit_image
from napari_shapelab.docks.crystals.generate_script import generate_script
from shapelab.cli import main
from shapelab.crystals import generate_crystal, load_diagram
from shapelab.crystals.descent import Descent
from shapelab.crystals.fit_parameters import FitParameters
from shapelab.crystals.generate_parameters import GenerateParameters
from shapelab.crystals.population import population_of
from shapelab.io import read_image


@pytest.fixture(scope="module")
def flat():
    """Twenty grains with ids 2, 4, 6…"""
    return 2 * generate_crystal(20, (48, 56), lloyd=1, tolerance=0.1, seed=1).labels


@pytest.fixture
def dock(viewer):
    viewer.window.resize(1100, 700)
    dock = CrystalsDock(viewer)
    viewer.window.add_dock_widget(dock, name="Crystals")
    return dock


def choose(form, **values):
    for name, value in values.items():
        form.fields[name].set_value(value)
        form.fields[name].changed.emit()


def fit(qtbot, dock):
    with qtbot.waitSignal(dock.fit.fitted, timeout=90_000):
        click(qtbot, dock.fit.work.run_button)
    return dock.fit.result


def test_fit_makes_layers_beside_the_original_and_a_linked_table(viewer, dock, flat, qtbot):
    source = viewer.add_labels(flat, name="steel", scale=(0.5, 0.5), units=("um", "um"), translate=(3.0, 4.0))
    before = flat.copy()
    assert dock.fit.source.layer is source  # the only layer with grains is offered
    result = fit(qtbot, dock)

    cells = viewer.layers["moments q2 · steel"]
    assert set(np.unique(cells.data)) <= set(np.unique(flat))
    assert cells.colormap == source.colormap
    wrong = viewer.layers["moments q2 · mismatch"]
    assert np.array_equal(wrong.data > 0, cells.data != flat)
    assert wrong.metadata["shapelab"]["mismatch"] == pytest.approx((cells.data != flat).mean())
    seeds = viewer.layers["moments q2 · seeds"]
    assert isinstance(seeds, Points)
    assert set(seeds.features["id"]) == set(np.unique(flat))
    assert isinstance(viewer.layers["moments q2 · ellipses"], Shapes)
    for layer in (cells, wrong, seeds):
        assert np.allclose(layer.scale, source.scale)
        assert np.allclose(layer.translate, source.translate)
    assert np.array_equal(source.data, before)
    assert "belong to another grain" in dock.fit.summary.text()

    wrong_pixels = result.table["wrong_pixels"].to_numpy()
    assert (np.diff(wrong_pixels) <= 0).all()
    dock.fit.table.selectRow(0)
    worst = int(result.table["id"][0])
    assert cells.selected_label == worst
    centre = (np.argwhere(flat == worst).mean(0)) * 0.5 + (3.0, 4.0)
    assert np.allclose(viewer.scene.camera.center[-2:], centre)
    assert f"Grain {worst}" in dock.fit.hint.text()


def press(viewer, position):
    """Press and release the mouse at a position in the world, as napari reports it."""
    from types import SimpleNamespace

    event = SimpleNamespace(type="mouse_press", position=position, view_direction=None, dims_displayed=[0, 1])
    steps = viewer.mouse_drag_callbacks[-1](viewer, event)
    next(steps)
    event.type = "mouse_release"
    assert next(steps, "ended") == "ended"


def test_a_click_on_a_grain_selects_its_row(viewer, dock, flat, qtbot):
    viewer.add_labels(flat)
    fit(qtbot, dock)
    place = np.argwhere(flat == 10).mean(0).round()
    found = int(dock.fit.result.labels[tuple(place.astype(int))])
    camera = viewer.scene.camera.center
    press(viewer, tuple(place))
    assert dock.fit.table.selected == found
    assert viewer.scene.camera.center == camera  # the view stays where the user looks


def test_likelihood_then_exact_volumes_keeps_the_volumes(viewer, dock, flat, qtbot):
    viewer.add_labels(flat, name="steel")
    choose(dock.fit.form, method="likelihood, then exact volumes", effort=0.2, tolerance=5.0)
    result = fit(qtbot, dock)
    pixels = result.table["pixels"].to_numpy()
    assert (np.abs(result.table["volume_error"]) * pixels).max() <= np.maximum(2.5, 0.055 * pixels).max()
    first = viewer.layers["likelihood + volumes q2 · steel"]
    assert first.visible
    choose(dock.fit.form, method="moments")
    fit(qtbot, dock)
    assert not first.visible  # the earlier result stays, hidden


@pytest.fixture
def gate(monkeypatch):
    """An event that the steps of a fit wait for: it can neither end before the test acts, nor outlive it."""
    event = threading.Event()
    step = Descent.step

    def wait_and_step(descent):
        event.wait(60)
        step(descent)

    monkeypatch.setattr(Descent, "step", wait_and_step)
    yield event
    event.set()


def test_the_first_fit_says_that_it_compiles_then_the_mismatch_of_the_moments(flat, monkeypatch):
    monkeypatch.setattr("shapelab.crystals.fitting.kernels_ready", lambda likelihood: False)
    said = []
    parameters = FitParameters(method="likelihood", effort=0.1)
    result = fit_image(GrainImage("steel", flat, (1.0, 1.0)), parameters, said.append, threading.Event())
    assert "Compiling the kernels" in said[0].text
    assert said[1].text.startswith("Moments · mismatch")
    assert said[1].fraction == 0
    assert said[-1].fraction <= 1
    assert result.provenance["mismatch"] < 0.1


def test_cancel_keeps_the_best_so_far(viewer, dock, flat, qtbot, gate):
    viewer.add_labels(flat)
    choose(dock.fit.form, method="likelihood", order=4, effort=10.0)
    with qtbot.waitSignal(dock.fit.fitted, timeout=90_000):
        click(qtbot, dock.fit.work.run_button)
        assert not dock.fit.work.run_button.isEnabled()
        qtbot.waitUntil(lambda: "mismatch" in dock.fit.work.message.text(), timeout=60_000)
        click(qtbot, dock.fit.work.cancel_button)
        gate.set()
    assert "Stopped before the end" in dock.fit.summary.text()
    assert not dock.fit.work.working


def test_grains_in_space(viewer, dock, qtbot):
    labels = generate_crystal(8, (12, 16, 20), lloyd=0, tolerance=0.2, seed=2).labels
    viewer.add_labels(labels, scale=(2.0, 1.0, 1.0))
    fit(qtbot, dock)
    surface = next(layer for layer in viewer.layers if isinstance(layer, Surface))
    assert len(surface.data[0]) == 8 * 162
    dock.fit.table.selectRow(3)
    grain = int(dock.fit.result.table["id"][3])
    assert viewer.dims.point[0] == pytest.approx(np.argwhere(labels == grain).mean(0)[0] * 2.0, abs=1.01)  # napari rounds to a section


@pytest.mark.parametrize(
    ("data", "words"),
    [(np.ones((16, 16), int), "at least two cells"), (np.zeros((16, 16), int), "is empty")],
)
def test_layers_without_grains_say_so(viewer, dock, qtbot, data, words):
    viewer.add_labels(data)
    click(qtbot, dock.fit.work.run_button)
    qtbot.waitUntil(lambda: words in dock.fit.work.message.text(), timeout=20_000)
    assert len(viewer.layers) == 1


def test_images_are_listed_with_the_reason(viewer, dock):
    viewer.add_image(np.random.default_rng(0).random((16, 16)), name="grey")
    texts = [dock.fit.source.combo.itemText(i) for i in range(dock.fit.source.combo.count())]
    assert "grey (it is not a Labels layer: segment it into Labels first)" in texts
    assert dock.fit.source.layer is None
    assert not dock.fit.work.run_button.isEnabled()


def test_orders_that_a_method_lacks_are_refused(viewer, dock, flat, qtbot):
    viewer.add_labels(flat)
    choose(dock.fit.form, order=3)
    click(qtbot, dock.fit.work.run_button)
    qtbot.waitUntil(lambda: "orders 1 and 2 only" in dock.fit.work.message.text(), timeout=20_000)


def write_table(path):
    rng = np.random.default_rng(3)
    rows = ["x y a b theta area"]
    for x, y in np.ndindex(6, 5):
        place = 10 * np.array([x, y]) + rng.uniform(-1, 1, 2)
        rows.append(f"{place[0]:.3f} {place[1]:.3f} 6.2 5.1 {rng.uniform(0, 3):.3f} 100")
    path.write_text("\n".join(rows))
    return path


def test_a_grain_table_is_drawn(viewer, dock, qtbot, tmp_path):
    dock.fit.source.open(write_table(tmp_path / "grains.txt"))
    qtbot.waitUntil(lambda: dock.fit.source.table is not None, timeout=20_000)
    assert "30 grains" in dock.fit.source.note.text()
    choose(dock.fit.form, method="moments, then exact volumes", pixels=96)
    result = fit(qtbot, dock)
    assert max(result.labels.shape) == 96
    assert np.abs(result.table["volume_error"]).max() < 0.05
    dock.fit.save_table(tmp_path / "out.csv")
    assert len((tmp_path / "out.csv").read_text().splitlines()) == 31
    choose(dock.fit.form, method="likelihood")
    click(qtbot, dock.fit.work.run_button)
    qtbot.waitUntil(lambda: "has ellipses and no pixels" in dock.fit.work.message.text(), timeout=20_000)


def test_an_orientation_map_becomes_a_layer_in_its_colours(viewer, dock, qtbot, tmp_path):
    euler = np.zeros((12, 20, 3))
    euler[:, 10:, 0] = np.deg2rad(30)
    np.savez(tmp_path / "map.npz", euler=euler, phase=np.ones((12, 20), int), step_um=0.5)
    dock.fit.source.open(tmp_path / "map.npz")
    qtbot.waitUntil(lambda: len(viewer.layers) == 1, timeout=20_000)
    layer = dock.fit.source.layer
    assert isinstance(layer, Labels)
    assert len(np.unique(layer.data)) == 2
    assert np.allclose(layer.scale, 0.5)
    assert "inverse pole figure" in dock.fit.source.note.text()
    dock.fit.source.threshold.setValue(45.0)
    qtbot.waitUntil(lambda: len(viewer.layers) == 2, timeout=20_000)
    assert len(np.unique(dock.fit.source.layer.data)) == 1


def test_files_that_cannot_be_read_say_why(dock, qtbot, tmp_path):
    (tmp_path / "bad.txt").write_text("x y\n1 2\n")
    dock.fit.source.open(tmp_path / "bad.txt")
    qtbot.waitUntil(lambda: "lacks the columns" in dock.fit.source.note.text(), timeout=20_000)


def test_generate_like_a_layer(viewer, dock, flat, qtbot):
    source = viewer.add_labels(flat, name="steel", scale=(0.5, 0.5), units=("um", "um"))
    tab = dock.generate
    dock.tabs.setCurrentIndex(1)
    qtbot.waitUntil(lambda: not tab.preview.pixmap().isNull(), timeout=60_000)
    tab.like.choose(source)
    qtbot.waitUntil(lambda: "20 reference grains" in tab.note.text(), timeout=20_000)
    assert tab.parameters.grid == flat.shape
    assert not tab.form.fields["anisotropy"].isEnabled()
    choose(tab.form, n_grains=30, lloyd=2, tolerance=5.0)
    tab.by_orientation.setChecked(True)
    click(qtbot, tab.work.run_button)
    qtbot.waitUntil(lambda: tab.generated is not None, timeout=60_000)
    layer = viewer.layers["30 grains like steel"]
    assert len(np.unique(layer.data)) == 30
    assert tuple(layer.scale) == (0.5, 0.5)
    assert "Kolmogorov-Smirnov" in tab.summary.text()
    assert tab.plot.choice.count() == 3
    assert layer.metadata["shapelab"]["like"] == "steel"
    assert len({tuple(layer.colormap.map(i)) for i in (1, 2, 3)}) == 3


def test_generate_in_space_and_periodic(viewer, dock, qtbot):
    tab = dock.generate
    choose(tab.form, n_grains=12, shape=(12, 16, 16), lloyd=1, boundary="periodic", tolerance=10.0)
    click(qtbot, tab.work.run_button) if tab.isVisible() else tab.work.run_button.click()
    qtbot.waitUntil(lambda: tab.generated is not None, timeout=60_000)
    assert viewer.layers["12 grains"].data.shape == (12, 16, 16)


def test_more_grains_than_pixels_are_refused(dock, qtbot):
    tab = dock.generate
    choose(tab.form, n_grains=5000, shape=(1, 32, 32))
    tab.work.run_button.click()
    qtbot.waitUntil(lambda: "do not fit" in tab.work.message.text(), timeout=20_000)


def test_closing_the_viewer_ends_the_fit(viewer, dock, flat, qtbot, gate):
    viewer.add_labels(flat)
    choose(dock.fit.form, method="likelihood", order=4, effort=10.0)
    click(qtbot, dock.fit.work.run_button)
    qtbot.waitUntil(lambda: "mismatch" in dock.fit.work.message.text(), timeout=60_000)
    abort = dock.fit.work._abort
    viewer.close()
    qtbot.waitUntil(abort.is_set, timeout=30_000)


def test_ids_of_64_bits_go_all_the_way(viewer, dock, flat, qtbot, tmp_path):
    wide = flat.astype(np.uint64)
    wide[flat > 0] += np.uint64(2**63)
    viewer.add_labels(wide, name="wide")
    result = fit(qtbot, dock)
    ids = set(np.unique(wide).tolist()) - {0}
    assert set(result.table["id"].tolist()) == ids
    cells = viewer.layers["moments q2 · wide"]
    assert set(np.unique(cells.data).tolist()) <= ids
    plain = fit_image(GrainImage("flat", flat, (1.0, 1.0)), FitParameters(), lambda progress: None, threading.Event())
    assert np.array_equal(cells.data, np.where(plain.labels > 0, plain.labels.astype(np.uint64) + np.uint64(2**63), np.uint64(0)))
    dock.fit.table.selectRow(0)
    assert dock.fit.table.selected == int(result.table["id"].iloc[0])
    assert f"Grain {dock.fit.table.selected}" in dock.fit.hint.text()
    dock.fit.save_table(tmp_path / "grains.csv")
    assert str(dock.fit.table.selected) in (tmp_path / "grains.csv").read_text()


@pytest.mark.parametrize("offset", [2**31])
def test_a_row_of_a_wide_id_is_chosen(viewer, dock, flat, qtbot, offset):
    layer = viewer.add_labels(np.where(flat > 0, flat.astype(np.int64) + offset, 0))
    fit(qtbot, dock)
    dock.fit.table.selectRow(2)
    assert layer.selected_label == dock.fit.table.selected > offset


@pytest.mark.parametrize("seed", range(2))
def test_a_fit_lies_over_its_image_under_any_transform(viewer, dock, flat, qtbot, seed):
    rng = np.random.default_rng(seed)
    settings = random_transform(rng, 2, shear=seed % 2 == 1)
    source = viewer.add_labels(flat, name="turned", **settings)
    result = fit(qtbot, dock)
    cells, seeds = viewer.layers["moments q2 · turned"], viewer.layers["moments q2 · seeds"]
    if seed % 2 == 0:
        assert np.allclose([cells.data_to_world(p) for p in np.eye(2)], [source.data_to_world(p) for p in np.eye(2)])
    else:
        assert "sheared" in dock.fit.summary.text()
    places = [np.array(source.data_to_world(np.argwhere(flat == i).mean(0))) for i in seeds.features["id"]]
    found = np.array([seeds.data_to_world(p) for p in seeds.data])
    size = np.linalg.norm(np.subtract(source.data_to_world((1, 1)), source.data_to_world((0, 0))))
    assert np.abs(found - places).max() < (0.7 if seed % 2 else 1e-6) * size
    dock.fit.table.selectRow(0)
    worst = int(result.table["id"][0])
    place = np.array(source.data_to_world(np.argwhere(flat == worst).mean(0)))
    assert np.abs(np.array(viewer.scene.camera.center[-2:]) - place).max() < (0.7 if seed % 2 else 1e-6) * size
    mark = viewer.layers["chosen grain"]
    assert np.abs(np.array(mark.data_to_world(mark.data[0])) - place).max() < (0.7 if seed % 2 else 1e-6) * size


def test_one_frame_is_fitted_and_said(viewer, dock, flat, qtbot):
    frames = np.stack([np.zeros_like(flat), flat])
    layer = viewer.add_labels(frames, axis_labels=("t", "y", "x"), name="film")
    viewer.dims.set_point(0, 1)
    dock.fit.source.combo.choose(layer)
    result = fit(qtbot, dock)
    assert result.labels.shape == flat.shape
    assert "frame 2 of 2" in dock.fit.summary.text()


def test_background_and_lost_grains_are_said(flat):
    labels = np.zeros((60, 60), int)
    labels[10:50, 10:50] = 1
    labels[29:31, 29:31] = 2  # in the middle of the other
    labels[10:50, 20:40][labels[10:50, 20:40] == 1] = 3
    result = fit_image(GrainImage("rings", labels, (1.0, 1.0)), FitParameters(order=1), lambda progress: None, threading.Event())
    assert "The background, 56 % of the image, is left out" in result.summary
    lost = set(np.unique(labels)) - {0} - set(np.unique(result.labels))
    assert ("have no cell in the diagram" in result.summary) == bool(lost)
    assert int((result.table["volume_error"] <= -1).sum()) == len(lost)


@pytest.mark.logs_errors
def test_an_error_while_the_layers_are_added_leaves_the_dock_usable(viewer, dock, flat, qtbot, monkeypatch):
    viewer.add_labels(flat)

    def fail(*_):
        raise RuntimeError("no canvas")

    monkeypatch.setattr(dock.fit, "_describe_fit", fail)
    dock.fit.fit()
    qtbot.waitUntil(lambda: "no canvas" in dock.fit.work.message.text(), timeout=60_000)
    assert dock.fit.work.run_button.isEnabled()
    monkeypatch.undo()
    fit(qtbot, dock)


def test_a_flat_sample_beside_a_volume(viewer, dock, qtbot):
    viewer.add_labels(np.ones((4, 8, 8), int))
    viewer.dims.ndisplay = 3
    tab = dock.generate
    choose(tab.form, n_grains=12, shape=(1, 24, 24), lloyd=0, tolerance=10.0)
    tab.work.run_button.click()
    qtbot.waitUntil(lambda: tab.generated is not None and not tab.work.working, timeout=60_000)
    assert viewer.dims.ndisplay == 2
    assert tab.work.message.text().startswith("Added")


def test_the_angle_between_grains_is_offered_for_maps_only(viewer, dock, flat, qtbot, tmp_path):
    euler = np.zeros((12, 20, 3))
    euler[:, 10:, 0] = np.deg2rad(30)
    np.savez(tmp_path / "map.npz", euler=euler, phase=np.ones((12, 20), int), step_um=0.5)
    source = dock.fit.source
    source.open(tmp_path / "map.npz")
    qtbot.waitUntil(lambda: len(viewer.layers) == 1, timeout=20_000)
    of_map = source.layer
    assert not source.threshold.isHidden()
    assert dock.fit.minimumSizeHint().width() <= 350
    source.combo.choose(viewer.add_labels(flat, name="other"))
    assert source.threshold.isHidden()
    source.threshold.setValue(45.0)
    assert len(viewer.layers) == 2
    source.combo.choose(of_map)
    assert not source.threshold.isHidden()
    assert source.threshold.value() == 5.0


def test_several_maps_are_opened_as_sections_of_one_volume(viewer, dock, qtbot, tmp_path, monkeypatch):
    euler = np.zeros((20, 24, 3))
    euler[:, 12:, 0] = 0.5
    files = [tmp_path / f"section_{number}.npz" for number in (10, 9, 1)]
    for file in files:
        np.savez(file, euler=euler, phase=np.ones((20, 24), int), step_um=0.25)
    chosen, asked = [str(file) for file in files], []
    monkeypatch.setattr("qtpy.QtWidgets.QFileDialog.getOpenFileNames", lambda *_, **__: (chosen, ""))
    monkeypatch.setattr("qtpy.QtWidgets.QInputDialog.getDouble", lambda *words, **__: (asked.append(words[2]), (0.5, True))[1])
    dock.fit.source.open_button.click()
    qtbot.waitUntil(lambda: len(viewer.layers) == 1, timeout=30_000)
    grains = viewer.layers[0]
    assert grains.data.shape == (3, 20, 24)
    assert tuple(grains.scale) == (0.5, 0.25, 0.25)
    assert len(np.unique(grains.data)) == 2
    assert "3 files" in asked[0]
    assert "section_1.npz the lowest, section_10.npz the highest" in dock.fit.source.note.text()
    chosen[:] = [str(files[0]), str(tmp_path / "a.tif")]
    (tmp_path / "a.tif").write_bytes(b"")
    dock.fit.source.open_button.click()
    qtbot.waitUntil(lambda: "a.tif is not an orientation map" in dock.fit.source.note.text(), timeout=30_000)


@pytest.mark.parametrize(("labels", "why"), [(np.ones((20, 20), int), "at least two"), (np.zeros((20, 20), int), "empty")])
def test_a_reference_that_cannot_be_used_says_why_at_generate_too(viewer, dock, qtbot, labels, why):
    tab = dock.generate
    tab.like.choose(viewer.add_labels(labels, name="no sample"))
    qtbot.waitUntil(lambda: why in tab.note.text(), timeout=20_000)
    tab.work.run_button.click()
    assert "'no sample' cannot be the reference" in tab.work.message.text()
    assert why in tab.work.message.text()


def test_fits_and_samples_are_saved_by_suffix(viewer, dock, flat, qtbot, tmp_path):
    viewer.add_labels(flat // 2, name="steel", scale=(0.5, 0.5), units=("um", "um"), translate=(3.0, 4.0))
    result = fit(qtbot, dock)
    for name in ("f.json", "f.vti", "f.nii.gz", "f.csv", "f.tesr", "f.piff", "f.zip"):
        dock.fit.save(tmp_path / name)
        qtbot.waitUntil(lambda name=name: f"Saved '{name}'" in dock.fit.work.message.text(), timeout=20_000)
    saved = load_diagram(tmp_path / "f.json")
    assert np.array_equal(saved.labels(), result.labels)
    assert (saved.unit, saved.origin) == ("um", (3.0, 4.0))
    assert np.array_equal(read_image(tmp_path / "f.nii.gz").meta["translate"], (3.0, 4.0))
    for name in ("f.tesr", "f.piff", "f.zip"):
        assert np.array_equal(read_image(tmp_path / name).data, result.labels)
    shared(qtbot, dock.fit, tmp_path / "f.html", ["20", "µm"], fineness=8)
    dock.fit.save(tmp_path / "f.json")
    qtbot.waitUntil(lambda: "already exists" in dock.fit.work.message.text(), timeout=20_000)
    tab = dock.generate
    choose(tab.form, n_grains=12, shape=(1, 24, 24), lloyd=0, tolerance=10.0)
    tab.work.run_button.click()
    qtbot.waitUntil(lambda: tab.generated is not None and not tab.work.working, timeout=60_000)
    tab.save(tmp_path / "g.vti")
    qtbot.waitUntil(lambda: "g.material.yaml" in tab.work.message.text(), timeout=20_000)
    shared(qtbot, tab, tmp_path / "g.html", ["12"], fineness=8)


def shared(qtbot, tab, path, words, fineness):
    """Share the grains of a tab; the page has their diagram, drawn finely."""
    assert not tab.sharing.isHidden()
    tab.sharing.share(path)
    qtbot.waitUntil(lambda: str(path) in tab.work.message.text(), timeout=30_000)
    page = json.loads(path.read_text(encoding="utf-8").partition('id="page">')[2].partition("</script>")[0])
    assert set(words) <= {row["value"] for row in page["parameters"]} | {page["layers"][0]["unit"]}
    labels = tab.result.labels if hasattr(tab, "result") else tab.generated.crystal.labels
    assert page["layers"][0]["shape"] == [fineness * n for n in labels.shape]


def test_a_sample_is_saved_as_elements_with_progress_and_cancel(dock, qtbot, tmp_path, monkeypatch):
    tab = dock.generate
    choose(tab.form, n_grains=12, shape=(10, 10, 10), lloyd=0, boundary="periodic", tolerance=10.0)
    tab.work.run_button.click()
    qtbot.waitUntil(lambda: tab.generated is not None and not tab.work.working, timeout=60_000)
    said: list[str] = []
    monkeypatch.setattr(tab.work, "say", lambda text, **_: said.append(text))
    tab.save(tmp_path / "g.inp")
    assert tab.work.cancel_button.isEnabled()
    tab.save(tmp_path / "h.inp")
    assert "'h.inp' is not saved yet: wait" in said[-1]
    qtbot.waitUntil(lambda: not tab.work.working, timeout=600_000)  # on a machine's first run this compiles for minutes
    assert said[-1].startswith("Saved 'g.inp'.")
    assert "tetrahedra, angles" in said[-1]
    assert "*EQUATION" in (tmp_path / "g.inp").read_text()
    tab.save(tmp_path / "c.msh")
    tab.work.cancel_button.click()
    assert not tab.work.working
    assert "Cancelled" in said[-1]
    tab.save(tmp_path / "g.inp")
    qtbot.waitUntil(lambda: "already exists" in said[-1], timeout=20_000)
    assert not (tmp_path / "c.msh").exists()


def test_commands_do_what_the_dock_does(viewer, dock, flat, qtbot, tmp_path, monkeypatch):
    viewer.add_labels(flat, name="steel", scale=(0.5, 0.5), units=("um", "um"))
    choose(dock.fit.form, order=1, boundary="periodic")
    result = fit(qtbot, dock)
    dock.fit.command_button.copy(tmp_path)
    qtbot.waitUntil(lambda: "command is on the clipboard" in dock.fit.work.message.text(), timeout=20_000)
    monkeypatch.chdir(tmp_path)
    words = shlex.split(QApplication.clipboard().text())
    assert words[:2] == ["shapelab", "fit"]
    assert main(words[1:]) == 0
    assert np.array_equal(load_diagram(tmp_path / "fit.json").labels(), result.labels)
    tab = dock.generate
    choose(tab.form, n_grains=12, shape=(1, 24, 24), lloyd=0, tolerance=10.0)
    tab.command_button.copy()
    qtbot.waitUntil(lambda: "command is on the clipboard" in tab.work.message.text(), timeout=20_000)
    assert main(shlex.split(QApplication.clipboard().text())[1:]) == 0
    assert np.array_equal(read_image(tmp_path / "sample.tif").data, tab.parameters.generate().labels)


def test_the_script_of_a_sample_has_its_phases_and_boundaries():
    grains = sl.generate_crystal(20, (32, 32), seed=1, lloyd=1)
    known = {"symmetries": ["cubic"] * 20, "phases": [1, 2] * 10, "phase_names": ["a", "b"] * 10}
    population = population_of(grains.labels, (1.0, 1.0), grains.orientations, **known)
    parameters = GenerateParameters(n_grains=20, shape=(1, 32, 32), lloyd=1, match_boundaries=True)
    script = generate_script(parameters, object(), population)
    measured = SimpleNamespace(data=grains.labels, meta={"scale": (1.0, 1.0)})
    names = {"sl": sl, "like": measured, **script.arrays}
    exec("\n".join(script.body), names)
    wanted, found = parameters.generate(population), names["crystal"]
    np.testing.assert_array_equal(found.labels, wanted.labels)
    np.testing.assert_array_equal(found.orientations, wanted.orientations)
    assert found.phase_names == wanted.phase_names
    assert found.statistics["mdf_distance"] == wanted.statistics["mdf_distance"]

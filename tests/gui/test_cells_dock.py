"""The Cells dock with real clicks: run, reach in with the mouse in 2-D and 3-D, start from the user's own labels."""

from __future__ import annotations

import numpy as np
import pytest
from mouse import canvas_point, drag, inner, seed
from napari.layers import Tracks
from qtpy.QtCore import QPoint, Qt
from qtpy.QtWidgets import QApplication
from runs import ENDLESS, click, settled, stop

from napari_shapelab.docks.cells import CellsDock


@pytest.fixture
def dock(viewer):
    dock = CellsDock(viewer)
    viewer.window.resize(1200, 760)  # room for a canvas beside the docks
    viewer.window.add_dock_widget(dock, name="Cells")
    return dock


def begin(qtbot, dock, scenario="active_liquid", fineness=1, **values):
    dock.choose_scenario(scenario)
    dock.form.set_values({"fineness": fineness, "max_steps": ENDLESS, **values})
    click(qtbot, dock.panel.run_button)
    qtbot.waitUntil(lambda: dock.panel.snapshot is not None, timeout=120_000)


def paused(qtbot, dock, scenario="active_liquid", fineness=1, **values):
    """Begin a run that waits after its first step: where its cells are does not depend on when it is told to."""
    dock.choose_scenario(scenario)
    dock.form.set_values({"fineness": fineness, **values})
    click(qtbot, dock.panel.step_button)
    qtbot.waitUntil(lambda: dock.panel.snapshot is not None and dock.panel.snapshot.frame.step == 1, timeout=120_000)
    settled(qtbot, dock.panel)


def pause(qtbot, dock):
    click(qtbot, dock.panel.pause_button)
    settled(qtbot, dock.panel)


def active(viewer, dock):
    viewer.layers.selection.active = dock.panel.layers["cells"]
    QApplication.processEvents()


def test_run_pause_step_stop_and_continue(dock, qtbot):
    begin(qtbot, dock, shape=(48, 48), n_cells=10)
    qtbot.waitUntil(lambda: dock.panel.snapshot.frame.step >= 3, timeout=60_000)
    assert not dock.form.fields["n_cells"].isEnabled()
    assert not dock.presets.box.isEnabled()
    pause(qtbot, dock)
    step = dock.panel.snapshot.frame.step
    click(qtbot, dock.panel.step_button)
    qtbot.waitUntil(lambda: dock.panel.snapshot.frame.step == step + 1, timeout=30_000)
    stop(qtbot, dock.panel)
    assert dock.form.fields["n_cells"].isEnabled()
    click(qtbot, dock.panel.pause_button)
    qtbot.waitUntil(lambda: dock.panel.snapshot.frame.step > step + 1, timeout=30_000)
    stop(qtbot, dock.panel)
    cells, seeds = dock.panel.layers["cells"], dock.panel.layers["seeds"]
    assert cells.data.dtype == np.uint16
    assert set(np.unique(cells.data)) - {0} == set(seeds.features["id"])
    assert cells.metadata["shapelab"]["preset"] == "active_liquid"


def test_click_drag_add_remove_and_paint(viewer, dock, qtbot):
    paused(qtbot, dock, shape=(64, 64), n_cells=6, filling=0.3)
    active(viewer, dock)
    row = inner(dock)
    number, pixel, world = seed(dock, row)
    here = canvas_point(viewer, world)

    drag(viewer, [here])
    assert f"Cell {number}" in dock.tools.info.text()
    assert "neighbour" in dock.tools.info.text()

    click(qtbot, dock.tools.buttons["move"])
    to = world + np.array([7.0, -5.0])
    drag(viewer, [here, canvas_point(viewer, (world + to) / 2), canvas_point(viewer, to)])
    settled(qtbot, dock.panel)
    # the second half of the way may still be under way
    qtbot.waitUntil(lambda: np.allclose(np.mod(seed(dock, row)[1] - pixel - [7, -5] + 32, 64) - 32, 0, atol=1.0), timeout=30_000)

    click(qtbot, dock.tools.buttons["remove"])
    drag(viewer, [canvas_point(viewer, seed(dock, row)[2])])
    qtbot.waitUntil(lambda: number not in set(dock.panel.layers["seeds"].features["id"]), timeout=30_000)
    assert number not in np.unique(dock.panel.layers["cells"].data)

    free = np.argwhere(np.asarray(dock.panel.layers["cells"].data) == 0)
    place = dock.panel.layers["cells"].data_to_world(free[len(free) // 2])
    click(qtbot, dock.tools.buttons["add"])
    drag(viewer, [canvas_point(viewer, place)])
    qtbot.waitUntil(lambda: len(dock.panel.layers["seeds"].data) == 6, timeout=30_000)
    assert number not in set(dock.panel.layers["seeds"].features["id"])  # ids are never given twice

    click(qtbot, dock.tools.buttons["wall"])
    drag(viewer, [canvas_point(viewer, (5.0, 8.0)), canvas_point(viewer, (5.0, 50.0))])
    qtbot.waitUntil(lambda: dock.panel.layers["walls"] is not None, timeout=30_000)
    walls = np.asarray(dock.panel.layers["walls"].data) > 0
    assert walls[5, 10:48].all()
    assert not (np.asarray(dock.panel.layers["cells"].data)[walls] > 0).any()
    assert "new wall" not in viewer.layers
    drag(viewer, [canvas_point(viewer, (5.0, 8.0)), canvas_point(viewer, (5.0, 50.0))], Qt.KeyboardModifier.ShiftModifier)
    settled(qtbot, dock.panel)
    stop(qtbot, dock.panel)


def test_the_hand_works_on_cells_that_are_drawn_finer(viewer, dock, qtbot):
    paused(qtbot, dock, fineness=3, shape=(64, 64), n_cells=6, filling=0.3, speed=0.0)
    cells = dock.panel.layers["cells"]
    assert cells.data.shape == (192, 192)
    row = inner(dock)
    number, pixel, world = seed(dock, row)
    assert cells.get_value(world, world=True) == number
    click(qtbot, dock.tools.buttons["move"])
    to = world + np.array([7.0, -5.0])
    drag(viewer, [canvas_point(viewer, world), canvas_point(viewer, to)])
    settled(qtbot, dock.panel)
    # the second half of the way may still be under way
    qtbot.waitUntil(lambda: np.allclose(np.mod(seed(dock, row)[1] - pixel - [7, -5] + 32, 64) - 32, 0, atol=1.0), timeout=30_000)
    free = np.argwhere(np.asarray(cells.data) == 0)
    place = cells.data_to_world(free[len(free) // 2])
    click(qtbot, dock.tools.buttons["add"])
    drag(viewer, [canvas_point(viewer, place)])
    qtbot.waitUntil(lambda: len(dock.panel.layers["seeds"].data) == 7, timeout=30_000)
    assert np.allclose(seed(dock, 6)[2], place, atol=1.0)
    click(qtbot, dock.tools.buttons["wall"])
    drag(viewer, [canvas_point(viewer, (5.0, 8.0)), canvas_point(viewer, (5.0, 50.0))])
    qtbot.waitUntil(lambda: dock.panel.layers["walls"] is not None, timeout=30_000)
    walls = np.asarray(dock.panel.layers["walls"].data) > 0
    assert walls.shape == (192, 192)
    assert walls[3 * 5 : 3 * 6, 3 * 10 : 3 * 48].all()
    assert not (np.asarray(cells.data)[walls] > 0).any()
    stop(qtbot, dock.panel)


def test_a_new_run_is_coloured_by_what_its_scenario_is_about(dock, qtbot):
    for name, feature in (
        ("run_and_tumble", "stiffness"),
        ("blind_swimmers", "heading"),
        ("separation", "type"),
        ("falling_cells", "identity"),
    ):
        begin(qtbot, dock, name, shape=(48, 48), n_cells=6)
        stop(qtbot, dock.panel)
        assert dock.colours.combo.currentText() == feature


def test_the_sizes_are_standard_small_and_as_published(dock):
    dock.choose_scenario("run_and_tumble")
    assert [dock.sizes.itemText(k) for k in range(dock.sizes.count())] == ["Standard", "Small (fast)", "As published"]
    fine = {}
    for k in range(3):
        dock.sizes.setCurrentIndex(k)
        dock.sizes.activated.emit(k)
        fine[dock.sizes.itemText(k)] = dock.parameters.shape[0], dock.parameters.fineness
    assert fine["Standard"] == (256, 3)
    assert fine["As published"] == (512, 1)
    assert fine["Small (fast)"][0] < 128


def test_the_hand_reaches_in_while_cells_move(viewer, dock, qtbot):
    begin(qtbot, dock, shape=(64, 64), n_cells=6, filling=0.3, speed=0.0)
    active(viewer, dock)
    number, _, world = seed(dock, inner(dock))
    to = world + np.array([9.0, -6.0])
    click(qtbot, dock.tools.buttons["move"])
    drag(viewer, [canvas_point(viewer, world), canvas_point(viewer, (world + to) / 2), canvas_point(viewer, to)])

    def moved():
        away = dock.panel.layers["seeds"].data[list(dock.panel.layers["seeds"].features["id"]).index(number)] - to
        return np.abs(np.mod(away + 32, 64) - 32).max() < 2

    qtbot.waitUntil(moved, timeout=30_000)
    click(qtbot, dock.tools.buttons["wall"])
    drag(viewer, [canvas_point(viewer, (5.0, 8.0)), canvas_point(viewer, (5.0, 50.0))])
    qtbot.waitUntil(lambda: dock.panel.layers["walls"] is not None, timeout=30_000)
    click(qtbot, dock.tools.buttons["remove"])
    drag(viewer, [canvas_point(viewer, seed(dock, inner(dock))[2])])
    qtbot.waitUntil(lambda: len(dock.panel.layers["seeds"].data) == 5, timeout=30_000)
    click(qtbot, dock.tools.buttons["add"])
    free = (np.asarray(dock.panel.layers["cells"].data) == 0) & (np.asarray(dock.panel.layers["walls"].data) == 0)
    places = np.argwhere(free)
    drag(viewer, [canvas_point(viewer, places[len(places) // 2].astype(float))])
    qtbot.waitUntil(lambda: len(dock.panel.layers["seeds"].data) == 6, timeout=30_000)
    step = dock.panel.snapshot.frame.step
    qtbot.waitUntil(lambda: dock.panel.snapshot.frame.step > step, timeout=30_000)  # and it goes on
    assert dock.panel.running
    stop(qtbot, dock.panel)


def test_another_run_is_what_is_seen_and_handled(viewer, dock, qtbot):
    begin(qtbot, dock, "relaxation_3d", shape=(16, 16, 16), n_cells=4)
    stop(qtbot, dock.panel)
    old = dock.panel.layers["cells"]
    assert viewer.dims.ndisplay == 3
    assert viewer.layers.selection.active is old
    begin(qtbot, dock, "separation", shape=(48, 80), n_cells=8)
    cells = dock.panel.layers["cells"]
    assert viewer.dims.ndisplay == 2
    assert not old.visible
    assert viewer.layers.selection.active is cells
    corners = [canvas_point(viewer, corner) for corner in ((0.0, 0.0), (47.0, 79.0))]
    canvas = viewer.window._qt_viewer.canvas.native.rect()
    assert all(canvas.contains(point) for point in corners)
    assert corners[1].x() - corners[0].x() > 0.7 * canvas.width() or corners[1].y() - corners[0].y() > 0.7 * canvas.height()
    qtbot.waitUntil(lambda: dock.panel.plot.choice.currentData() == "heterotypic_contact", timeout=30_000)
    names = [dock.panel.plot.choice.itemData(i) for i in range(dock.panel.plot.choice.count())]
    assert "off_centre" not in names  # of the run before
    stop(qtbot, dock.panel)


def test_an_ended_run_wakes_for_the_hand(viewer, dock, qtbot):
    begin(qtbot, dock, shape=(48, 48), n_cells=5, filling=0.3)
    stop(qtbot, dock.panel)
    active(viewer, dock)
    click(qtbot, dock.tools.buttons["remove"])
    drag(viewer, [canvas_point(viewer, seed(dock, inner(dock))[2])])
    qtbot.waitUntil(lambda: len(dock.panel.layers["seeds"].data) == 4, timeout=30_000)
    assert dock.panel.stream.worker.paused
    stop(qtbot, dock.panel)


def test_what_cannot_be_is_a_sentence_and_the_run_goes_on(dock, qtbot):
    begin(qtbot, dock, shape=(48, 48), n_cells=5, filling=0.95)
    dock.panel.edit("add_cell", position=[10.0, 10.0], volume=2000.0)
    qtbot.waitUntil(lambda: "not enough space" in dock.panel.message.text(), timeout=30_000)
    step = dock.panel.snapshot.frame.step
    qtbot.waitUntil(lambda: dock.panel.snapshot.frame.step > step, timeout=30_000)
    stop(qtbot, dock.panel)


def test_colours_tracks_measure_and_script(viewer, dock, qtbot, tmp_path):
    begin(qtbot, dock, shape=(48, 48), n_cells=8)
    qtbot.waitUntil(lambda: dock.panel.snapshot.frame.step >= 4, timeout=60_000)
    dock.colours.choose("volume")
    stop(qtbot, dock.panel)
    cells = dock.panel.layers["cells"]
    colours = cells.colormap.map(np.array(dock.panel.layers["seeds"].features["id"]))
    assert len(np.unique(colours, axis=0)) > 1
    dock.colours.choose("identity")
    assert len(np.unique(cells.colormap.map(np.arange(1, 200)), axis=0)) > 190

    click(qtbot, dock.results.tracks_button)
    tracks = next(layer for layer in viewer.layers if isinstance(layer, Tracks))
    assert set(tracks.features["cell"]) == set(dock.panel.layers["seeds"].features["id"])
    jumps = np.abs(np.diff(tracks.data, axis=0))[np.diff(tracks.data[:, 0]) == 0, 2:]
    assert (np.diff(np.unique(tracks.data[:, 1])) == 1).all()  # every step, not only those that were shown
    assert jumps.max() < 24  # paths through the sides of the box are cut there

    click(qtbot, dock.results.measure_button)
    qtbot.waitUntil(lambda: dock.panel.message.text().startswith("Measured 8"), timeout=60_000)
    table = viewer.layers.selection.active.features
    assert table["area"].sum() == pytest.approx((np.asarray(cells.data) > 0).sum())
    sizes = dict(zip(*np.unique(np.asarray(cells.data), return_counts=True), strict=True))
    assert all(table["area"][row] == sizes[label] for row, label in enumerate(table["index"]))  # napari finds the row by "index"

    dock.results.save(tmp_path / "cells.zarr")
    qtbot.waitUntil(lambda: dock.panel.message.text() == "Saved 'cells.zarr'.", timeout=60_000)
    click(qtbot, dock.results.script_button)
    qtbot.waitUntil(lambda: "clipboard" in dock.panel.message.text(), timeout=30_000)
    script = QApplication.clipboard().text()
    compile(script, "script", "exec")
    assert "sl.Cells(\n    'active_liquid'" in script


def test_the_users_own_labels_move(viewer, dock, qtbot):
    labels = np.zeros((48, 56), np.int64)
    labels[4:20, 4:20], labels[4:20, 24:44], labels[26:44, 10:30] = 7, 100, 60_000
    types = {"index": [7, 100, 60_000], "type": ["soft", "hard", "soft"]}
    layer = viewer.add_labels(labels, scale=(0.5, 0.5), translate=(3, 4), units=("um", "um"), features=types)
    dock.start_from.choose(layer)
    assert dock.presets.name == "relaxation"
    assert "1 of type 0, 2 of type 1" in dock.panel.message.text()
    assert "shape" not in dock.form.fields
    click(qtbot, dock.panel.run_button)
    qtbot.waitUntil(lambda: dock.panel.snapshot is not None and dock.panel.snapshot.frame.step >= 2, timeout=120_000)
    qtbot.waitUntil(lambda: not dock.panel.running, timeout=60_000)  # evened out, it ends by itself
    cells = dock.panel.layers["cells"]
    assert list(dock.panel.layers["seeds"].features["type"]) == [1, 0, 1]
    assert set(np.unique(cells.data)) == {0, 7, 100, 60_000}
    assert np.allclose(cells.scale, 0.5)
    assert np.allclose(cells.translate, (3, 4))
    assert np.array_equal(layer.data, labels)  # nothing of the user's is changed


def test_types_come_from_a_second_layer(viewer, dock, qtbot):
    labels = np.zeros((48, 56), np.int64)
    labels[4:20, 4:20], labels[4:20, 24:44], labels[26:44, 10:30] = 7, 100, 60_000
    regions = np.full(labels.shape, 3, np.int64)
    regions[:, 22:] = 9  # covers most of label 100 and a part of 60000
    layer = viewer.add_labels(labels, scale=(0.5, 0.5))
    kinds = viewer.add_labels(regions, name="regions", scale=(0.5, 0.5))
    other = viewer.add_labels(regions[:-1], name="cut", scale=(0.5, 0.5))
    dock.start_from.choose(layer)
    assert dock.types.isVisibleTo(dock)
    dock.types.choose(other)
    assert "pixel on pixel" in dock.panel.message.text()
    assert dock.types.layer is None
    dock.types.choose(kinds)
    assert "taken from 'regions': 2 of type 0, 1 of type 1" in dock.panel.message.text()
    click(qtbot, dock.panel.run_button)
    qtbot.waitUntil(lambda: dock.panel.snapshot is not None, timeout=120_000)
    qtbot.waitUntil(lambda: not dock.panel.running, timeout=60_000)
    assert list(dock.panel.layers["seeds"].features["type"]) == [0, 1, 0]
    dock.start_from.choose(None)
    assert not dock.types.isVisibleTo(dock)


def test_cells_in_space(viewer, dock, qtbot):
    paused(qtbot, dock, "hard_and_soft_cells", shape=(20, 20, 20), n_cells=5, filling=0.4)
    assert viewer.dims.ndisplay == 3
    active(viewer, dock)
    centre = viewer.window._qt_viewer.canvas.native.rect().center()
    drag(viewer, [centre])  # a ray through the middle of the box
    click(qtbot, dock.tools.buttons["add"])
    drag(viewer, [centre])
    qtbot.waitUntil(lambda: len(dock.panel.layers["seeds"].data) == 6, timeout=30_000)
    number = set(dock.panel.layers["seeds"].features["id"]).difference(range(1, 6)).pop()
    settled(qtbot, dock.panel)

    click(qtbot, dock.tools.buttons["look"])
    drag(viewer, [centre])
    picked = dock.tools._cell
    assert f"Cell {picked}" in dock.tools.info.text()
    before = dict(zip(dock.panel.layers["seeds"].features["id"], np.array(dock.panel.layers["seeds"].data), strict=True))
    click(qtbot, dock.tools.buttons["move"])
    angles = viewer.scene.camera.angles
    drag(viewer, [centre, centre + QPoint(12, 0), centre + QPoint(24, 8)])
    settled(qtbot, dock.panel)
    after = dict(zip(dock.panel.layers["seeds"].features["id"], np.array(dock.panel.layers["seeds"].data), strict=True))
    assert np.linalg.norm(after[picked] - before[picked]) > 0.5
    assert all(np.allclose(after[cell], before[cell]) for cell in after if cell != picked)
    assert viewer.scene.camera.angles == angles  # the view stands still while a cell is dragged

    click(qtbot, dock.tools.buttons["remove"])
    drag(viewer, [centre])
    qtbot.waitUntil(lambda: len(dock.panel.layers["seeds"].data) == 5, timeout=30_000)
    assert number > 5

    click(qtbot, dock.tools.buttons["wall"])
    drag(viewer, [centre])
    assert "2-D" in dock.panel.message.text()
    viewer.dims.ndisplay = 2
    viewer.dims.set_current_step(0, 10)
    drag(viewer, [canvas_point(viewer, (3.0, 3.0)), canvas_point(viewer, (3.0, 16.0))])
    qtbot.waitUntil(lambda: dock.panel.layers["walls"] is not None, timeout=30_000)
    walls = np.asarray(dock.panel.layers["walls"].data) > 0
    assert walls[10, 3, 4:15].all()
    assert not walls[0].any()
    stop(qtbot, dock.panel)


def test_deleted_layer_and_closed_viewer(viewer, dock, qtbot):
    begin(qtbot, dock, shape=(48, 48), n_cells=6)
    viewer.layers.remove(dock.panel.layers["seeds"])
    qtbot.waitUntil(lambda: dock.panel.layers["seeds"] is not None, timeout=30_000)  # comes back once
    viewer.layers.remove(dock.panel.layers["seeds"])
    step = dock.panel.snapshot.frame.step
    qtbot.waitUntil(lambda: dock.panel.snapshot.frame.step > step + 1, timeout=30_000)
    assert dock.panel.layers["seeds"] is None


def random_place(rng, ndim):
    """Return scale, translate and affine of a turned, mirrored, stretched layer."""
    turn, _ = np.linalg.qr(rng.normal(size=(ndim, ndim)))
    affine = np.eye(ndim + 1)
    affine[:-1, :-1], affine[:-1, -1] = turn @ np.diag(rng.choice([-1, 1], ndim)), rng.uniform(-30, 30, ndim)
    return {"affine": affine, "scale": rng.uniform(0.5, 2) * np.array([1.0, 1.5, 2.0][:ndim]), "translate": rng.uniform(-5, 5, ndim)}


def some_labels(ndim, ids):
    labels = np.zeros((24, 28, 20)[:ndim], np.uint64)
    for i, corner in zip(ids, ((2, 2, 2), (13, 3, 3), (4, 16, 4)), strict=True):
        labels[tuple(slice(c, c + 9) for c in corner[:ndim])] = i
    return labels


def centroids(layer):
    found = {}
    for i in np.unique(layer.data):
        if i:
            found[int(i)] = np.asarray(layer.data_to_world(np.argwhere(layer.data == i).mean(0)))
    return found


@pytest.mark.parametrize("seed", range(4))
def test_a_run_lies_over_the_labels_it_came_from_under_any_transform(viewer, dock, qtbot, seed):
    rng = np.random.default_rng(seed)
    ndim = 2 + seed % 2
    ids = (7, 70_000, 2**62 + 1) if seed < 2 else (1, 2**31 + 5, 2**33)
    layer = viewer.add_labels(some_labels(ndim, ids), name="mine", **random_place(rng, ndim))
    layer.features = {"index": [1, 2], "mine": ["a", "b"]}
    before, features = layer.data.copy(), layer.features.copy()
    dock.start_from.choose(layer)
    click(qtbot, dock.panel.step_button)
    qtbot.waitUntil(lambda: dock.panel.snapshot is not None and dock.panel.snapshot.frame.step >= 1, timeout=120_000)
    cells, seeds = dock.panel.layers["cells"], dock.panel.layers["seeds"]
    voxel = float(np.max(layer.scale))
    for i, centre in centroids(layer).items():
        assert np.linalg.norm(centroids(cells)[i] - centre) < 0.5 * voxel
        at = np.asarray(seeds.data_to_world(seeds.data[list(seeds.features["id"]).index(i)]))
        assert np.linalg.norm(at - centre) < voxel
    assert not layer.visible
    assert "'mine' is hidden" in dock.panel.message.text()
    for seen in (False, True):  # the eye of the run changes what is seen
        cells.visible = seen
        assert layer.visible is not seen
    assert np.allclose(cells.colormap.map(np.array(ids)), layer.colormap.map(np.array(ids)))
    dock.tools.pick(ids[2])
    assert dock.tools.info.text().startswith(f"Cell {ids[2]}: ")
    click(qtbot, dock.results.copy_button)
    copied = viewer.layers[-1]
    assert copied.data.dtype == cells.data.dtype
    assert np.allclose(copied.data_to_world((3,) * ndim), cells.data_to_world((3,) * ndim))
    stop(qtbot, dock.panel)
    assert np.array_equal(layer.data, before)
    assert layer.features.equals(features)
    for one in dock.panel.layers.layers():
        viewer.layers.remove(one)
    assert layer.visible  # shown again


def test_cells_that_are_too_small_are_named_and_masks_are_cells(viewer, dock, qtbot):
    labels = some_labels(2, (3, 5, 9)).astype(int)
    labels[0, 0], labels[23, 20:22] = 11, 12
    dock.start_from.choose(viewer.add_labels(labels))
    assert "2 labels have fewer than 4 pixels and cannot be a cell (11, 12)" in dock.panel.message.text()
    mask = viewer.add_image(255.0 * (labels > 0), contrast_limits=(0, 255))
    dock.start_from.choose(mask)
    assert dock.parameters.n_cells == 3
    grey = viewer.add_image(np.random.default_rng(0).random((32, 32)), contrast_limits=(0, 1))
    dock.start_from.choose(grey)
    assert "not a mask" in dock.panel.message.text()
    assert dock.start_from.layer is None


def test_a_pyramid_over_time_gives_the_frame_that_is_shown(viewer, dock, qtbot):
    import dask.array as da

    film = np.stack([some_labels(2, (1, 2, 3)), some_labels(2, (4, 5, 6)), some_labels(2, (7, 8, 9))]).astype(np.int32)
    levels = [da.from_array(film), da.from_array(film[:, ::2, ::2])]
    layer = viewer.add_labels(levels, multiscale=True, axis_labels=("t", "y", "x"), scale=(1, 0.5, 0.5))
    viewer.dims.set_current_step(0, 1)
    dock.start_from.choose(layer)
    qtbot.waitUntil(lambda: "frame 2 of 3" in dock.panel.message.text(), timeout=20_000)
    click(qtbot, dock.panel.step_button)
    qtbot.waitUntil(lambda: dock.panel.snapshot is not None, timeout=120_000)
    assert set(np.unique(dock.panel.layers["cells"].data)) == {0, 4, 5, 6}
    stop(qtbot, dock.panel)


@pytest.mark.parametrize("mirrored", [False, True])
def test_the_hand_reaches_turned_cells_whatever_layer_is_selected(viewer, dock, qtbot, mirrored):
    turn = np.array([[0.6, -0.8, 3.0], [0.8, 0.6, -2.0], [0, 0, 1.0]]) @ np.diag([-1.0 if mirrored else 1.0, 1, 1])
    layer = viewer.add_labels(some_labels(2, (3, 5, 9)).astype(int), affine=turn, scale=(2.0, 2.0))
    dock.start_from.choose(layer)
    click(qtbot, dock.panel.step_button)
    qtbot.waitUntil(lambda: dock.panel.snapshot is not None and dock.panel.snapshot.frame.step == 1, timeout=120_000)
    settled(qtbot, dock.panel)
    other = viewer.add_points(np.zeros((1, 2)), name="other")
    viewer.layers.selection.active = other
    number, pixel, world = seed(dock, 1)
    drag(viewer, [canvas_point(viewer, world)])
    assert dock.tools.info.text().startswith(f"Cell {number}: ")
    click(qtbot, dock.tools.buttons["move"])
    to = np.asarray(dock.panel.layers["cells"].data_to_world(pixel + np.array([2.0, 1.0])))
    drag(viewer, [canvas_point(viewer, world), canvas_point(viewer, (world + to) / 2), canvas_point(viewer, to)])
    qtbot.waitUntil(lambda: np.allclose(seed(dock, 1)[1], pixel + np.array([2.0, 1.0]), atol=0.5), timeout=30_000)
    mine = viewer.add_labels(np.zeros((24, 28), int), name="mine", affine=turn, scale=(2.0, 2.0))
    mine.mode = "paint"
    viewer.layers.selection.active = mine
    drag(viewer, [canvas_point(viewer, world)])
    assert mine.data.any()  # napari's own brush
    mine.mode = "pan_zoom"
    click(qtbot, dock.tools.buttons["wall"])
    drag(
        viewer,
        [
            canvas_point(viewer, np.asarray(layer.data_to_world((22.0, 15.0)))),
            canvas_point(viewer, np.asarray(layer.data_to_world((22.0, 26.0)))),
        ],
    )
    qtbot.waitUntil(lambda: dock.panel.layers["walls"] is not None, timeout=30_000)
    assert np.asarray(dock.panel.layers["walls"].data)[22, 16:25].all()
    stop(qtbot, dock.panel)
    dock.start_from.choose(None)
    dock.panel.snapshot = None
    begin(qtbot, dock, shape=(48, 48), n_cells=5)
    assert dock.tools.info.text() == "Click a cell to see its properties."  # not the cell of the run before
    stop(qtbot, dock.panel)

"""The Compare dock with real clicks: masks, labels, surfaces and points; the difference, the plots and the report."""

from __future__ import annotations

import json
import threading

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Labels, Points
from qtpy.QtCore import Qt
from runs import click

from napari_shapelab.docks.compare import CompareDock
from napari_shapelab.docks.compare.comparison import CompareParameters, compare_layers
from napari_shapelab.docks.compare.over_time import MovieWork
from napari_shapelab.viewer.layer_data import take
from napari_shapelab.widgets.difference_layer import difference_layer
from shapelab.crystals import generate_crystal
from shapelab.errors import InputError, Stopped
from shapelab.stopping import check_stop

CLICK = Qt.MouseButton.LeftButton


def ball(shape, radius, centre=None):
    grid = np.indices(shape) + 0.5
    c = np.array(shape) / 2 if centre is None else np.array(centre)
    return (((grid - c.reshape(-1, *[1] * len(shape))) ** 2).sum(0) < radius**2).astype(np.uint8)


@pytest.fixture
def dock(viewer):
    viewer.window.resize(1100, 700)
    dock = CompareDock(viewer)
    viewer.window.add_dock_widget(dock, name="Compare")
    return dock


def tick(dock, *names):
    for name, box in dock.options.items():
        box.setChecked(name in names)


def compare(qtbot, dock):
    dock.comparison = None
    click(qtbot, dock.work.run_button)
    qtbot.waitUntil(lambda: dock.comparison is not None, timeout=90_000)
    return dock.comparison.result


def cell(dock, row, column):
    heading, *rows = dock.results.numbers.rows()
    return next(r[heading.index(column)] for r in rows if r[0] == row)


def test_two_masks_with_different_voxels(viewer, dock, qtbot, tmp_path):
    a = viewer.add_labels(ball((24, 24, 24), 8), name="fine")
    b = viewer.add_labels(ball((12, 12, 12), 3), name="coarse", scale=(2, 2, 2), translate=(0.5, 0.5, 0.5))
    assert (dock.a.layer, dock.b.layer) == (a, b)  # offered as they came
    tick(dock, "difference", "curvature", "transport")
    result = compare(qtbot, dock)
    assert result["compared"] == "masks"
    assert "brought to voxels of 1 x 1 x 1" in dock.results.notes.text()
    assert float(cell(dock, "volume", "A")) == (a.data > 0).sum()
    difference = viewer.layers["difference · fine ↔ coarse"]
    assert difference.data.shape == (24, 24, 24)
    assert np.array_equal(np.isin(difference.data, (1, 2)), a.data > 0)
    assert difference.metadata["shapelab"]["a"] == "fine"
    assert dock.results.tabs.isTabEnabled(2)

    dock.export(tmp_path / "report")
    qtbot.waitUntil(lambda: "Wrote" in dock.work.message.text(), timeout=60_000)
    report = json.loads((tmp_path / "report/comparison.json").read_text())
    assert (report["a"], report["b"]) == ("fine", "coarse")
    assert report["dice"] == pytest.approx(result["dice"])


def test_two_label_images_have_populations(viewer, dock, qtbot):
    labels = [generate_crystal(25, (48, 48), lloyd=1, tolerance=0.1, seed=seed).labels for seed in (1, 2)]
    for name, data in zip(("real", "model"), labels, strict=True):
        viewer.add_labels(data, name=name, scale=(0.5, 0.5))
    tick(dock, "statistics", "exclude_border", "difference")
    result = compare(qtbot, dock)
    assert dock.results.tabs.isTabEnabled(1)
    assert not dock.results.tabs.isTabEnabled(2)
    assert dock.results.distributions.choice.count() == len(result["populations"])
    assert "KS distance" in dock.results.distributions.choice.currentText()
    assert cell(dock, "mean area", "A") != ""
    assert dock.results.numbers.table.horizontalScrollBar().value() == 0  # what is between the two is seen first
    assert set(np.unique(viewer.layers["difference · real ↔ model"].data)) <= {1, 4}


def test_a_mask_with_itself_as_a_surface(viewer, dock, qtbot):
    from shapelab.convert import mask_to_mesh

    mask = ball((28, 28, 28), 10)
    mesh = mask_to_mesh(mask > 0, 1.0)
    viewer.add_labels(mask, name="mask")
    viewer.add_surface((mesh.vertices, mesh.faces), name="surface")
    tick(dock)
    result = compare(qtbot, dock)
    assert result["dice"] > 0.95
    assert dock.work.message.text().startswith("Dice")


@pytest.mark.parametrize(("height", "unit", "said"), [(0.0, "um", False), (30.0, "um", True), (5000.0, "nm", True)])
def test_slices_in_different_planes_are_compared_and_it_is_said(height, unit, said):
    data = ball((1, 16, 16), 5, (0.5, 8, 8))
    factor = 1000 if unit == "nm" else 1
    a = Labels(data, units=("um",) * 3)
    b = Labels(data, scale=(factor,) * 3, translate=(height, 0, 0), units=(unit,) * 3)
    few = CompareParameters(difference=False, statistics=False, transport=False, curvature=False)
    result = compare_layers(take(a), take(b), few, lambda progress: None).result
    assert result["dice"] == 1
    assert any("as if in one plane" in note for note in result["notes"]) == said


def test_no_points_at_all_are_said():
    with pytest.raises(InputError, match="empty"):
        compare_layers(take(Points(np.zeros((0, 3)))), take(Points(np.ones((5, 3)))), CompareParameters(), lambda progress: None)


def test_points(viewer, dock, qtbot):
    points = np.random.default_rng(0).random((40, 3))
    viewer.add_points(points, name="p")
    viewer.add_points(points + np.array([0.5, 0, 0]), name="q")
    tick(dock, "transport")
    result = compare(qtbot, dock)
    assert result["transport_distance"] == pytest.approx(0.5, rel=0.1)


def test_layers_that_cannot_be_compared_say_why(viewer, dock, qtbot):
    rng = np.random.default_rng(0)
    viewer.add_image(rng.random((16, 16)), name="grey")
    viewer.add_image(rng.random((16, 16, 3)), name="colour", rgb=True)
    field = viewer.add_image(rng.standard_normal((16, 16)), name="field")
    texts = [dock.a.itemText(i) for i in range(dock.a.count())]
    assert "grey (it is a grey image: threshold it to a mask or segment it into Labels first)" in texts
    assert any(text.startswith("colour (") and "colour image" in text for text in texts)
    assert dock.a.layer is field
    assert not dock.work.run_button.isEnabled()
    volume = viewer.add_labels(ball((8, 8, 8), 3), name="volume")
    assert dock.b.layer is volume
    click(qtbot, dock.work.run_button)
    qtbot.waitUntil(lambda: "same number of axes" in dock.work.message.text(), timeout=20_000)


def test_empty_masks_say_so(viewer, dock, qtbot):
    viewer.add_labels(ball((16, 16), 5))
    viewer.add_labels(np.zeros((16, 16), int), name="nothing")
    click(qtbot, dock.work.run_button)
    qtbot.waitUntil(lambda: "is empty" in dock.work.message.text(), timeout=20_000)
    assert "nothing" in dock.work.message.text()


def test_a_layer_over_time_gives_the_frame_that_is_seen(viewer, dock, qtbot):
    run = np.stack([ball((12, 12, 12), r) for r in (3, 5)])
    viewer.add_labels(run, name="run", axis_labels=("t", "z", "y", "x"))
    viewer.add_labels(ball((12, 12, 12), 5), name="real")
    viewer.dims.set_current_step(0, 1)
    tick(dock, "difference")
    assert compare(qtbot, dock)["dice"] == 1.0
    viewer.dims.set_current_step(0, 0)
    assert compare(qtbot, dock)["dice"] < 0.7


def test_swap_and_side_by_side(viewer, dock, qtbot):
    a = viewer.add_labels(ball((12, 12), 4), name="a")
    b = viewer.add_labels(ball((12, 12), 5), name="b")
    other = viewer.add_points(np.zeros((1, 2)), name="other")
    b.visible = False
    click(qtbot, dock.swap_button)
    assert (dock.a.layer, dock.b.layer) == (b, a)
    click(qtbot, dock.grid_button)
    assert viewer.canvas.grid.enabled
    assert (a.visible, b.visible, other.visible) == (True, True, False)
    viewer.canvas.grid.enabled = False  # by napari's own button
    assert not dock.grid_button.isChecked()
    assert (a.visible, b.visible, other.visible) == (True, False, True)  # as it was


def test_a_comparison_is_shared_as_a_web_page(viewer, dock, qtbot, tmp_path, monkeypatch):
    name = '<b>&"a/b'
    for side, radius in ((name, 9), ("b", 10)):
        viewer.add_labels(ball((32, 32), radius), name=side)
    tick(dock)
    assert not dock.sharing.share_button.isEnabled()
    compare(qtbot, dock)
    target, asked = tmp_path / "both", []
    monkeypatch.setattr("napari_shapelab.work.share.ask_target", lambda *args, **options: asked.append(args[2]) or str(target))
    click(qtbot, dock.sharing.share_button)
    qtbot.waitUntil(lambda: not dock.work.working, timeout=30_000)
    assert asked == ['<b>&"a-b and b.html']
    page = (tmp_path / "both.html").read_text(encoding="utf-8")
    assert "one frame" in dock.work.message.text()
    assert name not in page
    words = json.loads(page.partition('id="page">')[2].partition("</script>")[0])
    assert [layer["name"] for layer in words["layers"]] == ["difference", f"A: {name}", "B: b"]
    assert f"{dock.comparison.result['dice']:.4g}" in [row["value"] for row in words["parameters"]]
    assert dock.sharing.open_button.isVisible()
    click(qtbot, dock.sharing.share_button)
    qtbot.waitUntil(lambda: "already exists" in dock.work.message.text(), timeout=30_000)
    assert (tmp_path / "both.html").read_text(encoding="utf-8") == page


def test_sharing_a_comparison_is_cancelled(viewer, dock, qtbot, tmp_path, monkeypatch):
    for side in "ab":
        viewer.add_labels(ball((16, 16), 5), name=side)
    tick(dock)
    compare(qtbot, dock)
    begun = threading.Event()

    def endless(*args):
        begun.set()
        while True:
            check_stop()

    monkeypatch.setattr("shapelab.page.comparison.difference", lambda *args, **options: endless())
    dock.sharing.share(tmp_path / "page.html")
    assert begun.wait(30)
    dock.sharing.share(tmp_path / "other.html")
    assert "wait until the current work is done" in dock.work.message.text()
    click(qtbot, dock.work.cancel_button)
    qtbot.waitUntil(lambda: dock.work.message.text() == "Cancelled; nothing was written.", timeout=30_000)
    assert list(tmp_path.iterdir()) == []


def test_points_are_no_page(viewer, dock, qtbot, tmp_path):
    for side in "ab":
        viewer.add_points(np.random.default_rng(0).random((8, 2)) * 9, name=side)
    tick(dock)
    compare(qtbot, dock)
    dock.sharing.share(tmp_path / "page.html")
    qtbot.waitUntil(lambda: not dock.work.working, timeout=30_000)
    assert "between images" in dock.work.message.text()
    assert list(tmp_path.iterdir()) == []


def test_cancel_drops_the_answer(viewer, dock, qtbot):
    viewer.add_labels(ball((32, 32, 32), 9), name="a")
    viewer.add_labels(ball((32, 32, 32), 10), name="b")
    click(qtbot, dock.work.run_button)
    click(qtbot, dock.work.cancel_button)
    assert not dock.work.working
    assert "Cancelled" in dock.work.message.text()
    tick(dock)
    compare(qtbot, dock)
    assert [layer.name for layer in viewer.layers] == ["a", "b"]


@pytest.mark.parametrize("stage", ["Reading", "Overlaps", "Finding where"])
def test_a_comparison_that_is_cancelled_ends_within_any_stage(stage):
    labels = Labels(ball((48, 48, 48), 20)), Labels(ball((48, 48, 48), 19))
    abort, stages = threading.Event(), []

    def report(progress):
        stages.append(progress.text)
        if progress.text.startswith(stage):
            abort.set()

    with pytest.raises(Stopped):
        compare_layers(take(labels[0]), take(labels[1]), CompareParameters(transport=False, curvature=False), report, abort)
    assert stages[-1].startswith(stage)


def test_what_to_do_with_a_comparison_is_seen_on_a_low_screen(viewer, dock, qtbot):
    viewer.window.resize(1024, 600)
    dock.results.notes.setText("one more note. " * 60)
    dock.results.tabs.setMinimumHeight(400)
    buttons = (dock.grid_button, dock.mesh_button, dock.report_button, dock.script_button, dock.sharing.share_button)
    qtbot.waitUntil(lambda: all(button.visibleRegion().boundingRect().size() == button.size() for button in buttons), timeout=10_000)


def test_numbers_of_other_layers_than_those_chosen_are_not_shown(viewer, dock, qtbot):
    for name, radius in (("a", 5), ("b", 6), ("c", 7)):
        viewer.add_labels(ball((16, 16), radius), name=name)
    tick(dock)
    dock.a.choose(viewer.layers["a"])
    dock.b.choose(viewer.layers["b"])
    compare(qtbot, dock)
    dock.b.choose(viewer.layers["b"])
    assert dock.results.numbers.rows()[1:]
    dock.b.choose(viewer.layers["c"])
    assert not dock.results.numbers.rows()[1:]
    assert not dock.report_button.isEnabled()
    assert dock.work.message.text() == "Ready."


def test_an_error_takes_the_old_numbers_away(viewer, dock, qtbot):
    viewer.add_labels(ball((16, 16), 5), name="a")
    viewer.add_labels(ball((16, 16), 6), name="b")
    tick(dock)
    compare(qtbot, dock)
    assert dock.results.numbers.rows()[1:]
    dock.b.choose(viewer.add_labels(np.zeros((16, 16), int), name="nothing"))
    click(qtbot, dock.work.run_button)
    qtbot.waitUntil(lambda: "is empty" in dock.work.message.text(), timeout=20_000)
    assert not dock.results.numbers.rows()[1:]
    assert dock.comparison is None
    assert not dock.report_button.isEnabled()


def test_rows_are_named_for_readers_with_their_units(viewer, dock, qtbot):
    labels = [generate_crystal(12, (32, 32), lloyd=1, tolerance=0.1, seed=seed).labels for seed in (1, 2)]
    for data in labels:
        viewer.add_labels(data, scale=(0.5, 0.5), units=("um", "um"))
    tick(dock, "statistics")
    compare(qtbot, dock)
    names = [row[0] for row in dock.results.numbers.rows()]
    assert {"boundary F1 score", "mean long semi-axis (µm)", "mean area (µm²)", "mean surface to volume (1/µm)"} <= set(names)
    assert not [name for name in names if "_" in name]


def test_ids_of_64_bits_are_compared(viewer, dock, qtbot):
    labels = generate_crystal(12, (32, 32), lloyd=1, tolerance=0.1, seed=1).labels.astype(np.uint64)
    viewer.add_labels(labels + np.uint64(2**63), name="a")
    viewer.add_labels(labels + np.uint64(2**63), name="b")
    tick(dock, "statistics", "difference")
    result = compare(qtbot, dock)
    assert result["mismatch"] == 0
    assert result["labels_a"] == 12
    assert set(np.unique(viewer.layers[-1].data)) == {1}


def film(step):
    movie = np.zeros((5, 40, 60), np.int32)
    for t in range(5):
        movie[t, 5:13, 4 + step * t : 12 + step * t] = 5
        movie[t, 20:32, 30:44] = 9
    return movie


PLACE = {"scale": (5, 0.5, 0.25), "translate": (10, 3, -2), "units": ("s", "um", "um"), "axis_labels": ("t", "y", "x")}


def test_two_movies_with_a_cursor_that_follows_the_slider(viewer, dock, qtbot, tmp_path):
    a = viewer.add_labels(film(1), name="model", **PLACE)
    b = viewer.add_labels(film(2), name="movie", **PLACE)
    dock.a.choose(a)
    dock.b.choose(b)
    click(qtbot, dock.over_time)
    result = compare(qtbot, dock)
    assert (result["compared"], result["pairs"]) == ("movies", 5)
    plot = dock.results.over_time
    assert plot.isVisible()
    assert plot.series("mean_speed")[1][1:] == pytest.approx(0.5 * 0.25 / 5)
    assert plot.other("mean_speed")[1:] == pytest.approx(2 * 0.5 * 0.25 / 5)
    assert cell(dock, "speed (µm/s)", "B") == "0.05"
    assert dock.comparison.movies.pairs.by_time

    difference = viewer.layers["difference · model ↔ movie"]
    assert difference.data.shape == a.data.shape
    for frame in range(5):
        viewer.dims.set_point(0, 10 + 5 * frame)
        assert plot.mark.value() == frame
        assert round(difference.world_to_data(viewer.dims.point)[0]) == frame
        assert (difference.data[frame] == 2).sum() == (difference.data[frame] == 3).sum() == 8 * frame
        assert difference.get_value((10 + 5 * frame, 3 + 0.5 * 25, -2 + 0.25 * 35), world=True) == 1
    plot.chosen.emit(1)
    assert viewer.dims.point[0] == 15
    assert set(dock.results.distributions._values) == {"area", "circularity", "elongation", "neighbours", "speed"}

    dock.export(tmp_path / "report")
    qtbot.waitUntil(lambda: (tmp_path / "report" / "summary.csv").exists(), timeout=20_000)
    dock.sharing.share(tmp_path / "page.html")
    assert "not movies" in dock.work.message.text()
    viewer.layers.remove(a)
    assert not dock.over_time.isEnabled()
    viewer.dims.set_point(0, 10)
    assert not plot.mark.isVisible()


def test_movies_whose_time_is_not_the_first_axis(viewer, dock, qtbot):
    place = {"scale": (2, 5, 1, 1), "translate": (1, 10, 0, 0), "axis_labels": ("z", "t", "y", "x")}
    a, b = (viewer.add_labels(np.stack([film(step)] * 3), name=name, **place) for step, name in ((1, "a"), (2, "b")))
    dock.a.choose(a)
    dock.b.choose(b)
    click(qtbot, dock.over_time)
    assert compare(qtbot, dock)["pairs"] == 5
    difference = viewer.layers["difference · a ↔ b"]
    assert difference.data.shape == a.data.shape
    assert difference.data_to_world((1, 2, 3, 4)) == pytest.approx(a.data_to_world((1, 2, 3, 4)))
    for frame in range(5):
        assert (difference.data[:, frame] == 2).sum() == (difference.data[:, frame] == 3).sum() == 3 * 8 * frame
    dock.results.over_time.chosen.emit(3)
    assert viewer.dims.point[1] == 25


def test_still_layers_have_no_frames_to_compare(viewer, dock, qtbot):
    dock.a.choose(viewer.add_labels(film(1)[0], name="still"))
    dock.b.choose(viewer.add_labels(film(1), name="movie", axis_labels=("t", "y", "x")))
    assert not dock.over_time.isEnabled()
    dock.a.choose(viewer.add_labels(film(2)[:3], name="short", axis_labels=("t", "y", "x")))
    click(qtbot, dock.over_time)
    assert compare(qtbot, dock)["pairs"] == 3
    assert "by number" in dock.results.notes.text()


def test_the_difference_of_turned_movies_lies_over_them(viewer, dock, qtbot):
    turn = np.eye(4)
    turn[1:3, 1:3] = [[0.8, -0.6], [0.6, 0.8]]
    place = {"affine": turn, "axis_labels": ("t", "y", "x"), "scale": (1, 2, 2)}
    a, b = (viewer.add_labels(film(step), name=f"turned {step}", **place) for step in (1, 2))
    dock.a.choose(a)
    dock.b.choose(b)
    click(qtbot, dock.over_time)
    compare(qtbot, dock)
    difference = next(layer for layer in viewer.layers if layer.name.startswith("difference"))
    for point in ((0, 0, 0), (3, 10, 20)):
        assert difference.data_to_world(point) == pytest.approx(a.data_to_world(point))
    assert (difference.data[4] == 2).sum() == 8 * 4


@pytest.mark.parametrize(
    "place",
    [
        {"units": ("min", "um", "nm"), "scale": (2, 0.2, 200), "translate": (4, 1, 300)},
        {"units": ("ms", "um", "um"), "scale": (60_000, -0.2, 0.2)},  # napari's numbers of time and space differ by five orders
        {"units": ("pixel", "px", "px"), "axis_labels": ("t", "y", "x")},
    ],
)
def test_differences_lie_over_layers_in_any_units(place):
    viewer = ViewerModel()
    a, b = (viewer.add_labels(film(step), name=f"film {step}", **place) for step in (1, 2))
    options = CompareParameters(statistics=False, transport=False, curvature=False)
    over_time = MovieWork(a, b, viewer, options, False)(lambda progress: None, threading.Event()).difference
    still = compare_layers(take(a, viewer), take(b, viewer), options, lambda progress: None).difference
    for where, corner in ((over_time, (4, 24, 44)), (still, (24, 44))):
        found = difference_layer(where, ("a", "b"), {})
        for point in (np.zeros(found.ndim), np.array(corner)):
            whole = np.zeros(a.ndim)
            whole[-found.ndim :] = point
            there = zip(a.data_to_world(whole), a.units, strict=True)
            expected = [(x * own).to(unit).magnitude for (x, own), unit in zip(list(there)[-found.ndim :], found.units, strict=True)]
            assert found.data_to_world(point) == pytest.approx(expected)


def test_effective_properties_stand_in_the_table_of_both(viewer, dock, qtbot):
    for name, period in (("wide", 10), ("narrow", 8)):
        viewer.add_labels(np.tile((np.arange(40) % period < 4).astype(np.uint8), (8, 8, 1)), name=name, scale=(1, 1, 0.5))
    tick(dock)
    assert not dock.properties.isEnabled()
    qtbot.mouseClick(dock.options["effective"], CLICK)
    dock.properties.setCurrentText("chords")
    compare(qtbot, dock)
    assert [float(cell(dock, "pore chord x", column)) for column in ("A ↔ B", "A", "B")] == [
        -1.0,
        3.0,
        2.0,
    ]  # A is the layer that was added last
    assert "effective=['chords']" in "\n".join(dock.script().body)
    assert "its own voxels" in dock.results.notes.text()

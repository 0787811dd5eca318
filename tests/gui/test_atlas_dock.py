"""The Atlas dock with real clicks: the shipped map, thumbnails, opening shapes, running in between, sweep folders."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest
from qtpy.QtCore import QPoint, QPointF, Qt
from runs import stop

from napari_shapelab.docks.atlas import AtlasDock
from shapelab.batch import SweepSpec, compare_groups
from shapelab.batch import fit_search as search
from shapelab.batch.member import MEMBERS, run_member
from shapelab.batch.sweep import PLAN

LEFT, NONE, CTRL = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def dock(viewer, qtbot):
    viewer.window.resize(1200, 740)
    dock = AtlasDock(viewer)
    viewer.window.add_dock_widget(dock, name="Atlas")
    qtbot.waitUntil(lambda: dock.atlas is not None, timeout=60_000)
    qtbot.waitUntil(lambda: dock.map.plot.isVisible() and dock.map.plot.width() > 100, timeout=30_000)
    return dock


def lonely(dock, others=()):
    """Index of the point that is farthest from all other ones, so that a click cannot be ambiguous."""
    places = dock.map.places
    away = np.linalg.norm(places[:, None] - places[None], axis=2)
    np.fill_diagonal(away, np.inf)
    order = np.argsort(-away.min(axis=1))
    return next(int(index) for index in order if index not in others)


def point(dock, place):
    """Where a place of the map lies in the plot's viewport [pixels]."""
    plot = dock.map.plot
    return plot.mapFromScene(plot.getViewBox().mapViewToScene(QPointF(*map(float, place))))


def click(qtbot, dock, place, modifier=NONE):
    qtbot.mouseMove(dock.map.plot.viewport(), point(dock, place))
    qtbot.mouseClick(dock.map.plot.viewport(), LEFT, modifier, point(dock, place))


def test_there_is_nothing_to_run_before_the_atlas_is_read(viewer, qtbot):
    dock = AtlasDock(viewer)
    viewer.window.add_dock_widget(dock, name="Atlas")
    assert dock.atlas is None
    assert not dock.run_button.isEnabled()
    qtbot.waitUntil(lambda: dock.atlas is not None, timeout=60_000)


def test_hover_shows_a_thumbnail_and_a_click_opens_the_shape(viewer, dock, qtbot):
    index = lonely(dock)
    member = dock.atlas.members[index]
    assert dock.preview.picture.pixmap().isNull()
    steps = itertools.cycle((QPoint(0, 0), QPoint(1, 0)))

    def hover():
        qtbot.mouseMove(dock.map.plot.viewport(), point(dock, dock.map.places[index]) + next(steps))
        return member.name in dock.preview.text.text()

    qtbot.waitUntil(hover, timeout=30_000)
    assert not dock.preview.picture.pixmap().isNull()
    click(qtbot, dock, dock.map.places[index])
    qtbot.waitUntil(lambda: len(viewer.layers) == 1, timeout=30_000)
    layer = viewer.layers[0]
    assert layer.name == f"atlas · {member.name}"
    assert layer.rendering == "iso"
    np.testing.assert_array_equal(np.asarray(layer.data) > 0, member.mask)
    assert layer.metadata["shapelab"]["parameters"]["mass"] == member.parameters["mass"]
    assert viewer.dims.ndisplay == 3
    second = lonely(dock, {index})
    click(qtbot, dock, dock.map.places[second])
    qtbot.waitUntil(lambda: layer.name == f"atlas · {dock.atlas.members[second].name}", timeout=30_000)
    assert list(viewer.layers) == [layer]


def test_run_here_between_picked_shapes(viewer, dock, qtbot):
    assert not dock.run_button.isEnabled()
    one = lonely(dock)
    two = lonely(dock, {one})
    for index in (one, two):
        click(qtbot, dock, dock.map.places[index], CTRL)
    assert dock.map.picks == [one, two]
    expected = 0.5 * sum(dock.atlas.members[index].parameters["mass"] for index in (one, two))
    assert dock.simulation().parameters.mass == pytest.approx(expected)
    qtbot.mouseClick(dock.run_button, LEFT)
    assert not dock.run_button.isEnabled()
    qtbot.waitUntil(lambda: dock.panel.snapshot is not None and dock.panel.snapshot.frame.step >= 2, timeout=90_000)
    assert dock.panel.snapshot.provenance["parameters"]["mass"] == pytest.approx(expected)
    assert any(layer.name == "between shapes · field" for layer in viewer.layers)
    stop(qtbot, dock.panel)
    assert dock.run_button.isEnabled()
    click(qtbot, dock, dock.map.places[one], CTRL)
    assert dock.map.picks == [two]
    qtbot.mouseClick(dock.clear_button, LEFT)
    assert dock.map.picks == []
    assert not dock.run_button.isEnabled()


def test_a_click_beside_the_points_marks_a_place_between_its_neighbours(dock, qtbot):
    low, high = dock.map.places.min(axis=0), dock.map.places.max(axis=0)
    grid = np.stack(np.meshgrid(*(np.linspace(a, b, 25) for a, b in zip(low, high, strict=True))), axis=-1).reshape(-1, 2)
    gaps = np.linalg.norm(grid[:, None] - dock.map.places[None], axis=2).min(axis=1)
    empty = grid[gaps.argmax()]
    click(qtbot, dock, empty)
    qtbot.waitUntil(lambda: "Here" in dock.here.text(), timeout=30_000)
    nearest = np.argsort(np.linalg.norm(dock.map.places - empty, axis=1))[:3]
    masses = [dock.atlas.members[index].parameters["mass"] for index in nearest]
    assert min(masses) <= dock.simulation().parameters.mass <= max(masses)
    assert dock.run_button.isEnabled()


def test_other_maps_and_numbers_of_clusters(dock, qtbot):
    before = dock.map.places.copy()
    dock.choices.layout_choice.setCurrentIndex(dock.choices.layout_choice.findData("pca"))
    dock.choices.layout_choice.activated.emit(dock.choices.layout_choice.currentIndex())
    qtbot.waitUntil(lambda: not np.array_equal(dock.map.places, before), timeout=20_000)
    dock.choices.clusters.setValue(2)
    qtbot.waitUntil(lambda: dock._view.groups.max() == 1, timeout=20_000)


def test_a_sweep_folder_opens_and_a_wrong_one_is_a_sentence(viewer, dock, qtbot, tmp_path):
    spec = SweepSpec.make(family="curvatubes", steps=30, parameters={"shape": [16] * 3}, grid={"mass": [-0.6, -0.4, -0.2]})
    root = tmp_path / "masses"
    (root / MEMBERS).mkdir(parents=True)
    (root / PLAN).write_text(json.dumps({"format": "shapelab sweep", "version": 1, **spec.model_dump(mode="json")}))
    for member in spec.all_members():
        run_member(str(root), spec, member)
    dock.open(root)
    qtbot.waitUntil(lambda: dock.atlas is not None and len(dock.atlas) == 3, timeout=30_000)
    assert "masses" in dock.about.text()
    click(qtbot, dock, dock.map.places[0])
    qtbot.waitUntil(lambda: len(viewer.layers) == 1, timeout=30_000)
    assert viewer.layers[0].data.shape == (16, 16, 16)
    dock.open(tmp_path)
    qtbot.waitUntil(lambda: "no sweep" in dock.about.text(), timeout=30_000)


@pytest.fixture
def quick_fit(monkeypatch):
    """Few members of the atlas are tried, and runs are short (what the search finds, tests/batch proves)."""
    grown = search.Search._run

    def short(self, *given, **named):
        self.steps = 120
        return grown(self, *given, **named)

    monkeypatch.setattr(search, "_SHORTLIST", 3)
    monkeypatch.setattr(search.Search, "_run", short)


@pytest.mark.usefixtures("quick_fit")
def test_a_texture_is_fitted_to_a_mask(viewer, dock, qtbot):
    y, x = np.indices((32, 32, 32))[1:]
    rods = ((y - 16) ** 2 + (x - 16) ** 2 < 36).astype(np.uint8)
    layer = viewer.add_labels(rods, scale=(0.2,) * 3, units=("um",) * 3)
    dock.panel.tabs.setCurrentWidget(dock.fit)
    assert not dock.fit.work.run_button.isEnabled()
    dock.fit.combo.choose(layer)
    dock.fit.trials.setValue(1)
    qtbot.mouseClick(dock.fit.work.run_button, LEFT)
    qtbot.waitUntil(lambda: "like " + layer.name in viewer.layers, timeout=120_000)
    fitted = viewer.layers["like " + layer.name]
    assert fitted.metadata["shapelab"]["model"] == "curvatubes"
    assert fitted.units == layer.units
    end_of_mask = 22 * 0.2  # the rods reach to x = 21
    assert fitted.translate[-1] > end_of_mask
    assert fitted.translate[-1] < end_of_mask + 32 * 0.2
    assert viewer.dims.ndisplay == 3
    assert "Distance between the curvatures" in dock.fit.work.message.text()
    assert dock.run_button.isEnabled()
    assert np.array_equal(layer.data, rods)


@pytest.mark.usefixtures("quick_fit")
def test_a_texture_is_put_beside_a_turned_mask(viewer, dock, qtbot):
    """One frame, a mirrored axis, an affine: right of the mask as it lies in the world."""
    y, x = np.indices((24, 24, 24))[1:]
    rods = ((y - 12) ** 2 + (x - 12) ** 2 < 30).astype(float)
    affine = np.array([[-1, 0, 0, 5], [0, 0, -1, -3], [0, 1, 0, 20], [0, 0, 0, 1.0]])
    layer = viewer.add_image(rods, affine=affine, scale=(0.3,) * 3, units=("um",) * 3, name="turned")
    dock.fit.combo.choose(layer)
    assert dock.fit.combo.layer is layer  # a two-valued image is a mask
    dock.fit.trials.setValue(0)
    qtbot.mouseClick(dock.fit.work.run_button, LEFT)
    qtbot.waitUntil(lambda: "like turned" in viewer.layers, timeout=120_000)
    fitted = viewer.layers["like turned"]
    inside = np.array([layer.data_to_world(i) for i in np.argwhere(rods)])
    centre = np.mean(fitted.extent.world, axis=0)
    assert fitted.extent.world[0][-1] > inside[:, -1].max()
    assert np.allclose(centre[:2], (inside.min(0) + inside.max(0))[:2] / 2, atol=0.5)


def draw_round(qtbot, dock, members):
    """Draw a line with Shift held round the rectangle of some points."""
    viewport = dock.map.plot.viewport()
    corners = [point(dock, place) for place in dock.map.places[members]]
    left, right = min(p.x() for p in corners) - 9, max(p.x() for p in corners) + 9
    top, bottom = min(p.y() for p in corners) - 9, max(p.y() for p in corners) + 9
    path = [QPoint(left, top), QPoint(right, top), QPoint(right, bottom), QPoint(left, bottom)]
    qtbot.mousePress(viewport, LEFT, Qt.KeyboardModifier.ShiftModifier, path[0])
    for place in path[1:]:
        qtbot.mouseMove(viewport, place)
    qtbot.mouseRelease(viewport, LEFT, Qt.KeyboardModifier.ShiftModifier, path[-1])


def test_shapes_that_are_drawn_round_are_compared(dock, qtbot):
    order = np.argsort(dock.map.places[:, 0])
    first, last = order[:12].tolist(), order[-12:].tolist()
    draw_round(qtbot, dock, first)
    assert set(first) <= set(dock.groups.a)
    assert dock.groups.b == []
    qtbot.waitUntil(lambda: dock.groups.table.rowCount() > 5, timeout=30_000)
    assert "all others" in dock.groups.note.text()
    draw_round(qtbot, dock, last)
    assert set(last) <= set(dock.groups.b)
    qtbot.waitUntil(lambda: "and B" in dock.groups.note.text(), timeout=30_000)
    expected = compare_groups(dock.atlas, dock.groups.a, dock.groups.b)
    assert dock.groups.table.verticalHeaderItem(0).text() == expected.index[0].replace("_", " ")
    assert float(dock.groups.table.item(0, 2).text()) == pytest.approx(expected["ks"].iloc[0], abs=5e-3)
    qtbot.mouseClick(dock.clear_button, LEFT)
    assert dock.groups.a == dock.groups.b == []
    assert dock.groups.table.rowCount() == 0


def test_a_line_round_nothing_and_a_tap_with_shift(dock, qtbot):
    index = lonely(dock)
    qtbot.mouseClick(dock.map.plot.viewport(), LEFT, Qt.KeyboardModifier.ShiftModifier, point(dock, dock.map.places[index]))
    assert dock.map.picks == [index]
    draw_round(qtbot, dock, [index])
    qtbot.waitUntil(lambda: "need two shapes" in dock.groups.note.text(), timeout=30_000)

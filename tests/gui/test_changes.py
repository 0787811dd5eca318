"""What has changed since something was computed from it is said, and never taken for what is there now."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel
from qtpy.QtCore import QObject

import napari_shapelab.actions as actions
from napari_shapelab.docks.compare import CompareDock
from napari_shapelab.viewer.changes import Changes
from napari_shapelab.work.movies import MoviesPanel


def two() -> np.ndarray:
    labels = np.zeros((20, 30), np.int32)
    labels[2:8, 2:8], labels[10:18, 10:20] = 1, 2
    return labels


CHANGES = {
    "replaced": lambda viewer, layer: setattr(layer, "data", two().T.copy()),
    "painted": lambda viewer, layer: layer.paint((5, 5), 3),
    "filled": lambda viewer, layer: layer.fill((5, 5), 7),
    "moved": lambda viewer, layer: setattr(layer, "translate", (3, 0)),
    "scaled": lambda viewer, layer: setattr(layer, "scale", (2, 2)),
    "unit": lambda viewer, layer: setattr(layer, "units", ("um", "um")),
    "removed": lambda viewer, layer: viewer.layers.remove(layer),
}
NOTHING = {
    "hidden": lambda viewer, layer: setattr(layer, "visible", False),
    "renamed": lambda viewer, layer: setattr(layer, "name", "other"),
    "another": lambda viewer, layer: viewer.layers.remove(viewer.layers["another"]),
    "sliced": lambda viewer, layer: viewer.dims.set_current_step(0, 2),
    "chosen": lambda viewer, layer: setattr(layer, "selected_label", 2),
}


@pytest.fixture
def model(qtbot):
    viewer = ViewerModel()
    viewer.add_image(np.zeros((4, 8, 8)), name="another", contrast_limits=(0, 1))
    return viewer


@pytest.mark.parametrize("what", [*CHANGES, *NOTHING])
def test_a_change_is_told_once_and_others_are_none(model, what):
    layer, owner, said = model.add_labels(two(), name="cells"), QObject(), []
    changes = Changes(model, owner, "Look again.")
    changes.found.connect(said.append)
    changes.follow(layer)
    ({**CHANGES, **NOTHING})[what](model, layer)
    assert len(said) == (what in CHANGES)
    assert ("'cells' has been" in changes.text) == (what in CHANGES)
    changes.follow()
    assert changes.text == ""
    layer.data = two()
    assert changes.text == ""


@pytest.mark.parametrize("what", ["replaced", "painted", "removed"])
def test_features_are_not_measured_on_labels_that_have_changed_meanwhile(viewer, qtbot, monkeypatch, what):
    said = []
    monkeypatch.setattr(actions, "show_warning", said.append)
    layer = viewer.add_labels(two(), name="cells")
    actions.measure_selected(viewer)
    CHANGES[what](viewer, layer)
    qtbot.waitUntil(lambda: bool(said), timeout=20_000)
    assert "'cells' has been" in said[0]
    assert not len(layer.features.columns)


def test_results_of_layers_that_have_changed_say_so(viewer, qtbot):
    a, b = viewer.add_labels(two(), name="a"), viewer.add_labels(two(), name="b")
    dock = CompareDock(viewer)
    viewer.window.add_dock_widget(dock, name="Compare")
    for name, box in dock.options.items():
        box.setChecked(name == "difference")
    dock.a.choose(a)
    dock.b.choose(b)
    viewer.layers.selection = {a}
    dock.compare()
    qtbot.waitUntil(lambda: dock.comparison is not None and not dock.work.working, timeout=60_000)
    assert "since" not in dock.work.message.text()
    assert viewer.layers.selection.active is a  # the difference does not take the brush out of the hand
    a.fill((0, 0), 9)
    assert dock.work.message.text() == "'a' has been changed since. Press Compare again."
    dock.compare()
    b.data = two()  # while it is compared
    qtbot.waitUntil(lambda: not dock.work.working, timeout=60_000)
    assert dock.work.message.text().endswith("'b' has been changed since. Press Compare again.")


def test_curves_of_a_movie_that_has_changed_say_so(viewer, qtbot):
    movie = viewer.add_labels(np.stack([two()] * 3), axis_labels=("t", "y", "x"), name="movie")
    panel = MoviesPanel(viewer)
    qtbot.addWidget(panel)
    panel.layer.choose(movie)
    viewer.layers.selection = {movie}
    panel.measure()
    qtbot.waitUntil(lambda: panel.found is not None and not panel.work.working, timeout=60_000)
    panel.add_tracks()
    assert viewer.layers.selection.active is movie
    viewer.dims.set_current_step(0, 2)
    assert "since" not in panel.work.message.text()
    movie.scale = (1, 2, 2)
    assert panel.work.message.text() == "'movie' has been changed since. Press Measure again."

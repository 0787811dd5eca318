"""A run in a real viewer: streaming, the user's hand on the layers, failures, and nothing left at the end."""

from __future__ import annotations

import gc
import threading
import weakref

import numpy as np
import pytest
from conftest import workers
from napari.components import ViewerModel
from qtpy.QtCore import Qt
from qtpy.QtGui import QOpenGLContext
from qtpy.QtOpenGLWidgets import QOpenGLWidget
from runs import PATIENCE, click, stop
from toy_model import ToyModel, toy

from napari_shapelab.run.layers import RunLayers
from napari_shapelab.run.panel import RunPanel
from napari_shapelab.viewer.canvas_guard import main_window
from shapelab.simulation import Frame, LayerData, Simulation

pytestmark = pytest.mark.logs_errors

CLICK = Qt.MouseButton.LeftButton


@pytest.fixture
def panel(viewer):
    return add_panel(viewer)


def add_panel(viewer, title="toy", **parameters):
    panel = RunPanel(viewer, lambda: toy(**{"max_steps": 1_000_000, "gate": False, **parameters}), lambda: title)
    viewer.window.add_dock_widget(panel, name=title)
    return panel


def run_until(qtbot, panel, steps=5):
    click(qtbot, panel.run_button)
    qtbot.waitUntil(lambda: panel.snapshot is not None and panel.snapshot.frame.step >= steps, timeout=PATIENCE)


def test_a_run_shows_layers_and_ends(viewer, panel, qtbot):
    run_until(qtbot, panel)
    field = panel.layers["field"]
    assert [layer.name for layer in viewer.layers] == ["toy · field", "toy · cells", "toy · seeds"]
    before = field.data
    qtbot.waitUntil(lambda: field.data is not before, timeout=PATIENCE)
    stop(qtbot, panel)
    assert tuple(field.contrast_limits) == (-1, 1)
    assert field.metadata["shapelab"]["model"] == "toy"
    assert field.metadata["shapelab"]["preset"] == "waves"
    assert field.metadata["shapelab"]["parameters"]["size"] == 16
    assert panel.message.text() == "Stopped."
    qtbot.waitUntil(lambda: not workers(), timeout=PATIENCE)


def test_a_volume_is_seen_in_3d_and_the_view_stays(viewer, qtbot):
    panel = add_panel(viewer, axes=3, size=12)
    run_until(qtbot, panel)
    assert viewer.dims.ndisplay == 3
    viewer.scene.camera.zoom = zoom = 12.5
    viewer.scene.camera.angles = angles = (1.0, 2.0, 3.0)
    step = panel.snapshot.frame.step
    qtbot.waitUntil(lambda: panel.snapshot.frame.step > step, timeout=PATIENCE)
    stop(qtbot, panel)
    assert viewer.scene.camera.zoom == zoom
    assert tuple(viewer.scene.camera.angles) == angles


def test_the_last_frame_and_every_sample_arrive(viewer, qtbot):
    panel = add_panel(viewer, max_steps=60)
    click(qtbot, panel.run_button)
    qtbot.waitUntil(lambda: not panel.running, timeout=PATIENCE)
    steps, energy = panel.plot.series("energy")
    assert panel.snapshot.frame.step == steps[-1] == 60
    assert energy[-1] == pytest.approx(np.exp(-60 / 50))
    assert np.array_equal(panel.layers["field"].data, panel.snapshot.frame["field"])
    assert panel.layers["seeds"].features["volume"].tolist() == [60, 61, 62]
    assert panel.message.text() == "Step limit reached."


def test_pause_step_resume(viewer, panel, qtbot):
    run_until(qtbot, panel)
    click(qtbot, panel.pause_button)
    assert panel.pause_button.text() == "Resume"
    shown = settled_step(qtbot, panel)
    click(qtbot, panel.step_button)
    qtbot.waitUntil(lambda: panel.snapshot.frame.step == shown + 1, timeout=PATIENCE)
    assert settled_step(qtbot, panel) == shown + 1
    click(qtbot, panel.pause_button)
    qtbot.waitUntil(lambda: panel.snapshot.frame.step > shown + 3, timeout=PATIENCE)
    click(qtbot, panel.pause_button)
    stop(qtbot, panel)


def settled_step(qtbot, panel):
    """Wait until the paused worker has no frame left to show, and return the step shown."""
    worker = panel.stream.worker
    marker = []
    panel.stream.noticed.connect(marker.append)
    worker.edit("no such edit")  # refused in order, after whatever step was under way
    qtbot.waitUntil(lambda: bool(marker), timeout=PATIENCE)
    qtbot.waitUntil(lambda: worker.frames.empty, timeout=PATIENCE)
    return panel.snapshot.frame.step


def test_step_begins_a_paused_run(viewer, panel, qtbot):
    click(qtbot, panel.step_button)
    qtbot.waitUntil(lambda: panel.snapshot is not None and panel.snapshot.frame.step == 1, timeout=PATIENCE)
    assert settled_step(qtbot, panel) == 1
    stop(qtbot, panel)


def test_an_ended_run_goes_on_where_it_was(viewer, panel, qtbot):
    run_until(qtbot, panel)
    stop(qtbot, panel)
    step, layer, count = panel.snapshot.frame.step, panel.layers["field"], len(viewer.layers)
    assert panel.pause_button.text() == "Resume"
    click(qtbot, panel.pause_button)
    qtbot.waitUntil(lambda: panel.snapshot.frame.step > step, timeout=PATIENCE)
    stop(qtbot, panel)
    assert panel.layers["field"] is layer
    assert len(viewer.layers) == count


def test_live_change_and_edit(viewer, panel, qtbot):
    run_until(qtbot, panel)
    panel.update_live(speed=0.5, bright=True)
    panel.edit("move_seed", index=1, position=(4.0, 5.0, 6.0))
    qtbot.waitUntil(lambda: panel.snapshot.provenance["parameters"]["speed"] == 0.5, timeout=PATIENCE)
    qtbot.waitUntil(lambda: panel.layers["seeds"].data[1].tolist() == [5, 6], timeout=PATIENCE)
    panel.edit("move_seed", index=7, position=(0, 0, 0))
    qtbot.waitUntil(lambda: panel.message.text() == "There is no seed 7.", timeout=PATIENCE)
    assert panel.running
    stop(qtbot, panel)


def test_a_deleted_layer_comes_back_once(viewer, panel, qtbot):
    run_until(qtbot, panel)
    layer = panel.layers["field"]
    layer.colormap = "viridis"
    viewer.layers.remove(layer)
    qtbot.waitUntil(lambda: panel.layers["field"] is layer, timeout=PATIENCE)
    assert layer.colormap.name == "viridis"
    viewer.layers.remove(layer)
    step = panel.snapshot.frame.step
    qtbot.waitUntil(lambda: panel.snapshot.frame.step > step + 5, timeout=PATIENCE)
    assert panel.layers["field"] is None
    assert panel.layers["cells"] is not None
    stop(qtbot, panel)


def test_a_layer_is_removed_in_the_context_of_the_canvas(viewer, panel):
    """Otherwise napari frees its OpenGL objects in another one, and the next update of points may end the program."""
    layer = viewer.add_image(np.zeros((4, 4)), contrast_limits=(0, 1))
    canvas = main_window(panel).findChild(QOpenGLWidget)
    canvas.doneCurrent()
    current = []
    viewer.layers.events.removed.connect(lambda _: current.append(QOpenGLContext.currentContext() is canvas.context()))
    viewer.layers.remove(layer)
    assert current == [True]


def test_a_renamed_layer_and_a_stranger_of_its_name(viewer, panel, qtbot):
    run_until(qtbot, panel)
    layer = panel.layers["field"]
    layer.name = "mine"
    stranger = viewer.add_image(np.zeros((4, 4)), name="toy · field", contrast_limits=(0, 1))
    viewer.layers.selection = {stranger}
    before = layer.data
    qtbot.waitUntil(lambda: layer.data is not before, timeout=PATIENCE)
    stop(qtbot, panel)
    assert stranger.data.max() == 0
    assert viewer.layers.selection == {stranger}


def test_a_hidden_layer_catches_up_when_shown(viewer, panel, qtbot):
    run_until(qtbot, panel)
    layer = panel.layers["field"]
    layer.visible = False
    before, step = layer.data, panel.snapshot.frame.step
    qtbot.waitUntil(lambda: panel.snapshot.frame.step > step + 5, timeout=PATIENCE)
    assert layer.data is before
    layer.visible = True
    assert layer.data is not before
    layer.visible = False
    stop(qtbot, panel)
    assert np.array_equal(layer.data, panel.snapshot.frame["field"])


def test_a_second_run_leaves_the_first_result(viewer, panel, qtbot):
    run_until(qtbot, panel)
    stop(qtbot, panel)
    first = panel.layers["field"]
    kept = first.data.copy()
    panel.snapshot = None
    run_until(qtbot, panel)
    stop(qtbot, panel)
    assert panel.layers["field"] is not first
    assert first in viewer.layers
    assert not first.visible
    assert np.array_equal(first.data, kept)


def test_two_runs_at_once(viewer, qtbot):
    one, two = add_panel(viewer, "one"), add_panel(viewer, "two", size=12)
    for panel in (one, two):
        panel.run()
    qtbot.waitUntil(lambda: all(p.snapshot and p.snapshot.frame.step > 20 for p in (one, two)), timeout=PATIENCE)
    assert len(workers()) == 2
    stop(qtbot, one)
    step = two.snapshot.frame.step
    qtbot.waitUntil(lambda: two.snapshot.frame.step > step, timeout=PATIENCE)
    stop(qtbot, two)
    assert one.layers["field"].data.shape == (16, 16)
    assert two.layers["field"].data.shape == (12, 12)


@pytest.mark.logs_errors
@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("nan", "no longer finite"),
        ("memory", "not enough memory"),
        ("cuda", "not enough memory"),
        ("init", "not enough memory"),
        ("defect", "unexpected error (KeyError: 'potentials')"),
    ],
)
def test_a_failure_is_one_sentence(viewer, qtbot, how, words, caplog):
    panel = add_panel(viewer, fail=how)
    click(qtbot, panel.run_button)
    qtbot.waitUntil(lambda: not panel.running, timeout=PATIENCE)
    assert words in panel.message.text()
    assert "\n" not in panel.message.text()
    assert panel.run_button.isEnabled()
    assert not panel.pause_button.isEnabled()
    assert not workers()
    if how != "init":
        assert panel.snapshot.frame.step <= 2
        assert panel.layers["field"] in viewer.layers


def test_parameters_that_are_refused_are_said(viewer, qtbot):
    panel = add_panel(viewer, size=1000)
    click(qtbot, panel.run_button)
    assert panel.message.text() == "size = 1000 is not allowed: it must be between 4 and 64 voxels."
    assert not panel.running


def test_closing_the_viewer_ends_the_run_within_a_step(viewer, qtbot):
    ToyModel.waits.clear()
    panel = add_panel(viewer, gate=True)
    run_until(qtbot, panel, steps=0)
    qtbot.waitUntil(ToyModel.waits.is_set, timeout=PATIENCE)  # in a step that lasts
    worker = panel.stream.worker
    viewer.close()
    qtbot.waitUntil(lambda: worker._stopped, timeout=PATIENCE)
    ToyModel.gate.release()  # the step under way
    worker.join(60)
    assert not worker.is_alive()


def test_a_hidden_dock_goes_on(viewer, panel, qtbot):
    run_until(qtbot, panel)
    dock = viewer.window._wrapped_dock_widgets["toy"]
    dock.close()
    step = panel.snapshot.frame.step
    qtbot.waitUntil(lambda: panel.snapshot.frame.step > step, timeout=PATIENCE)
    dock.show()
    stop(qtbot, panel)


def test_nothing_of_a_run_stays_in_memory(viewer, panel, qtbot):
    models = []
    original = panel._make

    def make() -> Simulation:
        simulation = original()
        models.append(weakref.ref(simulation))
        return simulation

    panel._make = make
    run_until(qtbot, panel)
    models.append(weakref.ref(panel.stream.worker))
    stop(qtbot, panel)

    def gone():
        gc.collect()
        return [model() for model in models] == [None, None]

    qtbot.waitUntil(gone, timeout=PATIENCE)


@pytest.mark.logs_errors
@pytest.mark.parametrize("broken", ["layers", "plot", "callback"])
def test_an_error_in_showing_is_one_sentence_and_the_run_goes_on(viewer, panel, qtbot, broken):
    """Neither a layer, nor the plot, nor what listens to the panel may freeze it."""
    run_until(qtbot, panel, steps=2)

    def fail(*_, **__):
        raise ValueError("this cannot be shown")

    if broken == "layers":
        panel.stream.layers.show = fail
    elif broken == "plot":
        panel.plot.extend = fail
    else:
        panel.advanced.connect(panel.guarded(fail))
    step = panel.snapshot.frame.step
    qtbot.waitUntil(lambda: "could not be shown (ValueError: this cannot be shown)" in panel.message.text(), timeout=PATIENCE)
    qtbot.waitUntil(lambda: panel.snapshot.frame.step > step + 3, timeout=PATIENCE)
    stop(qtbot, panel)
    panel.plot.__dict__.pop("extend", None)
    panel.snapshot = None
    run_until(qtbot, panel)
    stop(qtbot, panel)


def test_one_layer_that_cannot_be_shown_does_not_stop_the_others(viewer, panel, qtbot):
    run_until(qtbot, panel)
    field, seeds = panel.layers["field"], panel.layers["seeds"]
    field.events.set_data.connect(lambda _: 1 / 0)
    step = panel.snapshot.frame.step
    qtbot.waitUntil(lambda: panel.snapshot.frame.step > step + 2, timeout=PATIENCE)
    assert seeds.features["volume"].iloc[0] == panel.snapshot.frame.step
    stop(qtbot, panel)


def test_stop_frees_the_dock_at_once_and_the_last_state_comes_later(viewer, qtbot):
    ToyModel.waits.clear()
    panel = add_panel(viewer, gate=True)
    run_until(qtbot, panel, steps=0)
    qtbot.waitUntil(ToyModel.waits.is_set, timeout=PATIENCE)  # in a step that lasts
    worker = panel.stream.worker
    click(qtbot, panel.stop_button)
    qtbot.waitUntil(lambda: not panel.running, timeout=PATIENCE)
    assert worker.is_alive()
    assert panel.run_button.isEnabled()
    assert not panel.pause_button.isEnabled()
    answers = []
    panel.with_simulation(lambda simulation: simulation.step_number, answers.append, answers.append)
    ToyModel.gate.release()
    qtbot.waitUntil(lambda: panel.pause_button.isEnabled(), timeout=PATIENCE)  # it can be resumed
    assert len(answers) == 1
    assert answers[0] >= 1
    qtbot.waitUntil(lambda: not workers(), timeout=PATIENCE)


def test_a_run_stopped_while_it_prepares_or_refused_leaves_the_dock_as_it_was(viewer, panel, qtbot, monkeypatch):
    run_until(qtbot, panel)
    stop(qtbot, panel)
    layers, snapshot, curve = panel.layers, panel.snapshot, panel.plot.series("energy")[1]
    go = threading.Event()
    original = ToyModel.init

    def slow(self, parameters, initial=None):
        go.wait(120)
        return original(self, parameters, initial)

    monkeypatch.setattr(ToyModel, "init", slow)
    click(qtbot, panel.run_button)
    assert panel.running
    assert layers["field"].visible
    click(qtbot, panel.stop_button)
    qtbot.waitUntil(lambda: not panel.running, timeout=PATIENCE)
    monkeypatch.setattr(ToyModel, "init", original)
    panel._make = lambda: toy(fail="init")
    click(qtbot, panel.run_button)
    qtbot.waitUntil(lambda: not panel.running, timeout=PATIENCE)
    assert "not enough memory" in panel.message.text()
    go.set()
    qtbot.waitUntil(lambda: not workers(), timeout=PATIENCE)
    qtbot.wait(250)  # what the stopped one still tells is dropped
    assert panel.layers is layers
    assert panel.snapshot is snapshot
    assert layers["field"].visible
    assert np.array_equal(panel.plot.series("energy")[1], curve)
    assert panel.pause_button.text() == "Resume"
    click(qtbot, panel.pause_button)
    qtbot.waitUntil(lambda: panel.snapshot.frame.step > snapshot.frame.step, timeout=PATIENCE)
    stop(qtbot, panel)


def test_labels_of_an_ended_run_can_be_painted_and_stay_as_painted(viewer, panel, qtbot):
    run_until(qtbot, panel)
    cells = panel.layers["cells"]
    assert not cells.editable
    stop(qtbot, panel)
    assert cells.editable
    cells.paint((2, 2), 7)
    assert cells.data[2, 2] == 7
    painted = cells.data.copy()
    step = panel.snapshot.frame.step
    click(qtbot, panel.pause_button)
    qtbot.waitUntil(lambda: panel.snapshot.frame.step > step + 2, timeout=PATIENCE)
    stop(qtbot, panel)
    assert np.array_equal(cells.data, painted)
    assert panel.layers["cells"] is not cells  # the run has made a new one


def test_layers_of_earlier_runs_go_in_one_click(viewer, panel, qtbot):
    mine = viewer.add_labels(np.ones((4, 4), int), name="mine")
    for _ in range(3):
        panel.snapshot = None
        run_until(qtbot, panel, steps=2)
        stop(qtbot, panel)
    mask = viewer.add_labels(np.ones((4, 4), int), name="mask")
    panel.layers.adopt(mask, own=True)
    panel.layers["cells"].paint((2, 2), 7)
    painted = panel.layers["cells"]
    panel.snapshot = None
    run_until(qtbot, panel, steps=2)
    stop(qtbot, panel)
    assert not mask.visible
    assert len(viewer.layers) == 14
    click(qtbot, panel.clear_button)
    assert set(viewer.layers) == {mine, mask, painted, *panel.layers.layers()}
    assert not panel.clear_button.isEnabled()


def test_a_run_beside_pixels_is_shown_in_pixels_and_beside_lengths_in_lengths(viewer, qtbot):
    viewer.add_labels(np.ones((16, 16), int), name="pixels")
    panel = add_panel(viewer)
    run_until(qtbot, panel, steps=1)
    stop(qtbot, panel)
    field = panel.layers["field"]
    assert viewer.layers.extent.units is not None  # napari shows all in one unit, and no toast
    assert np.allclose(field.scale, 0.5)
    assert np.allclose(np.ptp(field.extent.world, axis=0), 15)  # from centre to centre
    viewer.layers.clear()
    viewer.add_labels(np.ones((16, 16), int), units="nm")
    panel.snapshot = None
    run_until(qtbot, panel, steps=1)
    stop(qtbot, panel)
    assert str(panel.layers["field"].units[0]) == "micrometer"
    assert viewer.layers.extent.units is not None


def test_a_new_run_is_selected_and_seen_whole(viewer, qtbot):
    flat, volume = add_panel(viewer, "flat"), add_panel(viewer, "volume", axes=3, size=12)
    viewer.window.resize(1200, 700)
    run_until(qtbot, volume, steps=1)
    stop(qtbot, volume)
    run_until(qtbot, flat, steps=1)
    stop(qtbot, flat)
    assert viewer.dims.ndisplay == 2
    assert viewer.layers.selection.active is flat.layers["field"]


def test_a_notice_is_shown_as_long_as_it_is_true(viewer, panel, qtbot, monkeypatch):
    from dataclasses import replace

    monkeypatch.setattr("napari_shapelab.run.status._SECOND", 0.1)
    notices: list[str] = ["The cells miss their volumes."]
    panel.set_decoration(lambda frame: replace(frame, notices=tuple(notices)))
    run_until(qtbot, panel)
    qtbot.waitUntil(lambda: "The cells miss their volumes." in panel.message.text(), timeout=PATIENCE)
    notices.clear()
    qtbot.waitUntil(lambda: panel.message.text() == "", timeout=PATIENCE)
    stop(qtbot, panel)


def test_a_second_dock_is_a_tab_of_the_first(viewer, qtbot):
    one = add_panel(viewer, "one")
    window = main_window(one)
    one.setMinimumHeight(400)  # two below each other would need more than the window has
    window.resize(1200, 640)
    two = add_panel(viewer, "two")
    docks = viewer.window._wrapped_dock_widgets
    qtbot.waitUntil(lambda: docks["two"] in window.tabifiedDockWidgets(docks["one"]), timeout=PATIENCE)
    qtbot.waitUntil(lambda: window.height() <= 640, timeout=PATIENCE)
    assert two.isVisible()


def test_the_ended_run_of_another_dock_steps_aside_and_comes_back_when_it_is_resumed(viewer, qtbot):
    first, second = add_panel(viewer, "first", max_steps=3), add_panel(viewer, "second")
    click(qtbot, first.run_button)
    qtbot.waitUntil(lambda: not first.running and first.snapshot is not None, timeout=PATIENCE)
    mesh = viewer.add_points([[0.0, 0.0]], name="first · mesh")
    first.layers.adopt(mesh)
    click(qtbot, second.run_button)
    qtbot.waitUntil(lambda: second.snapshot is not None, timeout=PATIENCE)
    assert second.layers.main.visible
    assert not mesh.visible
    assert not first.layers.main.visible
    first._continue(paused=True)
    assert mesh.visible
    assert first.layers.main.visible
    for panel in (first, second):
        stop(qtbot, panel)


def test_a_sample_beside_other_layers_is_brought_into_view(viewer, qtbot):
    viewer.add_image(np.zeros((8, 8, 8)), scale=(1000.0,) * 3)
    viewer.dims.ndisplay = 3
    viewer.open_sample("napari-shapelab", "nuclei")
    qtbot.waitUntil(lambda: viewer.dims.ndisplay == 2, timeout=PATIENCE)
    image = viewer.layers[1]
    size = (image.extent.world[1] - image.extent.world[0])[-2:]
    shown = np.array(viewer.canvas.viewbox_size(viewer.layers), float)[-2:] / viewer.scene.camera.zoom
    assert np.all(shown >= size * 0.99)
    assert np.any(shown <= size * 1.3)


def test_updates_of_the_same_shape_leave_the_axes_alone_and_others_do_not(monkeypatch):
    original, counted = ViewerModel._on_layers_change, []

    def _on_layers_change(self):
        counted.append(self)
        original(self)

    monkeypatch.setattr(ViewerModel, "_on_layers_change", _on_layers_change)
    viewer = ViewerModel()
    layers = RunLayers(viewer, "toy")

    def show(step, shape):
        field = LayerData("field", np.full(shape, float(step)), "image", {"scale": (1.0, 1.0), "units": ("pixel", "pixel")})
        layers.show(Frame(step=step, time=0.0, layers=(field,), scalars={}), {})

    show(1, (8, 8))
    known = len(counted)
    show(2, (8, 8))
    assert layers["field"].data.max() == 2.0
    assert len(counted) == known
    show(3, (8, 12))
    assert viewer.dims.range[-1].stop == 11


def test_data_that_are_those_of_the_last_frame_are_not_drawn_again():
    layers = RunLayers(ViewerModel(), "toy")
    walls, others = np.eye(8, dtype=np.uint8), np.ones((8, 8), np.uint8)
    place = {"scale": (1.0, 1.0), "units": ("pixel", "pixel")}

    def show(step, data):
        layers.show(Frame(step=step, time=0.0, layers=(LayerData("walls", data, "labels", place),), scalars={}), {"step": step})

    show(1, walls)
    drawn = []
    layers["walls"].events.set_data.connect(drawn.append)
    show(2, walls)
    assert not drawn
    assert layers["walls"].metadata["shapelab"]["step"] == 2
    show(3, others)
    assert drawn
    assert layers["walls"].data is others

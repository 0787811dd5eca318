"""The Replay dock with real clicks: open, move in time, go on from a kept frame, write for other programs, refuse what is broken."""

from __future__ import annotations

import shlex
import shutil

import numpy as np
import pytest
from napari.layers import Labels
from PIL import Image
from qtpy.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from qtpy.QtGui import QDropEvent
from qtpy.QtWidgets import QApplication
from runs import click, over, stop

from napari_shapelab.docks.replay import ReplayDock
from shapelab.cells import Cells
from shapelab.cli import main
from shapelab.curvature import Curvatubes
from shapelab.io import RunWriter, load_run, read_mesh

CLICK = Qt.MouseButton.LeftButton
STEPS = [0, 2, 4, 6, 8, 10, 12]


def keep_run(path, simulation, keep="all", steps=STEPS[-1]):
    with RunWriter(path, simulation, keep=keep) as writer:
        writer.write(simulation.frame())
        for frame in simulation.run(steps, every=2):
            writer.write(frame)
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def tubes(folder):
    """A texture that ends at step 12, every second step kept with its checkpoint."""
    return keep_run(folder / "tubes.zarr", Curvatubes("tubes", shape=(16, 20, 24), seed=3, mass=-0.45, max_steps=12, settle=0))


@pytest.fixture(scope="module")
def swarm(folder):
    """Flat cells, of which the last frame only has a checkpoint."""
    return keep_run(folder / "swarm.zarr", Cells("run_and_tumble", n_cells=8, shape=(32, 40), seed=5, speed=0.37), keep="last")


@pytest.fixture
def dock(viewer):
    dock = ReplayDock(viewer)
    viewer.window.add_dock_widget(dock, name="Replay")
    viewer.window.resize(1200, 760)
    return dock


def opened(qtbot, dock, path):
    dock.open(path)
    qtbot.waitUntil(lambda: dock.run is not None and dock.run.path == path, timeout=30_000)
    return dock.run


def place_on_plot(dock, step):
    """Return where on the plot's widget a step lies."""
    box, plot = dock.plot.plot.getViewBox(), dock.plot.plot
    (_, _), (low, high) = box.viewRange()
    return plot.mapFromScene(box.mapViewToScene(QPointF(step, (low + high) / 2)))


def test_a_run_opens_with_its_time_parameters_and_scalars(viewer, dock, qtbot, tubes):
    run = opened(qtbot, dock, tubes)
    layer = viewer.layers["tubes · field"]
    assert layer.data.shape == (7, 16, 20, 24)
    assert not isinstance(layer.data, np.ndarray)  # read as it is looked at
    assert tuple(layer.scale) == (1.0, 0.01, 0.01, 0.01)
    assert str(layer.units[-1]) == "micrometer"
    assert layer.axis_labels == ("t", "z", "y", "x")
    assert tuple(layer.contrast_limits) == (-1.0, 1.0)
    assert layer.metadata["shapelab"]["run"] == str(tubes.resolve())
    assert viewer.dims.ndisplay == 3
    assert (dock.timeline.index, viewer.dims.point[0]) == (6, 6)
    assert "Tubes (Curvatubes)" in dock.about.text()
    assert "steps 0 to 12. Still changing after 12 steps" in dock.about.text()
    rows = dict(dock._opened.details)
    assert rows["Mass"] == "-0.45"
    assert rows["Random seed"] == "3"
    assert rows["can be resumed from"] == "every frame"
    assert "numpy" in rows["versions"]
    assert dock.plot.choice.currentData() == "energy"
    steps, energy = dock.plot.series("energy")
    assert steps.tolist() == STEPS
    np.testing.assert_array_equal(energy, run.scalars["energy"])


def borders(layer):
    """Return where the pixels of a layer over time begin and end in the world."""
    half = np.asarray(layer.scale)[1:] / 2
    return layer.extent.world[:, 1:] + np.outer((-1, 1), half)


def test_cells_are_drawn_and_exported_at_another_resolution(viewer, dock, qtbot, swarm, tubes, tmp_path):
    run = opened(qtbot, dock, swarm)
    cells = viewer.layers["swarm · cells"]
    saved, box = np.asarray(cells.data[-1]), borders(cells)
    for k in (4, 1):
        dock.resolution.combo.setCurrentIndex(dock.resolution.combo.findData(k))
        dock.resolution.combo.activated.emit(0)
        assert cells.data.shape == (7, 32 * k, 40 * k)
        np.testing.assert_array_equal(np.asarray(cells.data[2]), run.redrawn(k)[2])
        np.testing.assert_allclose(borders(cells), box, atol=1e-9)
        assert not cells.editable
    dock.resolution.combo.setCurrentIndex(dock.resolution.combo.findData(2))
    dock.export.what.setCurrentIndex(dock.export.what.findData("stack"))
    dock.export.what.activated.emit(0)
    dock.export.layer.setCurrentIndex(dock.export.layer.findData("cells"))
    dock.export.export(tmp_path / "fine.tif")
    qtbot.waitUntil(lambda: (tmp_path / "fine.tif").exists(), timeout=30_000)
    tifffile = pytest.importorskip("tifffile")
    assert tifffile.imread(tmp_path / "fine.tif").shape == (7, 64, 80)
    dock.resolution.combo.setCurrentIndex(0)
    dock.resolution.combo.activated.emit(0)
    np.testing.assert_array_equal(np.asarray(cells.data[-1]), saved)
    opened(qtbot, dock, tubes)
    assert dock.resolution.isHidden()
    assert dock.resolution.value is None


def test_slider_cursor_and_clicks_move_together(viewer, dock, qtbot, tubes):
    opened(qtbot, dock, tubes)
    viewer.dims.set_current_step(0, 2)
    assert dock.plot.mark.value() == 4
    assert "Frame 3 of 7 · step 4" in dock.frame_label.text()
    qtbot.mouseClick(dock.plot.plot.viewport(), CLICK, pos=place_on_plot(dock, 8.4))
    assert viewer.dims.current_step[0] == 4
    assert dock.plot.mark.value() == 8
    viewport, start, end = dock.plot.plot.viewport(), place_on_plot(dock, 8), place_on_plot(dock, 2)
    qtbot.mousePress(viewport, CLICK, pos=start)
    for part in (0.3, 0.6, 1.0):
        qtbot.mouseMove(viewport, QPoint(round(start.x() + part * (end.x() - start.x())), start.y()))
    qtbot.mouseRelease(viewport, CLICK, pos=end)
    qtbot.waitUntil(lambda: viewer.dims.current_step[0] == 1, timeout=30_000)
    click(qtbot, dock.player.next_button)
    assert viewer.dims.current_step[0] == 2


def test_play_goes_to_the_end_and_begins_anew(viewer, dock, qtbot, swarm):
    opened(qtbot, dock, swarm)
    dock.player.rate.setValue(60)
    assert dock.timeline.index == 6
    click(qtbot, dock.player.play_button)
    assert dock.timeline.index == 0
    qtbot.waitUntil(lambda: not dock.player.playing, timeout=20_000)
    assert dock.timeline.index == 6
    dock.player.loop.click()
    click(qtbot, dock.player.play_button)
    qtbot.waitUntil(lambda: dock.timeline.index == 6, timeout=20_000)
    qtbot.waitUntil(lambda: dock.timeline.index == 2, timeout=20_000)
    click(qtbot, dock.player.play_button)
    assert not dock.player.playing


def test_a_run_dropped_on_napari_is_picked_up(viewer, qtbot, swarm, tmp_path):
    viewer.open(str(swarm), plugin="napari-shapelab")
    assert [layer.name for layer in viewer.layers] == ["swarm · cells", "swarm · seeds", "swarm · walls"]
    dock = ReplayDock(viewer)
    viewer.window.add_dock_widget(dock, name="Replay")
    qtbot.waitUntil(lambda: dock.run is not None, timeout=30_000)
    assert len(viewer.layers) == 3  # nothing twice
    viewer.dims.set_current_step(0, 1)
    assert dock.plot.mark.value() == 2
    assert dock.plot.choice.currentData() == "volume_error"
    assert len(viewer.layers["swarm · seeds"].data) == 7 * 8
    other = shutil.copytree(swarm, tmp_path / "other.zarr")
    viewer.open(str(other), plugin="napari-shapelab")
    assert [dock.runs.itemText(i) for i in range(dock.runs.count())] == ["other.zarr", "swarm.zarr"]
    assert dock.run.path == swarm
    for layer in list(viewer.layers):
        if layer.name.startswith("swarm"):
            viewer.layers.remove(layer)
    qtbot.waitUntil(lambda: dock.run is not None and dock.run.path == other, timeout=30_000)


def test_a_folder_dropped_on_the_dock_opens(viewer, dock, qtbot, swarm, tmp_path):
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(swarm))])
    event = QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, mime, CLICK, Qt.KeyboardModifier.NoModifier)
    dock.dropEvent(event)
    qtbot.waitUntil(lambda: dock.run is not None, timeout=30_000)
    assert viewer.dims.ndisplay == 2
    assert not viewer.layers["swarm · cells"].editable


def test_frames_kept_meanwhile_are_read_when_the_run_is_chosen_again(viewer, dock, qtbot, tmp_path):
    path = tmp_path / "growing.zarr"
    simulation = Cells("run_and_tumble", n_cells=6, shape=(24, 24))
    with RunWriter(path, simulation) as writer:
        for frame in simulation.run(2, every=1):
            writer.write(frame)
        opened(qtbot, dock, path)
        assert "still running" in dock.about.text() or "Step limit" in dock.about.text()
        for frame in simulation.run(3, every=1):
            writer.write(frame)
        dock.runs.activated.emit(0)
        qtbot.waitUntil(lambda: len(dock.run) == 5, timeout=30_000)
    assert len(viewer.layers) == 3
    assert viewer.layers["growing · cells"].data.shape == (5, 24, 24)
    assert len(viewer.layers["growing · seeds"].data) == 5 * 6
    dock.timeline.go(4)
    assert dock.timeline.index == 4
    np.testing.assert_array_equal(viewer.layers["growing · cells"].data[4], simulation.frame()["cells"])


def resumed(qtbot, dock):
    """Press Resume; return the family's dock, in which the run goes on."""
    docks = []
    dock.resumer.resumed.connect(docks.append)
    click(qtbot, dock.resume_button)
    qtbot.waitUntil(lambda: bool(docks) or "Reading" not in dock.note.text(), timeout=60_000)
    assert docks, dock.note.text()
    return docks[0]


def test_resume_from_the_middle_equals_the_uninterrupted_run(viewer, dock, qtbot, tubes, tmp_path, monkeypatch):
    run = opened(qtbot, dock, tubes)
    dock.timeline.go(2)
    assert dock.resume_button.text() == "Resume from step 4"
    family = resumed(qtbot, dock)
    over(qtbot, family.panel)
    assert family.panel.snapshot.frame.step == 12
    assert "Something could not be shown" not in family.panel.message.text()  # the run is a volume beside volumes in time
    np.testing.assert_array_equal(family.panel.layers["field"].data, run.frame(-1)["field"])
    assert family.panel.layers["field"].name == "tubes from 4 · field"
    assert family.parameters.mass == -0.45
    assert family.form.settings.fields["seed"].value() == 3
    assert not viewer.layers["tubes · field"].visible
    assert load_run(tubes).steps == STEPS  # the saved run is not changed
    click(qtbot, family.results.command_button)
    qtbot.waitUntil(lambda: "command is on the clipboard" in family.panel.message.text(), timeout=30_000)
    monkeypatch.chdir(tmp_path)
    assert main(shlex.split(QApplication.clipboard().text())[1:]) == 0
    np.testing.assert_array_equal(load_run(tmp_path / "tubes-4.zarr").frame()["field"], run.frame(-1)["field"])


def test_resumed_cells_equal_the_uninterrupted_ones(viewer, dock, qtbot, folder, tmp_path):
    path = keep_run(folder / "all.zarr", Cells("run_and_tumble", n_cells=8, shape=(32, 40), seed=5, speed=0.37))
    run = opened(qtbot, dock, path)
    click(qtbot, dock.restore_button)  # opens the dock; nothing runs
    family = dict(viewer.window.dock_widgets)["Cells (napari-shapelab)"]
    assert not family.panel.running
    family.recording.folder = tmp_path
    family.recording.every.setValue(2)
    family.recording.box.click()
    dock.timeline.go(2)
    assert resumed(qtbot, dock) is family
    qtbot.waitUntil(lambda: family.panel.snapshot is not None and family.panel.snapshot.frame.step >= 12, timeout=90_000)
    stop(qtbot, family.panel)
    again = load_run(tmp_path / "all-from-4-1.zarr")
    assert again.steps[:5] == [4, 6, 8, 10, 12]
    for k in range(5):
        for name in ("cells", "seeds", "walls"):
            np.testing.assert_array_equal(again.frame(k)[name], run.frame(k + 2)[name])


def test_the_nearest_earlier_checkpoint_is_offered(dock, qtbot, folder):
    simulation = Curvatubes("tubes", shape=(16, 16, 16), max_steps=8)
    path = folder / "few.zarr"
    with RunWriter(path, simulation, keep="all") as writer:
        writer._keep = "none"
        writer.write(simulation.frame())
        for frame in simulation.run(8, every=2):
            writer._keep = "all" if frame.step == 4 else "none"
            writer.write(frame)
    opened(qtbot, dock, path)
    dock.timeline.go(3)
    assert dock.resume_button.text() == "Resume from step 4"
    assert dock.note.text() == "Step 6 has no checkpoint; the nearest earlier one is at step 4."
    dock.timeline.go(1)
    assert not dock.resume_button.isEnabled()
    assert dock.note.text() == "There is no checkpoint up to step 2; the first one is at step 4."
    dock.timeline.go(2)
    assert dock.note.text() == ""


def test_parameters_are_restored_and_the_old_ones_come_back(viewer, dock, qtbot, tubes):
    from napari_shapelab.settings import PLUGIN

    _, family = viewer.window.add_plugin_dock_widget(PLUGIN, "Curvatubes")
    family.choose_preset("sponge")
    family.presets.select("sponge")
    family.form.change(shape=(20, 20, 20))
    before = family.parameters
    opened(qtbot, dock, tubes)
    click(qtbot, dock.restore_button)
    assert family.parameters == Curvatubes("tubes", shape=(16, 20, 24), seed=3, mass=-0.45, max_steps=12, settle=0).parameters
    assert family.presets.name == "tubes"
    assert not family.panel.running
    assert dock.restore_button.text() == "Undo restore"
    click(qtbot, dock.restore_button)
    assert (family.parameters, family.presets.name) == (before, "sponge")
    assert dock.restore_button.text() == "Restore parameters"
    family.panel.run()
    qtbot.waitUntil(lambda: family.panel.running, timeout=30_000)
    click(qtbot, dock.resume_button)
    assert dock.note.text() == "The Curvatubes dock already has a run in progress: stop that run first."
    stop(qtbot, family.panel)
    assert family.parameters == before


def exported(qtbot, dock, what, path):
    dock.export.what.setCurrentIndex(dock.export.what.findData(what))
    dock.export.what.activated.emit(dock.export.what.currentIndex())
    dock.export.export(path)
    qtbot.waitUntil(lambda: not dock.export.row.working, timeout=90_000)
    return dock.export.row.message.text()


def test_a_movie_shows_every_frame_of_the_canvas(viewer, dock, qtbot, swarm, tmp_path):
    opened(qtbot, dock, swarm)
    dock.timeline.go(3)
    assert exported(qtbot, dock, "movie", tmp_path / "swarm.gif") == f"Written: {tmp_path / 'swarm.gif'}."
    with Image.open(tmp_path / "swarm.gif") as movie:
        assert movie.n_frames == 7
        pictures = []
        for i in range(7):
            movie.seek(i)
            pictures.append(np.asarray(movie.convert("RGB")).astype(int))
    assert all((pictures[i] != pictures[i + 1]).any() for i in range(6))
    qtbot.waitUntil(lambda: dock.timeline.index == 3, timeout=30_000)  # as it was
    assert "already exists" in exported(qtbot, dock, "movie", tmp_path / "swarm.gif")


def test_meshes_stacks_and_tables_are_written_in_the_background(dock, qtbot, tubes, tmp_path):
    run = opened(qtbot, dock, tubes)
    dock.timeline.go(4)
    assert exported(qtbot, dock, "surface", tmp_path / "tubes.ply").startswith("Written")
    assert len(read_mesh(tmp_path / "tubes.ply")[0].faces) > 100
    exported(qtbot, dock, "surfaces", tmp_path / "each.stl")
    assert len(list((tmp_path / "each").iterdir())) == 7
    exported(qtbot, dock, "scalars", tmp_path / "tubes.csv")
    assert (tmp_path / "tubes.csv").read_text().count("\n") == 8
    exported(qtbot, dock, "stack", tmp_path / "tubes.tif")
    import tifffile

    np.testing.assert_array_equal(tifffile.imread(tmp_path / "tubes.tif")[4], run.frame(4)["field"])
    dock.export.what.setCurrentIndex(dock.export.what.findData("cells"))
    dock.export.what.activated.emit(0)
    assert not dock.export.row.run_button.isEnabled()
    assert "cannot be exported like this" in dock.export.row.message.text()


def test_an_export_is_cancelled(dock, qtbot, swarm, tmp_path):
    opened(qtbot, dock, swarm)
    dock.export.what.setCurrentIndex(dock.export.what.findData("movie"))
    dock.export.export(tmp_path / "swarm.gif")
    click(qtbot, dock.export.row.cancel_button)
    qtbot.waitUntil(lambda: not dock.export.row.working, timeout=30_000)
    assert dock.export.row.message.text() == "Cancelled; nothing was written."
    assert list(tmp_path.iterdir()) == []


@pytest.mark.logs_errors
def test_a_movie_whose_frame_cannot_be_drawn_ends_with_the_reason(viewer, dock, qtbot, swarm, tmp_path, monkeypatch):
    opened(qtbot, dock, swarm)
    pictures = iter([np.zeros((8, 8, 4), np.uint8)])
    monkeypatch.setattr("napari.viewer.Viewer.screenshot", lambda *_, **__: next(pictures, None).copy())
    assert "Frame 2 cannot be drawn" in exported(qtbot, dock, "movie", tmp_path / "swarm.gif")
    assert dock.export.row.run_button.isEnabled()
    assert list(tmp_path.iterdir()) == []


def test_mp4_without_ffmpeg_says_what_to_install(dock, qtbot, swarm, tmp_path, monkeypatch):
    monkeypatch.setattr("shapelab.io.movie.ffmpeg", lambda: None)
    opened(qtbot, dock, swarm)
    assert "pip install imageio-ffmpeg" in exported(qtbot, dock, "movie", tmp_path / "swarm.mp4")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "There is no run folder"),
        ("", "it has no run.json"),
        ("{", "damaged"),
        ('{"format": "shapelab run", "version": 7}', "damaged"),
    ],
)
def test_a_broken_folder_is_one_sentence_and_what_is_shown_stays(viewer, dock, qtbot, swarm, tmp_path, content, sentence):
    run = opened(qtbot, dock, swarm)
    path = tmp_path / "bad.zarr"
    if content is not None:
        path.mkdir()
    if content:
        (path / "run.json").write_text(content)
    dock.open(path)
    qtbot.waitUntil(lambda: sentence in dock.note.text(), timeout=30_000)
    assert dock.run is run
    assert len(viewer.layers) == 3


def test_painting_does_not_reach_the_kept_labels(viewer, dock, qtbot, swarm):
    opened(qtbot, dock, swarm)
    labels = next(layer for layer in viewer.layers if isinstance(layer, Labels))
    before = load_run(swarm).frame(-1)["cells"]
    labels.editable = True
    labels.paint((6, 3, 3), 7)
    np.testing.assert_array_equal(load_run(swarm).frame(-1)["cells"], before)


def test_a_run_is_shared_as_a_web_page(dock, qtbot, tubes, tmp_path, monkeypatch):
    run, panel, path = opened(qtbot, dock, tubes), dock.export, tmp_path / "shared"
    monkeypatch.setattr("napari_shapelab.work.share.ask_target", lambda *args, **options: str(path))
    assert not panel.sharing.open_button.isVisible()
    click(qtbot, panel.sharing.share_button)
    qtbot.waitUntil(lambda: not panel.row.working, timeout=60_000)
    written = tmp_path / "shared.html"
    assert run.path.name in written.read_text(encoding="utf-8")
    assert f"all {len(run)} frames" in panel.row.message.text()
    asked = []
    monkeypatch.setattr("qtpy.QtGui.QDesktopServices.openUrl", lambda url: asked.append(url.toLocalFile()) or True)
    click(qtbot, panel.sharing.open_button)
    assert asked == [str(written)]
    click(qtbot, panel.sharing.share_button)
    qtbot.waitUntil(lambda: not panel.row.working, timeout=60_000)
    assert "already exists" in panel.row.message.text()

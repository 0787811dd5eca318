"""Runs that are kept while they go on: when, where, by whom; and what goes wrong on a disk never ends a run."""

from __future__ import annotations

import shutil
import threading

import numpy as np
import pytest
from qtpy.QtCore import Qt
from runs import over, stop
from toy_model import toy

from napari_shapelab.run.panel import RunPanel
from napari_shapelab.run.recorder import Recorder
from napari_shapelab.run.recording_tab import RecordingTab
from shapelab.catalog import Family
from shapelab.errors import InputError
from shapelab.io import RunWriter, load_run

pytestmark = pytest.mark.logs_errors

CLICK = Qt.MouseButton.LeftButton


@pytest.fixture(autouse=True)
def toy_family(monkeypatch):
    """Let run folders of the toy model be opened again."""
    entry = Family("toy", "Toy", "Waves.", "toy:make", "toy:SCENARIOS", "preset")
    monkeypatch.setattr("shapelab.catalog._FAMILIES", (entry,))
    monkeypatch.setattr("shapelab.catalog.load", lambda path: (lambda preset=None, **p: toy(**p)) if path == "toy:make" else {})


@pytest.fixture
def panel(viewer, tmp_path):
    panel = RunPanel(viewer, lambda: toy(max_steps=40), lambda: "waves at sea")
    panel.keeping = RecordingTab(panel, every=10)
    panel.keeping.folder = tmp_path / "runs"
    viewer.window.add_dock_widget(panel, name="Waves")
    return panel


def run_to_the_end(qtbot, panel):
    qtbot.mouseClick(panel.run_button, CLICK)
    over(qtbot, panel)


def test_a_run_is_kept_from_its_beginning_by_a_thread_of_its_own(panel, qtbot, tmp_path, monkeypatch):
    threads = set()
    original = RunWriter.write_moment

    def write(self, moment):
        threads.add(threading.current_thread().name)
        original(self, moment)

    monkeypatch.setattr(RunWriter, "write_moment", write)
    panel.keeping.box.click()
    run_to_the_end(qtbot, panel)
    run = load_run(tmp_path / "runs" / "waves-at-sea-1.zarr")
    assert run.steps == run.record.checkpoints == [0, 10, 20, 30, 40]
    assert run.record.reason == "Step limit reached."
    assert threads == {"shapelab save"}  # neither the window's thread nor the one that steps
    assert "5 frames in waves-at-sea-1.zarr; it can be resumed from any of them" in panel.keeping.note.text()
    *_, expected = toy(max_steps=40).run(40, every=40)
    np.testing.assert_array_equal(run.frame(-1)["field"], expected["field"])
    run_to_the_end(qtbot, panel)  # another run, another folder
    assert load_run(tmp_path / "runs" / "waves-at-sea-2.zarr").steps == [0, 10, 20, 30, 40]


def test_nothing_is_kept_unless_wanted(panel, qtbot, tmp_path):
    run_to_the_end(qtbot, panel)
    assert list(tmp_path.iterdir()) == []


def test_keeping_begins_and_ends_during_a_run_and_goes_on_with_it(panel, qtbot, tmp_path):
    panel._make = lambda: toy()
    qtbot.mouseClick(panel.step_button, CLICK)
    qtbot.waitUntil(lambda: panel.snapshot is not None and panel.snapshot.frame.step == 1, timeout=30_000)
    panel.keeping.every.setValue(2)
    panel.keeping.box.click()
    for step in (2, 3, 4):
        qtbot.mouseClick(panel.step_button, CLICK)
        qtbot.waitUntil(lambda step=step: panel.snapshot.frame.step == step, timeout=30_000)
    path = tmp_path / "runs" / "waves-at-sea-1.zarr"
    qtbot.waitUntil(lambda: load_run(path).steps == [1, 2, 4], timeout=30_000)
    qtbot.mouseClick(panel.step_button, CLICK)
    qtbot.waitUntil(lambda: panel.snapshot.frame.step == 5, timeout=30_000)
    stop(qtbot, panel)
    run = load_run(path)
    assert (run.steps, run.record.reason) == ([1, 2, 4, 5], "Stopped.")
    qtbot.mouseClick(panel.step_button, CLICK)  # the ended run goes on, in its own folder
    qtbot.waitUntil(lambda: load_run(path).steps == [1, 2, 4, 5, 6], timeout=30_000)
    panel.keeping.box.click()
    qtbot.mouseClick(panel.step_button, CLICK)
    qtbot.mouseClick(panel.step_button, CLICK)
    qtbot.waitUntil(lambda: panel.snapshot.frame.step == 8, timeout=30_000)
    assert load_run(path).steps == [1, 2, 4, 5, 6]
    panel.stop()


@pytest.mark.parametrize("trouble", ["read-only", "full", "unexpected", "file"])
def test_what_goes_wrong_on_the_disk_is_one_sentence_and_the_run_goes_on(panel, qtbot, tmp_path, monkeypatch, trouble):
    def fail(error):
        def call(*_):
            raise error

        return call

    if trouble == "read-only":
        monkeypatch.setattr("os.access", lambda *_: False)
    elif trouble == "full":
        monkeypatch.setattr("shapelab.io.writer.write_checkpoint", fail(OSError(28, "No space left on device")))
    elif trouble == "unexpected":
        monkeypatch.setattr("shapelab.io.writer.write_checkpoint", fail(KeyError("zarr")))
    else:
        (tmp_path / "runs").write_text("mine")
    panel.keeping.box.click()
    run_to_the_end(qtbot, panel)
    assert panel.snapshot.frame.step == 40
    expected = {
        "read-only": "read-only",
        "full": "No space left",
        "unexpected": "unexpected error (KeyError)",
        "file": "cannot be saved in",
    }
    assert expected[trouble] in panel.keeping.note.text()
    assert panel.keeping.note.text().startswith("Not saved: ")
    assert not list(tmp_path.rglob("*.zarr"))
    if trouble == "file":
        assert (tmp_path / "runs").read_text() == "mine"


def test_a_folder_of_that_name_is_never_touched(tmp_path):
    (tmp_path / "mine.zarr").mkdir()
    recorder = Recorder(tmp_path / "mine.zarr", 1)
    simulation = toy()
    assert recorder.due(simulation)
    assert recorder.follow(simulation, simulation.frame()).endswith("nothing was overwritten. The run itself continues.")
    simulation.step()
    assert not recorder.due(simulation, last=True)
    assert recorder.follow(simulation, None) == recorder.close() == ""  # said once
    assert list((tmp_path / "mine.zarr").iterdir()) == []


def test_after_a_problem_others_may_write_the_folder_while_the_run_goes_on(tmp_path, monkeypatch):
    simulation = toy()
    recorder = Recorder(tmp_path / "run.zarr", 1)
    recorder.follow(simulation, simulation.frame())
    recorder._moments.join()

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr("shapelab.io.writer.write_checkpoint", full)
        simulation.step()
        recorder.follow(simulation, simulation.frame())
        recorder._moments.join()
    other = load_run(tmp_path / "run.zarr").simulation()
    with RunWriter(tmp_path / "run.zarr", other, append=True) as writer:  # the recorder is not closed yet
        other.step()
        writer.write(other.frame())
        recorder.close("Stopped.")
        other.step()
        writer.write(other.frame())
    assert "No space left" in recorder.problem
    assert load_run(tmp_path / "run.zarr").steps == [0, 1, 2]


def test_large_checkpoints_are_kept_of_the_last_frame_only(tmp_path, monkeypatch):
    simulation = toy()
    monkeypatch.setattr("napari_shapelab.run.recorder._MOST_BYTES", 1)
    recorder = Recorder(tmp_path / "run.zarr", 1)
    for _ in range(3):
        assert recorder.follow(simulation, simulation.frame()) == ""
        simulation.step()
    recorder.close("Stopped.")
    run = load_run(tmp_path / "run.zarr")
    assert (run.steps, run.record.checkpoints, recorder.keep) == ([0, 1, 2], [2], "last")
    wanted = Recorder(tmp_path / "all.zarr", 1, "all")  # the user's choice counts
    wanted.follow(simulation, simulation.frame())
    wanted.close()
    assert load_run(tmp_path / "all.zarr").record.checkpoints == [3]


def test_a_folder_deleted_during_a_run_is_told(panel, qtbot, tmp_path):
    panel._make = lambda: toy()
    panel.keeping.every.setValue(1)
    panel.keeping.box.click()
    qtbot.mouseClick(panel.step_button, CLICK)
    path = tmp_path / "runs" / "waves-at-sea-1.zarr"
    qtbot.waitUntil(lambda: path.exists(), timeout=30_000)
    while path.exists():  # the recorder may write into it meanwhile
        shutil.rmtree(path, ignore_errors=True)
    qtbot.mouseClick(panel.step_button, CLICK)
    qtbot.waitUntil(lambda: panel.snapshot is not None and panel.snapshot.frame.step == 2, timeout=30_000)
    qtbot.waitUntil(lambda: "Not saved" in panel.keeping.note.text(), timeout=30_000)
    assert panel.running
    stop(qtbot, panel)
    with pytest.raises(InputError):
        load_run(path)


@pytest.mark.parametrize("saved", [True, False])
def test_a_run_is_shared_as_a_web_page(panel, qtbot, tmp_path, saved):
    """All frames of one that is saved, else the one that is shown."""
    if saved:
        panel.keeping.box.click()
    run_to_the_end(qtbot, panel)
    panel.keeping.share(tmp_path / "waves.html")
    qtbot.waitUntil(lambda: not panel.keeping.sharing.open_button.isHidden(), timeout=30_000)
    assert ("all 5 frames" if saved else "one frame") in panel.message.text()
    assert str(tmp_path) not in (tmp_path / "waves.html").read_text(encoding="utf-8")

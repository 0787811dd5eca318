"""The Folders dock with real clicks: run, cancelled and resumed; files that failed, the table, the command."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from qtpy.QtWidgets import QApplication
from runs import click

from napari_shapelab.docks.folders import FoldersDock
from napari_shapelab.docks.folders.command import FolderCommand, FolderEnd, run_command
from shapelab.batch.folder_parts import parts_of
from shapelab.cli import main
from shapelab.errors import InputError


@pytest.fixture
def dock(viewer):
    viewer.window.resize(1100, 700)
    dock = FoldersDock(viewer)
    viewer.window.add_dock_widget(dock, name="Folders")
    return dock


@pytest.fixture
def images(tmp_path):
    place = tmp_path / "images"
    place.mkdir()
    for number in range(6):
        np.save(place / f"{number}.npy", np.kron(np.arange(1, 10).reshape(3, 3), np.ones((6, 6 + number), int)))
    (place / "bad.tif").write_bytes(b"II*\0 no image")
    return place


def finished(qtbot, dock):
    qtbot.waitUntil(lambda: not dock.work.working, timeout=120_000)
    return dock.end


def choose(dock, verb):
    dock.verb.setCurrentIndex(dock.verb.findData(verb))
    dock.verb.activated.emit(dock.verb.currentIndex())


def test_a_folder_is_measured_as_on_the_command_line(dock, images, qtbot, tmp_path):
    click(qtbot, dock.work.run_button)
    assert "Choose a folder" in dock.work.message.text()
    dock.folder.setText(str(images))
    assert dock.out.text() == str(tmp_path / "images measure.csv")
    click(qtbot, dock.options.ticks["--labels"])
    dock.options.jobs.setValue(1)
    click(qtbot, dock.work.run_button)
    end = finished(qtbot, dock)
    assert [outcome.name for outcome in end.failed] == ["bad.tif"]
    assert dock.tabs.tabText(1) == "Failed (1)"
    assert "54 rows of 6 files" in dock.work.message.text()
    assert dock.table.model().rowCount() == 54
    assert "bad.tif cannot be read" in dock.failed.model().index(0, 1).data()
    other = tmp_path / "other.csv"
    assert main(["measure", str(images), "--labels", "--out", str(other), "--jobs", "1"]) == 1
    assert other.read_bytes() == (tmp_path / "images measure.csv").read_bytes()

    (images / "bad.tif").unlink()
    click(qtbot, dock.work.run_button)
    assert not finished(qtbot, dock).failed
    assert not dock.tabs.isTabEnabled(1)
    click(qtbot, dock.command_button)
    assert QApplication.clipboard().text() == str(dock.command())
    assert "--labels --jobs 1" in str(dock.command())
    click(qtbot, dock.work.run_button)
    finished(qtbot, dock)
    assert "already exists" in dock.work.message.text()


def test_a_folder_is_cancelled_and_resumed(dock, images, qtbot, tmp_path):
    small = np.kron(np.arange(1, 10).reshape(3, 3), np.ones((9, 9), int))
    for number in range(9):
        np.save(images / f"more {number}.npy", small)
    many = np.arange(1, 40 * 40 * 20 + 1, dtype=np.uint16).reshape(40, 40, 20)
    np.save(images / "with many cells.npy", np.kron(many, np.ones((5, 5, 5), np.uint16)))  # it is at work when Cancel is clicked
    dock.folder.setText(str(images))
    click(qtbot, dock.options.ticks["--labels"])
    dock.options.jobs.setValue(1)
    click(qtbot, dock.work.run_button)
    qtbot.waitUntil(lambda: dock.work.message.text().startswith("16 of 17 files"), timeout=60_000)
    click(qtbot, dock.work.cancel_button)
    qtbot.waitUntil(lambda: dock.end is not None, timeout=30_000)
    assert dock.end.cancelled
    assert "Run resumes" in dock.work.message.text()
    assert len(list(parts_of(tmp_path / "images measure.csv").glob("*.csv"))) == 15
    np.save(images / "with many cells.npy", small)
    click(qtbot, dock.work.run_button)
    end = finished(qtbot, dock)
    assert len(pd.read_csv(tmp_path / "images measure.csv")) == 16 * 9
    assert len(end.outcomes) == 17


def test_what_each_verb_needs(dock, images, qtbot):
    dock.folder.setText(str(images))
    choose(dock, "compare")
    with pytest.raises(InputError, match="reference"):
        dock.command()
    dock.reference.setText(str(images / "0.npy"))
    dock.options.ticks["--no-transport"].click()
    dock.options.voxel_size.setText("0.5, 0.25")
    dock.pattern.setText("*.npy")
    words = dock.command().arguments()
    assert words[:6] == ["compare", str(images), str(images / "0.npy"), "--no-transport", "--voxel-size", "0.5"]
    assert words[-4:-2] == ["--pattern", "*.npy"]
    choose(dock, "tensions")
    assert "--no-transport" not in dock.command().words
    assert not dock.options.unit.isVisible()
    dock.options.more.setText("--channel 'a")
    with pytest.raises(InputError, match="quotation mark"):
        dock.command()
    dock.out.setText(str(images / "mine.csv"))
    choose(dock, "fit")
    assert dock.out.text() == str(images / "mine.csv")


def test_a_result_is_gone_once_something_else_is_asked_for(dock, images, qtbot):
    dock.folder.setText(str(images))
    end = FolderEnd((), 1, pd.DataFrame({"file": ["0.npy"], "area": ["3"]}), 1, cancelled=False)
    asks = (
        lambda: choose(dock, "tensions"),
        lambda: dock.options.ticks["--labels"].click(),
        lambda: dock.reference.setText("b"),
        lambda: qtbot.keyClicks(dock.pattern, "*"),
        lambda: dock.folder.setText(str(images.parent)),
    )
    for ask in asks:
        dock._show("images measure.csv", end)
        assert dock.table.model().rowCount() == 1
        assert "images measure.csv" in dock.work.message.text()
        ask()
        assert dock.end is None
        assert not dock.tabs.isTabEnabled(0)
        assert dock.work.message.text() == "Ready."


def test_what_the_command_refuses_is_said(images, tmp_path):
    import threading

    for words, said in ((("--smoothing", "2", "--events"), "--over-time"), (("--nonsense",), "--nonsense")):
        command = FolderCommand("measure", images, tmp_path / "t.csv", words=words)
        with pytest.raises(InputError, match=said):
            run_command(command, lambda progress: None, threading.Event())

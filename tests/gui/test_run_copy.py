"""Script and Command buttons: what is on the clipboard makes the same run again."""

from __future__ import annotations

import shlex

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication, QFileDialog

from napari_shapelab.run.copy_as import RunCopy
from napari_shapelab.run.panel import RunPanel
from shapelab.cells import Cells
from shapelab.cli import main
from shapelab.curvature import Curvatubes
from shapelab.io import load_run

CLICK = Qt.MouseButton.LeftButton
BALL = ((np.indices((16, 18, 20)) - np.array([8, 9, 10])[:, None, None, None]) ** 2).sum(axis=0) < 30

RUNS = {
    "curvatubes": lambda: Curvatubes("sponge", shape=(16, 16, 20), seed=4, mass=-0.2),
    "cells": lambda: Cells("run_and_tumble", n_cells=6, shape=(32, 32), speed=0.37),
}


def stepped(viewer, qtbot, make, steps=3):
    """Return the copy buttons of a run that waits after some steps."""
    panel = RunPanel(viewer, make, lambda: "run")
    copy = RunCopy(panel)
    viewer.window.add_dock_widget([panel, copy.script_button, copy.command_button], name="Run")
    for step in range(1, steps + 1):
        qtbot.mouseClick(panel.step_button, CLICK)
        qtbot.waitUntil(lambda step=step: panel.snapshot is not None and panel.snapshot.frame.step == step, timeout=90_000)
    return panel, copy


def copied(qtbot, panel, button, said):
    qtbot.mouseClick(button, CLICK)
    qtbot.waitUntil(lambda: said in panel.message.text(), timeout=60_000)
    return QApplication.clipboard().text()


@pytest.mark.parametrize("family", RUNS)
def test_the_copied_command_and_script_make_the_same_run(viewer, qtbot, tmp_path, monkeypatch, family):
    panel, copy = stepped(viewer, qtbot, RUNS[family])
    command = copied(qtbot, panel, copy.command_button, "The command is on the clipboard.")
    script = copied(qtbot, panel, copy.script_button, "The script is on the clipboard.")
    shown = panel.snapshot.frame
    monkeypatch.chdir(tmp_path)
    assert main(shlex.split(command)[1:]) == 0
    (folder,) = tmp_path.iterdir()
    namespace: dict = {}
    exec(script, namespace)
    for again in (load_run(folder).frame(), namespace["frame"]):
        assert again.step == shown.step
        for name in ("field", "cells", "seeds"):
            if name in shown:
                np.testing.assert_array_equal(again[name], shown[name])


def test_arrays_of_a_script_are_saved_in_a_folder_that_is_chosen(viewer, qtbot, tmp_path, monkeypatch):
    panel, copy = stepped(viewer, qtbot, lambda: Curvatubes("tubes", initial=BALL), steps=2)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_, **__: str(tmp_path))
    script = copied(qtbot, panel, copy.script_button, "The script is on the clipboard.")
    namespace: dict = {}
    exec(script, namespace)
    np.testing.assert_array_equal(namespace["frame"]["field"], panel.snapshot.frame["field"])
    copied(qtbot, panel, copy.script_button, "The script is on the clipboard.")  # the same array may stay
    np.save(tmp_path / "initial.npy", ~BALL)
    copied(qtbot, panel, copy.script_button, "nothing was overwritten")
    assert np.load(tmp_path / "initial.npy").dtype == bool
    copied(qtbot, panel, copy.command_button, "copy it as a Python script")
    asked: list[str] = []
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *given, **_: asked.append(given[1]) or "")
    panel.say("")
    qtbot.mouseClick(copy.script_button, CLICK)
    qtbot.waitUntil(lambda: asked == ["Folder for initial.npy, which the script loads"], timeout=30_000)
    assert panel.message.text() == ""  # no folder, no script


def test_painted_walls_and_labels_are_saved_beside_the_script(viewer, qtbot, tmp_path, monkeypatch):
    labels = np.zeros((32, 32), int)
    labels[4:14, 4:14], labels[18:28, 6:26] = 3, 70_000
    panel, copy = stepped(
        viewer, qtbot, lambda: Cells("relaxation", initial=labels, walls=np.pad(np.zeros((30, 30)), 1, constant_values=1))
    )
    wall = np.zeros((32, 32), bool)
    wall[15:17, 20:30] = True
    panel.edit("paint_wall", mask=wall, wall=True)
    step = panel.snapshot.frame.step
    qtbot.mouseClick(panel.step_button, CLICK)
    qtbot.waitUntil(lambda: panel.snapshot.frame.step == step + 1, timeout=90_000)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_, **__: str(tmp_path))
    script = copied(qtbot, panel, copy.script_button, "The script is on the clipboard.")
    assert {file.name for file in tmp_path.iterdir()} == {"initial.npy", "walls.npy", "edit_1_mask.npy"}
    namespace: dict = {}
    exec(script, namespace)
    shown = panel.snapshot.frame
    for name in ("cells", "seeds", "walls"):
        np.testing.assert_array_equal(namespace["frame"][name], shown[name])

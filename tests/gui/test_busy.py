"""napari knows what runs, so that it asks before it closes."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path

import pytest
from runs import ENDLESS, stop

from napari_shapelab.docks.cells import CellsDock
from napari_shapelab.viewer.busy import Busy


@pytest.fixture
def dock(viewer):
    dock = CellsDock(viewer)
    viewer.window.resize(1200, 760)
    viewer.window.add_dock_widget(dock, name="Cells")
    dock.choose_scenario("active_liquid")
    dock.form.set_values({"shape": (32, 32), "n_cells": 6, "fineness": 1, "max_steps": ENDLESS})
    return dock


def asked(viewer):
    """Return what napari would show in its question."""
    return viewer.window._task_status_manager.get_status()


def test_an_unsaved_run_is_asked_for_and_one_that_is_saved_is_not(viewer, dock, qtbot, tmp_path: Path):
    assert asked(viewer) == []
    dock.panel.run()
    qtbot.waitUntil(lambda: dock.panel.snapshot is not None, timeout=120_000)
    assert len(asked(viewer)) == 1
    assert "is not being saved" in asked(viewer)[0]
    dock.recording.folder = tmp_path
    dock.recording.box.setChecked(True)
    assert asked(viewer) == []
    dock.recording.box.setChecked(False)
    assert len(asked(viewer)) == 1
    stop(qtbot, dock.panel)
    assert asked(viewer) == []


def test_a_run_that_the_user_gives_up_is_stopped(viewer, dock, qtbot):
    dock.panel.run()
    qtbot.waitUntil(lambda: dock.panel.snapshot is not None, timeout=120_000)
    viewer.window._task_status_manager.cancel_all()  # as napari does when the window is closed all the same
    qtbot.waitUntil(lambda: not dock.panel.running, timeout=30_000)
    assert asked(viewer) == []


def test_napari_keeps_no_dock_alive_that_has_told_of_its_work(viewer):
    class Dock:
        def __init__(self):
            self.busy = Busy(viewer, self.cancel)

        def cancel(self):
            pass

    dock = Dock()
    gone = weakref.ref(dock)
    dock.busy.tell("Running…")
    assert asked(viewer) != []
    dock.busy.tell("")
    del dock
    gc.collect()
    assert gone() is None

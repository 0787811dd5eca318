"""napari knows what runs, so that it asks before it closes."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_shapelab.docks.cells import CellsDock


@pytest.fixture
def dock(viewer):
    dock = CellsDock(viewer)
    viewer.window.resize(1200, 760)
    viewer.window.add_dock_widget(dock, name="Cells")
    dock.choose_scenario("active_liquid")
    dock.form.set_values({"shape": (32, 32), "n_cells": 6, "fineness": 1})
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
    dock.panel.stop()
    qtbot.waitUntil(lambda: not dock.panel.running, timeout=30_000)
    assert asked(viewer) == []


def test_a_run_that_the_user_gives_up_is_stopped(viewer, dock, qtbot):
    dock.panel.run()
    qtbot.waitUntil(lambda: dock.panel.snapshot is not None, timeout=120_000)
    viewer.window._task_status_manager.cancel_all()  # as napari does when the window is closed all the same
    qtbot.waitUntil(lambda: not dock.panel.running, timeout=30_000)
    assert asked(viewer) == []

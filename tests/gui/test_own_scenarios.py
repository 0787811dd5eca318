"""Scenarios in the user's own folder: they stand in the docks and run there; a broken file says so in the list."""

from __future__ import annotations

import pytest
from qtpy.QtCore import Qt

from napari_shapelab.settings import take_scenarios
from napari_shapelab.widgets.preset_combo import PresetCombo
from shapelab.catalog import problems, scenarios

GOOD = """
from shapelab.catalog import Scenario
A = Scenario("own_crowd", "Own crowd", "A crowd of one's own.", {"shape": (32, 32), "n_cells": 5}, group="Mine",
             model="shapelab.cells.scenarios.run_and_tumble:TumbleDisk")
"""


@pytest.fixture
def folder(tmp_path, own_scenarios):
    (tmp_path / "own.py").write_text(GOOD)
    (tmp_path / "own_broken.py").write_text("import no_such_module")
    return tmp_path


def test_the_folder_of_the_preferences_is_used(folder, monkeypatch, qtbot):
    class Plugin:
        class scenarios:
            pass

    Plugin.scenarios.folder = str(folder)
    monkeypatch.setattr("napari.settings.get_plugin_settings", lambda name: Plugin)
    take_scenarios()
    combo = PresetCombo(scenarios("cells"), problems("cells"))
    qtbot.addWidget(combo)
    combo.select("own_crowd")
    assert combo.name == "own_crowd"
    assert combo.scenario.title == "Own crowd"
    model = combo.box.model()
    rows = [model.item(row) for row in range(model.rowCount())]
    (broken,) = [item for item in rows if "own_broken.py" in item.text()]
    assert "no_such_module" in broken.toolTip()
    assert not broken.flags() & Qt.ItemFlag.ItemIsSelectable
    assert "no_such_module" in combo.problems.text()
    assert not combo.problems.isHidden()


def test_a_combo_without_problems_shows_none(qtbot):
    combo = PresetCombo(scenarios("curvatubes"))
    qtbot.addWidget(combo)
    assert combo.problems.isHidden()
    model = combo.box.model()
    assert "Cannot be used" not in [model.item(row).text() for row in range(model.rowCount())]

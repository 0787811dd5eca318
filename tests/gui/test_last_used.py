"""Docks open with what was used last, and take it back on request."""

from __future__ import annotations

import json

import pytest
from runs import stop

from napari_shapelab import settings
from napari_shapelab.docks.cells import CellsDock
from napari_shapelab.docks.curvatubes import CurvatubesDock


@pytest.fixture
def memory(tmp_path, monkeypatch):
    monkeypatch.setattr(settings, "_memory", lambda: tmp_path / "last.json")
    return tmp_path / "last.json"


def run(qtbot, dock):
    dock.panel.run()
    qtbot.waitUntil(lambda: dock.panel.snapshot is not None, timeout=120_000)
    stop(qtbot, dock.panel)


def test_cells_are_as_they_were_left(viewer, qtbot, memory):
    dock = CellsDock(viewer)
    viewer.window.add_dock_widget(dock, name="Cells")
    dock.choose_scenario("active_liquid")
    dock.form.set_values({"shape": (32, 32), "n_cells": 7, "fineness": 1})
    assert not memory.exists()
    run(qtbot, dock)
    again = CellsDock(viewer)
    qtbot.addWidget(again)
    assert again.presets.name == "active_liquid"
    assert (again.parameters.n_cells, again.parameters.shape) == (7, (32, 32))
    assert "used last" in again.panel.message.text()
    again.restore_button.click()
    assert again.parameters.n_cells != 7


def test_textures_are_as_they_were_left(viewer, qtbot, memory):
    dock = CurvatubesDock(viewer)
    viewer.window.add_dock_widget(dock, name="Curvatubes")
    dock.choose_preset("sponge")
    dock.presets.select("sponge")
    dock.form.set_parameters(dock.parameters.replace(shape=(16, 16, 20), max_steps=2))
    run(qtbot, dock)
    again = CurvatubesDock(viewer)
    qtbot.addWidget(again)
    assert again.presets.name == "sponge"
    assert again.parameters.shape == (16, 16, 20)


@pytest.mark.parametrize("content", ["", "[]", '{"cells": 3}', '{"cells": {"preset": "gone", "values": {}}}',
                                     '{"cells": {"preset": "active_liquid", "values": {"n_cells": -4}}}',
                                     '{"cells": {"preset": "active_liquid", "values": {"nonsense": 1}}}'])  # fmt: skip
def test_what_is_damaged_is_as_if_it_were_not_there(viewer, qtbot, memory, content):
    memory.write_text(content)
    dock = CellsDock(viewer)
    qtbot.addWidget(dock)
    assert dock.presets.name == "run_and_tumble"
    settings.remember("cells", "active_liquid", {"n_cells": 3})
    if content in ("", "[]"):
        return
    assert json.loads(memory.read_text())["cells"]["preset"] == "active_liquid"

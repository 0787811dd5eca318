"""`make demo` without a display: every result is made, one after the other, and the window closes."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

from demo import RESULTS, Recorder
from runs import click

from napari_shapelab.docks.curvatubes import CurvatubesDock


def test_all_results_of_the_demo_are_made(viewer, qtbot, tmp_path, capsys):
    dock = CurvatubesDock(viewer)
    viewer.window.add_dock_widget(dock, name="Curvatubes")
    dock.form.set_parameters(dock.parameters.replace(shape=(16, 16, 16), settle=0.0, max_steps=3))
    closed: list[bool] = []
    window = SimpleNamespace(
        layers=viewer.layers, screenshot=lambda path, **_: Path(path).write_bytes(b""), close=lambda: closed.append(True)
    )
    recorder = Recorder(window, dock, tmp_path)
    click(qtbot, dock.panel.run_button)
    qtbot.waitUntil(lambda: bool(closed), timeout=120_000)
    assert set(RESULTS) <= {path.name for path in tmp_path.iterdir()}
    assert recorder.report()
    (tmp_path / "mesh.png").unlink()
    assert not recorder.report()
    assert "Not made: mesh.png." in capsys.readouterr().err

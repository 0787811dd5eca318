"""Waiting for runs: no test may depend on whether the window or the run is faster."""

from __future__ import annotations

import threading

from qtpy.QtCore import Qt

LEFT = Qt.MouseButton.LeftButton
PATIENCE = 120_000
"""Longest wait for anything [ms]: only a test that fails waits as long."""
ENDLESS = 1_000_000
"""Steps after which no test is still there."""


def click(qtbot, button):
    assert button.isEnabled(), button.text()
    qtbot.mouseClick(button, LEFT)


def over(qtbot, panel):
    """Wait until a run has ended, its thread too: a dock lets one go that does not stop at once, and can only resume it afterwards."""
    qtbot.waitUntil(lambda: not panel.running and panel._late is None, timeout=PATIENCE)


def stop(qtbot, panel):
    """Press Stop, unless the run has ended by itself by now, and wait until it is over."""
    if panel.running:
        click(qtbot, panel.stop_button)
    over(qtbot, panel)


def settled(qtbot, panel):
    """Wait until a paused run has done all that it was told, and the window shows it."""
    for _ in range(2):  # when it is asked again, it has told what came of the first time
        told = threading.Event()
        panel.stream.worker.visit(lambda _, told=told: told.set())
        qtbot.waitUntil(told.is_set, timeout=PATIENCE)
    qtbot.waitUntil(lambda: panel.stream.worker.frames.empty, timeout=PATIENCE)

"""A virtual screen where there is none, a toy model, and viewers that leave no run behind."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest


def _virtual_screen() -> subprocess.Popen[bytes] | None:
    """Start Xvfb on a free display if there is no screen; napari's Image layers need OpenGL."""
    if sys.platform != "linux" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        return None
    xvfb = shutil.which("Xvfb")
    if xvfb is None:
        return None
    reading, writing = os.pipe()
    process = subprocess.Popen(
        [xvfb, "-displayfd", str(writing), "-screen", "0", "1366x768x24", "-nolisten", "tcp"],
        pass_fds=[writing],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(writing)
    with os.fdopen(reading) as answer:
        number = answer.readline().strip()
    if number:
        os.environ["DISPLAY"] = f":{number}"
    return process


_screen = _virtual_screen()
os.environ.setdefault("QT_QPA_PLATFORM", "xcb" if os.environ.get("DISPLAY") else "offscreen")


@pytest.fixture(scope="session", autouse=True)
def screen() -> Iterator[None]:
    yield
    if _screen is not None:
        _screen.terminate()
        _screen.wait()


def workers() -> list[threading.Thread]:
    """Return the threads of runs that are alive."""
    return [thread for thread in threading.enumerate() if thread.name.startswith("shapelab ")]


@pytest.fixture
def viewer(make_napari_viewer, qtbot):
    """A viewer with a window; at the end no run may be alive."""
    viewer = make_napari_viewer(show=True)
    viewer.window.resize(640, 480)
    yield viewer
    viewer.close()
    qtbot.waitUntil(lambda: not workers(), timeout=10_000)

"""A virtual screen where there is none, a toy model, and viewers that leave no run behind."""

from __future__ import annotations

import atexit
import gc
import logging
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import cache

import pytest
from npe2 import PluginManifest
from virtual_screen import virtual_screen

_screen = ExitStack()
_screen.enter_context(virtual_screen())
atexit.register(_screen.close)  # not at the end of a fixture: what a failed test has left open still draws afterwards
os.environ["SHAPELAB_NO_MEMORY"] = "1"  # a dock of one test must not open with the parameters of another, or of the developer
os.environ.setdefault("QT_QPA_PLATFORM", "xcb" if os.environ.get("DISPLAY") else "offscreen")


@pytest.fixture(scope="session", autouse=True)
def installed_plugins_are_read_once() -> Iterator[None]:
    """Under test every viewer looks for plugins, and reads the manifests of those that it knows by now: a quarter of the time it takes."""
    look = PluginManifest.discover
    found = cache(lambda: list(look()))

    def discover(cls: type[PluginManifest], paths: Sequence[str] = ()) -> Iterator[object]:
        yield from look(paths) if paths else found()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PluginManifest, "discover", classmethod(discover))
        yield


@pytest.fixture(scope="module", autouse=True)
def short_garbage_collections() -> None:
    """napari collects garbage whenever a layer or a viewer goes: what is loaded by now is none, and need not be searched each time."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def no_hidden_defects(request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """A defect that a dock catches, tells in a sentence and logs must fail the test in which it happens, unless it is wanted."""
    yield
    logged = [record.getMessage() for record in caplog.get_records("call") if record.levelno >= logging.ERROR]
    wanted = request.node.get_closest_marker("logs_errors") is not None
    assert wanted or not logged, f"logged, with a traceback: {logged}"


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
    qtbot.waitUntil(lambda: not workers(), timeout=30_000)

"""The main job in one go: napari opens with the Curvatubes dock and tubes already growing.

Without a display the same happens on a virtual screen: pictures, the run (OME-Zarr) and its mesh go to demo_output/.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from virtual_screen import has_screen, virtual_screen

OUTPUT = Path("demo_output")
RESULTS = ("settled.png", "tubes.zarr", "tubes.ply", "mesh.png")
PICTURE_EVERY = 100
"""Steps between two pictures."""


def open_and_run() -> tuple[Any, Any]:
    """Return a viewer and its Curvatubes dock, with the first preset growing."""
    os.environ["SHAPELAB_NO_MEMORY"] = "1"  # the same for everybody
    import napari

    viewer = napari.Viewer(title="napari-shapelab demo")
    _, dock = viewer.window.add_plugin_dock_widget("napari-shapelab", "Curvatubes")
    dock.panel.run_button.click()
    return viewer, dock


class Recorder:
    """Take pictures while a run goes on; keep its result when it has ended, then quit."""

    def __init__(self, viewer: Any, dock: Any, folder: Path) -> None:
        self._viewer, self._dock, self._folder = viewer, dock, folder
        self._next = 0
        self._reason = ""
        self._left: list[Callable[[], None]] = []
        dock.panel.advanced.connect(self._on_advanced)
        dock.panel.ended.connect(self._on_ended)

    def _on_advanced(self, snapshot: Any) -> None:
        step = snapshot.frame.step
        if step >= self._next:
            self._next = step - step % PICTURE_EVERY + PICTURE_EVERY
            self._picture(f"step_{step:04d}")

    def _on_ended(self, ended: Any) -> None:
        self._reason = ended.reason
        self._picture("settled")
        results = self._dock.results
        self._left = [
            lambda: results.save(self._folder / "tubes.zarr"),
            lambda: results.save(self._folder / "tubes.ply"),
            results.add_mesh,
        ]
        self._make_next()

    def _make_next(self) -> None:
        """Make the next result once the dock has ended the one before; close the window after the last."""
        from qtpy.QtCore import QTimer

        if self._dock.panel.job.working:
            QTimer.singleShot(100, self._make_next)
        elif self._left:
            self._left.pop(0)()
            self._make_next()
        else:
            if any(type(layer).__name__ == "Surface" for layer in self._viewer.layers):
                self._picture("mesh")
            self._viewer.close()

    def _picture(self, name: str) -> None:
        self._viewer.screenshot(str(self._folder / f"{name}.png"), canvas_only=False, flash=False)

    def report(self) -> bool:
        """Say what happened and where the results are; return whether none is missing."""
        print(self._reason)
        for path in sorted(self._folder.iterdir()):
            print(f"  {path}")
        missing = [name for name in RESULTS if not (self._folder / name).exists()]
        if missing:
            print(f"Not made: {', '.join(missing)}.", file=sys.stderr)
        return not missing


def record() -> int:
    """Run the demo on a virtual screen and write its results; return the exit code."""
    import napari
    from qtpy.QtWidgets import QApplication

    if OUTPUT.exists():
        shutil.rmtree(OUTPUT)
    OUTPUT.mkdir()
    print("No display: the demo runs on a virtual screen. This takes about a minute.", flush=True)
    viewer, dock = open_and_run()
    viewer.window.resize(1366, 768)
    QApplication.processEvents()
    recorder = Recorder(viewer, dock, OUTPUT)
    napari.run()
    return 0 if recorder.report() else 1


def main() -> int:
    """Show the demo in a window, or record it where there is no display."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--record", action="store_true", help="write pictures and results to demo_output/, also with a display")
    if has_screen() and not parser.parse_args().record:
        import napari

        open_and_run()
        napari.run()
        return 0
    with virtual_screen() as screen:
        if not screen:
            print("There is no display, and no Xvfb for a virtual one: install the package xvfb.", file=sys.stderr)
            return 1
        return record()


if __name__ == "__main__":
    sys.exit(main())

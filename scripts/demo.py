"""The main job in one go: napari opens with the Curvatubes dock and tubes already growing.

Without a display the same happens on a virtual screen: pictures, the run (OME-Zarr) and its mesh go to demo_output/.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from pathlib import Path
from typing import Any

from virtual_screen import has_screen, virtual_screen

OUTPUT = Path("demo_output")
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
        self._dock.results.save(self._folder / "tubes.zarr")
        self._dock.results.save(self._folder / "tubes.ply")
        self._dock.results.add_mesh()
        self._wait_for_results()

    def _wait_for_results(self) -> None:
        """Look again until both files and the mesh layer are there."""
        from qtpy.QtCore import QTimer

        written = (self._folder / "tubes.zarr").exists() and (self._folder / "tubes.ply").exists()
        if written and any(type(layer).__name__ == "Surface" for layer in self._viewer.layers):
            self._picture("mesh")
            self._viewer.close()
        else:
            QTimer.singleShot(200, self._wait_for_results)

    def _picture(self, name: str) -> None:
        self._viewer.screenshot(str(self._folder / f"{name}.png"), canvas_only=False, flash=False)

    def report(self) -> None:
        """Say what happened and where the results are."""
        print(self._reason)
        for path in sorted(self._folder.iterdir()):
            print(f"  {path}")


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
    recorder.report()
    return 0


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

"""Take the pictures of the user guide anew, as a user would make them: real docks, real clicks, a screen of 1366 x 768.

    python scripts/screenshots.py [NAME …]

without names all of them. Without a display it brings a virtual screen.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from virtual_screen import virtual_screen

IMAGES = Path(__file__).parents[1] / "docs" / "images"
COLOURS = 200
"""Colours that a picture keeps; a third of the bytes, and no difference to the eye."""


class Session:
    """A viewer with one dock, or none yet, and what a person does with it."""

    def __init__(self, dock: str | None) -> None:
        os.environ["SHAPELAB_NO_MEMORY"] = "1"  # the same for everybody
        import napari

        self.viewer = napari.Viewer()
        self.viewer.window.resize(1366, 768)
        self.dock: Any = None
        if dock is not None:
            _, self.dock = self.viewer.window.add_plugin_dock_widget("napari-shapelab", dock)
        self.idle(1.0)

    def idle(self, seconds: float) -> None:
        """Let the window live for a while."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._turn()

    def wait(self, condition: Callable[[], Any], seconds: float = 900.0) -> None:
        """Let the window live until something is the case."""
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise TimeoutError(f"not reached within {seconds:g} s: the picture would show something else")
            self._turn()

    def click(self, button: Any) -> None:
        """Press a button."""
        from qtpy.QtCore import Qt
        from qtpy.QtTest import QTest

        QTest.mouseClick(button, Qt.MouseButton.LeftButton)

    def run(self, until: int | None = None) -> None:
        """Press Run, and wait for a step, or for the end of the run."""
        panel = self.dock.panel
        self.wait(panel.run_button.isEnabled)  # what the run starts from may still be read
        self.click(panel.run_button)
        self.wait(lambda: panel.snapshot is not None and (until is None or panel.snapshot.frame.step >= until or not panel.running))
        if until is None:
            self.wait(lambda: not panel.running)

    def picture(self, name: str) -> None:
        """Save the whole window."""
        from PIL import Image

        self.idle(1.5)  # the window is painted when there is time
        picture = Image.fromarray(self.viewer.screenshot(canvas_only=False, flash=False)[..., :3])
        path = IMAGES / f"{name}.png"
        picture.quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
        print(f"{path.name}: {path.stat().st_size // 1000} kB", flush=True)

    def close(self) -> None:
        """Close the viewer."""
        self.viewer.close()
        self.idle(0.3)

    def _turn(self) -> None:
        from qtpy.QtWidgets import QApplication

        QApplication.processEvents()
        time.sleep(0.01)


def curvatubes() -> None:
    """Tubes: while they grow, their curvature diagram, and their mesh."""
    session = Session("Curvatubes")
    session.run(until=300)
    session.picture("curvatubes")
    dock = session.dock
    session.wait(lambda: not dock.panel.running)
    dock.panel.tabs.setCurrentWidget(dock.diagram)
    session.wait(lambda: "Measuring" not in dock.diagram.note.text())
    session.idle(1.0)
    session.picture("curvatubes_diagram")
    dock.results.add_mesh()
    session.wait(lambda: "triangles" in dock.panel.message.text())
    session.click(dock.results.measure_button)
    session.wait(lambda: len(dock.results.measurements.rows()) > 3)
    session.picture("curvatubes_mesh")
    session.close()


def real_mask() -> None:
    """A colon from a CT: its evolution near the start, start and end side by side, the two curvature diagrams."""
    session = Session("Curvatubes")
    viewer, dock = session.viewer, session.dock
    viewer.open_sample("napari-shapelab", "ct_abdomen")
    organs = viewer.layers[0]
    organs.selected_label = 20
    dock.start_from.combo.choose(organs)
    session.wait(lambda: "voxels of" in dock.start_from.note.text())  # it has been read
    dock.stay_near.box.setValue(2000.0)
    dock.form.set_parameters(dock.parameters.replace(max_steps=150))
    session.run(until=20)
    session.picture("real_mask_2_running")
    session.wait(lambda: not dock.panel.running)
    session.click(dock.results.measure_button)
    session.wait(lambda: len(dock.results.measurements.rows()[0]) > 2)
    dock.results.add_mesh()
    session.wait(lambda: "triangles" in dock.panel.message.text())
    dock.panel.tabs.setCurrentWidget(dock.results.measurements)
    for row in dock.results.measurements.rows():
        print("   ", " | ".join(row))
    session.picture("real_mask_3_compare")
    colon = (np.asarray(organs.data) == organs.selected_label).astype(np.uint8)
    before = viewer.add_labels(colon, name="colon before", scale=organs.scale, units=organs.units)
    before.visible = False
    dock.panel.tabs.setCurrentWidget(dock.diagram)
    dock.diagram.combo.choose(before)
    session.wait(lambda: "colon before." in dock.diagram.note.text())
    session.idle(3.0)
    session.picture("real_mask_4_diagram")
    session.close()


def atlas() -> None:
    """Two groups of shapes, drawn round with the mouse and compared."""
    session = Session("Atlas")
    dock = session.dock
    session.wait(lambda: dock.atlas is not None)
    groups = dock.map.groups
    dock.show_member(int(np.flatnonzero(groups == 2)[3]))
    for group in (2, 0):
        dock.map.lassoed.emit(np.flatnonzero(groups == group).tolist())
    session.wait(lambda: dock.groups.table.rowCount() > 0 and "and B" in dock.groups.note.text())
    session.picture("atlas")
    session.close()


def atlas_fit() -> None:
    """A texture fitted to a real mask, beside it."""
    session = Session("Atlas")
    viewer, dock = session.viewer, session.dock
    session.wait(lambda: dock.atlas is not None)
    viewer.open_sample("napari-shapelab", "ct_abdomen")
    organs = next(layer for layer in viewer.layers if type(layer).__name__ == "Labels")
    aorta = (np.asarray(organs.data) == 52).astype(np.uint8)
    place = {name: getattr(organs, name) for name in ("scale", "translate", "units", "axis_labels")}
    viewer.layers.clear()
    mask = viewer.add_labels(aorta, name="aorta", **place)
    dock.fit.trials.setValue(10)
    dock.panel.tabs.setCurrentWidget(dock.fit)
    dock.fit.combo.choose(mask)
    session.click(dock.fit.work.run_button)
    session.wait(lambda: f"like {mask.name}" in viewer.layers)
    print("   ", dock.fit.work.message.text())
    session.picture("atlas_fit")
    session.close()


def movies() -> None:
    """A tissue that grows from one cell: its curve, paths and events."""
    import numpy as np

    from napari_shapelab.work.movies import measure_movie
    from shapelab import Cells

    simulation, frames = Cells("tissue_growth", shape=(160, 160), seed=1), []
    for _ in range(40):
        for _ in range(8):
            simulation.step()
        frames.append(np.asarray(simulation.frame()["cells"]))
    session = Session(None)
    place = {"scale": (10, 0.5, 0.5), "units": ("s", "um", "um"), "axis_labels": ("t", "y", "x")}
    session.viewer.add_labels(np.stack(frames), name="growth", **place)
    measure_movie(session.viewer)
    session.dock = session.viewer.window.dock_widgets["Movies"]
    session.click(session.dock.work.run_button)
    session.wait(lambda: session.dock.found is not None)
    session.click(session.dock.tracks_button)
    session.click(session.dock.events_button)
    session.viewer.dims.set_point(0, 250)
    session.picture("movies")
    session.close()


PICTURES: dict[str, Callable[[], None]] = {
    "curvatubes": curvatubes,
    "real_mask": real_mask,
    "atlas": atlas,
    "atlas_fit": atlas_fit,
    "movies": movies,
}


def take(pictures: Mapping[str, Callable[[], Any]], description: str | None) -> int:
    """Take the pictures that the command line names, all of them if it names none; return the exit code."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", choices=[[], *pictures], help=f"of {', '.join(pictures)}")
    names = parser.parse_args().names or list(pictures)
    with virtual_screen() as screen:
        if not screen:
            print("There is no display, and no Xvfb for a virtual one: install the package xvfb.", file=sys.stderr)
            return 1
        for name in names:
            pictures[name]()
    return 0


if __name__ == "__main__":
    sys.exit(take(PICTURES, __doc__))

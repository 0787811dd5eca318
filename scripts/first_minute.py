"""Film the first minute of a new user, from `make demo` on: tubes grow, become a mesh and numbers, then cells run and tumble.

    python scripts/first_minute.py [OUT.gif]

by default docs/images/first_minute.gif. Without a display it brings a virtual screen. Pictures are taken by what happens, not by
the clock, so that the film is the same on a slow machine.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from demo import open_and_run
from screenshots import IMAGES, Session
from virtual_screen import virtual_screen

WIDTH, COLOURS = 683, 200
"""Width of the film [pixels] and its colours."""
MILLISECONDS, REST = 350, 2500
"""Time of a picture, and of the last one."""


class Film(Session):
    """A session whose pictures become a film."""

    def __init__(self, viewer: Any, dock: Any) -> None:
        self.viewer, self.dock = viewer, dock
        self.pictures: list[Any] = []

    def shoot(self, times: int = 1) -> None:
        """Take a picture of the whole window, which stays for a while."""
        from PIL import Image

        self.idle(0.3)
        shown = Image.fromarray(self.viewer.screenshot(canvas_only=False, flash=False)[..., :3])
        small = shown.resize((WIDTH, round(shown.height * WIDTH / shown.width)), Image.Resampling.LANCZOS)
        self.pictures += [small] * times

    def until(self, steps: list[int]) -> None:
        """Take a picture whenever the run reaches one of these steps, or ends."""
        panel = self.dock.panel
        for step in steps:
            self.wait(lambda: not panel.running or (panel.snapshot is not None and panel.snapshot.frame.step >= step))  # noqa: B023
            self.shoot()

    def save(self, path: Path) -> None:
        """Write the film."""
        from PIL import Image

        every = self.pictures[:: max(1, len(self.pictures) // 12)]
        wide = Image.new("RGB", (WIDTH, sum(picture.height for picture in every)))
        for k, picture in enumerate(every):
            wide.paste(picture, (0, sum(other.height for other in every[:k])))
        colours = wide.quantize(COLOURS, dither=Image.Dither.NONE)
        flat = [picture.quantize(palette=colours, dither=Image.Dither.NONE) for picture in self.pictures]
        times = [MILLISECONDS] * (len(flat) - 1) + [REST]
        flat[0].save(path, save_all=True, append_images=flat[1:], duration=times, loop=0, optimize=True)
        print(f"{path}: {len(flat)} pictures, {path.stat().st_size // 1000} kB", flush=True)


def tubes(film: Film) -> None:
    """Tubes grow by themselves; their curvatures, their mesh and their numbers."""
    dock = film.dock
    film.until([1, 20, 60, 120, 200, 300, 450, 600])
    film.wait(lambda: not dock.panel.running)
    film.shoot(2)
    dock.panel.tabs.setCurrentWidget(dock.diagram)
    film.wait(lambda: "Measuring" not in dock.diagram.note.text(), 60.0)
    film.shoot(2)
    dock.results.add_mesh()
    film.wait(lambda: "triangles" in dock.panel.message.text())
    film.shoot(2)
    film.click(dock.results.measure_button)
    film.wait(lambda: len(dock.results.measurements.rows()) > 3)
    film.shoot(3)


def cells(film: Film) -> None:
    """Cells in another dock: they move, one is picked, a wall is painted among them, their paths are shown."""
    import numpy as np

    film.viewer.layers.clear()
    _, dock = film.viewer.window.add_plugin_dock_widget("napari-shapelab", "Cells")
    film.dock = dock
    film.idle(1.0)
    film.shoot()
    film.click(dock.panel.run_button)
    film.until([1, 60, 140, 240, 360])
    dock.tools.pick(int(dock.panel.layers["seeds"].features["id"].iloc[12]))
    film.shoot(2)
    wall = np.zeros(dock.form.parameters.shape, bool)
    middle = wall.shape[0] // 2
    wall[middle - 4 : middle + 4, wall.shape[1] // 4 : wall.shape[1] // 2] = True
    dock.panel.edit("paint_wall", mask=wall)
    film.until([420, 520, 640])
    film.click(dock.panel.stop_button)
    film.wait(lambda: not dock.panel.running)
    film.click(dock.results.tracks_button)
    film.shoot(2)


def main() -> int:
    """Make the film."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", nargs="?", type=Path, default=IMAGES / "first_minute.gif")
    out = parser.parse_args().out
    with virtual_screen() as screen:
        if not screen:
            print("There is no display, and no Xvfb for a virtual one: install the package xvfb.", file=sys.stderr)
            return 1
        film = Film(*open_and_run())
        film.viewer.window.resize(1366, 768)
        tubes(film)
        cells(film)
        film.save(out)
        film.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Take a picture of every dock as it opens, alone and beside every other one, at two sizes of the window, dark and light, onto sheets.

    python scripts/dock_sheets.py [FOLDER] [--docks NAME ...] [--alone]

writes alone_1366_dark.png, pairs_1366_dark_1.png… into the folder, by default build/docks. Without a display it brings a virtual screen.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

from PIL import Image
from screenshots import Session
from virtual_screen import virtual_screen

DOCKS = ("Curvatubes", "Cells", "Foam", "Crystals", "Tensions", "Compare", "Atlas", "Replay", "Movies")
SIZES = ((1366, 768), (1280, 720))
THEMES = ("dark", "light")
COLUMNS, ROWS, SMALLER = 3, 4, 2
"""Of a sheet of pairs; pictures on it are half as large."""


class Docks(Session):
    """One window, in which docks are opened and closed again."""

    def __init__(self, size: tuple[int, int], theme: str) -> None:
        super().__init__(None)
        self.size = size
        self.viewer.theme = theme
        self.viewer.window.resize(*size)
        self.idle(0.5)

    def shot(self, names: Sequence[str]) -> Image.Image:
        """Return the window with these docks, opened in this order."""
        for name in names:
            self.open(name)
            self.idle(0.3)
        self.idle(0.7)
        picture = Image.fromarray(self.viewer.screenshot(canvas_only=False, flash=False)[..., :3])
        if picture.size != self.size:
            print(
                f"{' + '.join(names)}: the window became {picture.width} x {picture.height}, not {self.size[0]} x {self.size[1]}",
                flush=True,
            )
        self.viewer.window.remove_dock_widget("all")
        self.viewer.layers.clear()
        self.idle(0.5)  # the docks on the left have their width again
        self.viewer.window.resize(*self.size)
        return picture

    def open(self, name: str) -> Any:
        """Open a dock as its menu does."""
        if name != "Movies":
            return self.viewer.window.add_plugin_dock_widget("napari-shapelab", name)
        import numpy as np

        from napari_shapelab.work.movies import measure_movie

        cells = np.zeros((3, 24, 24), np.uint8)
        cells[:, 4:12, 4:12], cells[:, 12:20, 6:18] = 1, 2
        place = {"scale": (10.0, 0.5, 0.5), "units": ("s", "um", "um"), "axis_labels": ("t", "y", "x")}
        self.viewer.layers.selection = {self.viewer.add_labels(cells, name="movie", **place)}
        return measure_movie(self.viewer)


def sheets(pictures: Sequence[Image.Image], path: Path, columns: int, rows: int, smaller: int) -> None:
    """Lay pictures onto as many sheets as they need."""
    for page, first in enumerate(range(0, len(pictures), columns * rows), 1):
        part = pictures[first : first + columns * rows]
        small = [picture.resize((picture.width // smaller, picture.height // smaller), Image.Resampling.LANCZOS) for picture in part]
        width, height = max(picture.width for picture in small) + 4, max(picture.height for picture in small) + 4
        sheet = Image.new("RGB", (columns * width, -(-len(part) // columns) * height), "red")
        for k, picture in enumerate(small):
            sheet.paste(picture, (k % columns * width, k // columns * height))
        name = path.with_name(f"{path.stem}_{page}.png")
        sheet.save(name)
        print(name, flush=True)


def main() -> int:
    """Take all pictures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=Path(__file__).parents[1] / "build" / "docks")
    parser.add_argument("--docks", nargs="+", choices=DOCKS, default=list(DOCKS), metavar="NAME", help=f"of {', '.join(DOCKS)}")
    parser.add_argument("--alone", action="store_true", help="no pairs")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    with virtual_screen() as screen:
        if not screen:
            print("There is no display, and no Xvfb for a virtual one: install the package xvfb.", file=sys.stderr)
            return 1
        for size in SIZES:
            for theme in THEMES:
                docks = Docks(size, theme)
                alone = [docks.shot([name]) for name in options.docks]
                sheets(alone, options.folder / f"alone_{size[0]}_{theme}.png", COLUMNS, 2, 1)
                if not options.alone:
                    pairs = [docks.shot(names) for names in combinations(options.docks, 2)]
                    sheets(pairs, options.folder / f"pairs_{size[0]}_{theme}.png", COLUMNS, ROWS, SMALLER)
                docks.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())

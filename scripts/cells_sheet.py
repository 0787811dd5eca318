"""Draw all scenarios of cells at their start and after a while on one sheet, to be looked at one by one; or beside an earlier sheet.

    python scripts/cells_sheet.py build/after [--beside build/before] [--only NAME ...]

writes one picture of each scenario and sheet_1.png, sheet_2.png... into the folder. With --beside, each row has the pictures of that
folder first: run the command in both versions of the code, in the later one with the folder of the earlier.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from gallery import STEPS, simulation_of
from pictures import picture
from PIL import Image, ImageDraw

from shapelab.catalog import scenarios

SIDE, ROWS, TEXT = 240, 6, 16
"""Height of a picture, rows of a sheet, height of a title [pixels]."""
SECONDS = 12.0
"""Longest time of the processors that a run is given [s]: the same pictures on a busy machine."""


def main(family: str = "cells", description: str = __doc__) -> None:
    """Draw what is asked for of a family."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", nargs="+", metavar="NAME", help="scenarios or presets; by default all")
    parser.add_argument("--beside", type=Path, help="folder of an earlier version")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="longest time of a run, of all processors together")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    names = options.only or list(scenarios(family))
    for name in names:
        Image.fromarray(strip(family, name, options.seconds)).save(options.folder / f"{name}.png")
    rows = [titled(family, name, options.folder, options.beside) for name in names]
    for page, first in enumerate(range(0, len(rows), ROWS), 1):
        part = rows[first : first + ROWS]
        width = max(row.shape[1] for row in part)
        sheet = np.concatenate([np.pad(row, ((0, 4), (0, width - row.shape[1]), (0, 0)), constant_values=255) for row in part])
        Image.fromarray(sheet).save(options.folder / f"sheet_{page}.png")
        print(options.folder / f"sheet_{page}.png", flush=True)


def strip(family: str, name: str, seconds: float) -> np.ndarray:
    """Return a scenario or preset at its start, on the way and at its end, side by side."""
    item = scenarios(family)[name]
    simulation = simulation_of(family, item)
    simulation.prepare()
    begin = time.process_time()
    frames, steps = [simulation.frame()], item.steps or STEPS[family if family == "curvatubes" else item.ndim]
    for step in range(1, steps + 1):
        if simulation.done or time.process_time() - begin > seconds:
            break
        simulation.step()
        if step % max(1, steps // 60) == 0:
            frames.append(simulation.frame())
    print(f"{name}: {simulation.step_number} steps in {time.process_time() - begin:.0f} s of the processors", flush=True)
    pictures = [picture(frame, SIDE, cut=item.cut) for frame in (frames[0], frames[len(frames) // 3], frames[-1])]
    return np.concatenate([np.pad(shown, ((0, 0), (0, 4), (0, 0)), constant_values=255) for shown in pictures], axis=1)


def titled(family: str, name: str, folder: Path, beside: Path | None) -> np.ndarray:
    """Return the row of a scenario, with its title above."""
    folders = [folder] if beside is None else [beside, folder]
    parts = [np.asarray(Image.open(place / f"{name}.png")) for place in folders if (place / f"{name}.png").exists()]
    row = np.concatenate(parts, axis=1)
    head = Image.new("RGB", (row.shape[1], TEXT), "white")
    ImageDraw.Draw(head).text((2, 2), f"{name}: {scenarios(family)[name].description}", fill="black")
    return np.concatenate([np.asarray(head), row])


if __name__ == "__main__":
    main()

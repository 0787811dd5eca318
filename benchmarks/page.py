"""Web pages: their sizes, and what a Chromium without a graphics card makes of them, in a picture of 400 x 400 pixels.

python benchmarks/page.py [--keep FOLDER] [--long]

Prints one line per goal. Runs are made anew unless FOLDER holds them; with --long they have as many frames as the goals of size
ask for (100 of a texture, 300 of cells), which takes many minutes to compute. Rates are by the clock; beside them stands the time
of the processor that each frame or step took of all the browser's processes, to which other programs do not add.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

import shapelab as sl
from shapelab.io import Run, RunWriter, load_run
from shapelab.page import make_page, save_page

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "page"))
from chromium import Chromium, program

WINDOW = (426, 700)
"""In which the picture has 400 pixels on a side."""
SECONDS = 4.0
SHOW = "window.shapelab.show"


def main() -> None:
    """Make the runs and the pages, and look at them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keep", type=Path, help="folder of the runs and pages, which are not made again")
    parser.add_argument("--long", action="store_true", help="runs of as many frames as the goals of size ask for")
    options = parser.parse_args()
    frames_of_texture, frames_of_cells = (100, 300) if options.long else (25, 25)
    if program() is None:
        sys.exit("There is no Chromium here (apt-get install chromium).")
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        texture = kept(folder / "texture.zarr", lambda: sl.Curvatubes(preset="pearls", shape=(64, 64, 64), seed=1), frames_of_texture, 4)
        many = kept(
            folder / "cells.zarr",
            lambda: sl.Cells(scenario="run_and_tumble", shape=(384, 384), n_cells=1000, seed=1, tolerance=0.05),
            frames_of_cells,
            1,
        )
        some = kept(folder / "some.zarr", lambda: sl.Cells(scenario="run_and_tumble", shape=(512, 512), n_cells=250, seed=1), 4, 1)
        pages = {name: written(folder / f"{name}.html", run) for name, run in {"texture": texture, "cells": many, "some": some}.items()}
        print(f"load of the machine: {os.getloadavg()[0]:.1f} of {os.cpu_count()} cores")
        with Chromium(folder / f"profile-{os.getpid()}", WINDOW) as browser:
            look(browser, pages)


def kept(path: Path, make: Any, frames: int, every: int) -> Run:
    """Save a run, unless it is there."""
    if not path.exists():
        simulation = make()
        with RunWriter(path, simulation) as writer:
            for frame in simulation.run(steps=frames * every, every=every):
                writer.write(frame)
    return load_run(path)


def written(path: Path, run: Run) -> Path:
    """Write a page and say its size."""
    start = time.perf_counter()
    page = make_page(run)
    path.unlink(missing_ok=True)
    print(f"{path.name}: {page.sentence()}; made in {time.perf_counter() - start:.1f} s", flush=True)
    return save_page(path, page)


def look(browser: Chromium, pages: dict[str, Path]) -> None:
    """Print how fast pages open, play and compute."""
    browser.resize(*WINDOW)
    browser.open(pages["some"])  # the first page starts the browser's own processes
    for name, page in pages.items():
        start = time.perf_counter()
        browser.open(page)
        print(f"{name}: opens in {time.perf_counter() - start:.2f} s, picture of {browser.run(f'{SHOW}.canvas.clientWidth')} pixels")
        if name != "some":
            with Meter(browser, f"{name}: plays") as meter:
                meter.count = browser.run(PLAY)
    browser.open(pages["texture"])
    browser.run(f"{SHOW}.live.fromFrame()")
    with Meter(browser, "texture of 64^3 goes on in a worker, while it is drawn:") as meter:
        meter.count = browser.run(counted(f"{SHOW}.live.steps"))
    browser.open(pages["texture"])
    browser.run(f"{SHOW}.live.compute = 'card', {SHOW}.live.fromFrame()")
    begun = f"{SHOW}.live.computing === 'card' && {SHOW}.live.steps > 0"
    browser.run(f"new Promise(done => {{ const look = () => {begun} ? done() : setTimeout(look, 50); look(); }})")
    with Meter(browser, "the same by WebGPU in software:") as meter:
        meter.count = browser.run(counted(f"{SHOW}.live.steps"))
    browser.open(pages["some"])
    browser.run(f"{SHOW}.live.run()")
    with Meter(browser, "250 cells on 512^2 go on and are drawn:") as meter:
        meter.count = browser.run(counted(f"{SHOW}.pictures"))


class Meter:
    """Prints how often something was done per second, and the processor's time that it took each time."""

    def __init__(self, browser: Chromium, what: str) -> None:
        self.browser, self.what, self.count = browser, what, 0

    def processor(self) -> float:
        """Return the processor's time of the browser's processes [s]."""
        parent = psutil.Process(self.browser.pid)
        times = [process.cpu_times() for process in (parent, *parent.children(recursive=True))]
        return sum(spent.user + spent.system for spent in times)

    def __enter__(self) -> Meter:
        self.start, self.before = time.perf_counter(), self.processor()
        return self

    def __exit__(self, *error: object) -> None:
        passed, spent = time.perf_counter() - self.start, self.processor() - self.before
        print(f"{self.what} {self.count / passed:.3g}/s by the clock; {1000 * spent / max(self.count, 1):.1f} ms of the processor each")


PLAY = f"""
(async () => {{
  const show = {SHOW};
  let shown = 0;
  const start = performance.now();
  while (performance.now() - start < {1000 * SECONDS}) {{
    await show.player.go((show.player.index + 1) % show.page.frames.length);
    shown += 1;
  }}
  return shown;
}})()
"""


def counted(counter: str) -> str:
    """Return a script that tells by how much a number of the page grows."""
    wait = f"new Promise(done => setTimeout(done, {1000 * SECONDS}))"
    return f"(async () => {{ const before = {counter}; await {wait}; return {counter} - before; }})()"


if __name__ == "__main__":
    main()

"""Frames that a user sees a second, and what each costs: ``python benchmarks/frames.py [NAME ...] [--family foam] [--seconds 6]``.

Runs scenarios (by default every one of Cells) in their dock as it opens, in napari's window, on a virtual screen if there is none. Times
are of the processor, in milliseconds: in the run's own thread for a step and for making a frame (with the fine drawing), in the window's
thread for updating layers and for drawing the canvas once; then, for each frame shown, all of the window's thread, of the threads that
help with kernels, and of the others: without a graphics card the driver draws with them. Rates by the clock mean something on a quiet
machine only.
"""

from __future__ import annotations

import argparse
import os
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import napari
from qtpy.QtCore import QEventLoop, QTimer
from qtpy.QtOpenGLWidgets import QOpenGLWidget

from napari_shapelab.docks.cells import CellsDock
from napari_shapelab.docks.foam import FoamDock
from napari_shapelab.run.layers import RunLayers
from napari_shapelab.run.stream import Stream
from napari_shapelab.run.worker import Worker
from napari_shapelab.viewer.canvas_guard import main_window
from shapelab.catalog import scenarios
from shapelab.simulation import Simulation

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))
from virtual_screen import virtual_screen

Times = dict[str, list[float]]
TICK = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


def timed(owner: type, name: str, times: Times, label: str) -> None:
    """Let `owner.name` note the processor time of each call, in its own thread."""
    original: Callable[..., Any] = getattr(owner, name)

    def call(*arguments: Any) -> Any:
        begin = time.thread_time()
        try:
            return original(*arguments)
        finally:
            times[label].append(time.thread_time() - begin)

    setattr(owner, name, call)


def threads() -> dict[str, float]:
    """Return the processor time of the threads of this process so far, by kind [s]."""
    names = {thread.native_id: thread.name for thread in threading.enumerate()}
    used: dict[str, float] = defaultdict(float)
    for task in Path("/proc/self/task").iterdir():
        name = names.get(int(task.name), "others")
        kind = "window" if name == "MainThread" else "helpers" if name.startswith("shapelab-kernel") else "run"
        kind = "others" if name == "others" else kind
        fields = (task / "stat").read_text().rpartition(")")[2].split()
        used[kind] += (int(fields[11]) + int(fields[12])) / TICK
    return used


def pump(seconds: float) -> None:
    """Let the window live."""
    loop = QEventLoop()
    QTimer.singleShot(round(1000 * seconds), loop.quit)
    loop.exec_() if hasattr(loop, "exec_") else loop.exec()


def measure(dock: Any, name: str, seconds: float, times: Times) -> None:
    """Run a scenario for some seconds, and print its row."""
    panel = dock.panel
    panel.run()
    begin = time.perf_counter()
    while panel.snapshot is None or panel.snapshot.frame.step < 3:
        pump(0.1)
        if time.perf_counter() - begin > 120:
            print(f"{name}: no third frame within two minutes", flush=True)
            break
    pump(1.5)
    times.clear()
    before, began, step = threads(), time.perf_counter(), panel.snapshot.frame.step
    pump(seconds)
    lasted, after = time.perf_counter() - began, threads()
    steps, shown = panel.snapshot.frame.step - step, min(len(times["layers"]), len(times["draw"]))
    panel.stop()
    while panel.running:
        pump(0.05)
    costs = [1000 * sum(times[part]) / max(1, len(times[part])) for part in ("step", "frame", "layers", "draw")]
    costs += [1000 * (after[kind] - before[kind]) / max(1, shown) for kind in ("window", "helpers", "others")]
    print(f"{name:20}{steps / lasted:8.0f}{shown / lasted:8.1f}" + "".join(f"{cost:9.1f}" for cost in costs), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--family", choices=("cells", "foam"), default="cells")
    parser.add_argument("--seconds", type=float, default=6.0)
    options = parser.parse_args()
    times: Times = defaultdict(list)
    timed(Simulation, "step", times, "step")
    timed(Worker, "_publish", times, "frame")
    timed(Stream, "_deliver", times, "layers")
    timed(RunLayers, "show", times, "layers only")
    viewer = napari.Viewer()
    viewer.window.resize(1366, 768)
    dock: Any = (CellsDock if options.family == "cells" else FoamDock)(viewer)
    viewer.window.add_dock_widget(dock)
    timed(type(main_window(dock).findChild(QOpenGLWidget)), "paintGL", times, "draw")
    head = ("steps/s", "shown/s"), ("step", "frame", "layers", "draw", "window", "helpers", "others")
    print(f"{options.family:20}" + "".join(f"{title:>8}" for title in head[0]) + "".join(f"{title:>9}" for title in head[1]))
    every = list(scenarios(options.family))
    for name in options.names or every:
        dock.choose_scenario(name)
        measure(dock, name, options.seconds, times)
        viewer.layers.clear()
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    viewer.close()


if __name__ == "__main__":
    with virtual_screen():
        main()

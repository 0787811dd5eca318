"""How long a run blocks napari's window: our own updates, apart from painting.

Without a screen it uses a virtual one. Prints, for a running texture: how long our updates took of the window's thread (by
the clock, and of the processor, which other programs do not add to), what they were spent on, and the gaps that a 10 ms timer
of the window saw, which painting and the interpreter lock add to. Ends with status 1 if an update took more than 100 ms of
the processor.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import napari
import numpy as np
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QApplication

from napari_shapelab.docks.curvatubes import CurvatubesDock
from napari_shapelab.run.layers import RunLayers
from napari_shapelab.run.panel import RunPanel
from napari_shapelab.run.stream import Stream
from napari_shapelab.widgets.plots import ScalarPlot

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))
from virtual_screen import virtual_screen

LONGEST = 0.1
"""Longest time that our code may hold the window [s]."""

Times = dict[str, list[tuple[float, float]]]


def timed(owner: type, name: str, times: Times, label: str) -> None:
    """Let `owner.name` note how long each call takes, by the clock and of the processor."""
    original: Callable[..., Any] = getattr(owner, name)

    def call(*arguments: Any) -> Any:
        begin, cpu = time.perf_counter(), time.thread_time()
        try:
            return original(*arguments)
        finally:
            times[label].append((time.perf_counter() - begin, time.thread_time() - cpu))

    setattr(owner, name, call)


def pump(application: QApplication, seconds: float) -> None:
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        application.processEvents()
        time.sleep(0.001)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--diagram", action="store_true", help="with the curvature diagram open")
    options = parser.parse_args()
    times: Times = defaultdict(list)
    timed(Stream, "_deliver", times, "update, all of it")
    timed(RunLayers, "show", times, "  layers")
    timed(ScalarPlot, "extend", times, "  plot")
    timed(RunPanel, "_on_advanced", times, "  status")

    viewer = napari.Viewer()
    application = QApplication.instance()
    viewer.window.resize(800, 600)
    dock = CurvatubesDock(viewer)
    viewer.window.add_dock_widget(dock)
    dock.form.set_parameters(dock.parameters.replace(shape=(options.size,) * 3, settle=0.0, max_steps=1_000_000))
    if options.diagram:
        dock.panel.tabs.setCurrentWidget(dock.diagram)
    dock.panel.run()
    while dock.panel.snapshot is None or dock.panel.snapshot.frame.step < 5:
        pump(application, 0.1)
    pump(application, 2.0)  # shaders and kernels are compiled
    times.clear()
    gaps: list[float] = []
    last = time.perf_counter()

    def beat() -> None:
        nonlocal last
        now = time.perf_counter()
        gaps.append(now - last)
        last = now

    timer = QTimer()
    timer.timeout.connect(beat)
    timer.start(10)
    first = dock.panel.snapshot.frame.step
    pump(application, options.seconds)
    timer.stop()
    steps = dock.panel.snapshot.frame.step - first
    print(f"{options.size}^3: {len(times['  layers'])} updates and {steps} steps in {options.seconds:g} s")
    print(f"{'[ms]':24}{'median':>9}{'99 %':>9}{'longest':>9}{'longest, processor':>20}")
    for label, values in times.items():
        clock, cpu = 1000 * np.array(values).T
        print(f"{label:24}{np.percentile(clock, 50):9.1f}{np.percentile(clock, 99):9.1f}{clock.max():9.1f}{cpu.max():20.1f}")
    print(f"{'gaps of a 10 ms timer':24}{1000 * np.percentile(gaps, 50):9.1f}{1000 * np.percentile(gaps, 99):9.1f}{1000 * max(gaps):9.1f}")
    dock.panel.stop()
    while dock.panel.running:
        pump(application, 0.05)
    viewer.close()
    held = max(cpu for _, cpu in times["update, all of it"])
    return int(held > LONGEST)


if __name__ == "__main__":
    with virtual_screen():
        sys.exit(main())

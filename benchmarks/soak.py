"""Hours of use in minutes, to see whether anything piles up or goes wrong.

In one process, on a virtual screen if there is no other, a seeded user (`soak_use`) starts and stops runs in all docks,
changes them while they run, deletes, renames and hides their layers, and closes viewers in the middle. Prints memory,
threads, objects that outlive their window, exceptions and warnings, and the longest time that our code held the window;
ends with a sentence and status 1 if memory grows, a thread or an object is left, or anything was raised.

Memory is compared at rest: with no viewer open, after Python's and the allocator's clean-up; every few cycles the viewer is
closed for that. What counts as flat: after the warm-up, the memory that is in use grows by less than 0.1 MB per cycle beyond what
napari itself keeps of every viewer that is opened and closed, which is measured in a process of its own, with an image, labels and
points in it and nothing of ours. In use is what was asked of the C library and of Python and not given back. What the process
occupies is told beside it: pages stay with it as long as one block in them is in use, so it goes up and down by tens of MB.
"""

from __future__ import annotations

import argparse
import faulthandler
import gc
import logging
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil

os.environ["XDG_CACHE_HOME"] = tempfile.mkdtemp(prefix="soak-")  # napari's icons, which another napari may be writing just now

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))
from soak_memory import gpu_memory, in_use, resident, slope
from virtual_screen import virtual_screen

FLAT = 0.1
"""Growth that counts as none [MB per cycle]."""
PLAIN_VIEWERS = 16
SESSION = 5
"""Cycles after which the viewer is closed to measure."""
BLOCKED = 0.1
"""Longest time that our code may hold the window [s]."""
OURS = ("Worker", "Simulation", "Stream", "Task", "RunLayers", "RunPanel", "CurvatubesDock", "CellsDock", "CrystalsDock", "CompareDock")
PACKAGES = ("napari", "napari_shapelab", "shapelab")
THEIRS = ("AtlasDock", "ReplayDock", "FoamDock", "TensionsDock", "Image", "Labels", "Points", "Vectors", "Viewer")


class Watch:
    """Everything that goes wrong, wherever it is told."""

    def __init__(self) -> None:
        self.wrong: Counter[str] = Counter()
        self.details: dict[str, str] = {}
        self.longest: dict[str, tuple[float, float]] = {}
        """What -> longest time by the clock, and of the processor [s]."""
        self.made = 0

    def start(self) -> None:
        """Listen to Python, its threads, its log, its warnings, and Qt."""
        from qtpy.QtCore import qInstallMessageHandler

        sys.excepthook = lambda kind, error, trace: self.raised("exception", error)
        threading.excepthook = lambda given: self.raised("exception in a thread", given.exc_value)
        sys.unraisablehook = lambda given: self.raised("exception in a destructor", given.exc_value)
        handler = logging.Handler(logging.ERROR)
        handler.emit = lambda record: self.note(  # type: ignore[method-assign]
            f"logged: {record.getMessage()}", "".join(traceback.format_exception(*record.exc_info)) if record.exc_info else ""
        )
        logging.getLogger().addHandler(handler)
        warnings.simplefilter("default")
        warnings.showwarning = lambda message, category, *where: self.note(f"{category.__name__}: {message} ({where[0]}:{where[1]})")
        qInstallMessageHandler(lambda kind, context, text: self.qt(text))

    def note(self, what: str, detail: str = "") -> None:
        """Count something that went wrong."""
        self.wrong[what] += 1
        self.details.setdefault(what, detail)

    def qt(self, text: str) -> None:
        """Count a message of Qt; one that may be its last goes to the terminal too."""
        self.note(f"Qt: {text}")
        if "X11" in text or "xcb" in text:
            print(text, file=sys.stderr, flush=True)

    def raised(self, where: str, error: BaseException | None) -> None:
        self.note(f"{where}: {type(error).__name__}: {error}", "".join(traceback.format_exception(error)))

    def time(self, owner: type, name: str, label: str) -> None:
        """Note the longest time that `owner.name`, called by the window, takes; making layers is noted apart."""
        from napari_shapelab.run.layers import RunLayers

        original: Callable[..., Any] = getattr(owner, name)

        def call(*arguments: Any) -> Any:
            begin, made = (time.perf_counter(), time.thread_time()), self.made
            try:
                return original(*arguments)
            finally:
                spent = (time.perf_counter() - begin[0], time.thread_time() - begin[1])
                self.made += owner is RunLayers
                key = label if self.made == made or owner is RunLayers else f"{label}, making layers"
                known = self.longest.get(key, (0.0, 0.0))
                self.longest[key] = (max(known[0], spent[0]), max(known[1], spent[1]))

        setattr(owner, name, call)


def threads() -> Counter[str]:
    """Return the threads of Python that are alive, by name."""
    return Counter(thread.name.rstrip("0123456789-_ ") for thread in threading.enumerate())


def alive() -> Counter[str]:
    """Return how many objects there are of the kinds that must not outlive a window."""
    gc.collect()
    names = {*OURS, *THEIRS}
    kinds = (type(item) for item in gc.get_objects())
    return Counter(kind.__name__ for kind in kinds if kind.__name__ in names and kind.__module__.partition(".")[0] in PACKAGES)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cycles", type=int, default=200, help="activities, each of which starts and stops one or two runs")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--minutes", type=float, default=60.0, help="end after this time, or when it is interrupted, and judge what was done"
    )
    parser.add_argument("--warm-up", type=int, help="cycles before memory is compared (default: a quarter)")
    parser.add_argument("--only", metavar="ACTIVITY", help="do nothing else, such as closed_in_the_middle")
    parser.add_argument(
        "--control", action="store_true", help="only print what napari occupies and uses more with each viewer of its own [MB]"
    )
    parser.add_argument("--verbose", action="store_true", help="a line per cycle")
    options = parser.parse_args()
    faulthandler.enable()
    faulthandler.register(signal.SIGUSR1)
    with virtual_screen() as screen:
        if not screen:
            print("There is neither a screen nor Xvfb.")
            return 1
        if options.control:
            print(*control())
            return 0
        return soak(options)


def soak(options: argparse.Namespace) -> int:
    """Use the product, and judge what is left."""
    from soak_use import ACTIVITIES, User

    from napari_shapelab.run.layers import RunLayers
    from napari_shapelab.run.panel import RunPanel
    from napari_shapelab.run.stream import Stream
    from napari_shapelab.work.row import WorkRow
    from napari_shapelab.work.task import Task

    watch, asked = Watch(), threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):  # a run that has to be cut still says what it has found
        signal.signal(number, lambda *_: asked.set())
    timed: list[tuple[type, str, str]] = [
        (Stream, "_deliver", "showing a frame"),
        (RunLayers, "_add", "making a layer (napari, shaders)"),
        (RunLayers, "_bring_back", "bringing a deleted layer back"),
        (Task, "_deliver", "showing a result"),
        (WorkRow, "_look", "progress"),
        (RunPanel, "run", "Run"),
        (RunPanel, "stop", "Stop"),
    ]
    for item in timed:
        watch.time(*item)
    activities = [item for item in ACTIVITIES if options.only in (None, item.__name__)]
    user = User(np.random.default_rng(options.seed))
    start = resident()
    user.open_viewer()
    watch.start()
    begin, warm_up = time.perf_counter(), options.warm_up or max(len(activities), options.cycles // 4)
    rest: dict[int, float] = {}
    used: dict[int, float] = {}
    opened: dict[int, int] = {}
    threads_warm: Counter[str] = Counter()
    cycle = 0
    while cycle < options.cycles and time.perf_counter() - begin < 60 * options.minutes and not asked.is_set():
        activity = activities[cycle] if cycle < len(activities) else user.one_of(activities)  # each of them once, then at random
        try:
            activity(user)
            user.clear()
            user.wait(0.1)
        except Exception as error:
            watch.raised(f"cycle {cycle}, {activity.__name__}", error)
            if isinstance(error, TimeoutError):  # what all threads were at
                faulthandler.dump_traceback(all_threads=True)
            user.close_viewer()
        cycle += 1
        if cycle % SESSION == 0:
            user.close_viewer()
        if user.viewer is None:
            rest[cycle], used[cycle], opened[cycle] = resident(), in_use(), user.viewers
        if cycle == warm_up:
            threads_warm = threads()
        if options.verbose:
            at_rest = f"{rest[cycle]:.1f} MB at rest, {used[cycle]:.1f} MB in use, {user.viewers} viewers" if cycle in rest else ""
            print(f"{cycle:4} {activity.__name__:22} {psutil.Process().num_threads():3} threads  {at_rest}", flush=True)
    user.close_viewer()
    left, running = alive(), threads()
    end = resident()
    minutes = (time.perf_counter() - begin) / 60
    own_rest, own_used = napari_alone()
    if cycle < options.cycles and options.warm_up is None:  # it was cut
        warm_up = max(len(activities), cycle // 3)
    watched = [number for number in rest if number >= warm_up]
    growth, growth_used = (slope(watched, [known[number] for number in watched]) for known in (rest, used))
    per_cycle = slope(watched, [float(opened[number]) for number in watched])
    net = growth_used - own_used * per_cycle

    print(f"\n{cycle} cycles (seed {options.seed}) in {minutes:.1f} min: {user.runs} runs and fits, {user.viewers} viewers")
    rows = [
        ("memory at start", f"{start:.0f} MB"),
        (f"memory at rest, after {watched[0] if watched else 0} cycles", f"{rest[watched[0]] if watched else 0:.0f} MB"),
        ("memory at rest, at the end", f"{end:.0f} MB"),
        ("  growth after the warm-up", f"{growth:+.3f} MB per cycle"),
        ("  of which napari's own", f"{own_rest * per_cycle:+.3f} MB per cycle ({own_rest:.2f} MB per viewer)"),
        ("memory in use, at the end", f"{in_use():.0f} MB"),
        ("  growth after the warm-up", f"{growth_used:+.3f} MB per cycle"),
        ("  of which napari's own", f"{own_used * per_cycle:+.3f} MB per cycle ({own_used:.2f} MB per viewer)"),
        ("  of which ours", f"{net:+.3f} MB per cycle (allowed: {FLAT:g})"),
        ("memory of the GPU at the end", f"{gpu_memory():.1f} MB"),
        ("threads after the warm-up", str(dict(threads_warm))),
        ("threads at the end", str(dict(running))),
        ("objects at the end", str(dict(left)) if left else "none"),
        *(
            (f"longest: {what}", f"{1000 * clock:.0f} ms ({1000 * cpu:.0f} ms of the processor)")
            for what, (clock, cpu) in watch.longest.items()
        ),
        ("exceptions and warnings", str(sum(watch.wrong.values()))),
    ]
    for label, value in rows:
        print(f"{label:42}{value}")
    for what, count in watch.wrong.most_common():
        print(f"  {count} x {what}\n{watch.details[what]}".rstrip())
    return judge(net, running, left, watch)


def control() -> tuple[float, float]:
    """Return what napari occupies and uses more with every viewer that is opened, filled, emptied and closed, with nothing of ours [MB]."""
    from soak_use import User

    user, rng, memory = User(np.random.default_rng(0)), np.random.default_rng(0), list[tuple[float, float]]()
    for _ in range(PLAIN_VIEWERS):
        user.open_viewer()
        user.viewer.add_image(rng.random((16, 16, 16)).astype(np.float32), contrast_limits=(0, 1), rendering="iso")
        user.viewer.add_labels(rng.integers(0, 9, (16, 16, 16)))
        user.viewer.add_points(16 * rng.random((6, 3)))
        for displayed in (3, 2):
            user.viewer.dims.ndisplay = displayed
            user.wait(0.2)
        user.clear()
        user.close_viewer()
        memory.append((resident(), in_use()))
    rest, used = ([pair[k] for pair in memory[4:]] for k in (0, 1))  # once the first ones are through
    return slope(list(range(len(rest))), rest), slope(list(range(len(used))), used)


def napari_alone() -> tuple[float, float]:
    """Return what `control` measures in a process of its own: in this one, napari would take what others have given back."""
    answer = subprocess.run([sys.executable, __file__, "--control"], capture_output=True, text=True, check=True)
    rest, used = map(float, answer.stdout.split()[-2:])
    return rest, used


def judge(net: float, running: Counter[str], left: Counter[str], watch: Watch) -> int:
    """Say what is wrong."""
    ours = {name: count for name, count in running.items() if name.startswith(("shapelab ", "warm up"))}
    kept = {name: count for name, count in left.items() if name in OURS or name.endswith("Dock")}
    problems = []
    if net > FLAT:
        problems.append(f"Memory in use is not flat: it grows by {net:.3f} MB per cycle, and {FLAT:g} are allowed.")
    if ours:
        problems.append(f"Threads are left: {ours}.")
    if kept:
        problems.append(f"Objects are left: {kept}.")
    if watch.wrong:
        problems.append(f"{sum(watch.wrong.values())} exceptions or warnings were seen.")
    print("\n" + (" ".join(problems) or "Flat: nothing is left, and nothing went wrong."))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

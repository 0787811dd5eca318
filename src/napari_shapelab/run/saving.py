"""Save a run, or what is made of it, beside the run, with Cancel: nothing is written once that is pressed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from napari_shapelab.run.panel import RunPanel
from napari_shapelab.work.progress import Report
from shapelab.io import save_run
from shapelab.simulation import Simulation
from shapelab.stopping import check_stop, stoppable

__all__ = ["save_beside", "save_run_beside"]

_CANCELLED = "Cancelled; nothing was written."


def save_beside(panel: RunPanel, path: Path, make: Callable[[], Callable[[], Any]]) -> None:
    """Save a file, in a thread.

    Parameters
    ----------
    panel
        Whose job it is.
    path
        The file.
    make
        Makes in the thread what is to be saved, and returns what writes it.
    """
    if panel.job.refuses(f"{path.name!r} is not saved"):
        return

    def work(_: Report, abort: threading.Event) -> None:
        with stoppable(abort):
            write = make()
            check_stop()
            write()

    panel.job.start(work, lambda _: _say_saved(panel, path), f"Saving {path.name!r}…", abortable=False, cancelled=_CANCELLED)


def save_run_beside(panel: RunPanel, path: Path) -> None:
    """Save the run as a folder that can be opened and resumed, between two of its steps."""
    target = path if path.suffix == ".zarr" else path.with_name(f"{path.name}.zarr")
    if panel.job.refuses(f"{target.name!r} is not saved"):
        return

    def work(simulation: Simulation, _: Report, abort: threading.Event) -> Path:
        with stoppable(abort):
            check_stop()
            return Path(save_run(target, simulation))

    panel.job.start(
        work,
        lambda written: _say_saved(panel, written),
        f"Saving {target.name!r}…",
        abortable=False,
        cancelled=_CANCELLED,
        within=panel.with_simulation,
    )


def _say_saved(panel: RunPanel, path: Path) -> None:
    panel.say(f"Saved {path.name!r}.", passing=True)

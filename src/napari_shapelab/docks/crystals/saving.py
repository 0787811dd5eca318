"""Saving grains from the dock: in the background, with Cancel; elements, which may take minutes, with their progress."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from napari_shapelab.work.progress import Progress, Report
from napari_shapelab.work.row import WorkRow
from shapelab.crystals.sample import GrainSample
from shapelab.io.element_suffixes import FEM_SUFFIXES
from shapelab.stopping import stoppable

__all__ = ["SAVED", "SAVE_TIP", "save_sample"]

SAVED = (
    "Table (*.csv);;Diagram (*.json);;Labels (*.tif *.nii *.nii.gz *.h5);;Grid for DAMASK (*.vti);;"
    "Finite elements: Abaqus, Gmsh, VTK (*.inp *.msh *.vtu);;Raster tessellation for Neper (*.tesr);;"
    "Cells for CompuCell3D (*.piff);;Outlines for ImageJ (*.zip)"
)
"""Kinds of files that grains are saved as."""
SAVE_TIP = "Save the table, the diagram, the labels, finite elements, or a file for DAMASK, Neper, CompuCell3D or ImageJ."


def save_sample(work: WorkRow, sample: Callable[[], GrainSample], path: str | Path) -> None:
    """Save as what the suffix asks for; the window stays responsive meanwhile, and `work` cancels it and says what came of it."""
    name = Path(path).name

    def done(said: tuple[str, ...]) -> None:
        work.say(" ".join((f"Saved {name!r}.", *said)))

    def save(report: Report, abort: threading.Event) -> tuple[str, ...]:
        with stoppable(abort):
            return sample().save(path, lambda part, stage: report(Progress(part, f"{name!r}: {stage}…")))

    if work.refuses(f"{name!r} is not saved yet"):
        return
    what = "Meshing the grains for" if Path(path).suffix.lower() in FEM_SUFFIXES else "Saving"
    work.start(save, done, f"{what} {name!r}…", abortable=False)

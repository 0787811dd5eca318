"""The work behind the Tensions dock: a labels layer in; tensions, classes of them, types of cells and pictures out."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace

import numpy as np

import shapelab
from napari_shapelab.docks.tensions.film_pictures import film_triples
from napari_shapelab.docks.tensions.pictures import Triple, still_triples
from napari_shapelab.viewer.given_labels import FrameImages, Given
from napari_shapelab.work.progress import Progress, Report
from shapelab.infer import (
    CellTypes,
    TensionClasses,
    TensionOptions,
    Tensions,
    TensionsOverTime,
    cell_types,
    infer_tensions,
    infer_tensions_over_time,
    tension_classes,
)
from shapelab.parameters import parameter
from shapelab.stopping import stoppable

__all__ = ["DockOptions", "Found", "infer"]


class DockOptions(TensionOptions):
    """What the dock lets the user choose."""

    periodic: bool = parameter(False, "The image is periodic along all axes.", label="Periodic image")
    film: bool = parameter(
        True, "Infer every frame of a layer over time; otherwise only the frame that is shown.", label="All frames", main=True
    )
    width: float = parameter(
        1.0,
        "Smoothing in time: average each tension over frames up to about this far away, weighted by their errors; 0 for none.",
        unit="frames",
        label="Smoothing in time",
        main=True,
        ge=0,
        le=20,
        step=0.5,
    )

    @property
    def method(self) -> TensionOptions:
        """Those of the method itself."""
        return TensionOptions(**{name: getattr(self, name) for name in TensionOptions.infos()})


@dataclass(frozen=True, eq=False)
class Found:
    """What was found in a layer."""

    given: Given
    options: DockOptions
    still: Tensions | None
    film: TensionsOverTime | None
    classes: tuple[TensionClasses, ...]
    """One for each frame."""
    types: CellTypes
    """Of the first frame."""
    triples: list[Triple]
    notes: tuple[str, ...]
    unit: str

    def at(self, frame: int) -> Tensions:
        """Return the tensions of one frame: of a film, the smoothed ones."""
        if self.film is None:
            assert self.still is not None
            return self.still
        frame = min(max(frame, 0), len(self.film) - 1)
        tensions, errors = self.film.smoothed[frame]
        return replace(self.film.frames[frame], tensions=tensions, errors=errors)

    def classes_at(self, frame: int) -> TensionClasses:
        """Return the classes of one frame."""
        return self.classes[min(max(frame, 0), len(self.classes) - 1)]


def infer(taken: Given, options: DockOptions, report: Report, abort: threading.Event) -> Found:
    """Infer the tensions of a layer, and draw them; in a thread."""
    with stoppable(abort):
        report(Progress(-1, "Reading the layer…"))
        method, periodic = options.method, options.periodic
        provenance = {"model": "tensions", "source": taken.name, "parameters": options.to_json(), "version": shapelab.__version__}
        if not taken.film:
            read = taken.frames[0].read()
            still = infer_tensions(
                read.data, read.spacing, periodic=periodic, options=method, progress=lambda part, text: report(Progress(0.9 * part, text))
            )
            report(Progress(0.9, "Drawing…"))
            triples = still_triples(still, np.asarray(read.data), read, provenance)
            return Found(
                taken, options, still, None, (tension_classes(still),), cell_types(still), triples, (*read.notes, *still.notes), read.unit
            )
        frames = FrameImages(taken.frames)
        many = len(taken.frames)
        film = infer_tensions_over_time(
            frames,
            taken.spacing,
            periodic=periodic,
            options=method,
            width=options.width,
            progress=lambda done, _: report(Progress(0.9 * done / many, f"Frame {done} of {many}…")),
        )
        report(Progress(0.9, "Drawing…"))
        found = Found(taken, options, None, film, (), cell_types(film.frames[0]), [], film.notes, taken.frames[0].unit)
        stills = [found.at(number) for number in range(many)]
        triples = film_triples(stills, frames, taken, provenance)
        return replace(found, classes=tuple(map(tension_classes, stills)), triples=triples)

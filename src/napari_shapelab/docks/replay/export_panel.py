"""Export a saved run: what, of which layer, and a row that writes it in the background."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import QComboBox, QHBoxLayout, QVBoxLayout, QWidget

from napari_shapelab.docks.replay.export_film import Film
from napari_shapelab.docks.replay.timeline import Timeline
from napari_shapelab.viewer.view import unwrapped
from napari_shapelab.widgets.button import allow
from napari_shapelab.widgets.file_dialog import ask_target
from napari_shapelab.widgets.narrow import narrow
from napari_shapelab.widgets.number_box import ignore_wheel
from napari_shapelab.work.progress import Progress, Report
from napari_shapelab.work.row import WorkRow
from napari_shapelab.work.share import ShareButtons
from shapelab.errors import ShapelabError
from shapelab.io import Run
from shapelab.io.export import Tick, export_meshes, export_tables, export_tiff
from shapelab.io.mesh import WRITTEN_SUFFIXES
from shapelab.io.movie import check_movie
from shapelab.stopping import stoppable

if TYPE_CHECKING:
    from shapelab.page import Page

__all__ = ["ExportPanel"]

_CANCELLED = "Cancelled; nothing was written."


@dataclass(frozen=True)
class _Kind:
    text: str
    suffix: str
    """Proposed suffix, "" for a folder."""
    filter: str
    of_layer: bool = True


_MESH = f"Mesh ({' '.join('*' + suffix for suffix in WRITTEN_SUFFIXES)})"
_KINDS = {
    "movie": _Kind("Movie of the canvas", ".gif", "Movie (*.gif *.mp4)", of_layer=False),
    "surface": _Kind("Surface of this frame", ".ply", _MESH),
    "surfaces": _Kind("Surfaces of all frames", ".ply", _MESH),
    "cells": _Kind("One mesh per cell", ".ply", _MESH),
    "stack": _Kind("TIFF stack", ".tif", "TIFF (*.tif *.tiff)"),
    "scalars": _Kind("Scalars (CSV)", ".csv", "Table (*.csv)", of_layer=False),
    "tables": _Kind("All tables (folder of CSV)", "", "Folder (*)", of_layer=False),
}


class ExportPanel(QWidget):
    """Two combos and a button.

    Parameters
    ----------
    viewer
        Whose canvas a movie shows.
    timeline
        Which frame is shown.
    rate
        Returns the frames per second of a movie.
    resolution
        Returns how finely cells are drawn, None for the frames as they were saved.
    """

    def __init__(self, viewer: Any, timeline: Timeline, rate: Callable[[], int], resolution: Callable[[], int | None]) -> None:
        super().__init__()
        self._resolution = resolution
        self._viewer, self._timeline, self._rate = unwrapped(viewer), timeline, rate
        self._run: Run | None = None
        self.what, self.layer = QComboBox(), QComboBox()
        for key, kind in _KINDS.items():
            self.what.addItem(kind.text, key)
        self.what.setToolTip("What to write. A movie shows the canvas as it is now: turn and zoom it first.")
        self.layer.setToolTip("Which layer to export: image or labels.")
        self.row = WorkRow(viewer, "Export…", "Choose a file and write it; you can keep working meanwhile.", picture="")
        self.row.say("")
        self.sharing = ShareButtons()
        choices = QHBoxLayout()
        choices.setSpacing(4)
        for combo in (self.what, self.layer):
            narrow(combo)
            ignore_wheel(combo)
            choices.addWidget(combo, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(choices)
        column.addWidget(self.row)
        column.addWidget(self.sharing)
        self.sharing.chosen.connect(self.share)
        self.what.activated.connect(lambda _: self._offer())
        self.row.pressed.connect(self._ask)
        self.show_run(None)

    def show_run(self, run: Run | None) -> None:
        """Export this run from now on."""
        self._run = run
        allow(self.sharing.share_button, run is not None, "Open a run first.")
        if run is not None:
            self.sharing.name = str(run.path.parent / run.path.stem)
        self._offer()

    def share(self, path: str | Path) -> None:
        """Write the run as a web page, in the background."""
        run = self._run
        if run is None:
            return

        def make(tick: Tick) -> Page:
            from shapelab.page import make_page

            return make_page(run, progress=tick)

        self.sharing.write(self.row, make, path)

    def export(self, path: str | Path) -> None:
        """Write what is chosen to `path`, in the background."""
        if self._run is None or self.row.working:
            return
        target = Path(path)
        try:
            work = self._film(target) if self.what.currentData() == "movie" else self._files(target, self._run)
        except ShapelabError as error:
            self.row.say(str(error), wrong=True)
            return
        self.row.start(work, self._done, f"Writing {target.name}…", cancelled=_CANCELLED)

    def _files(self, path: Path, run: Run) -> Callable[[Report, threading.Event], Path]:
        what, layer = self.what.currentData(), self.layer.currentData()
        frame = max(0, self._timeline.index)
        resolution = self._resolution() if layer == "cells" else None

        def write(tick: Tick) -> Path:
            if what == "stack":
                return export_tiff(run, path, layer=layer, resolution=resolution, progress=tick)
            if what in ("scalars", "tables"):
                return export_tables(run, path, progress=tick)
            frames = range(len(run)) if what == "surfaces" else [frame]
            options = {"layer": layer, "per_cell": what == "cells", "resolution": resolution, "progress": tick}
            return export_meshes(run, path, frames, **options)

        def work(report: Report, abort: threading.Event) -> Path:
            with stoppable(abort):
                return write(lambda done, total: report(Progress(done / max(1, total), f"Written: {done} of {total}.")))

        return work

    def _film(self, path: Path) -> Callable[[Report, threading.Event], Path]:
        check_movie(path)
        film = Film(self._viewer, self._timeline, lambda: self.row.working, self)
        rate = float(self._rate())
        film.start()
        return partial(film.write, path, rate)

    def _done(self, written: Path) -> None:
        self.row.say(f"Written: {written}.")

    def _ask(self) -> None:
        if self._run is None:
            return
        kind = _KINDS[self.what.currentData()]
        proposed = str(self._run.path.parent / f"{self._run.path.stem}{kind.suffix or '_tables'}")
        path = ask_target(self, kind.text, proposed, kind.filter, overwrite=False)
        if path:
            has_suffix = not kind.suffix or Path(path).suffix
            self.export(path if has_suffix else f"{path}{kind.suffix}")

    def _offer(self) -> None:
        """List the layers that the chosen kind can be made of; without one, nothing can be exported."""
        what, chosen = self.what.currentData(), self.layer.currentData()
        kind = _KINDS[what]
        records = [item for item in self._run.record.layers if item.kind != "points"] if self._run is not None else []
        if what in ("surface", "surfaces", "cells") and self._run is not None:
            records = [item for item in records if len(self._run.array(item).shape) == 4 and (what != "cells" or item.kind == "labels")]
        self.layer.clear()
        for item in records if kind.of_layer else []:
            self.layer.addItem(item.name, item.name)
        self.layer.setCurrentIndex(max(0, self.layer.findData(chosen)))
        self.layer.setVisible(self.layer.count() > 1)
        ready = self._run is not None and (bool(records) or not kind.of_layer)
        missing = "flat cells have no surface" if what != "cells" else "there are no 3-D cells"
        why = "Open a run first." if self._run is None else f"This run cannot be exported like this: {missing}."
        self.row.set_ready(ready, "" if ready else why)
        if not self.row.working:
            self.row.say("" if ready or self._run is None else why)

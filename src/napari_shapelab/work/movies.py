"""Cells over time: curves with a cursor that follows napari's slider, tracks, events, tables."""

from __future__ import annotations

import threading
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from napari.layers import Labels, Points, Tracks
from qtpy.QtWidgets import QCheckBox, QFileDialog, QVBoxLayout

from napari_shapelab.viewer.changes import Changes
from napari_shapelab.viewer.given_labels import Given, given
from napari_shapelab.viewer.insert import insert_layer
from napari_shapelab.viewer.layer_movie import movie_of, on_all_axes, show_movie_frame, times_of
from napari_shapelab.viewer.recorded import film_of, why_no_film
from napari_shapelab.viewer.shown_frame import shown_frame
from napari_shapelab.widgets.button import allow, push_button
from napari_shapelab.widgets.cursor_plot import CursorPlot
from napari_shapelab.widgets.flow_row import FlowRow
from napari_shapelab.work.labels_panel import LabelsPanel
from napari_shapelab.work.progress import Progress, Report
from napari_shapelab.work.row import WorkRow
from napari_shapelab.work.save_frames import SaveFramesButton
from napari_shapelab.work.script_button import Script, ScriptButton
from shapelab.errors import InputError, ShapelabError
from shapelab.io.output import new_files
from shapelab.measure.units import shown_quantity
from shapelab.movies import CellsOverTime, Event, Movie, link_cells, measure_over_time
from shapelab.stopping import stoppable

__all__ = ["MoviesPanel", "measure_movie"]

_COLOURS = {
    Event.DIVISION: "#4aa3ff",
    Event.LOSS: "#d9534f",
    Event.APPEARANCE: "#5cb85c",
    Event.NEW_LABEL: "#aaaaaa",
    Event.EXCHANGE: "#ffb13d",
}


def measure_movie(viewer: Any) -> None:
    """Open the panel that measures cells over time, on the selected layer if it is a movie of labels."""
    MoviesPanel.open(viewer)


class MoviesPanel(LabelsPanel):
    """Measures the cells of a Labels layer over time.

    Parameters
    ----------
    viewer
        Whose layers to measure.
    """

    title = "Movies"
    heading = "<b>Movies</b> — measure cells over time: curves, paths, divisions and losses."
    wanted = "choose labels over time"

    def __init__(self, viewer: Any) -> None:
        super().__init__(viewer)
        self.found: CellsOverTime | None = None
        self._given: Given | None = None
        self._source: Labels | None = None
        self.link = QCheckBox("Link cells by overlap")
        self.link.setToolTip("For labels that do not follow the cells from frame to frame: first give each cell one label throughout.")
        self.work = WorkRow(
            self._viewer, "Measure", "Measure every cell in every frame, and find divisions, losses and neighbour exchanges."
        )
        self.plot = CursorPlot(self._viewer, "cells", "frame")
        self.tracks_button = push_button("Tracks", "Add the path of every cell as a Tracks layer.", self.add_tracks)
        self.events_button = push_button("Events", "Add a point for every event, in its frame, coloured by its kind.", self.add_events)
        self.save_button = push_button("Save…", "Save three tables (.csv): cells in frames, events, frames.", self._ask_and_save)
        self.script_button = ScriptButton(self.script, lambda text, wrong: self.work.say(text, wrong=wrong))
        self.save_run_button = SaveFramesButton(self.work.say)
        self._changes = Changes(self._viewer, self, "Press Measure again.")
        self._build()
        self.layer.chosen.connect(self._refresh)
        self.work.pressed.connect(self.measure)
        self._changes.found.connect(self.work.remark)
        self.plot.chosen.connect(self._go)
        self._viewer.dims.events.current_step.connect(self._on_frame)
        self._refresh()

    @staticmethod
    def why_not(layer: Labels) -> str:
        """Return why a layer is neither a movie nor a run, "" if it is one."""
        return why_no_film(layer)

    def measure(self) -> None:
        """Measure the chosen layer, in a thread."""
        link = self.link.isChecked()
        try:
            layer, taken, whole = self._movie()
        except ShapelabError as error:
            self.work.say(str(error), wrong=True)
            self.save_run_button.offer(self.layer.layer)
            return

        def compute(report: Report, abort: threading.Event) -> tuple[CellsOverTime, np.ndarray | None]:
            with stoppable(abort):
                movie, linked = whole, None
                if link:
                    report(Progress(-1, "Linking cells from frame to frame…"))
                    linked = link_cells(movie)
                    movie = movie.with_labels(linked)
                return measure_over_time(movie, progress=lambda done, n: report(Progress(done / n, f"Frame {done} of {n}."))), linked

        def show(result: tuple[CellsOverTime, np.ndarray | None]) -> None:
            found, linked = result
            source = layer if linked is None else self._add_linked(linked, taken)
            self._show(found, taken, source)

        self._changes.follow(layer)
        self.work.start(compute, show, "Measuring cells over time…")

    def script(self) -> Script:
        """Return what a script does that measures the same.

        Raises
        ------
        InputError
            If no movie is chosen.
        """
        _, _, movie = self._movie()
        link = ["movie = movie.with_labels(link_cells(movie))"] if self.link.isChecked() else []
        names = "link_cells, measure_over_time" if link else "measure_over_time"
        body = ["found = measure_over_time(movie)", "print(found)", "print(found.table)", "print(found.events)", "print(found.per_frame())"]
        return Script([f"from shapelab.movies import {names}", "", *link, *body], movies={"movie": movie})

    def add_tracks(self) -> Tracks | None:
        """Add the paths of all cells."""
        if self.found is None or self._given is None:
            return None
        if self._given.time > 0:
            names = ", ".join(map(str, self._given.place["axis_labels"]))
            self.work.say(
                f"napari draws tracks only where time is the first axis; here the axes are {names}: move time to the front "
                "(numpy.moveaxis) for them. Curves, events and tables need no change.",
                wrong=True,
            )
            return None
        tracks = self.found.tracks()
        rows = np.column_stack([tracks.data[:, 0], self._in_layer(tracks.data[:, 1], tracks.data[:, 2:])])
        layer = Tracks(rows, name=f"{self._given.name} · tracks", **tracks.meta, **self._given.place)
        insert_layer(self._viewer, layer)
        self.work.say(f"Added {layer.name!r}: the paths of {len(np.unique(rows[:, 0]))} cells.")
        return layer

    def add_events(self) -> Points | None:
        """Add a point for every event at the cell it befalls, in the frame before (a loss) or in its own."""
        if self.found is None or self._given is None:
            return None
        events = self.found.events
        if events.empty:
            self.work.say("There are no events in this movie.", wrong=True)
            return None
        axes = [f"centroid_{axis}" for axis in self.found.axes]
        places = self.found.table.set_index(["label", "frame"])[axes]
        frames, world = [], []
        for label, frame in zip(events["label"].tolist(), events["frame"].tolist(), strict=True):
            at = (label, frame) if (label, frame) in places.index else (label, frame - 1)
            frames.append(at[1])
            world.append(places.loc[at].to_numpy(float))
        layer = Points(
            self._in_layer(np.array(frames, float), np.array(world)),
            name=f"{self._given.name} · events",
            features=events.assign(others=[" ".join(map(str, others)) for others in events["others"]]),
            face_color=[_COLOURS[Event(kind)] for kind in events["kind"]],
            size=max(min(self._given.frames[0].data.shape[-2:]) / 40, 1),
            **self._given.place,
        )
        insert_layer(self._viewer, layer)
        kinds = ", ".join(Event(kind).counted(n) for kind, n in events["kind"].value_counts().items())
        self.work.say(f"Added {layer.name!r}: {kinds}.")
        return layer

    def save(self, path: Path) -> list[Path]:
        """Write the tables as new files; return their paths.

        Raises
        ------
        InputError
            If one of them exists or cannot be written.
        """
        if self.found is None:
            raise InputError("Measure a movie first.")
        tables = {"": self.found.table, "-events": self.found.events, "-frames": self.found.per_frame()}
        paths = [path.with_name(f"{path.stem}{part}.csv") for part in tables]
        with new_files(*paths) as partials:
            for partial, table in zip(partials, tables.values(), strict=True):
                table.to_csv(partial, index=False)
        return paths

    def _movie(self) -> tuple[Labels, Given, Movie]:
        """Return what is chosen: a layer over time, what was taken from it, and its frames; InputError if there is none."""
        chosen = self.layer.layer
        if not isinstance(chosen, Labels):
            raise InputError("Choose a Labels layer over time first.")
        layer = film_of(chosen, self._viewer)
        taken = given(layer, self._viewer, film=True)
        return layer, taken, movie_of(taken, times_of(layer))

    def _ask_and_save(self) -> None:
        name = self._given.name if self._given is not None else "cells"
        path, _ = QFileDialog.getSaveFileName(self, "Save the tables", f"{name}.csv", "CSV (*.csv)")
        if not path:
            return
        try:
            saved = self.save(Path(path))
        except ShapelabError as error:
            self.work.say(str(error), wrong=True)
            return
        self.work.say(f"Saved {', '.join(repr(one.name) for one in saved)}.")

    def _add_linked(self, linked: np.ndarray, taken: Given) -> Labels:
        """Show the labels that follow the cells, which all numbers and tracks are of."""
        layer = Labels(on_all_axes(linked, taken), name=f"{taken.name} · linked", **taken.place)
        insert_layer(self._viewer, layer)
        return layer

    def _show(self, found: CellsOverTime, taken: Given, layer: Labels) -> None:
        self.found, self._given, self._source = found, taken, layer
        frames = found.per_frame()
        shown = partial(shown_quantity, unit=found.unit, time_unit=found.time_unit)
        names = [str(name) for name in frames if name not in ("frame", "time")]
        self.plot.show_run(frames["frame"].to_numpy(), {name: frames[name].to_numpy(float) for name in names}, "cells", shown)
        self.work.say(f"{found}{taken.notes} {self._changes.text}".strip())
        self._on_frame()
        self._refresh()

    def _in_layer(self, frames: np.ndarray, world: np.ndarray) -> np.ndarray:
        """Return places in the world as pixels of the whole layer, time included."""
        assert self._given is not None
        back = np.linalg.inv(self._given.frames[0].place.matrix)
        pixels = world @ back[:-1, :-1].T + back[:-1, -1]
        rows = np.zeros((len(world), self._given.ndim))
        rows[:, list(self._given.axes)] = pixels
        rows[:, self._given.time] = frames
        return rows

    def _go(self, frame: int) -> None:
        """Move napari's slider to a frame."""
        if self._source is None or self._source not in self._viewer.layers:
            return
        show_movie_frame(self._source, self._viewer, frame)

    def _on_frame(self, event: Any = None) -> None:
        del event
        if self._source is None or self._source not in self._viewer.layers:
            self.plot.show_frame(-1)
            return
        self.plot.show_frame(shown_frame(self._source, self._viewer))

    def _refresh(self, layer: Any = None) -> None:
        del layer
        self.work.set_ready(not self._missing, self._missing)
        allow(self.script_button, not self._missing, self._missing)
        self.save_run_button.offer(self.layer.layer)
        for button in (self.tracks_button, self.events_button, self.save_button):
            allow(button, self.found is not None, "Measure a movie first.")

    def _build(self) -> None:
        column = QVBoxLayout(self)
        self._begin(column)
        column.addWidget(self.link)
        column.addWidget(self.work)
        column.addWidget(self.save_run_button)
        column.addWidget(self.plot, 1)
        column.addLayout(FlowRow([self.tracks_button, self.events_button, self.save_button, self.script_button]))

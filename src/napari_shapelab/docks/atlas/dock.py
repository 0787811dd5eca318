"""The Atlas dock: walk in a map of shapes, open them, and grow one from in between."""

from __future__ import annotations

from functools import partial
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from qtpy.QtCore import QSize, Qt
from qtpy.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QVBoxLayout,
    QWidget,
)

from napari_shapelab.docks.atlas.choices import MapChoices, OpenAtlasButton
from napari_shapelab.docks.atlas.fit_tab import AtlasFit, FittedTexture
from napari_shapelab.docks.atlas.fitted_layer import add_fitted
from napari_shapelab.docks.atlas.groups_tab import AtlasGroups
from napari_shapelab.docks.atlas.map import AtlasMap
from napari_shapelab.docks.atlas.mapped_atlas import MappedAtlas, map_atlas
from napari_shapelab.docks.atlas.member_layer import MemberLayer
from napari_shapelab.docks.atlas.preview import AtlasPreview, in_words
from napari_shapelab.run.buttons import STOP_FIRST
from napari_shapelab.run.panel import RunPanel
from napari_shapelab.run.provenance import provenance
from napari_shapelab.viewer.view import unwrapped
from napari_shapelab.widgets.button import allow, push_button
from napari_shapelab.widgets.plots import DiagramPlot
from napari_shapelab.widgets.tab_order import order_tabs
from napari_shapelab.work.task import Task
from shapelab.batch import Atlas, between, open_atlas, shipped_atlas, weights_at
from shapelab.errors import InputError
from shapelab.simulation import Simulation
from shapelab.units import percent, shown_unit

__all__ = ["AtlasDock"]

_TABS_HEIGHT = 188
"""Largest height of the tabs: the map has the rest [pixels]."""
_HERE_HEIGHT = 36
"""Height of what is said of the mark, fixed so that the map does not jump [pixels]."""


class AtlasDock(QWidget):
    """A map of the shapes that a model can make.

    Parameters
    ----------
    napari_viewer
        The viewer.
    """

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__()
        self._viewer = unwrapped(napari_viewer)
        self._view: MappedAtlas | None = None
        self._wanted = 0
        self._parameters: dict[str, Any] = {}
        self._member = MemberLayer(self._viewer)
        self.map = AtlasMap(self._viewer)
        self.preview = AtlasPreview()
        self.panel = RunPanel(self._viewer, self.simulation, lambda: "between shapes", looks=lambda: {"field": {"colormap": "bop orange"}})
        self.diagram = DiagramPlot(self._viewer)
        self._path: Path | None = None
        self.fit = AtlasFit(self._viewer, lambda: self.atlas, self._source)
        self.panel.tabs.addTab(self.diagram, "Diagram")
        self.groups = AtlasGroups(lambda: self.atlas)
        self.panel.tabs.addTab(self.fit, "Fit a mask")
        self.panel.tabs.addTab(self.groups, "Groups")
        self._build()
        self._connect()
        for plot in (self.panel.plot, self.diagram):
            plot.plot.setMinimumHeight(60)
        self.panel.tabs.setMaximumHeight(_TABS_HEIGHT)
        order_tabs(self)
        self.panel.set_ready(False)
        self.open(None)

    @property
    def atlas(self) -> Atlas | None:
        """The atlas that is shown, None while it is being read."""
        return self._view.atlas if self._view is not None else None

    def simulation(self) -> Simulation:
        """Return a simulation of the parameters at the mark."""
        if self._view is None or not self._parameters:
            raise InputError("Click between the points to mark a place, or pick shapes with Ctrl-click.")
        return self._view.atlas.simulation(self._parameters)

    # -- what the user does --------------------------------------------------------------------------------------

    def open(self, path: str | Path | None) -> None:
        """Show the shipped atlas (None), an atlas file or a sweep folder."""
        self._view = None
        self._path = None if path is None else Path(path).absolute()
        self.about.setText("Reading…")
        self._compute(shipped_atlas if path is None else partial(open_atlas, path))

    def show_member(self, index: int) -> None:
        """Show a shape in the viewer, in place of the one shown before, and its curvatures."""
        assert self._view is not None
        member = self._view.atlas.members[index]
        self._describe(index)
        self._hide_run()
        self._member.show(self._view.atlas, member)
        if member.diagram is not None:
            unit = shown_unit(str(member.shape.meta.get("units", ("",))[-1])) or "voxel"
            self.diagram.show_density(member.diagram.density, member.diagram.edges, unit)

    def place_mark(self, x: float, y: float) -> None:
        """Mark a place: the parameters there are those of the picked shapes, or of the three nearest, by distance."""
        assert self._view is not None
        candidates = np.array(self.map.picks if len(self.map.picks) > 1 else range(len(self.map.places)))
        index, weights = weights_at((x, y), self.map.places[candidates], nearest=len(self.map.picks) if len(self.map.picks) > 1 else 3)
        self._aim((x, y), candidates[index], weights)

    def clear(self) -> None:
        """Forget the picks, the mark and the groups."""
        self.map.set_picks([])
        self.groups.clear()

    def run_here(self) -> None:
        """Grow a shape with the parameters at the mark."""
        self.panel.run()

    # -- inside --------------------------------------------------------------------------------------------------

    def _say_here(self, text: str) -> None:
        """Say what is at the mark; the whole of it in the tooltip, too, as there is room for two lines."""
        self.here.setText(text)
        self.here.setToolTip(text)

    def _source(self) -> str:
        """Return how a script opens the atlas."""
        return "shipped_atlas()" if self._path is None else f"open_atlas({str(self._path)!r})"

    def _on_fitted(self, found: FittedTexture) -> None:
        """Show the texture that was fitted to a mask beside it; Run here grows it again, in a box of any shape."""
        assert self._view is not None
        best = found.fit.best
        self.map.set_picks([])
        self._parameters = dict(best.parameters)
        self._say_here(f"<b>Here</b>: the texture fitted to {escape(found.target.name)}: {in_words(self._parameters)}")
        self._refresh()
        add_fitted(self._viewer, found, provenance(self._view.atlas.simulation(self._parameters)))
        self._member.hide()

    def _on_lassoed(self, members: list[int]) -> None:
        """Compare the shapes that were drawn round with the others, or with those drawn round before."""
        self.panel.tabs.setCurrentWidget(self.groups)
        self.groups.take(members)

    def _on_groups(self) -> None:
        self.map.show_drawn(self.groups.a, self.groups.b)
        self._refresh_clear()

    def _refresh_clear(self) -> None:
        allow(self.clear_button, bool(self.map.picks or self.groups.a), "There are none.")

    def _on_picked(self) -> None:
        picks = self.map.picks
        self._refresh_clear()
        if not picks:
            self._aim(None, np.zeros(0, int), np.zeros(0))
            return
        self._aim(self.map.places[picks].mean(axis=0), np.array(picks), np.full(len(picks), 1 / len(picks)))

    def _aim(self, place: Any, members: np.ndarray, weights: np.ndarray) -> None:
        """Take the parameters between members, and say so."""
        self.map.show_mark(place, members.tolist())
        if place is None or self._view is None:
            self._parameters = {}
            self._say_here("No place is marked yet.")
        else:
            chosen = [self._view.atlas.members[index] for index in members]
            self._parameters = between([member.parameters for member in chosen], list(weights))
            shares = ", ".join(f"{member.name} ({percent(weight)})" for member, weight in zip(chosen, weights, strict=True))
            self._say_here(f"<b>Here</b>: between {shares}: {in_words(self._parameters)}")
        self._refresh()

    def _describe(self, index: int) -> None:
        if self._view is None:
            return
        shown = index if index >= 0 else self.map.current
        if shown >= 0:
            self.preview.show_member(shown, self._view.atlas.members[shown], int(self._view.groups[shown]))

    def _hide_run(self) -> None:
        if self.panel.layers is not None and not self.panel.running:
            for layer in self.panel.layers.layers():
                layer.visible = False

    def _on_started(self) -> None:
        self._member.hide()
        self._refresh()

    def _refresh(self) -> None:
        ready = bool(self._parameters)
        self.panel.set_ready(ready)
        allow(self.run_button, ready and not self.panel.running, "Mark a place first." if not ready else STOP_FIRST)

    def _compute(self, read: Any) -> None:
        """Read and lay out in a thread; of several requests the last one counts."""
        self._wanted += 1
        metric, layout, count = self.choices.values()
        self.about.setText("Reading…" if self._view is None else "Computing the map…")

        Task(
            self,
            lambda: map_atlas(read(), metric, layout, count),
            partial(self._on_view, self._wanted),
            partial(self._on_failed, self._wanted),
        )

    def _again(self) -> None:
        if (atlas := self.atlas) is not None:
            self._compute(lambda: atlas)

    def _on_view(self, number: int, view: MappedAtlas) -> None:
        if number != self._wanted:
            return
        fresh = self._view is None or self._view.atlas is not view.atlas
        current, picks = (-1, []) if fresh else (self.map.current, list(self.map.picks))
        self._view = view
        about = view.atlas.about.replace("^3", "³")
        self.about.setText(f"<b>Atlas</b> — similar shapes are near each other. {view.atlas.title}: {about}")
        if fresh:
            self.preview.clear()
        self.map.show_points(view.places, view.groups)
        self.map.choose(current)
        self.map.set_picks(picks)
        if fresh:
            self.groups.clear()
        self._on_groups()

    def _on_failed(self, number: int, text: str) -> None:
        if number == self._wanted:
            self.about.setText(text)

    def _connect(self) -> None:
        self.map.hovered.connect(self._describe)
        self.map.clicked.connect(self.show_member)
        self.map.picked.connect(self._on_picked)
        self.map.placed.connect(self.place_mark)
        self.map.lassoed.connect(self._on_lassoed)
        self.groups.changed.connect(self._on_groups)
        self.choices.changed.connect(self._again)
        self.run_button.clicked.connect(lambda _=False: self.run_here())
        self.clear_button.clicked.connect(lambda _=False: self.clear())
        self.fit.fitted.connect(self._on_fitted)
        self.panel.started.connect(self._on_started)
        self.panel.ended.connect(lambda _: self._refresh())

    def sizeHint(self) -> QSize:
        """Return a size that leaves the canvas its room on a small screen."""
        return QSize(380, 640)

    def _build(self) -> None:
        self.about = QLabel()
        self.about.setWordWrap(True)
        self.choices = MapChoices()
        self.open_button = OpenAtlasButton(self.open)
        self.run_button = push_button("Run here", "Grow a shape with the parameters at the mark.")
        self.clear_button = push_button("Clear picks", "Clear the picks, the mark and the groups.")
        allow(self.run_button, False, "Mark a place first.")
        allow(self.clear_button, False, "There are none.")
        self.here = QLabel("No place is marked yet.")
        self.here.setWordWrap(True)
        self.here.setFixedHeight(_HERE_HEIGHT)
        self.here.setAlignment(Qt.AlignmentFlag.AlignTop)
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(2, 2, 6, 2)
        column.setSpacing(4)
        column.addWidget(self.about)
        column.addWidget(self.choices)
        column.addWidget(self.map, 1)
        column.addWidget(self.preview)
        column.addWidget(self.here)
        column.addLayout(_row(self.run_button, self.clear_button, self.open_button))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        layout.setSpacing(6)
        self.panel.put_above(content)
        layout.addWidget(self.panel, 1)


def _row(*widgets: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(4)
    for widget in widgets:
        row.addWidget(widget, 1)
    return row

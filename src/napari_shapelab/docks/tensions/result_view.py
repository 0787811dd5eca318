"""What the dock shows of a result: tables, classes, a simulation, and whether the labels have changed since."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from napari.layers import Image, Labels, Layer, Surface
from napari.utils.colormaps import ensure_colormap
from qtpy.QtWidgets import QTabWidget, QVBoxLayout, QWidget

from napari_shapelab.docks.tensions.class_plot import ClassPlot
from napari_shapelab.docks.tensions.freshness import Freshness
from napari_shapelab.docks.tensions.inference import Found
from napari_shapelab.docks.tensions.link import TensionLink
from napari_shapelab.docks.tensions.pictures import PRESSURE_COLOURS, REASONS, limits, pressure_limits, tension_colours
from napari_shapelab.docks.tensions.simulate import SimulateTab
from napari_shapelab.docks.tensions.tables import CELLS, INTERFACES, cell_rows, interface_rows
from napari_shapelab.viewer.shown_frame import shown_frame
from napari_shapelab.viewer.view import see, unwrapped
from napari_shapelab.widgets.colour_scale import ColourScale
from napari_shapelab.widgets.row_table import RowTable
from napari_shapelab.widgets.scrolled import scrolled
from napari_shapelab.widgets.wrapped_label import WrappedLabel
from napari_shapelab.work.job import Job
from napari_shapelab.work.mesh_layer import MeshLook, add_meshes
from shapelab.errors import InputError
from shapelab.infer.lines import fill_lines
from shapelab.io.output import new_version
from shapelab.units import shown_unit

__all__ = ["ResultView"]

_OLD = " (out of date)"
_HINT = "Click a row to go to its interface, or an interface in the picture to find its row."


class ResultView(QWidget):
    """The newest result; hidden until there is one.

    Parameters
    ----------
    viewer
        The viewer.
    """

    def __init__(self, viewer: Any) -> None:
        super().__init__()
        self._viewer = unwrapped(viewer)
        self.found: Found | None = None
        self._source: Labels | None = None
        self._newest: list[Layer] = []
        self.stale = WrappedLabel()
        self.interfaces = RowTable(INTERFACES, "row", "tension")
        self.cells = RowTable(CELLS, "label", "pressure")
        self.classes = ClassPlot(self._viewer)
        self.simulate = SimulateTab(self._viewer)
        self.hint = WrappedLabel()
        self.tension_scale, self.pressure_scale = ColourScale("tension / mean"), ColourScale("pressure")
        self.tabs = QTabWidget()
        pages = {"Interfaces": self.interfaces, "Cells": self.cells, "Classes": self.classes, "Simulate": scrolled(self.simulate)}
        for name, page in pages.items():
            self.tabs.addTab(page, name)
        self.link = TensionLink(self._viewer, self.interfaces, self.cells, lambda: self.moment)
        self.freshness = Freshness(self._viewer)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self.stale)
        column.addWidget(self.tension_scale)
        column.addWidget(self.pressure_scale)
        column.addWidget(self.tabs, 1)
        column.addWidget(self.hint)
        self.stale.setVisible(False)
        self.setVisible(False)
        self.interfaces.selected_changed.connect(self._on_interface)
        self.freshness.changed.connect(self._on_fresh)
        self._viewer.dims.events.current_step.connect(self._on_step)

    @property
    def moment(self) -> int:
        """The frame of a film that is shown."""
        if self.found is None or self.found.film is None or self._source is None:
            return 0
        return min(max(shown_frame(self._source, self._viewer), 0), len(self.found.film) - 1)

    def make_way(self) -> None:
        """Hide the layers of the result before a new one comes."""
        for layer in self._newest:
            if layer in self._viewer.layers:
                layer.visible = False
        self._newest = []

    def show_result(self, source: Labels, found: Found, layers: list[Layer]) -> None:
        """Show the numbers; the layers are there."""
        self.found, self._newest, self._source = found, layers, source
        if source in self._viewer.layers:
            source.visible = False  # the pressures lie on it
            self._viewer.layers.selection = {source}
            self.freshness.watch(source, found)
        if found.given.frames[0].ndim == 3 and not found.given.film:
            self._show_in_space()
        self._show_scales(found, layers)
        self._on_fresh(old=False)
        self._show_moment()
        self.setVisible(True)

    def add_mesh(self, job: Job) -> None:
        """Add the interfaces of a volume with a panel that moves the cells apart, cuts them open and colours them."""
        cells = next((layer for layer in self._newest if isinstance(layer, Labels) and layer in self._viewer.layers), None)
        if self.found is None or cells is None:
            job.say("There is nothing to make a mesh of: press Infer first.", wrong=True)
            return
        still = self.found.at(self.moment)
        known = dict(zip(map(tuple, still.pairs.tolist()), still.tensions.tolist(), strict=True))

        def tensions(pairs: np.ndarray) -> np.ndarray:
            return np.array([known.get(tuple(pair), np.nan) for pair in pairs.tolist()], float)

        def made(surface: Surface) -> None:
            for layer in self._newest:
                if isinstance(layer, Surface) and layer in self._viewer.layers:
                    layer.visible = False  # they would lie in the same place

        add_meshes(self._viewer, [cells], job, MeshLook(tensions, _without_lines, self.found.given.name), made)

    def save_table(self, path: str | Path) -> str:
        """Write the interfaces, or the cells if their tab is shown, as CSV; of a film, those of all frames. Return what was done.

        Raises
        ------
        InputError
            If there is no result, or the file cannot be written.
        """
        if self.found is None:
            raise InputError("There is nothing to save yet: press Infer first.")
        result = self.found.film or self.found.still
        assert result is not None
        table = result.cells() if self.shows_cells else result.table()
        if self.shows_cells and "label" not in table:
            table = table.reset_index()
        with new_version(Path(path)) as partial:
            table.to_csv(partial, index=False)
        return f"Saved {Path(path).name!r}: {len(table)} {'cells' if self.shows_cells else 'interfaces'}."

    @property
    def shows_cells(self) -> bool:
        """Whether the table of cells is shown."""
        return self.tabs.currentWidget() is self.cells

    # -- inside --------------------------------------------------------------------------------------------------

    def _show_scales(self, found: Found, layers: list[Layer]) -> None:
        """Say what the colours mean, as the layers have them."""
        stills = [found.at(k) for k in range(len(found.film) if found.film is not None else 1)]
        self.tension_scale.show_range(tension_colours(), *limits(np.concatenate([still.tensions for still in stills])))
        painted = [layer for layer in layers if isinstance(layer, Image)]  # pressures of a film
        low, high = painted[0].contrast_limits if painted else pressure_limits(stills[0].pressures[1:])
        self.pressure_scale.show_range(ensure_colormap(PRESSURE_COLOURS), low, high)

    def _show_in_space(self) -> None:
        """Turn to three dimensions, and hide images that would cover the surfaces."""
        surfaces = [layer for layer in self._newest if isinstance(layer, Surface)]
        for layer in surfaces[:1]:
            layer.colorbar.visible = True
        for layer in self._viewer.layers:
            if isinstance(layer, Image) and layer.ndim >= 3:
                layer.visible = False
        if self._viewer.dims.ndisplay == 2 and surfaces:
            see(self._viewer, *surfaces)

    def _show_moment(self) -> None:
        """Show the numbers of the frame that is shown."""
        if self.found is None:
            return
        frame = self.moment
        if self._source is not None:
            self.simulate.offer(self._source, self.found, frame)
        still, classes = self.found.at(frame), self.found.classes_at(frame)
        self.link.follow(self.found, still, self._newest)
        self.interfaces.show_table(interface_rows(still, classes))
        self.cells.show_table(cell_rows(still, self.found.types))
        self.classes.show_classes(still, classes, self.found.types)
        self.hint.setText(_HINT)

    def _on_step(self, event: Any = None) -> None:
        del event
        if self.found is not None and self.found.film is not None:
            self._show_moment()

    def _on_interface(self, row: int) -> None:
        """Say what is known of the selected interface."""
        if self.found is None:
            return
        line = self.found.at(self.moment).table().iloc[row]
        between = f"Between {line['cell_a'] or 'the medium'} and {line['cell_b']}"
        size = "area" if "area" in line else "length"
        unit = self.found.unit and shown_unit(f"{self.found.unit}{'^2' if size == 'area' else ''}")
        about = f"{size} {line[size]:.3g} {unit or 'px'}"
        if line["undetermined"]:
            self.hint.setText(f"{between}: undetermined, {REASONS[line['undetermined']]}; {about}.")
        else:
            self.hint.setText(f"{between}: tension {line['tension']:.2f} ± {line['error']:.2f}; {about}; misfit {line['misfit']:.2f}.")

    def _on_fresh(self, old: bool) -> None:
        """Mark the result where the labels are no longer those that it was inferred from."""
        self.stale.setText("<b>Out of date</b>: the labels have changed since. Press Infer again." if old else "")
        self.stale.setVisible(old)
        for layer in self._newest:
            if layer in self._viewer.layers:
                name = layer.name.removesuffix(_OLD)
                layer.name = name + _OLD if old else name


def _without_lines(labels: np.ndarray) -> np.ndarray:
    """Return the labels whose interfaces were inferred."""
    return fill_lines(labels)[0]

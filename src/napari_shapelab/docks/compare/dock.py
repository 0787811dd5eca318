"""The Compare dock: two layers in; a table of numbers, distributions, curvature diagrams and a difference layer out."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from napari.layers import Image, Labels, Layer
from qtpy.QtCore import QSize
from qtpy.QtWidgets import QCheckBox, QFormLayout, QGridLayout, QPushButton, QVBoxLayout, QWidget
from superqt.utils import signals_blocked

from napari_shapelab.docks.compare.choices import choice_of, ticks
from napari_shapelab.docks.compare.comparison import (
    COMPARED,
    CompareParameters,
    Comparison,
    compare_layers,
    headline,
    why_not,
)
from napari_shapelab.docks.compare.over_time import MovieWork, are_movies
from napari_shapelab.docks.compare.results import ComparisonResults
from napari_shapelab.docks.compare.sharing import ComparisonSharing, write_report_of
from napari_shapelab.docks.compare.slider_link import SliderLink
from napari_shapelab.viewer.changes import Changes
from napari_shapelab.viewer.insert import insert_layer
from napari_shapelab.viewer.layer_data import take
from napari_shapelab.viewer.side_by_side import SideBySide
from napari_shapelab.viewer.view import unwrapped
from napari_shapelab.widgets.button import allow
from napari_shapelab.widgets.difference_layer import difference_layer, legend
from napari_shapelab.widgets.file_dialog import ask_folder
from napari_shapelab.widgets.flow_row import FlowRow
from napari_shapelab.widgets.layer_combo import LayerCombo
from napari_shapelab.widgets.scrolled import over_foot
from napari_shapelab.widgets.tab_order import order_tabs
from napari_shapelab.widgets.wrapped_label import WrappedLabel
from napari_shapelab.work.mesh_layer import mesh_button
from napari_shapelab.work.row import WorkRow
from napari_shapelab.work.save_frames import SaveFramesButton
from napari_shapelab.work.script_button import Script, ScriptButton
from shapelab.errors import InputError, ShapelabError

__all__ = ["CompareDock"]


class CompareDock(QWidget):
    """Comparison of two layers: real or simulated, 2-D or 3-D.

    Parameters
    ----------
    napari_viewer
        The viewer.
    """

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__()
        self._viewer = unwrapped(napari_viewer)
        self.comparison: Comparison | None = None
        self._compared: tuple[Layer, Layer] | None = None
        self._difference: Labels | None = None
        self._film: Labels | None = None
        self._side_by_side = SideBySide(self._viewer)
        self.a = LayerCombo(self._viewer, "choose a layer", why_not, COMPARED)
        self.b = LayerCombo(self._viewer, "choose a layer", why_not, COMPARED)
        self.swap_button = QPushButton("Swap A and B")
        self.options, self.properties = ticks(), choice_of("properties")
        self.over_time = QCheckBox("All frames")
        self.link = QCheckBox("Link cells by overlap")
        self.work = WorkRow(self._viewer, "Compare", "Compare the two layers; neither of them is changed.")
        self.results = ComparisonResults(self._viewer)
        self._slider = SliderLink(self._viewer, self.results)
        self.grid_button = QPushButton("Side by side")
        self.report_button = QPushButton("Export report…")
        self.sharing = ComparisonSharing(self.work)
        self.mesh_button = mesh_button(self._viewer, self._solids, lambda: self.work)
        self.script_button = ScriptButton(self.script, lambda text, wrong: self.work.say(text, wrong=wrong))
        self.save_run_button = SaveFramesButton(self.work.say)
        self._changes = Changes(self._viewer, self, "Press Compare again.")
        self._build()
        self._connect()
        self._offer()
        self._refresh()
        order_tabs(self)

    @property
    def parameters(self) -> CompareParameters:
        """What is ticked."""
        ticked = {name: box.isChecked() for name, box in self.options.items()}
        return CompareParameters(**ticked, properties=self.properties.currentData())

    def compare(self) -> None:
        """Begin to compare what is chosen."""
        a, b = self.a.layer, self.b.layer
        if a is None or b is None:
            self.work.say("Choose two layers, A and B.", wrong=True)
            return
        if a is b:
            self.work.say("A and B are the same layer: choose another one for B.", wrong=True)
            return
        try:
            work = self._work(a, b)
        except ShapelabError as error:
            self._clear()
            self.work.say(str(error), wrong=True)
            if self._over_time():
                self.save_run_button.offer(a, b)
            return
        self._film = work.film if isinstance(work, MovieWork) else None
        self._changes.follow(a, b)
        self.work.start(work, partial(self._show, (a, b)), "Comparing…", failed=self._clear, abortable=False)

    def script(self) -> Script:
        """Return what a script does that compares the same; InputError if nothing is chosen."""
        a, b = self.a.layer, self.b.layer
        if a is None or b is None:
            raise InputError("Choose two layers, A and B, first.")
        work = self._work(a, b)
        if isinstance(work, MovieWork):
            return work.script()
        options = ", ".join(f"{name}={value!r}" for name, value in self.parameters.options().items())
        show = (
            "for name, value in result.items():",
            "    if isinstance(value, (int, float, str)):",
            '        print(f"{name}: {value}")',
        )
        return Script([f"result = sl.compare(a, b, {options})", *show], {"a": take(a, self._viewer), "b": take(b, self._viewer)})

    def export(self, folder: str | Path) -> None:
        """Write the report to a folder."""
        if self.comparison is None:
            self.work.say("There is nothing to export yet: press Compare first.", wrong=True)
        else:
            write_report_of(self.comparison, self.work, Path(folder))

    def swap(self) -> None:
        """Exchange A and B."""
        a, b = self.a.layer, self.b.layer
        self.a.choose(b)
        self.b.choose(a)

    def _work(self, a: Layer, b: Layer) -> Callable[[Any, Any], Comparison]:
        """Return what compares two layers, taken as they are now."""
        if self._over_time() and isinstance(a, Labels) and isinstance(b, Labels):
            return MovieWork(a, b, self._viewer, self.parameters, self.link.isChecked())
        first, second, parameters = take(a, self._viewer), take(b, self._viewer), self.parameters

        def work(report: Any, abort: Any) -> Comparison:
            return compare_layers(first, second, parameters, report, abort)

        return work

    def _over_time(self) -> bool:
        return bool(self.over_time.isChecked() and self.over_time.isEnabled())

    # -- inside --------------------------------------------------------------------------------------------------

    def _clear(self) -> None:
        """Forget what was found: it is not of what is chosen now."""
        self.comparison = None
        self.results.clear()
        self._slider.follow(None, None)
        self._refresh()

    def _on_chosen(self) -> None:
        """Other layers: numbers of those before would be taken for theirs."""
        a, b = self.a.layer, self.b.layer
        if self.comparison is not None and a is not None and b is not None and (a, b) != self._compared and not self.work.working:
            self._clear()
            self.work.say(self.work.rest)
        self._refresh()

    def _show(self, compared: tuple[Layer, Layer], comparison: Comparison) -> None:
        where = comparison.difference
        layer = None if where is None else difference_layer(where, comparison.names, comparison.provenance)
        self._show_difference(layer)
        colours = "" if layer is None else legend(comparison.result["compared"] in ("labels", "movies"))
        self.results.show_comparison(comparison, colours)
        # not before it is there to be seen: a report or a page would be of something else
        self.comparison, self._compared = comparison, compared
        self._slider.follow(self._film, comparison.movies)
        self.work.say(f"{headline(comparison)} {self._changes.text}".strip())
        self._refresh()

    def _show_difference(self, layer: Labels | None) -> None:
        if layer is None:
            return
        if self._difference is not None and self._difference in self._viewer.layers:
            self._difference.visible = False
        insert_layer(self._viewer, layer)  # whoever paints in A goes on painting in A
        self._difference = layer

    def _on_grid(self, shown: bool) -> None:
        self._side_by_side.show(shown, [layer for layer in (self.a.layer, self.b.layer, self._difference) if layer is not None])

    def _on_viewer_grid(self, event: Any = None) -> None:
        del event
        with signals_blocked(self.grid_button):
            self.grid_button.setChecked(bool(self._viewer.canvas.grid.enabled))

    def _ask_and_export(self) -> None:
        folder = ask_folder(self, "Folder for the report", save=True)
        if folder:
            self.export(folder)

    def _offer(self, event: Any = None) -> None:
        """Choose the active layer for A and the next one for B, where there is no choice yet."""
        del event
        active = self._viewer.layers.selection.active
        ordered = sorted(self._viewer.layers, key=lambda layer: layer is not active)
        for combo, other in ((self.a, self.b), (self.b, self.a)):
            if combo.layer is not None:
                continue
            free = (layer for layer in ordered if isinstance(layer, COMPARED) and layer is not other.layer and _is_shape(layer))
            combo.choose(next(free, None))

    def _solids(self) -> list[Layer]:
        """Return the chosen layers that have a surface to be made."""
        return [layer for layer in (self.a.layer, self.b.layer) if isinstance(layer, Labels | Image)]

    def _refresh(self) -> None:
        films = are_movies(self.a.layer, self.b.layer)
        allow(self.over_time, films, "Choose two movies of cells first.")
        over_time = self._over_time()
        allow(self.link, over_time, "Tick All frames first.")
        self.save_run_button.offer(*((self.a.layer, self.b.layer) if over_time else ()))
        for name in ("statistics", "transport", "curvature", "effective"):
            allow(self.options[name], not over_time, "Not available with All frames.")
        self.properties.setEnabled(self.options["effective"].isChecked() and not over_time)
        missing = "" if self.a.layer is not None and self.b.layer is not None else "Choose two layers, A and B, first."
        self.work.set_ready(not missing, missing)
        allow(self.swap_button, self.a.layer is not None or self.b.layer is not None, missing)
        allow(self.mesh_button, bool(self._solids()), "Choose masks, labels or fields first.")
        allow(self.report_button, self.comparison is not None, "Compare first.")
        self.sharing.offer(self.comparison)
        allow(self.script_button, not missing, missing)

    def _connect(self) -> None:
        for combo in (self.a, self.b):
            combo.chosen.connect(lambda _: self._on_chosen())
        self.work.pressed.connect(self.compare)
        self._changes.found.connect(self.work.remark)
        for box in (self.over_time, self.options["effective"]):
            box.toggled.connect(lambda _: self._refresh())
        self.swap_button.clicked.connect(lambda _=False: self.swap())
        self.grid_button.toggled.connect(self._on_grid)
        self.report_button.clicked.connect(lambda _=False: self._ask_and_export())
        self._viewer.layers.events.inserted.connect(self._offer)
        self._viewer.canvas.grid.events.enabled.connect(self._on_viewer_grid)

    def _build(self) -> None:
        self.a.setToolTip("Labels, a mask, a field, a surface or points; real or simulated.")
        self.b.setToolTip("What A is compared with. Layers with different voxels or positions are resampled to the finer grid.")
        self.swap_button.setToolTip("Exchange A and B.")
        self.over_time.setToolTip("For two Labels layers over time: compare all frames (distributions, order, displacements and events).")
        self.link.setToolTip("For labels that do not follow the cells from frame to frame: first give each cell one label throughout.")
        self.grid_button.setCheckable(True)
        self.grid_button.setToolTip(
            "Show A, B and their difference side by side (napari's grid mode), moving and slicing together. "
            "Other layers are hidden while the button is down."
        )
        self.report_button.setToolTip("Write the numbers (CSV), parameters and versions (JSON), tables and a figure to a folder.")
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(2, 2, 6, 2)
        column.setSpacing(6)
        heading = WrappedLabel("<b>Compare</b> — two layers: masks, labels, fields, surfaces or points.")
        column.addWidget(heading)
        column.addLayout(self._choices())
        column.addLayout(self._ticks())
        column.addWidget(self.work)
        column.addWidget(self.save_run_button)
        column.addWidget(self.results, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        foot = QWidget()
        foot.setLayout(FlowRow((self.grid_button, self.mesh_button, self.report_button, self.script_button)))
        layout.addWidget(over_foot(content, foot, self.sharing))

    def _choices(self) -> QFormLayout:
        rows = QFormLayout()
        rows.setVerticalSpacing(4)
        rows.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        rows.addRow("A", self.a)
        rows.addRow("B", self.b)
        return rows

    def _ticks(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setVerticalSpacing(2)
        for i, widget in enumerate((*self.options.values(), self.swap_button, self.properties, self.over_time, self.link)):
            grid.addWidget(widget, i // 2, i % 2)
        return grid

    def sizeHint(self) -> QSize:
        """Return a size that leaves the canvas its room on a small screen."""
        return QSize(380, 640)


def _is_shape(layer: Layer) -> bool:
    return not why_not(layer) and layer.metadata.get("shapelab", {}).get("model") != "compare"

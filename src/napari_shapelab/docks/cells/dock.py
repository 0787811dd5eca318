"""The Cells dock: choose how cells move, press Run, reach in with the mouse, measure and save the result."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from napari.layers import Image, Labels, Layer
from qtpy.QtWidgets import QComboBox, QWidget

from napari_shapelab.docks.cells.from_layer import take_cells
from napari_shapelab.docks.cells.mouse_tools import CellTools
from napari_shapelab.run.cell_dock import CellDock
from napari_shapelab.run.cell_source import TakenCells
from napari_shapelab.run.drawn_grid import suggested_fineness
from napari_shapelab.viewer.layer_data import TakenLayer, spatial_ndim, take, why_not_taken
from napari_shapelab.widgets.layer_combo import LayerCombo
from napari_shapelab.widgets.number_box import ignore_wheel
from shapelab.catalog import scenario
from shapelab.cells import CellParameters, Cells
from shapelab.cells.model import CellModel
from shapelab.simulation import Parameters

__all__ = ["CellsDock"]

_RELAXING = {2: "relaxation", 3: "relaxation_3d"}
_SIZES = {"own": "Standard", "quick": "Small (fast)", "paper": "As published"}


class CellsDock(CellDock):
    """Incompressible cells that move: sorting, swarms, evacuation, growth, bubbles, fluids.

    Parameters
    ----------
    napari_viewer
        The viewer.
    """

    family = "cells"
    first = "run_and_tumble"
    scalar = "volume_error"
    heading = "<b>Cells</b> — choose a scenario, press Run, and use the mouse on the cells."
    kinds = (Labels, Image)
    backgrounds = (("medium (cells can enter it)", None), ("wall (cells cannot enter it)", "background"))
    from_labels = ("shape", "voxel_size", "unit", "n_cells", "filling")
    kernels = "shapelab.cells.create:warm_up"
    save_every = 100
    simulate = Cells

    def __init__(self, napari_viewer: Any) -> None:
        self._plotted = ""
        super().__init__(napari_viewer)
        self.sizes.activated.connect(lambda _: self.show_form())
        self.types.chosen.connect(lambda _: self.source.take(self.source.layer))
        self.panel.started.connect(self._on_started)

    def make_tools(self) -> CellTools:
        """Return the tools of the hand."""
        return CellTools(self._viewer, self.panel)

    def reader(self, taken: TakenLayer) -> Callable[[], TakenCells]:
        """Return what reads the cells of a layer, and their types of another one."""
        layer = self.types.layer
        types = None if layer is None else take(layer, self._viewer)
        return partial(take_cells, taken, self.background.currentData(), types)

    def title(self, name: str, layer: Layer | None) -> str:
        """Return the title of a run."""
        return name if layer is None else f"{layer.name} in {name}"

    def scenario_for(self, layer: Layer) -> str:
        """Return that cells of a layer at first relax; another scenario can then be chosen for them."""
        return _RELAXING[spatial_ndim(layer)]

    def more_rows(self) -> list[tuple[str, QWidget, bool]]:
        """Return the rows of types and sizes."""
        why = partial(why_not_taken, kinds=self.kinds)
        self.types = LayerCombo(self._viewer, "the scenario, or the feature 'type'", why, kinds=(Labels,))
        self.types.setToolTip(
            "A Labels layer painted over your cells that gives the type of each: the smallest number is type 0, the next type 1."
        )
        self.sizes = QComboBox()
        self.sizes.setToolTip("Number of cells and grid size: suited to this scenario, smaller and faster, or as published.")
        ignore_wheel(self.sizes)
        return [("Types from", self.types, True), ("Size", self.sizes, False)]

    def on_scenario(self) -> None:
        """Show the sizes of the scenario."""
        chosen = scenario(self.family, self.presets.name)
        self.sizes.clear()
        for key, changes in {"own": {}, "quick": chosen.quick, **chosen.variants}.items():
            if key == "own" or changes:
                self.sizes.addItem(_SIZES.get(key, key.capitalize()), dict(changes))
        self._rows.setRowVisible(self.sizes, self.sizes.count() > 1)

    def on_unread(self) -> None:
        """Let go of what could not be read: the types, if there are any."""
        if self.types.layer is not None:
            self.types.choose(None)
        else:
            super().on_unread()

    def defaults(self) -> Parameters:
        """Return the parameters that the form begins with; new cells are drawn as fine as the canvas."""
        if self.source.taken is not None:  # drawn on the pixels of the user's own labels
            return super().defaults()
        simulation = Cells(self.presets.name, **(self.sizes.currentData() or {}))
        parameters = simulation.parameters
        assert isinstance(parameters, CellParameters)
        assert isinstance(simulation.model, CellModel)
        return parameters.replace(fineness=suggested_fineness(parameters.shape, simulation.model.finest))

    def looks(self) -> dict[str, dict[str, Any]]:
        """Return the settings that new layers begin with."""
        own = {**super().looks(), "velocity": {"visible": False}, "axis": {"visible": False}}
        if scenario(self.family, self.presets.name).ndim == 3:  # the cells are seen through the walls
            own["walls"] = {"opacity": 0.2}
        return own

    def _on_started(self) -> None:
        if self._plotted != self.presets.name:  # another scenario has other observables
            self._plotted = self.presets.name
            expected = [name for name in scenario(self.family, self.presets.name).expect if name != "volume_error"]
            self.panel.plot.prefer(expected[0] if expected else "volume_error")

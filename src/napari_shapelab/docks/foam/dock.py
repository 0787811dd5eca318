"""The Foam dock: choose a foam or your own labels, say what the interfaces cost, press Run, reach in with the mouse."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from napari.layers import Layer
from qtpy.QtWidgets import QLabel, QWidget

from napari_shapelab.docks.foam.from_layer import take_foam
from napari_shapelab.docks.foam.pair_tensions import pair_tensions
from napari_shapelab.docks.foam.settle import SettleButton
from napari_shapelab.docks.foam.tools import FoamTools
from napari_shapelab.run.cell_dock import CellDock
from napari_shapelab.run.cell_source import TakenCells
from napari_shapelab.run.drawn_grid import suggested_fineness
from napari_shapelab.viewer.layer_data import TakenLayer
from shapelab.foam import Foam, FoamParameters, explain_tensions
from shapelab.foam.tensions import MEDIUM, type_table
from shapelab.simulation import Parameters

__all__ = ["FoamDock"]


class FoamDock(CellDock):
    """Cells with interface tensions and exact volumes: double bubbles, sorting, engulfment, coarsening, growth.

    Parameters
    ----------
    napari_viewer
        The viewer.
    """

    family = "foam"
    first = "foam_sorting"
    scalar = "energy"
    heading = "<b>Foam</b> — cells with interface tensions and exact volumes: press Run, and use the mouse on the cells."
    backgrounds = (("medium (fluid around the cells)", "medium"), ("empty (cells fill it)", "none"))
    from_labels = ("shape", "voxel_size", "unit", "n_cells", "arrangement", "filling", "second_part", "size_ratio")
    kernels = "shapelab.foam.compiling:compile_foam"
    save_every = 20
    simulate = Foam
    tensions = pair_tensions

    def make_tools(self) -> FoamTools:
        """Return the tools of the hand."""
        return FoamTools(self._viewer, self.panel)

    def reader(self, taken: TakenLayer) -> Callable[[], TakenCells]:
        """Return what reads the cells of a layer."""
        return partial(take_foam, taken, self.background.currentData())

    def title(self, name: str, layer: Layer | None) -> str:
        """Return the title of a run."""
        return f"foam: {name}" if layer is None else f"{layer.name} as a foam"

    def defaults(self) -> Parameters:
        """Return the parameters that the form begins with; new cells are drawn as fine as the canvas."""
        parameters = super().defaults()
        assert isinstance(parameters, FoamParameters)
        return parameters if self.source.taken is not None else parameters.replace(fineness=suggested_fineness(parameters.shape))

    def above_form(self) -> list[QWidget]:
        """Return what says beforehand where tensions lead to what one may not expect."""
        self.warning = QLabel()
        self.warning.setWordWrap(True)
        return [self.warning]

    def below(self) -> list[QWidget]:
        """Return the button that settles a foam exactly."""
        self.settle = SettleButton(self._viewer, self.panel)
        return [self.settle]

    def on_form(self) -> None:
        """Say before the run what the tensions lead to that one may not expect."""
        sentences: tuple[str, ...] = ()
        if not self.form.problem:
            p = self.parameters
            assert isinstance(p, FoamParameters)
            table = type_table(p.first, p.second, p.between, p.first_medium, p.second_medium)
            sentences = explain_tensions(table, (MEDIUM, "the first type", "the second type"))
        self.warning.setText(" ".join(sentences))
        self.warning.setVisible(bool(sentences))

    def looks(self) -> dict[str, dict[str, Any]]:
        """Return the settings that new layers begin with."""
        return {**super().looks(), "seeds": {"visible": False}}

"""Where the cells of a run come from: new ones, or the labels of a user's layer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from napari.layers import Layer
from qtpy.QtCore import QObject, Signal
from qtpy.QtWidgets import QComboBox

from napari_shapelab.run.new_run import NewRun
from napari_shapelab.run.panel import RunPanel
from napari_shapelab.run.run_place import RunPlace
from napari_shapelab.viewer.layer_data import TakenLayer, take, why_not_taken
from napari_shapelab.viewer.view import unwrapped
from napari_shapelab.widgets.layer_combo import LayerCombo
from napari_shapelab.widgets.narrow import narrow
from napari_shapelab.widgets.number_box import ignore_wheel
from napari_shapelab.work.latest import Latest
from napari_shapelab.work.soon import is_small
from shapelab.errors import ShapelabError
from shapelab.simulation import Simulation

__all__ = ["CellSource", "Reader", "TakenCells"]


@dataclass(frozen=True, eq=False)
class TakenCells:
    """Cells that a run can start from."""

    given: Any
    """What the simulation takes as `initial`."""
    place: RunPlace
    note: str
    """What was done to take them, for the user."""


Reader = Callable[[TakenLayer], Callable[[], TakenCells]]
"""Takes a layer; returns what reads its cells as is entered now, and may be called in a thread."""


class CellSource(QObject):
    """A combo of layers, and one that says what their background is.

    Parameters
    ----------
    viewer
        Where the layers are.
    panel
        The run: it waits while a layer is read, and says what has been read.
    kinds
        Layers that can become cells.
    backgrounds
        What the label 0 may be: text and value.
    reader
        See `Reader`.
    """

    asked = Signal(object)
    """Another layer has been chosen, or None: what was read is gone."""
    read = Signal(object)
    """The cells of this layer have been read."""
    failed = Signal()
    """The layer cannot be read; the reason has been said."""

    def __init__(
        self,
        viewer: Any,
        panel: RunPanel,
        kinds: tuple[type[Layer], ...],
        backgrounds: tuple[tuple[str, Any], ...],
        reader: Reader,
    ) -> None:
        super().__init__(panel)
        self._viewer, self._panel, self._reader = unwrapped(viewer), panel, reader
        self.combo = LayerCombo(self._viewer, "new cells", partial(why_not_taken, kinds=kinds), kinds=kinds)
        self.combo.setToolTip("Start with new cells, or set your own segmentation in motion: every label becomes a cell.")
        self.background = QComboBox()
        for text, value in backgrounds:
            self.background.addItem(text, value)
        self.background.setToolTip("What label 0 of your segmentation stands for.")
        ignore_wheel(self.background)
        narrow(self.background)
        self.taken: TakenCells | None = None
        self._reading = Latest(self)
        self.combo.chosen.connect(self.take)

    @property
    def layer(self) -> Layer | None:
        """The user's layer, None for new cells."""
        return self.combo.layer

    def take(self, layer: Layer | None) -> None:
        """Read the cells of a layer, or make new ones again."""
        self.taken = None
        self._reading.drop()
        self._panel.say("")
        self.asked.emit(layer)
        if layer is None:
            return
        self._panel.set_ready(False)
        self._panel.say(f"Reading {layer.name!r}…")

        def done(taken: TakenCells) -> None:
            self.taken = taken
            self.read.emit(layer)
            self._panel.say(taken.note)

        try:
            source = take(layer, self._viewer)
            read = self._reader(source)
        except ShapelabError as error:
            self._refuse(str(error))
            return
        self._reading.begin(read, done, self._refuse, now=is_small(source))

    def _refuse(self, text: str) -> None:
        self.failed.emit()
        self._panel.say(text, wrong=True)

    def new_run(self, layer: Layer, create: Callable[..., Simulation], name: str, given: dict[str, Any]) -> NewRun | Callable[[], NewRun]:
        """Return a run of the layer's cells, or what makes it, in a thread, of a large layer."""
        source = take(layer, self._viewer)
        make = partial(_run_of, self._reader(source), create, name, given, layer)
        return make() if is_small(source) else make


def _run_of(read: Callable[[], TakenCells], create: Callable[..., Simulation], name: str, given: dict[str, Any], layer: Layer) -> NewRun:
    cells = read()
    return NewRun(create(name, initial=cells.given, **given), cells.place, layer, cells.note)

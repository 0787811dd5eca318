"""How finely the cells of a saved run are drawn: as they were saved, or exactly, on any grid."""

from __future__ import annotations

import logging
from typing import Any

from napari.layers import Labels
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QLabel, QWidget

from napari_shapelab.viewer.folder_layers import layers_of
from napari_shapelab.viewer.view import unwrapped
from napari_shapelab.widgets.narrow import narrow
from napari_shapelab.widgets.number_box import ignore_wheel
from napari_shapelab.work.sentence import sentence
from shapelab.errors import ShapelabError
from shapelab.io import Run

__all__ = ["Resolution"]

_log = logging.getLogger(__name__)

_CHOICES = (1, 2, 3, 4, 6, 8)
_CELLS = "cells"


class Resolution(QWidget):
    """A combo; it is there only for runs that hold the potentials of their cells.

    Parameters
    ----------
    viewer
        napari's viewer.
    """

    refused = Signal(str)
    """Why cells cannot be drawn so finely; they stay as they were."""

    def __init__(self, viewer: Any) -> None:
        super().__init__()
        self._viewer = unwrapped(viewer)
        self._run: Run | None = None
        self.combo = narrow(QComboBox())
        self.combo.addItem("as saved", None)
        for k in _CHOICES:
            self.combo.addItem("the computed grid" if k == 1 else f"{k} × the computed grid", k)
        self.combo.setToolTip("Grid to draw the cells on, 1 to 8 times as fine as computed: boundaries are exact. Exports use it too.")
        ignore_wheel(self.combo)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(QLabel("Draw cells on"))
        row.addWidget(self.combo, 1)
        self.combo.activated.connect(lambda _: self.draw())
        self.hide()

    @property
    def value(self) -> int | None:
        """Pixels per computed pixel along each axis, None for the frames as they were saved."""
        return None if self.isHidden() else self.combo.currentData()

    def show_run(self, run: Run | None, *, new: bool) -> None:
        """Draw the cells of this run from now on; a `new` one begins as it was saved."""
        self._run = run
        self.setVisible(run is not None and set(run.record.drawings) >= set(run.steps))
        if new:
            self.combo.setCurrentIndex(0)

    def draw(self) -> None:
        """Draw the cells as the combo says."""
        run = self._run
        layers = [layer for layer in layers_of(self._viewer, run) if _is_cells(layer)] if run is not None else []
        if run is None or not layers:
            return
        try:
            data, scale, translate = _saved(run) if self.value is None else _redrawn(run, self.value)
        except Exception as error:  # told to the user, whatever it is
            if not isinstance(error, ShapelabError):
                _log.exception("Cells cannot be redrawn")
            self.combo.setCurrentIndex(0)
            self.refused.emit(sentence(error, "The cells cannot be drawn this finely"))
            return
        for layer in layers:
            layer.data = data
            layer.scale, layer.translate = scale, translate
            layer.editable = False  # painting would not reach the disk


def _is_cells(layer: Any) -> bool:
    return isinstance(layer, Labels) and layer.metadata["shapelab"].get("layer") == _CELLS


def _saved(run: Run) -> tuple[Any, Any, Any]:
    layer = next(item for item in run.layers() if item.name == _CELLS)
    scale = layer.meta["scale"]
    return layer.data, scale, layer.meta.get("translate", [0.0] * len(scale))


def _redrawn(run: Run, resolution: int) -> tuple[Any, Any, Any]:
    """Return the cells as a lazy array, with its scale and translation: each frame is drawn when it is looked at."""
    import dask.array as da
    from dask.delayed import delayed

    drawn = run.redrawn(resolution)
    first = drawn.layer(0)  # what is damaged is told now
    frame = delayed(drawn.__getitem__, pure=False)
    data = da.stack([da.from_delayed(frame(index), drawn.shape[1:], drawn.dtype) for index in range(len(run))])  # type: ignore[no-untyped-call]
    scale = tuple(first.meta["scale"])
    return data, (1.0, *scale), (0.0, *first.meta.get("translate", (0.0,) * len(scale)))

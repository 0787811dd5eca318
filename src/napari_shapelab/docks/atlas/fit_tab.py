"""The tab that fits a texture to one of the user's masks."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from napari.layers import Labels, Layer
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QSpinBox, QVBoxLayout, QWidget

from napari_shapelab.docks.atlas.place_beside import Box, inner_box
from napari_shapelab.widgets.layer_combo import LayerCombo
from napari_shapelab.widgets.number_box import ignore_wheel
from napari_shapelab.work.task import Task
from shapelab.batch import Atlas, TextureFit, fit_texture
from shapelab.units import short_unit, shown_unit

__all__ = ["AtlasFit"]

_HINT = "Find the texture whose curvatures and filled part are nearest to those of a mask."


class AtlasFit(QWidget):
    """Choice of a mask, number of trial runs, Fit.

    Parameters
    ----------
    viewer
        Whose layers to offer.
    atlas
        Returns the atlas to begin with, None while there is none.
    """

    fitted = Signal(object, object, object)
    """A `TextureFit`, the layer that it was fitted to, and the `Box` around its shape."""
    _advanced = Signal(int, int, float)

    def __init__(self, viewer: Any, atlas: Callable[[], Atlas | None]) -> None:
        super().__init__()
        self._atlas = atlas
        self._stop: threading.Event | None = None
        self._stops: list[threading.Event] = []
        self.combo = LayerCombo(viewer, "a mask…", _why_not)
        self.trials = QSpinBox()
        self.trials.setRange(0, 500)
        self.trials.setValue(40)
        self.trials.setFixedWidth(84)
        self.trials.setToolTip("Short runs that refine the nearest texture of the atlas; about a second each.")
        ignore_wheel(self.trials)
        self.button = QPushButton("Fit")
        self.button.setToolTip("Search the atlas, then refine. Press again to stop.")
        self.button.setEnabled(False)
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setMaximumHeight(6)
        self.note = QLabel(_HINT)
        self.note.setWordWrap(True)
        row = QHBoxLayout()
        for widget, stretch in ((self.combo, 1), (self.trials, 0), (self.button, 0)):
            row.addWidget(widget, stretch)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.addLayout(row)
        layout.addWidget(self.progress)
        layout.addWidget(self.note, 1)
        self.combo.chosen.connect(lambda layer: self.button.setEnabled(self.running or layer is not None))
        self.button.clicked.connect(lambda _=False: self.stop() if self.running else self.start())
        self._advanced.connect(self._on_advanced)
        self.destroyed.connect(partial(_end, self._stops))

    @property
    def running(self) -> bool:
        """True while a fit is under way."""
        return self._stop is not None

    def start(self) -> None:
        """Fit a texture to the chosen mask."""
        layer, atlas = self.combo.layer, self._atlas()
        if layer is None or atlas is None or self.running:
            return
        data, scale, translate = np.asarray(layer.data), np.asarray(layer.scale, float), np.asarray(layer.translate, float)
        unit, trials = short_unit(str(layer.units[-1])) or "pixel", self.trials.value()
        stop = self._stop = threading.Event()
        self._stops[:] = [stop]
        self.button.setText("Stop")
        self.progress.setRange(0, 0)
        self.note.setText("Searching the atlas…")

        def work() -> tuple[TextureFit, Box]:
            mask, spacing, told = data != 0, tuple(scale.tolist()), self._advanced.emit
            fit = fit_texture(mask, spacing, unit=unit, atlas=atlas, trials=trials, progress=told, stop=stop.is_set)
            return fit, inner_box(mask, scale, translate)

        Task(self, work, partial(self._on_done, layer), self._on_failed)

    def stop(self) -> None:
        """End the fit after its current run; the best texture so far is taken."""
        if self._stop is not None:
            self._stop.set()

    def _on_advanced(self, done: int, total: int, misfit: float) -> None:
        self.progress.setRange(0, total)
        self.progress.setValue(done)
        self.note.setText(f"Run {done} of {total}: {100 * misfit:.1f} % off.")

    def _on_done(self, layer: Layer, found: tuple[TextureFit, Box]) -> None:
        self._rest()
        fit, box = found
        unit = shown_unit(str(fit.best.parameters["unit"]))
        of = f"of {fit.curvature:.3g} 1/{unit}"
        self.note.setText(
            f"Distance of the curvatures {fit.start.distance:.3g} ({fit.member}) → {fit.best.distance:.3g} after {fit.trials} runs, {of}; "
            f"filled {100 * fit.best.volume_fraction:.1f} %, mask {100 * fit.volume_fraction:.1f} %. Run grows it."
        )
        self.fitted.emit(fit, layer, box)

    def _on_failed(self, text: str) -> None:
        self._rest()
        self.note.setText(text)

    def _rest(self) -> None:
        self._stop = None
        self.button.setText("Fit")
        self.button.setEnabled(self.combo.layer is not None)
        self.progress.setRange(0, 1)
        self.progress.setValue(0)


def _end(stops: list[threading.Event], _: object = None) -> None:
    """End a fit whose tab is gone."""
    for stop in stops:
        stop.set()


def _why_not(layer: Layer) -> str:
    if not isinstance(layer, Labels):
        return "not a mask (Labels)"
    return "" if layer.ndim == 3 else "not 3-D"

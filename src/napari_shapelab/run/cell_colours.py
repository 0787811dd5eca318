"""Colour cells by what is known of them: identity, type, volume, error, neighbours and more."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from napari.utils.colormaps import DirectLabelColormap, ensure_colormap
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QLabel, QWidget

from napari_shapelab.run.panel import RunPanel
from napari_shapelab.viewer.colours import direction_colours, distinct_colours
from napari_shapelab.widgets.colour_scale import ColourScale
from napari_shapelab.widgets.narrow import narrow
from napari_shapelab.widgets.number_box import ignore_wheel
from shapelab.simulation import Frame

__all__ = ["CellColours"]

IDENTITY, TYPE = "identity", "type"
_COLORMAP = "viridis"
_HEADING, _CIRCLE = "heading", (-180.0, 180.0)
"""Angles go round, and so do their colours."""
_SHARE = 0.2
"""Part of the window's time that recolouring may take..."""
_SHORTEST = 0.2
"""... and the shortest time between two of them [s]: napari compiles a shader for each, while the next frame is drawn."""


class CellColours(QWidget):
    """A combo of features and the scale of its colours; the range only widens during a run, so that nothing flickers.

    A new run begins with the colours that suit it: by type if there are several, else one for each cell (the user's own,
    where the cells are theirs).
    """

    def __init__(self, panel: RunPanel) -> None:
        super().__init__()
        self._panel = panel
        self._range: tuple[float, float] | None = None
        self._layers: Any = None
        self._own: Any = None
        self._next = 0.0
        self._shown: tuple[Any, np.ndarray, np.ndarray] | None = None  # colormap of the layer, for these cells, in these colours
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.timeout.connect(panel.guarded(self._catch_up))
        self.combo = QComboBox()
        self.combo.addItem(IDENTITY)
        self.combo.setToolTip("Colour the cells by their identity, type, volume…")
        self.scale = ColourScale()
        self.scale.hide()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(QLabel("Colour by"))
        row.addWidget(self.combo, 1)
        row.addWidget(self.scale)
        self.row = row
        narrow(self.combo, 7)  # the scale beside it is to be read
        ignore_wheel(self.combo)
        self.combo.activated.connect(panel.guarded(lambda _: self._on_choice()))
        panel.advanced.connect(panel.guarded(lambda snapshot: self._on_frame(snapshot.frame)))
        panel.ended.connect(panel.guarded(lambda _: self._catch_up()))

    def choose(self, feature: str) -> None:
        """Colour by this feature, as a click would."""
        self.combo.setCurrentIndex(self.combo.findText(feature))
        self._on_choice()

    def _on_choice(self) -> None:
        self._range = None
        self.scale.setVisible(self.combo.currentText() not in (IDENTITY, TYPE))
        if self._panel.snapshot is None or self._panel.layers is None:
            return
        if self.combo.currentText() != IDENTITY:
            self._paint(self._panel.snapshot.frame)
        elif (cells := self._panel.layers["cells"]) is not None:
            cells.colormap = self._own or distinct_colours()

    def _on_frame(self, frame: Frame) -> None:
        names = [IDENTITY, *(name for name in frame.layer("seeds").meta["features"] if name != "id")]
        if names != [self.combo.itemText(i) for i in range(self.combo.count())]:
            current = self.combo.currentText()
            self.combo.clear()
            self.combo.addItems(names)
            self.combo.setCurrentIndex(max(0, self.combo.findText(current)))
        layers = self._panel.layers
        if layers is not self._layers and layers is not None and (cells := layers["cells"]) is not None:  # a new run
            self._layers, self._range, self._own = layers, None, cells.colormap
            self.choose(_first(frame))
        if self.combo.currentText() == IDENTITY:
            return
        if self._shown is not None and not np.array_equal(self._shown[1], frame.layer("seeds").meta["features"]["id"]):
            self._paint(frame)  # cells that are new have no colour yet
        elif not self._later.isActive():
            self._later.start(max(0, round(1000 * (self._next - time.perf_counter()))))

    def _catch_up(self) -> None:
        """Colour the frame that is shown by now."""
        if self.combo.currentText() != IDENTITY and self._panel.snapshot is not None:
            self._paint(self._panel.snapshot.frame)

    def _paint(self, frame: Frame) -> None:
        cells = self._panel.layers["cells"] if self._panel.layers is not None else None
        if cells is None:
            return
        begin = time.perf_counter()
        features = frame.layer("seeds").meta["features"]
        ids, name = np.asarray(features["id"]), self.combo.currentText()
        colours = _type_colours(ids, np.asarray(features[TYPE])) if name == TYPE else self._scaled(np.asarray(features[name], float))
        shown = self._shown
        if shown is None or shown[0] is not cells.colormap or not (np.array_equal(shown[1], ids) and np.array_equal(shown[2], colours)):
            table: dict[int | None, Any] = {None: (0.5, 0.5, 0.5, 1.0), 0: (0.0, 0.0, 0.0, 0.0)}
            table.update(zip(ids.tolist(), colours, strict=True))
            cells.colormap = DirectLabelColormap(color_dict=table)
            self._shown = cells.colormap, ids, colours
        end = time.perf_counter()
        self._next = end + max((end - begin) / _SHARE, _SHORTEST)

    def _scaled(self, values: np.ndarray) -> np.ndarray:
        """Return colours (N, 4) of values, on a range that only widens."""
        finite = values[np.isfinite(values)]
        low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0)
        if round_ := self.combo.currentText() == _HEADING:
            low, high = _CIRCLE
        elif self._range is not None:
            low, high = min(low, self._range[0]), max(high, self._range[1])
        self._range = low, high
        colours = direction_colours() if round_ else ensure_colormap(_COLORMAP)
        self.scale.show_range(colours, low, high)
        return np.asarray(colours.map(np.nan_to_num((values - low) / (high - low if high > low else 1.0))))


def _first(frame: Frame) -> str:
    """Return what a new run is coloured by at first: by type if there are several, else what the scenario is about."""
    features = frame.layer("seeds").meta["features"]
    if len(np.unique(features[TYPE])) > 1:
        return TYPE
    wanted = frame.layer("cells").meta.get("metadata", {}).get("colour_by", IDENTITY)
    return wanted if wanted in features else IDENTITY


def _type_colours(ids: np.ndarray, types: np.ndarray) -> np.ndarray:
    """Return colours (N, 4): the hue tells the type, the shade tells neighbours apart."""
    hues = np.array([[0.25, 0.55, 0.95, 1.0], [1.0, 0.6, 0.15, 1.0], [0.3, 0.8, 0.4, 1.0], [0.9, 0.35, 0.6, 1.0]])
    colours: np.ndarray = hues[types.astype(int) % len(hues)].copy()
    colours[:, :3] *= (0.6 + 0.4 * (0.618 * ids % 1.0))[:, None]
    return colours

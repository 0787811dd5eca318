"""What decides the map of an atlas, and which atlas it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QMenu, QPushButton, QSizePolicy, QSpinBox, QWidget

from napari_shapelab.widgets.file_dialog import ask_file, ask_folder
from napari_shapelab.widgets.narrow import narrow
from napari_shapelab.widgets.number_box import ignore_wheel
from shapelab.batch.distances import Metric
from shapelab.batch.layout import Layout

__all__ = ["MapChoices", "OpenAtlasButton"]

_METRICS: dict[Metric, str] = {
    "curvature": "curvatures",
    "sinkhorn": "curvatures (Sinkhorn, slow)",
    "observables": "observables",
}
_LAYOUTS: dict[Layout, str] = {"mds": "MDS", "pca": "PCA", "umap": "UMAP"}


class MapChoices(QWidget):
    """What makes shapes similar, how that becomes a map, and how many clusters are coloured."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.similarity = _choice(_METRICS, "What makes shapes similar: their curvature diagrams, or all measured observables.")
        self.layout_choice = _choice(
            _LAYOUTS, "How distances become a map: least squares (MDS), principal axes (PCA) or neighbourhoods (UMAP)."
        )
        self.clusters = QSpinBox()
        self.clusters.setRange(1, 8)
        self.clusters.setValue(5)
        self.clusters.setFixedWidth(84)
        self.clusters.setToolTip("Number of clusters, 1 to 8; used only to colour the points.")
        ignore_wheel(self.clusters)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(self.similarity, 1)
        row.addWidget(self.layout_choice, 1)
        row.addWidget(self.clusters)
        self.similarity.activated.connect(lambda _: self.changed.emit())
        self.layout_choice.activated.connect(lambda _: self.changed.emit())
        self.clusters.valueChanged.connect(lambda _: self.changed.emit())

    def values(self) -> tuple[Metric, Layout, int]:
        """Return metric, layout and number of clusters."""
        return self.similarity.currentData(), self.layout_choice.currentData(), int(self.clusters.value())


class OpenAtlasButton(QPushButton):
    """A button with a menu of what can be opened.

    Parameters
    ----------
    opened
        Called with the path that was chosen, None for the atlas of the package.
    """

    def __init__(self, opened: Callable[[str | None], None]) -> None:
        super().__init__("Open")
        self.setToolTip("Show another atlas, or the shapes of a sweep.")
        self._opened = opened
        menu = QMenu(self)
        menu.addAction("Built-in atlas", lambda: opened(None))
        menu.addAction("Sweep folder…", lambda: self._open(ask_folder(self, "Open a sweep")))
        menu.addAction("Atlas file…", lambda: self._open(ask_file(self, "Open an atlas", "Atlas (*.npz)")))
        self.setMenu(menu)

    def _open(self, path: str | None) -> None:
        if path:
            self._opened(path)


def _choice(entries: Mapping[Any, str], tip: str) -> QComboBox:
    combo = QComboBox()
    for value, text in entries.items():
        combo.addItem(text, value)
    combo.setToolTip(tip)
    narrow(combo, 4)
    combo.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    ignore_wheel(combo)
    return combo

"""The Crystals dock: fit a diagram to grains or cells, and generate new samples, by hand or like a measured one."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QSize
from qtpy.QtWidgets import QLabel, QTabWidget, QVBoxLayout, QWidget

from napari_shapelab.docks.crystals.fit_tab import CrystalFitTab
from napari_shapelab.docks.crystals.generate_tab import CrystalGenerateTab
from napari_shapelab.viewer.view import unwrapped
from napari_shapelab.widgets.scrolled import over_foot
from napari_shapelab.widgets.tab_order import order_tabs

__all__ = ["CrystalsDock"]


class CrystalsDock(QWidget):
    """Polycrystals and other label images as anisotropic diagrams.

    Parameters
    ----------
    napari_viewer
        The viewer.
    """

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__()
        viewer = unwrapped(napari_viewer)
        self.fit = CrystalFitTab(viewer)
        self.generate = CrystalGenerateTab(viewer)
        self.tabs = QTabWidget()
        self.tabs.addTab(over_foot(self.fit, self.fit.foot, self.fit.sharing), "Fit")
        self.tabs.addTab(over_foot(self.generate, self.generate.foot, self.generate.sharing), "Generate")
        heading = QLabel("<b>Crystals</b> — describe grains or cells by a few numbers each, or make new ones.")
        heading.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        layout.setSpacing(6)
        layout.addWidget(heading)
        layout.addWidget(self.tabs, 1)
        order_tabs(self)

    def sizeHint(self) -> QSize:
        """Return a size that leaves the canvas its room on a small screen."""
        return QSize(380, 640)

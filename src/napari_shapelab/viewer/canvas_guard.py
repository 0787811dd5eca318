"""Deleting a layer must not crash the program: napari then frees its OpenGL objects, in whatever context is current.

napari (0.9) empties vispy's queue as soon as a layer is removed (``VispyCanvas._clean_and_update_scenegraph``). Outside of
painting, the current context is any other one of Qt's, or none; with Mesa's software renderer, which virtual machines and
remote desktops use, the next update of a Points layer then ends in a segmentation fault.
"""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QObject
from qtpy.QtOpenGLWidgets import QOpenGLWidget
from qtpy.QtWidgets import QMainWindow, QWidget

from napari_shapelab.viewer.view import unwrapped

__all__ = ["CanvasGuard", "main_window"]


def main_window(widget: QWidget) -> QWidget:
    """Return the window that `widget` belongs to, also while its dock floats."""
    parent: QWidget | None = widget
    while parent is not None:
        if isinstance(parent, QMainWindow):
            return parent
        parent = parent.parentWidget()
    return widget.window()


class CanvasGuard(QObject):
    """Makes the canvas's own context current whenever a layer is about to be removed.

    Parameters
    ----------
    viewer
        napari's viewer.
    widget
        A widget in its window; the guard lives and dies with it.
    """

    def __init__(self, viewer: Any, widget: QWidget) -> None:
        super().__init__(widget)
        self._widget = widget
        unwrapped(viewer).layers.events.removing.connect(self._on_removing)

    def _on_removing(self, event: Any = None) -> None:
        del event
        try:
            canvases = main_window(self._widget).findChildren(QOpenGLWidget)
        except RuntimeError:  # the widget is gone
            return
        for canvas in canvases:
            canvas.makeCurrent()

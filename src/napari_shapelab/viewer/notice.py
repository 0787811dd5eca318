"""A sentence for the user that does not get in the way of what is being drawn: in the status bar, or as a late notification."""

from __future__ import annotations

import napari
from napari.utils.notifications import show_info
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QApplication

__all__ = ["say_in_status", "say_when_drawn"]

_ADDED, _DRAWN = 800, 400
"""Time for layers to be added, and from then on for them to be drawn [ms]."""


def say_in_status(text: str) -> None:
    """Show a sentence in the status bar of the viewer, if there is one.

    A notification that fades in while a mesh is drawn for the first time ends napari (0.9) with a segmentation fault on
    Mesa's software renderer, which virtual machines and remote desktops use.
    """
    viewer = napari.current_viewer()
    if viewer is not None:
        viewer.status = text


def say_when_drawn(text: str) -> None:
    """Show a notification, once what is being opened has been drawn; at once where there is no window.

    A reader is called before its layers are added: what it says at once would fade in during their first drawing (see
    `say_in_status`).
    """
    if napari.current_viewer() is None or QApplication.instance() is None:
        show_info(text)
        return
    # the second timer begins when the window is free again, and so after the drawing that the layers have asked for
    QTimer.singleShot(_ADDED, lambda: QTimer.singleShot(_DRAWN, lambda: show_info(text)))

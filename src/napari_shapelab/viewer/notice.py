"""A sentence in napari's status bar, where a notification would be in the way."""

from __future__ import annotations

import napari

__all__ = ["say_in_status"]


def say_in_status(text: str) -> None:
    """Show a sentence in the status bar of the viewer, if there is one.

    A notification that fades in while a mesh is drawn for the first time ends napari (0.9) with a segmentation fault on
    Mesa's software renderer, which virtual machines and remote desktops use.
    """
    viewer = napari.current_viewer()
    if viewer is not None:
        viewer.status = text

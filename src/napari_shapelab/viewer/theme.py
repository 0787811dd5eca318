"""Colours of napari's theme, for what is drawn in a dock."""

from __future__ import annotations

from typing import Any

from napari.utils.theme import get_theme
from qtpy.QtGui import QColor

from napari_shapelab.viewer.view import unwrapped

__all__ = ["theme_colour"]


def theme_colour(viewer: Any, name: str) -> QColor:
    """Return a colour of the viewer's theme, such as "text" or "background"."""
    return QColor(*getattr(get_theme(unwrapped(viewer).theme), name).as_rgb_tuple()[:3])

"""The user's settings of the plugin (napari's Preferences)."""

from __future__ import annotations

__all__ = ["PLUGIN", "max_rate"]

PLUGIN = "napari-shapelab"

_DEFAULT_RATE = 10.0


def max_rate() -> float:
    """Return the most layer updates per second that the user wants."""
    from napari.settings import get_plugin_settings

    try:
        return float(get_plugin_settings(PLUGIN).display.max_fps)
    except (AttributeError, KeyError, ValueError):  # the plugin is not registered: used as a library
        return _DEFAULT_RATE

"""The user's settings of the plugin (napari's Preferences)."""

from __future__ import annotations

from pathlib import Path

__all__ = ["PLUGIN", "max_rate", "runs_folder", "set_runs_folder", "take_scenarios"]

PLUGIN = "napari-shapelab"

_DEFAULT_RATE = 10.0
_RUNS = "shapelab_runs"
"""Folder in the user's home where runs are saved, unless another one is chosen."""


def max_rate() -> float:
    """Return the most layer updates per second that the user wants."""
    from napari.settings import get_plugin_settings

    try:
        return float(get_plugin_settings(PLUGIN).display.max_fps)
    except (AttributeError, KeyError, ValueError):  # the plugin is not registered: used as a library
        return _DEFAULT_RATE


def runs_folder() -> Path:
    """Return the folder in which runs are saved."""
    from napari.settings import get_plugin_settings

    try:
        chosen = str(get_plugin_settings(PLUGIN).keeping.folder)
    except (AttributeError, KeyError, ValueError):
        chosen = ""
    return Path(chosen).expanduser() if chosen else Path.home() / _RUNS


def set_runs_folder(folder: Path) -> None:
    """Save runs in `folder` from now on."""
    from napari.settings import get_plugin_settings

    try:
        get_plugin_settings(PLUGIN).keeping.folder = str(folder)
    except (AttributeError, KeyError, ValueError):  # the plugin is not registered: used as a library
        return


def take_scenarios() -> None:
    """Add the scenarios in the user's own folder, if there is one, to the catalogue."""
    from napari.settings import get_plugin_settings

    from shapelab.scenario_files import add_folder

    try:
        chosen = str(get_plugin_settings(PLUGIN).scenarios.folder)
    except (AttributeError, KeyError, ValueError):  # the plugin is not registered: used as a library
        return
    if chosen.strip():
        add_folder(chosen.strip())

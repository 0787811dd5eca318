"""The user's settings of the plugin (napari's Preferences)."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shapelab.io.output import new_version

__all__ = ["NO_MEMORY", "PLUGIN", "last_used", "max_rate", "remember", "runs_folder", "set_runs_folder", "take_scenarios"]

PLUGIN = "napari-shapelab"

NO_MEMORY = "SHAPELAB_NO_MEMORY"
"""Variable of the environment that keeps docks from showing, and remembering, what was used last."""
_DEFAULT_RATE = 30.0
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


def last_used(family: str) -> tuple[str, dict[str, Any]] | None:
    """Return the preset and the values that a dock last ran with, None if it never did, or where nothing is remembered."""
    file = _memory()
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))[family] if file is not None else None
        return (str(kept["preset"]), dict(kept["values"])) if kept is not None else None
    except (OSError, ValueError, KeyError, TypeError):  # never written, or by hand
        return None


def remember(family: str, preset: str, values: Mapping[str, Any]) -> None:
    """Remember what a dock runs with, for the next time that it is opened."""
    file = _memory()
    if file is None:
        return
    try:
        known = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        known[family] = {"preset": preset, "values": dict(values)}
        with new_version(file) as partial:
            partial.write_text(json.dumps(known, indent=1), encoding="utf-8")
    except (OSError, ValueError, TypeError):  # a run must not fail for it
        return


def _memory() -> Path | None:
    """Return the file beside napari's settings; None where these are not saved (tests), or nothing should be remembered (pictures)."""
    from napari.settings import get_settings

    place = get_settings().config_path
    return None if place is None or os.environ.get(NO_MEMORY) else Path(place).parent / "napari-shapelab.json"

"""What was inferred in the dock, as a script and as a command."""

from __future__ import annotations

import shlex
from pathlib import Path

import numpy as np

from napari_shapelab.docks.tensions.inference import DockOptions
from napari_shapelab.viewer.given_labels import FrameImages, Given
from napari_shapelab.work.script_button import Script
from shapelab.infer import TensionOptions
from shapelab.script import save_array

__all__ = ["tension_command", "tension_script"]


def tension_script(given: Given, options: DockOptions) -> Script:
    """Return what a script does that infers the same."""
    chosen = "".join(f", {name}={value!r}" for name, value in _changed(options).items())
    periodic = ", periodic=True" if options.periodic else ""
    show = ["print(found)", "print(found.table())", "print(found.cells())"]
    if not given.film:
        body = [f"found = sl.infer_tensions(cells{periodic}{chosen})", *show, "print(tension_classes(found), cell_types(found))"]
        return Script(["from shapelab.infer import cell_types, tension_classes", "", *body], {"cells": given.frames[0]})
    method = f", options=TensionOptions({chosen.removeprefix(', ')})" if chosen else ""
    names = "TensionOptions, infer_tensions_over_time" if chosen else "infer_tensions_over_time"
    spacing = tuple(float(f"{step:.12g}") for step in given.spacing)
    body = [f"found = infer_tensions_over_time(movie, {spacing}{periodic}{method}, width={options.width!r})", *show]
    return Script([f"from shapelab.infer import {names}", "", *body], arrays={"movie": _film(given)})


def tension_command(given: Given, options: DockOptions, folder: Path) -> str:
    """Save the labels, and return the ``shapelab tensions`` command that infers the same; in a thread."""
    name = "".join(c if c.isalnum() or c in "-_" else "_" for c in given.name).strip("_") or "cells"
    path = folder / f"{name}.npy"
    save_array(path, _film(given) if given.film else np.asarray(given.frames[0].read().data))
    words = ["shapelab", "tensions", str(path), "--voxel-size", *(f"{step:.12g}" for step in given.spacing), "--labels"]
    words += [f"--{key}={value}" for key, value in _changed(options).items()]
    words += ["--periodic"] if options.periodic else []
    words += ["--over-time", f"--width={options.width:g}"] if given.film else []
    return shlex.join(words)


def _film(given: Given) -> np.ndarray:
    return np.stack(list(FrameImages(given.frames)))


def _changed(options: DockOptions) -> dict[str, object]:
    """Return the choices of the method that are not its defaults."""
    defaults = TensionOptions()
    return {name: value for name, value in options.method if value != getattr(defaults, name)}

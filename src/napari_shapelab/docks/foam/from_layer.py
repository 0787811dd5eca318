"""A user's segmentation as a foam: every label becomes a cell, exactly where napari shows it."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from napari_shapelab.run.cell_source import TakenCells
from napari_shapelab.run.run_place import RunPlace
from napari_shapelab.viewer.layer_data import TakenLayer
from shapelab.foam.given import GivenFoam

__all__ = ["take_foam"]


def take_foam(taken: TakenLayer, background: Literal["medium", "none"]) -> TakenCells:
    """Read a layer and take its labels as cells; in a thread, as a volume takes a while.

    Parameters
    ----------
    taken
        What was taken from the layer.
    background
        Whether the label 0 is a medium, or goes to the nearest cells.

    Raises
    ------
    InputError
        If it has no cells, with the reason.
    """
    read = taken.read()
    layer = read.layer_data()
    if read.features is not None:
        layer = replace(layer, meta={**layer.meta, "features": read.features})
    given = GivenFoam.of(layer, background=background)
    return TakenCells(given, RunPlace.over(read), " ".join([*read.notes, *given.notes]))

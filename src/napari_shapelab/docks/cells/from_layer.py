"""A user's segmentation as the start of a run: every label becomes a cell, exactly where napari shows it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from napari_shapelab.run.cell_source import TakenCells
from napari_shapelab.run.cell_types import types_from
from napari_shapelab.run.run_place import RunPlace
from napari_shapelab.viewer.layer_data import TakenLayer
from napari_shapelab.viewer.shapes import read_shape
from shapelab.cells.labels_as_cells import GivenCells
from shapelab.errors import InputError

__all__ = ["take_cells"]

_NAMED = 5
"""How many of the labels that are left out are named."""


def take_cells(taken: TakenLayer, walls: str | None, types: TakenLayer | None = None) -> TakenCells:
    """Read a layer and take its labels as cells; in a thread, as a volume takes a while.

    Parameters
    ----------
    taken
        What was taken from the layer.
    walls
        "background" to make the label 0 wall, None to make it medium.
    types
        Labels at the same place: the one that covers most of a cell is its type. None where the layer's own feature says it.

    Raises
    ------
    InputError
        If it has no cells, with the reason.
    """
    read = replace(read_shape(taken, fields=False), kind="labels")
    layer = read.layer_data()
    features = read.features
    if types is not None:
        found = types_from(read, types.read())
        features = {"index": list(found), "type": list(found.values())}
    if features is not None:
        layer = replace(layer, meta={**layer.meta, "features": features})
    given = GivenCells.of(layer, walls)
    if not given.n_cells:
        raise InputError(f"The layer {taken.name!r} has no label that could become a cell: each needs at least 4 pixels.")
    notes = [*read.notes]
    if len(lost := given.left_out):
        named = ", ".join(map(str, lost[:_NAMED].tolist())) + (" …" if len(lost) > _NAMED else "")
        what = "1 label has" if len(lost) == 1 else f"{len(lost)} labels have"
        notes.append(f"{what} fewer than 4 pixels and cannot be a cell ({named}): treated as background.")
    if given.types is not None:
        counts = Counter(given.types.values())
        listed = ", ".join(f"{n} of type {kind}" for kind, n in sorted(counts.items()))
        source = "those of the layer's feature 'type'" if types is None else f"taken from {types.name!r}"
        notes.append(f"Cell types are {source}: {listed}.")
    return TakenCells(given, RunPlace.over(read), " ".join(notes))

"""The growing tables of a run that is being written: scalars, points and features."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from shapelab.frame import LayerData
from shapelab.io.growing_csv import Extent, append_rows, column_names, widened_copy
from shapelab.io.record import SCALARS, WIDER_SCALARS, RunRecord

__all__ = ["append_scalars", "append_table", "layer_rows", "settle_scalars"]


def append_table(folder: Path, record: RunRecord, name: str, columns: Mapping[str, Any]) -> Path:
    """Add rows to a table and note in the record how much of it counts; return its file."""
    file = folder / name
    file.parent.mkdir(exist_ok=True)
    _note(record, name, append_rows(file, record.extent(name) or Extent(0, 0), columns))
    return file


def append_scalars(folder: Path, record: RunRecord, columns: Mapping[str, Any]) -> Path:
    """Add a row; where it brings new scalars, the table is copied, so that the record goes from one complete file to the other."""
    valid = record.extent(SCALARS)
    names = [name for name in columns if name not in column_names(folder / SCALARS)] if valid else []
    if valid is None or not names:
        return append_table(folder, record, SCALARS, columns)
    wider = folder / WIDER_SCALARS
    _note(record, WIDER_SCALARS, append_rows(wider, widened_copy(folder / SCALARS, valid, names, wider), columns))
    del record.tables[SCALARS]
    record.checksums.pop(SCALARS, None)
    return wider


def settle_scalars(folder: Path, record: RunRecord) -> None:
    """Give the copy the name of the table; a reader that finds it renamed already takes it under that name."""
    if WIDER_SCALARS in record.tables:
        with contextlib.suppress(FileNotFoundError):  # renamed already, before the record could say so
            (folder / WIDER_SCALARS).replace(folder / SCALARS)
        for known in (record.tables, record.checksums):
            if WIDER_SCALARS in known:
                known[SCALARS] = known.pop(WIDER_SCALARS)


def layer_rows(layer: LayerData) -> dict[str, Any]:
    """Return the columns of a layer's table: coordinates of points, and the features of points or labels."""
    features: Any = layer.meta.get("features")
    columns: dict[str, Any] = {}
    if layer.kind == "points":
        data = np.asarray(layer.data)
        columns = {f"axis_{i}": data[:, i] for i in range(data.shape[1])}
    if features is not None:
        columns |= {str(name): np.asarray(features[name]) for name in features}
    return columns


def _note(record: RunRecord, name: str, extent: Extent) -> None:
    record.tables[name] = extent.size
    if extent.checksum is not None:
        record.checksums[name] = extent.checksum

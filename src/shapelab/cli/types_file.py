"""Types of cells from a file: labels painted over the cells, or a column of a table."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from shapelab.errors import InputError
from shapelab.io.presence import is_file
from shapelab.labels.types import types_of_column, types_painted

__all__ = ["add_types_options", "types_of"]

_LABELS = ("label", "index", "id", "cell")
"""Columns that may hold the labels, the first one that is there."""


def add_types_options(parser: argparse.ArgumentParser) -> None:
    """Declare ``--types`` and ``--types-column``."""
    parser.add_argument(
        "--types",
        type=Path,
        metavar="FILE",
        help="type of each cell: labels painted over the cells of the first frame, or a .csv with the columns label and type",
    )
    parser.add_argument("--types-column", metavar="NAME", help="the column of the table that holds the types (default type)")


def types_of(known: argparse.Namespace, first: np.ndarray) -> dict[int, int] | None:
    """Return the types that the options ask for, of the cells of the first frame; None if they ask for none.

    Raises
    ------
    InputError
        If the file cannot be read, or says nothing of a cell.
    """
    from shapelab.io import read_image

    path: Path | None = known.types
    if path is None:
        if known.types_column is not None:
            raise InputError("--types-column names a column of a table: give the table, too (--types FILE.csv).")
        return None
    if path.suffix.lower() != ".csv":
        if known.types_column is not None:
            raise InputError(f"--types-column is for a table; {path.name} is an image.")
        return types_painted(first, np.asarray(read_image(path, kind="labels").data))
    if getattr(known, "link", False):
        raise InputError("A table gives types by label, and --link renumbers the cells: paint the types over the cells instead.")
    return _of_table(path, known.types_column or "type")


def _of_table(path: Path, column: str) -> dict[int, int]:
    import pandas as pd

    if not is_file(path):
        raise InputError(f"There is no file {str(path)!r}.")
    try:
        table = pd.read_csv(path)
    except (OSError, ValueError) as error:
        raise InputError(f"{path.name} cannot be read as a table: {error}.") from error
    names = [name for name in _LABELS if name in table.columns]
    if not names or column not in table.columns:
        missing = f"no column {column!r}" if names else f"no column of labels ({', '.join(_LABELS)})"
        raise InputError(f"{path.name} has {missing}; it has {', '.join(map(str, table.columns))}.")
    if not pd.api.types.is_numeric_dtype(table[names[0]]):
        raise InputError(f"The column {names[0]!r} of {path.name} must hold whole numbers, the labels of the cells.")
    return types_of_column(table[names[0]].to_numpy(), table[column].to_numpy(object))

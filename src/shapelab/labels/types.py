"""The type of each cell: painted over the cells, or in a column of a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from shapelab.errors import InputError

__all__ = ["types_of_column", "types_painted"]


def types_painted(labels: np.ndarray, kinds: np.ndarray) -> dict[int, int]:
    """Return label -> the number that covers most of the cell in another image.

    Parameters
    ----------
    labels, kinds
        Whole numbers of the same shape; label 0 is the background.

    Raises
    ------
    InputError
        If the shapes differ.
    """
    if labels.shape != kinds.shape:
        found, wanted = (" × ".join(map(str, image.shape)) for image in (kinds, labels))
        raise InputError(f"The types have {found} pixels and the cells {wanted}: paint types pixel on pixel over the cells.")
    ids, rows = np.unique(labels, return_inverse=True)
    values, columns = np.unique(kinds, return_inverse=True)
    index = rows.ravel() * len(values) + columns.ravel()
    counts = np.bincount(index, minlength=len(ids) * len(values)).reshape(len(ids), len(values))
    chosen = values[counts.argmax(axis=1)]
    return dict(zip(ids[ids != 0].tolist(), chosen[ids != 0].tolist(), strict=True))


def types_of_column(labels: Sequence[Any] | np.ndarray, values: Sequence[Any] | np.ndarray) -> dict[int, int]:
    """Return label -> type of a column: whole numbers as they are, other values numbered from 0 in their order; empty cells are left out.

    Raises
    ------
    InputError
        If a label is no whole number.
    """
    ids = np.asarray(labels)
    if ids.dtype.kind not in "iu":  # those that are stay: numbers of 64 bits do not fit into floats
        ids = np.asarray(labels, float)
        if not np.all(ids == np.round(ids)):
            raise InputError(f"The column of labels holds {ids[ids != np.round(ids)][0]:g}: labels are whole numbers.")
    rows = [(int(i), value) for i, value in zip(ids.tolist(), np.asarray(values).tolist(), strict=True)]
    known = [(i, value) for i, value in rows if i != 0 and value is not None and value == value and value != ""]  # NaN is not itself
    if all(isinstance(value, int | float) and value % 1 == 0 for _, value in known):
        return {i: int(value) for i, value in known}
    order = sorted({value for _, value in known}, key=lambda value: (isinstance(value, str), value))
    return {i: order.index(value) for i, value in known}

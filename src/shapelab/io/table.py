"""Growing CSV tables that a kill in the middle of a line does not damage: the run's record says how many bytes count."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from shapelab.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["append_rows", "column_names", "read_table", "widened_copy"]


def append_rows(file: Path, valid_bytes: int, columns: Mapping[str, Sequence[Any]]) -> int:
    """Append rows after the first `valid_bytes` of `file` (whatever follows them is dropped); return the new length.

    The first call decides on the columns; later ones may leave some out (empty) but bring no others.
    """
    names = column_names(file) if valid_bytes else list(columns)
    count = max((len(values) for values in columns.values()), default=0)
    plain = [_plain(columns[name]) if name in columns else [""] * count for name in names]
    buffer = io.StringIO()
    table = csv.writer(buffer, lineterminator="\n")  # many times as fast as a data frame, for a few rows
    if not valid_bytes:
        table.writerow(names)
    table.writerows(zip(*plain, strict=True))
    text = buffer.getvalue()
    with file.open("r+b" if file.exists() else "wb") as binary:
        binary.truncate(valid_bytes)
        binary.seek(valid_bytes)
        return valid_bytes + binary.write(text.encode())


def _plain(values: Sequence[Any]) -> list[Any]:
    """Return Python's own numbers, whose text is exact; what is not a number is left empty."""
    listed = values.tolist() if isinstance(values, np.ndarray) else list(values)
    return ["" if isinstance(value, float) and math.isnan(value) else value for value in listed]


def column_names(file: Path) -> list[str]:
    """Return the names of the columns of a table that `append_rows` wrote."""
    with file.open("r", encoding="utf-8") as stream:
        return stream.readline().rstrip("\n").split(",")


def widened_copy(file: Path, valid_bytes: int, names: Sequence[str], target: Path) -> int:
    """Copy the first `valid_bytes` of a table to `target`, with further columns that are empty so far; return its length."""
    with file.open("rb") as stream:
        header, *rows = stream.read(valid_bytes).decode().splitlines()
    lines = [",".join([header, *names]), *(row + "," * len(names) for row in rows)]
    return target.write_bytes("".join(f"{line}\n" for line in lines).encode())


def read_table(file: Path, valid_bytes: int) -> pd.DataFrame:
    """Return the rows in the first `valid_bytes` of `file`."""
    import pandas as pd

    try:
        with file.open("rb") as stream:
            if file.stat().st_size < valid_bytes:
                raise InputError(f"{file.name} is shorter than the run's record says: it was cut.")
            content = stream.read(valid_bytes)
        return pd.read_csv(io.BytesIO(content))
    except (OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"The table {file.name} is missing or damaged.") from error

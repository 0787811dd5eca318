"""Growing CSV tables that a kill in the middle of a line does not damage: the run's record says how many bytes count."""

from __future__ import annotations

import csv
import io
import math
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from shapelab.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Extent", "append_rows", "column_names", "read_table", "widened_copy"]

_MOST_COLUMNS = 10_000


class Extent(NamedTuple):
    """The part of a table that counts."""

    size: int
    """Its length [bytes], from the beginning of the file."""
    checksum: int | None
    """CRC-32 of it; None in runs that earlier versions kept."""


def append_rows(file: Path, valid: Extent, columns: Mapping[str, Sequence[Any]]) -> Extent:
    """Append rows after the `valid` part of `file` (whatever follows it is dropped); return the new valid part.

    The first call decides on the columns; later ones may leave some out (empty) but bring no others.
    """
    names = column_names(file) if valid.size else list(columns)
    count = max((len(values) for values in columns.values()), default=0)
    plain = [_plain(columns[name]) if name in columns else [""] * count for name in names]
    buffer = io.StringIO()
    table = csv.writer(buffer, lineterminator="\n")  # many times as fast as a data frame, for a few rows
    if not valid.size:
        table.writerow(names)
    table.writerows(zip(*plain, strict=True))
    content = buffer.getvalue().encode()
    with file.open("r+b" if file.exists() else "wb") as binary:
        binary.truncate(valid.size)
        binary.seek(valid.size)
        binary.write(content)
    return Extent(valid.size + len(content), None if valid.checksum is None else zlib.crc32(content, valid.checksum))


def _plain(values: Sequence[Any]) -> list[Any]:
    """Return Python's own numbers, whose text is exact; what is not a number is left empty."""
    if isinstance(values, np.ndarray) and (values.dtype.kind in "biu" or (values.dtype.kind == "f" and not np.isnan(values).any())):
        listed: list[Any] = values.tolist()
        return listed
    listed = values.tolist() if isinstance(values, np.ndarray) else list(values)
    return ["" if isinstance(value, float) and math.isnan(value) else value for value in listed]


def column_names(file: Path) -> list[str]:
    """Return the names of the columns of a table that `append_rows` wrote."""
    with file.open("r", encoding="utf-8") as stream:
        return stream.readline().rstrip("\n").split(",")


def widened_copy(file: Path, valid: Extent, names: Sequence[str], target: Path) -> Extent:
    """Copy the `valid` part of a table to `target`, with further columns that are empty so far; return that of the copy."""
    with file.open("rb") as stream:
        header, *rows = stream.read(valid.size).decode().splitlines()
    lines = [",".join([header, *names]), *(row + "," * len(names) for row in rows)]
    content = "".join(f"{line}\n" for line in lines).encode()
    target.write_bytes(content)
    return Extent(len(content), zlib.crc32(content))


def read_table(file: Path, valid: Extent) -> tuple[pd.DataFrame, bool]:
    """Return the rows in the `valid` part of `file`, and whether it is what was written, as far as its checksum tells.

    Raises
    ------
    InputError
        If it is missing, cut or damaged.
    """
    import pandas as pd

    try:
        with file.open("rb") as stream:
            if file.stat().st_size < valid.size:
                raise InputError(f"{file.name} is shorter than the run's record says: it was cut.")
            content = stream.read(valid.size)
        if content.partition(b"\n")[0].count(b",") >= _MOST_COLUMNS:
            raise InputError(f"The table {file.name} has more than {_MOST_COLUMNS} columns: refused.")
        return pd.read_csv(io.BytesIO(content)), valid.checksum in (None, zlib.crc32(content))
    except (OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"The table {file.name} is missing or damaged.") from error

"""Growing CSV tables that a kill in the middle of a line does not damage: the run's record says how many bytes count."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shapelab.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["append_rows", "read_table"]


def append_rows(file: Path, valid_bytes: int, columns: Mapping[str, Sequence[Any]]) -> int:
    """Append rows after the first `valid_bytes` of `file` (whatever follows them is dropped); return the new length.

    The first call decides on the columns; later ones may leave some out (empty) but bring no others.
    """
    import pandas as pd

    rows = pd.DataFrame(dict(columns))
    if valid_bytes:
        with file.open("r", encoding="utf-8") as stream:
            rows = rows.reindex(columns=stream.readline().rstrip("\n").split(","))
    text = rows.to_csv(index=False, header=valid_bytes == 0, lineterminator="\n")
    with file.open("r+b" if file.exists() else "wb") as binary:
        binary.truncate(valid_bytes)
        binary.seek(valid_bytes)
        return valid_bytes + binary.write(text.encode())


def read_table(file: Path, valid_bytes: int) -> pd.DataFrame:
    """Return the rows in the first `valid_bytes` of `file`."""
    import pandas as pd

    try:
        with file.open("rb") as stream:
            content = stream.read(valid_bytes)
        if len(content) < valid_bytes:
            raise InputError(f"{file.name} is shorter than the run's record says: it was cut.")
        return pd.read_csv(io.BytesIO(content))
    except (OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"The table {file.name} is missing or damaged.") from error

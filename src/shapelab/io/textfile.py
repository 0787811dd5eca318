"""Small text files: written at once or not at all, on the disk when that is said, read with a limit."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from shapelab.errors import InputError
from shapelab.io.durable import settle_folder
from shapelab.io.partial_names import hidden_path

__all__ = ["read_json", "write_json"]


def write_json(file: Path, data: Any) -> None:
    """Replace `file` by `data` as JSON, one entry per line: a reader, or a power cut, sees the old file or the new one."""
    temporary = hidden_path(file)
    try:
        with temporary.open("w", encoding="utf-8") as stream:
            stream.write(_lines(data))
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(file)
        settle_folder(file.parent)
    finally:
        temporary.unlink(missing_ok=True)


def _lines(data: Any) -> str:
    """Return JSON with one top-level entry per line; `indent` would take the slow encoder and a line per number."""
    if not isinstance(data, dict):
        return json.dumps(data, allow_nan=False)
    entries = (f" {json.dumps(str(key))}: {json.dumps(value, allow_nan=False)}" for key, value in data.items())
    return "{\n" + ",\n".join(entries) + "\n}\n"


def read_json(file: Path, *, limit: int = 64_000_000) -> dict[str, Any]:
    """Return the JSON object in a file of at most `limit` bytes."""
    try:
        if file.stat().st_size > limit:
            raise InputError(f"{file.name} is larger than {limit / 1e6:g} MB, so it is not what its name says.")
        data = json.loads(file.read_text(encoding="utf-8-sig"))
    except InputError:
        raise
    except (OSError, ValueError, RecursionError) as error:  # not text, not JSON, or a number of a million digits
        raise InputError(f"{file.name} cannot be read: it is missing or damaged.") from error
    if not isinstance(data, dict):
        raise InputError(f"{file.name} is damaged: it should hold an object.")
    return data

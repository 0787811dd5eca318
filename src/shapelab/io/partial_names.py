"""Hidden names of files and folders until they are whole."""

from __future__ import annotations

import uuid
from pathlib import Path

__all__ = ["hidden_path", "hidden_path_with_suffix"]


def hidden_path(path: Path) -> Path:
    """Return a new hidden path beside `path`, which ends in ``.partial``."""
    return path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.partial")


def hidden_path_with_suffix(path: Path) -> Path:
    """Return a new hidden path beside `path` with the suffix of `path`, for writers that look at it."""
    return path.with_name(f".{uuid.uuid4().hex[:8]}.partial.{path.name}")

"""Whether a path is there, asked of names that a user gives: one that the system cannot take, such as too long a one, is not."""

from __future__ import annotations

from pathlib import Path

__all__ = ["is_file", "is_folder", "is_there", "readable"]


def is_there(path: Path) -> bool:
    """Tell whether there is anything of this name."""
    try:
        return path.exists()
    except (OSError, ValueError):  # until Python 3.14 these raise where the name is too long, or has a NUL in it
        return False


def is_file(path: Path) -> bool:
    """Tell whether there is a file of this name."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def is_folder(path: Path) -> bool:
    """Tell whether there is a folder of this name."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def readable(name: str) -> str:
    """Return the name of a file as text that can be written: bytes of it that are no text become escapes."""
    return name.encode(errors="backslashreplace").decode()

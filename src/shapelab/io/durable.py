"""Files that a power cut spares: what is settled here is on the disk, not only in the system's memory."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from pathlib import Path

__all__ = ["settle", "settle_folder"]

_UNABLE = (errno.EINVAL, errno.ENOTSUP, errno.EACCES, errno.EPERM, errno.EBADF)
"""What network disks answer that only settle files."""


def settle(files: Iterable[Path], root: Path, known: set[Path] | None = None) -> None:
    """Have the system write `files`, and their names in all folders up to `root`, to the disk; return when it has.

    Parameters
    ----------
    files
        Below `root`.
    root
        Where the names end that matter.
    known
        Folders whose own names are settled already, so that those above them are left alone; the new ones are added.

    Raises
    ------
    OSError
        If a file is missing, or the disk fails.
    """
    known = set() if known is None else known
    folders: set[Path] = set()
    for file in files:
        _sync(file, os.O_RDWR | getattr(os, "O_BINARY", 0))
        for parent in file.parents:
            folders.add(parent)
            if parent == root or parent in known:
                break
    for folder in sorted(folders, key=lambda folder: len(folder.parts), reverse=True):
        settle_folder(folder)
    known |= folders


def settle_folder(folder: Path) -> None:
    """Have the names in `folder` written to the disk, where the system can (Windows cannot)."""
    if os.name != "posix":
        return
    try:
        _sync(folder, os.O_RDONLY)
    except OSError as error:
        if error.errno not in _UNABLE:
            raise


def _sync(path: Path, flags: int) -> None:
    number = os.open(path, flags)
    try:
        os.fsync(number)
    finally:
        os.close(number)

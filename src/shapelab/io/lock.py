"""One writer at a time: a lock beside a folder that is being written, which the system lets go of when its process ends."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import weakref
from pathlib import Path

from filelock import FileLock, Timeout

from shapelab.errors import InputError
from shapelab.io.record import now

__all__ = ["FolderLock"]


class FolderLock:
    """Held while a folder is written, also before it exists; refused while another process, or this one, holds it.

    The lock is the operating system's, on the file ``.NAME.lock`` beside the folder: a process that is killed leaves the
    file and not the lock. Folders that are missing, or that do not let us make the file, and disks that cannot lock give none:
    whoever writes then says why that cannot be, and `RunWriter` still sees that someone else has written.

    Parameters
    ----------
    folder
        What is going to be written.
    what
        What it is called in the sentence, such as "run".

    Raises
    ------
    InputError
        If it is held: by whom, and since when.
    """

    def __init__(self, folder: Path, what: str) -> None:
        place = folder.absolute()
        self._file = place.with_name(f".{place.name}.lock")
        self._finalizer: weakref.finalize[..., FolderLock] | None = None
        if not place.parent.is_dir():
            return
        lock = FileLock(self._file, thread_local=False, fallback_to_soft=False)
        try:
            lock.acquire(blocking=False)
        except Timeout:
            if not self._file.exists():  # nobody holds it: Windows waits where it may not make the file
                return
            raise InputError(
                f"The {what} {str(folder)!r} is being written by {_holder(self._file)}: wait until it has ended, or choose another name."
            ) from None
        except OSError:  # a disk without locks, or read-only
            return
        _sign(self._file)
        self._finalizer = weakref.finalize(self, _let_go, lock, self._file, os.getpid())

    def release(self) -> None:
        """Let others write; calling it again does nothing."""
        if self._finalizer is not None:
            self._finalizer()


def _sign(file: Path) -> None:
    """Say in the file who holds it; where the system keeps others from reading it, that stays unknown."""
    with contextlib.suppress(OSError), file.open("r+", encoding="utf-8") as stream:
        stream.truncate()
        stream.write(json.dumps({"process": os.getpid(), "machine": platform.node(), "since": now()}))


def _holder(file: Path) -> str:
    try:
        known = json.loads(file.read_text(encoding="utf-8")[:1000])
        mine = known["process"] == os.getpid() and known["machine"] == platform.node()
        who = "this program" if mine else f"process {int(known['process'])} on {str(known['machine'])[:64]}"
        return f"{who} (since {str(known['since'])[:32]})"
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return "another program"


def _let_go(lock: FileLock, file: Path, owner: int) -> None:
    """Remove the file while it is held, so that whoever waits for it looks again; a forked child holds nothing."""
    if os.getpid() != owner:
        return
    with contextlib.suppress(OSError):
        if os.name == "posix":  # Windows removes no file that is open
            file.unlink(missing_ok=True)
        lock.release(force=True)
        if os.name != "posix":
            file.unlink(missing_ok=True)

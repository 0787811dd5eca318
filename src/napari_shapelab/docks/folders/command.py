"""What the Folders dock runs: the command line's own verb in a process of its own, followed through its log."""

from __future__ import annotations

import contextlib
import shlex
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from napari_shapelab.work.progress import Progress, Report
from shapelab.batch.folder_parts import FileOutcome, log_of, parts_of, read_log
from shapelab.errors import InputError
from shapelab.io.folder_files import files_of_folder

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SHOWN", "FolderCommand", "FolderEnd", "run_command"]

SHOWN = 1000
"""Rows of the table that the dock shows."""
_LOOK = 0.2
"""Time between two looks at the log [s]."""
_END = 10.0
"""How long a process that was asked to end may take [s]."""


@dataclass(frozen=True)
class FolderCommand:
    """A verb of ``shapelab`` on a folder."""

    verb: str
    folder: Path
    out: Path
    """The table to make."""
    pattern: str = ""
    words: tuple[str, ...] = ()
    """Further arguments."""

    def arguments(self) -> list[str]:
        """Return the words after ``shapelab``."""
        pattern = ["--pattern", self.pattern] if self.pattern else []
        return [self.verb, str(self.folder), *self.words, *pattern, "--out", str(self.out)]

    def __str__(self) -> str:
        return shlex.join(["shapelab", *self.arguments()])


@dataclass(frozen=True, eq=False)
class FolderEnd:
    """What came of it."""

    outcomes: tuple[FileOutcome, ...]
    """Of the files that were looked at, in the order of the log."""
    count: int
    """Number of files in the folder."""
    table: pd.DataFrame | None
    """The first rows of the table, None if it was not finished."""
    rows: int
    cancelled: bool

    @property
    def failed(self) -> tuple[FileOutcome, ...]:
        """Files that failed."""
        return tuple(outcome for outcome in self.outcomes if outcome.reason)


def run_command(command: FolderCommand, report: Report, abort: threading.Event) -> FolderEnd:
    """Run it to its end, or until `abort` is set; in a thread.

    Raises
    ------
    InputError
        If the command refuses to begin, or breaks off: what it says.
    """
    count = len(files_of_folder(command.folder, command.pattern or None, without=(command.out, log_of(command.out), parts_of(command.out))))
    old = {outcome.name: outcome for outcome in read_log(command.out).values() if outcome.reason}
    with tempfile.TemporaryFile() as said:
        words = [sys.executable, "-m", "shapelab", *command.arguments()]
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said)  # noqa: S603
        code = _followed(process, command, old, count, report, abort)
        if code not in (0, 1) and not abort.is_set():
            raise InputError(_sentence(said))
    outcomes = tuple(read_log(command.out).values())
    if abort.is_set() and code not in (0, 1):
        return FolderEnd(outcomes, count, None, 0, cancelled=True)
    import pandas as pd

    rows = sum(outcome.rows for outcome in outcomes)
    table = pd.read_csv(command.out, nrows=SHOWN, dtype=str, keep_default_na=False) if rows else pd.DataFrame({"file": []})
    return FolderEnd(outcomes, count, table, rows, cancelled=False)


def _followed(
    process: subprocess.Popen[bytes],
    command: FolderCommand,
    old: Mapping[str, FileOutcome],
    count: int,
    report: Report,
    abort: threading.Event,
) -> int:
    """Wait for the process and tell how far it is; its own processes end with it."""
    try:
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                return process.wait(_LOOK)
            if abort.is_set():
                process.terminate()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    return process.wait(_END)
                process.kill()
                return process.wait()
            report(_progress(read_log(command.out), old, count))
    finally:
        if process.poll() is None:
            process.kill()


def _progress(log: Mapping[str, FileOutcome], old: Mapping[str, FileOutcome], count: int) -> Progress:
    done = [outcome for name, outcome in log.items() if outcome != old.get(name)]
    failed = sum(bool(outcome.reason) for outcome in done)
    words = f"{len(done)} of {count} files{f'; {failed} failed' if failed else ''}."
    return Progress(min(len(done) / count, 1.0) if done else -1, words if done else "Starting…")


def _sentence(said: IO[bytes]) -> str:
    """Return the last thing that a process said, for a user."""
    said.seek(0)
    lines = [line.strip() for line in said.read().decode(errors="replace").splitlines() if line.strip()]
    told = [line for line in lines if line.startswith("shapelab")]
    last = (told or lines or ["The command ended without a message, perhaps because memory ran out."])[-1]
    return last.removeprefix("shapelab: ")

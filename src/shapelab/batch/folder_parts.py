"""The tables of the files of a folder that are done, each whole or not there, and the log of what became of each file."""

from __future__ import annotations

import contextlib
import csv
import hashlib
import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from shapelab.errors import InputError
from shapelab.io.output import new_version, require_new
from shapelab.io.presence import readable

__all__ = ["FileOutcome", "Others", "Parts", "log_of", "notes_of", "parts_of", "read_log"]

Others = Callable[[Path], Sequence[Path]]
"""From a file to those that its table depends on, too."""

_OWN = re.compile(r"(\.[0-9a-f]{8}\.partial\.)?([0-9a-f]{24}\.(csv|json)|options\.json)")
"""Names of what is kept in the folder."""
_LONGEST_NOTE = 1_000_000
_COLUMNS = ("file", "status", "rows", "reason", "notes")


@dataclass(frozen=True)
class FileOutcome:
    """What became of a file."""

    name: str
    """Its path in the folder."""
    rows: int = 0
    """Rows of its table."""
    reason: str = ""
    """Why it failed, "" if it did not."""
    notes: tuple[str, ...] = ()
    """What else is to be said of it."""

    def row(self) -> tuple[str, str, int, str, str]:
        """Return its line of the log."""
        return (self.name, "failed" if self.reason else "done", self.rows, self.reason, " ".join(self.notes))


def log_of(out: Path) -> Path:
    """Return where the log of a folder's table is."""
    return out.with_name(f"{out.stem}.log.csv")


def parts_of(out: Path) -> Path:
    """Return the folder in which the tables of single files are kept until all are there."""
    return out.with_name(f"{out.name}.parts")


def notes_of(part: Path) -> Path:
    """Return where the notes on a file are kept, beside its table and before it."""
    return part.with_suffix(".json")


def read_log(out: Path) -> dict[str, FileOutcome]:
    """Return what has become of each file so far: name -> its last outcome; a line that is being written is left out."""
    try:
        text = log_of(out).read_text(encoding="utf-8")
    except OSError:
        return {}
    rows = list(csv.reader(text[: text.rfind("\n") + 1].splitlines(keepends=True)))[1:]
    whole = [row for row in rows if len(row) == len(_COLUMNS) and row[2].isdigit()]
    return {row[0]: FileOutcome(row[0], int(row[2]), row[3], (row[4],) if row[4] else ()) for row in whole}


class Parts:
    """The tables of files that are done, in a folder beside the result.

    Parameters
    ----------
    folder
        The files' folder.
    out
        The result.
    options
        What the tables depend on: those that were made with other options are refused.
    others
        Which further files the table of a file depends on.

    Raises
    ------
    InputError
        If there are others, or nothing can be written.
    """

    def __init__(self, folder: Path, out: Path, options: Mapping[str, str], others: Others | None = None) -> None:
        self._root, self._out, self._others = folder, out, others
        self.folder = parts_of(out)
        self._places: dict[Path, Path] = {}
        given = dict(sorted(options.items()))
        note = self.folder / "options.json"
        if not note.is_file():
            require_new(out)
            require_new(log_of(out))
            if self.folder.exists() and not self._is_own():
                raise InputError(f"{self.folder.name!r} already exists and holds something else: choose another --out.")
        elif _read(note) != given:
            raise InputError(f"{self.folder.name} holds tables that were made with other options: delete it, or choose another --out.")
        try:
            self.folder.mkdir(exist_ok=True)
            with new_version(note) as partial:
                partial.write_text(json.dumps(given), encoding="utf-8")
            if not log_of(out).exists():
                self._write_log(())
        except OSError as error:
            raise InputError(f"{self.folder} cannot be written: {error.strerror or error}.") from None

    def _is_own(self) -> bool:
        return self.folder.is_dir() and all(_OWN.fullmatch(entry.name) for entry in self.folder.iterdir())

    def path(self, file: Path) -> Path:
        """Return where the table of a file is kept: another place if the file, or one it depends on, has changed since an earlier call."""
        if file not in self._places:
            depends = [file, *(self._others(file) if self._others is not None else ())]
            key = "|".join([self.name(file), *(_state(one) for one in depends)])
            digest = hashlib.sha256(key.encode(errors="surrogateescape")).hexdigest()
            self._places[file] = self.folder / f"{digest[:24]}.csv"
        return self._places[file]

    def has(self, file: Path) -> bool:
        """Return whether the table of a file is there, with its notes; a power cut may leave an empty one."""
        part = self.path(file)
        return part.is_file() and part.stat().st_size > 0 and notes_of(part).is_file()

    def name(self, file: Path) -> str:
        """Return how a file is called in the table; bytes of its name that are no text become escapes."""
        return readable(file.relative_to(self._root).as_posix())

    def note(self, outcome: FileOutcome) -> None:
        """Add a line to the log: one write in append mode."""
        log = log_of(self._out)
        try:
            with log.open("a", newline="", encoding="utf-8") as stream:
                csv.writer(stream, lineterminator="\n").writerow(outcome.row())
        except OSError as error:
            raise InputError(f"{str(log)!r} cannot be written: {error.strerror or error}.") from None

    def notes(self, file: Path) -> tuple[str, ...]:
        """Return what was said of a file that is done."""
        found = _read(notes_of(self.path(file)))
        return tuple(map(str, found)) if isinstance(found, list) else ()

    def join(self, files: Sequence[Path]) -> dict[str, int]:
        """Write all tables as one, letter by letter as they are; return the number of rows of each."""
        parts = [(self.name(file), self.path(file)) for file in files]
        columns: dict[str, None] = {"file": None}
        for _, part in parts:
            with part.open(newline="", encoding="utf-8") as stream:
                columns |= dict.fromkeys(next(csv.reader(stream), []))
        rows = dict.fromkeys((name for name, _ in parts), 0)
        with new_version(self._out) as partial, partial.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, list(columns), restval="", lineterminator=os.linesep)
            writer.writeheader()
            for name, part in parts:
                with part.open(newline="", encoding="utf-8") as table:
                    found = list(csv.DictReader(table))
                if any(None in row or None in row.values() for row in found):  # more or fewer entries than columns
                    part.unlink()
                    raise InputError(f"The table of {name} in {self.folder.name} is damaged and was removed: start again to remake it.")
                writer.writerows({**row, "file": name} for row in found)
                rows[name] = len(found)
        return rows

    def close(self, outcomes: Sequence[FileOutcome]) -> None:
        """Write the log again with one line for each file; where none has failed, the single tables are no longer needed."""
        self._write_log(outcomes)
        if any(outcome.reason for outcome in outcomes):
            return
        with contextlib.suppress(OSError):  # removed meanwhile, or somebody has put something there
            for left in self.folder.iterdir():
                left.unlink(missing_ok=True)
            self.folder.rmdir()

    def _write_log(self, outcomes: Sequence[FileOutcome]) -> None:
        with new_version(log_of(self._out)) as partial, partial.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(_COLUMNS)
            writer.writerows(outcome.row() for outcome in outcomes)


def _read(file: Path) -> object:
    """Return what one of our notes holds."""
    try:
        return json.loads(file.read_text(encoding="utf-8")[:_LONGEST_NOTE])
    except (OSError, ValueError, RecursionError):
        raise InputError(f"{file.parent.name} is damaged: delete it, or choose another --out.") from None


def _state(file: Path) -> str:
    """Return what changes with a file; one that was removed since it was listed is told by whoever reads it."""
    try:
        state = file.stat()
    except OSError:
        return ""
    return f"{state.st_size}|{state.st_mtime_ns}"

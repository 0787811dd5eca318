"""The numbers of each run of a fit, saved as soon as they are known: a fit that ended early resumes there."""

from __future__ import annotations

import json
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from shapelab.errors import InputError
from shapelab.io.lock import FolderLock
from shapelab.io.output import new_version
from shapelab.io.presence import is_file
from shapelab.io.textfile import read_json, write_json

__all__ = ["DrawsFile"]

PLAN, DRAWS = "fit.json", "runs.jsonl"
_FORMAT = {"format": "shapelab fit of cells", "version": 1}


class DrawsFile:
    """Statistics of runs by their number; in a folder, or in memory only.

    Parameters
    ----------
    folder
        Made if it is missing; one that holds another fit is refused. None for none.
    plan
        What tells this fit from others.
    """

    def __init__(self, folder: Path | None, plan: dict[str, Any]) -> None:
        self.folder = folder
        self.reason = ""
        """Why the last run that failed did."""
        self._plan = {**_FORMAT, **plan}
        self._found: dict[int, dict[str, float]] = {}
        self._lock: FolderLock | None = None
        self._file: Any = None

    def __enter__(self) -> Self:
        if self.folder is None:
            return self
        self._lock = FolderLock(self.folder, "fit")
        try:
            self._open(self.folder)
        except BaseException:
            self._lock.release()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._file is not None:
            self._file.close()
        if self._lock is not None:
            self._lock.release()

    def __contains__(self, index: object) -> bool:
        return index in self._found

    def __getitem__(self, index: int) -> dict[str, float]:
        """Return the statistics of a run, empty if it failed."""
        return self._found[index]

    def __len__(self) -> int:
        return len(self._found)

    def add(self, index: int, number: int, values: dict[str, float], statistics: dict[str, float], reason: str) -> None:
        """Note what a run gave."""
        self._found[index] = statistics
        self.reason = reason or self.reason
        if self._file is not None:
            line = {"run": index, "round": number, "parameters": values, "statistics": statistics, "reason": reason}
            self._file.write(json.dumps(line) + "\n")
            self._file.flush()

    def _open(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if is_file(folder / PLAN):
                if read_json(folder / PLAN) != json.loads(json.dumps(self._plan)):
                    raise InputError(f"{str(folder)!r} holds another fit: choose another folder; nothing was changed.")
            elif any(folder.iterdir()):
                raise InputError(f"{str(folder)!r} is not empty and holds no fit: choose another folder; nothing was changed.")
            else:
                write_json(folder / PLAN, self._plan)
            self._read(folder / DRAWS)
            self._file = (folder / DRAWS).open("a", encoding="utf-8")
        except OSError as error:
            raise InputError(f"The fit cannot be written to {str(folder)!r}: {error.strerror or error}.") from error

    def _read(self, file: Path) -> None:
        if not file.is_file():
            return
        good = []
        for text in file.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                line = json.loads(text)
                self._found[int(line["run"])] = {str(name): float(value) for name, value in line["statistics"].items()}
            except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
                continue  # the last line of a fit that was killed
            self.reason = str(line.get("reason") or self.reason)
            good.append(text)
        with new_version(file) as partial:
            partial.write_text("".join(f"{text}\n" for text in good), encoding="utf-8")

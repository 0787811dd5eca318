"""One table of all files of a folder: side by side, resumable, a damaged file is named and skipped."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from shapelab.arguments import checked
from shapelab.batch.folder_parts import FileOutcome, Others, Parts, log_of, parts_of
from shapelab.batch.folder_work import Call, TableOf, here, on_cluster
from shapelab.io.folder_files import files_of_folder
from shapelab.io.lock import FolderLock
from shapelab.limits import at_least

__all__ = ["FolderTable", "table_of_folder"]

Report = Callable[[FileOutcome, int, int], None]


@dataclass(frozen=True)
class FolderTable:
    """What became of a folder of files."""

    path: Path
    """The table, .csv: that of each file, with its name in the column `file`."""
    log: Path
    """One line for each file, .csv: `file`, `status` (done or failed), `rows`, `reason`, `notes`."""
    rows: int
    outcomes: tuple[FileOutcome, ...]
    """Of all files, by name."""
    before: int = 0
    """How many of them had been done before."""

    @property
    def failed(self) -> tuple[FileOutcome, ...]:
        """Those that failed and are not in the table."""
        return tuple(outcome for outcome in self.outcomes if outcome.reason)

    def __str__(self) -> str:
        done = len(self.outcomes) - len(self.failed)
        return f"{self.path}: {self.rows} rows of {done} {'file' if done == 1 else 'files'}."


@checked(jobs=at_least(1))
def table_of_folder(
    folder: str | Path,
    out: str | Path,
    table_of: TableOf,
    *,
    options: Mapping[str, str] | None = None,
    others: Others | None = None,
    pattern: str | None = None,
    jobs: int | None = None,
    scheduler: str | None = None,
    report: Report | None = None,
) -> FolderTable:
    """Write one table of all files of a folder: that of each, with its name in the column `file`.

    The table of each file is kept in a folder beside the result until all are there; the same call resumes where it was
    interrupted or killed, and does again what has failed or changed. The result does not depend on any of this.

    Parameters
    ----------
    folder
        The files.
    out
        The table to make (.csv); its log is beside it.
    table_of
        What is done with each file: path to table.
    options
        What `table_of` depends on, by name; a call with other options does not resume.
    others
        Which further files the table of a file depends on: where they change, it is done again.
    pattern
        Which files, such as ``*.tif`` or ``**/*_seg.tif``; by default all images.
    jobs
        Files at a time, by default one per core. In a script, more than one needs the usual
        ``if __name__ == "__main__":``, as processes import the script.
    scheduler
        Address of a Dask scheduler whose workers do the files, instead of this machine; they must see the folders.
    report
        Called after each file with its outcome, the number of files done, and that of all.

    Raises
    ------
    InputError
        If there is no such file, the table already exists, or is being written by someone else. A file that fails raises nothing.
    """
    root, target = Path(folder), Path(out)
    files = files_of_folder(root, pattern, without=(target, log_of(target), parts_of(target)))
    lock = FolderLock(target, "table")
    try:
        parts = Parts(root, target, options or {}, others)
        calls = [Call(table_of, file, parts.name(file), parts.path(file)) for file in files]
        todo = [call for call in calls if not parts.has(call.file)]
        failed = _work(todo, len(calls), parts, jobs, scheduler, report)
        lost = [call for call in calls if call.name not in failed and not parts.has(call.file)]
        failed |= {call.name: FileOutcome(call.name, reason="its table was removed meanwhile") for call in lost}
        done = [call for call in calls if call.name not in failed]
        rows = parts.join([call.file for call in done])
        finished = {call.name: FileOutcome(call.name, rows[call.name], notes=parts.notes(call.file)) for call in done}
        outcomes = tuple({**finished, **failed}[call.name] for call in calls)
        parts.close(outcomes)
    finally:
        lock.release()
    return FolderTable(target, log_of(target), sum(rows.values()), outcomes, len(calls) - len(todo))


def _work(
    todo: Sequence[Call], count: int, parts: Parts, jobs: int | None, scheduler: str | None, report: Report | None
) -> dict[str, FileOutcome]:
    """Do the files; return those that failed, by name."""
    failed = {}
    for number, outcome in enumerate(
        here(todo, jobs) if scheduler is None else on_cluster(todo, scheduler, parts.folder), count - len(todo) + 1
    ):
        parts.note(outcome)
        if outcome.reason:
            failed[outcome.name] = outcome
        if report is not None:
            report(outcome, number, count)
    return failed

"""One command on all files of a folder, as `shapelab.batch.table_of_folder` does it; what becomes of each is said on stderr."""

from __future__ import annotations

import argparse
import contextlib
import io
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from shapelab.cli.failures import end_of_files, failure
from shapelab.cli.parser import INTERRUPTED, at_least, refuse, whole_number
from shapelab.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from shapelab.batch.folder_parts import FileOutcome

__all__ = ["add_folder_options", "over_files", "refuse_folder_options"]

TableOf = Callable[[argparse.Namespace], "pd.DataFrame"]
"""What is done with each file: the options with `path` set to it, to a table. A function of a module, so that processes find it."""

_NO_OPTIONS = ("out", "jobs", "pattern", "scheduler", "action")
"""What the table of a file does not depend on."""


def add_folder_options(parser: argparse.ArgumentParser) -> None:
    """Declare ``--pattern``, ``--jobs`` and ``--scheduler``."""
    group = parser.add_argument_group("folders of files")
    group.add_argument("--pattern", metavar="GLOB", help="which files, such as '*.tif' or '**/*_seg.tif' (default: all images)")
    group.add_argument("--jobs", type=whole_number, metavar="N", help="number of files at a time (default: one per core)")
    group.add_argument("--scheduler", metavar="ADDRESS", help="Dask scheduler to use, such as tcp://host:8786 (default: this machine)")


def refuse_folder_options(known: argparse.Namespace, path: Path) -> None:
    """Refuse them of what is no folder of images; raises InputError."""
    refuse(known, ("pattern", "jobs", "scheduler"), f"is for folders of images, and {path.name} is not one: leave it out.")


def over_files(known: argparse.Namespace, table_of: TableOf, others: Callable[[Path], Sequence[Path]] | None = None) -> int:
    """Write one table of all files of the folder ``known.path`` to ``known.out``; see `shapelab.batch.table_of_folder`.

    Returns
    -------
    int
        Exit code: 0, 1 if a file failed, 130 if interrupted.

    Raises
    ------
    InputError
        If there is no file, or no ``--out``.
    """
    from shapelab.batch.folder import table_of_folder

    if known.out is None:
        raise InputError("A folder needs --out FILE.csv for its table.")
    if known.out.suffix.lower() != ".csv":
        raise InputError(f"A table is written as .csv; received {known.out.name!r}.")
    at_least(1, jobs=known.jobs)
    try:
        found = table_of_folder(
            known.path,
            known.out,
            partial(_of_file, known, table_of),
            options={name: str(value) for name, value in vars(known).items() if name not in _NO_OPTIONS},
            others=others,
            pattern=known.pattern,
            jobs=known.jobs,
            scheduler=known.scheduler,
            report=_Told(),
        )
    except KeyboardInterrupt:
        print("shapelab: interrupted: what is done is saved; the same command resumes.", file=sys.stderr)
        return INTERRUPTED
    if found.before:
        print(f"shapelab: {found.before} of {len(found.outcomes)} files had been done before.", file=sys.stderr)
    print(found)
    failed = [one.name for one in found.failed]
    then = f"they are not in the table, {found.log.name} says why, and the same command tries them again"
    return end_of_files(failed, len(found.outcomes), then)


def _of_file(known: argparse.Namespace, table_of: TableOf, file: Path) -> pd.DataFrame:
    """Return the table of a file, and what was said of it on stderr as its notes: processes would write into each other's lines."""
    said = io.StringIO()
    with contextlib.redirect_stderr(said):
        table = table_of(argparse.Namespace(**{**vars(known), "path": file}))
    starts = ("shapelab: ", f"{file.name}: ")
    lines = [line for line in said.getvalue().splitlines() if line.startswith(starts)]
    table.attrs["notes"] = [line.removeprefix(starts[0]).removeprefix(starts[1]) for line in lines]
    return table


class _Told:
    """Says what has become of each file, and what is to be said of it where that has not been said of others."""

    def __init__(self) -> None:
        self._said: set[str] = set()

    def __call__(self, outcome: FileOutcome, number: int, count: int) -> None:
        rows = f"{outcome.name}: {outcome.rows} {'row' if outcome.rows == 1 else 'rows'}"
        line = failure(outcome.name, outcome.reason) if outcome.reason else rows
        new = [note for note in outcome.notes if note not in self._said]
        self._said.update(new)
        print("  ".join([f"{number}/{count}", line, *new]), file=sys.stderr, flush=True)

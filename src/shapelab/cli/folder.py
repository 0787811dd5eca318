"""One command on all files of a folder: side by side, resumable, a damaged file is named and skipped."""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from shapelab.cli.failures import end_of_files, failure, reason_of
from shapelab.cli.parser import at_least, refuse, whole_number
from shapelab.errors import InputError, ShapelabError
from shapelab.io.output import new_version, require_new

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["add_folder_options", "is_folder_of_files", "over_files", "refuse_folder_options"]

TableOf = Callable[[argparse.Namespace], "pd.DataFrame"]
"""What is done with each file: the options with `path` set to it, to a table. A function of a module, so that processes find it."""

_KILLED = "the process that worked on it was ended from outside, perhaps because memory ran out"


@dataclass(frozen=True)
class _Outcome:
    name: str
    rows: int = 0
    reason: str = ""
    """Why it failed, "" if it did not."""


def add_folder_options(parser: argparse.ArgumentParser) -> None:
    """Declare ``--pattern`` and ``--jobs``."""
    parser.add_argument(
        "--pattern", metavar="GLOB", help="of a folder: which files, such as '*.tif' or '**/*_seg.tif' (default: all images)"
    )
    parser.add_argument("--jobs", type=whole_number, metavar="N", help="of a folder: files at a time (default: one per core)")


def refuse_folder_options(known: argparse.Namespace) -> None:
    """Refuse them of what is no folder of images; raises InputError."""
    refuse(known, ("pattern", "jobs"), f"is for folders of images, and {known.path.name} is none: leave it out.")


def is_folder_of_files(path: Path) -> bool:
    """Return whether `path` is a folder of images, rather than an image or a run that is a folder itself."""
    from shapelab.io.image import is_zarr_folder

    return path.is_dir() and not is_zarr_folder(path) and not (path / "run.json").exists()


def over_files(known: argparse.Namespace, table_of: TableOf) -> int:
    """Write one table of all files of the folder ``known.path`` to ``known.out``: that of each, with its name in the column `file`.

    The table of each file is kept in a folder beside the result until all are there; the same command goes on where it was
    interrupted, and does again what has failed.

    Returns
    -------
    int
        Exit code: 0, or 1 if a file failed.

    Raises
    ------
    InputError
        If there is no file, or no ``--out``.
    """
    if known.out is None:
        raise InputError("A folder needs --out FILE.csv for its table.")
    at_least(1, jobs=known.jobs)
    files = _files(known)
    parts = _Parts(known)
    todo = [file for file in files if not parts.path(file).is_file()]
    if len(todo) < len(files):
        print(f"shapelab: {len(files) - len(todo)} of {len(files)} files were done before.", file=sys.stderr)
    failed = []
    for number, outcome in enumerate(_work(known, table_of, parts, todo), len(files) - len(todo) + 1):
        rows = f"{outcome.name}: {outcome.rows} {'row' if outcome.rows == 1 else 'rows'}"
        line = failure(outcome.name, outcome.reason) if outcome.reason else rows
        print(f"{number}/{len(files)}  {line}", file=sys.stderr, flush=True)
        failed += [outcome.name] if outcome.reason else []
    written = parts.join([file for file in files if parts.path(file).is_file()], known.out, keep=bool(failed))
    print(f"{known.out}: {written} rows of {len(files) - len(failed)} {'file' if len(files) - len(failed) == 1 else 'files'}.")
    return end_of_files(failed, len(files), "they are not in the table, and the same command tries them again")


def _files(known: argparse.Namespace) -> list[Path]:
    """Return the files of the folder, sorted by name."""
    from shapelab.io.image import IMAGE_SUFFIXES

    own = {known.out.resolve()}
    try:
        found = sorted(known.path.glob(known.pattern or "*"))
    except (ValueError, NotImplementedError, IndexError):
        raise InputError(f"--pattern: {known.pattern!r} is no pattern of file names below the folder, such as '*.tif'.") from None
    if known.pattern is None:
        found = [file for file in found if file.name.lower().endswith(IMAGE_SUFFIXES)]
    files = [file for file in found if file.resolve() not in own and (file.is_file() or not is_folder_of_files(file))]
    if not files:
        raise InputError(f"The folder {str(known.path)!r} has no {'images' if known.pattern is None else f'files like {known.pattern!r}'}.")
    return files


class _Parts:
    """The tables of files that are done, each whole or not there, in a folder beside the result."""

    def __init__(self, known: argparse.Namespace) -> None:
        self._root = known.path
        self._folder = known.out.with_name(f"{known.out.name}.parts")
        given = {name: str(value) for name, value in sorted(vars(known).items()) if name not in ("out", "jobs", "pattern", "action")}
        note = self._folder / "options.json"
        if not note.is_file():
            require_new(known.out)
        try:
            self._folder.mkdir(exist_ok=True)
            if note.is_file() and json.loads(note.read_text(encoding="utf-8")) != given:
                raise InputError(f"{self._folder.name} holds tables that were made with other options: delete it, or choose another --out.")
            note.write_text(json.dumps(given), encoding="utf-8")
        except (OSError, ValueError) as error:
            if isinstance(error, ShapelabError):
                raise
            raise InputError(f"{self._folder} cannot be written: {getattr(error, 'strerror', None) or error}.") from None

    def path(self, file: Path) -> Path:
        """Return where the table of a file is kept: another place if the file has changed."""
        state = file.stat()
        key = f"{self.name(file)}|{state.st_size}|{state.st_mtime_ns}"
        return Path(self._folder) / f"{hashlib.sha256(key.encode()).hexdigest()[:24]}.csv"

    def name(self, file: Path) -> str:
        """Return how a file is called in the table."""
        return file.relative_to(self._root).as_posix()

    def join(self, files: list[Path], out: Path, *, keep: bool) -> int:
        """Write all tables as one; return its number of rows."""
        import pandas as pd

        tables = [pd.read_csv(self.path(file)).assign(file=self.name(file)) for file in files]
        whole = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame({"file": []})
        whole.insert(0, "file", whole.pop("file"))
        with new_version(out) as partial:
            whole.to_csv(partial, index=False)
        if not keep:
            for part in self._folder.iterdir():
                part.unlink()
            self._folder.rmdir()
        return len(whole)


def _work(known: argparse.Namespace, table_of: TableOf, parts: _Parts, todo: list[Path]) -> Iterator[_Outcome]:
    """Do the files, as many at once as there are jobs, and give what became of each."""
    jobs = min(known.jobs or multiprocessing.cpu_count(), len(todo))
    calls = [(argparse.Namespace(**{**vars(known), "path": file}), parts.name(file), parts.path(file)) for file in todo]
    if jobs < 2:
        yield from (_one(table_of, *call) for call in calls)
        return
    broken = []
    with _pool(jobs) as pool:
        waiting: dict[Future[_Outcome], tuple[argparse.Namespace, str, Path]] = {pool.submit(_one, table_of, *call): call for call in calls}
        try:
            for future in as_completed(waiting):
                try:
                    yield future.result()
                except BrokenProcessPool:
                    broken.append(waiting[future])
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    for call in broken:  # one of them did it: each in a process of its own
        with _pool(1) as pool:
            try:
                yield pool.submit(_one, table_of, *call).result()
            except BrokenProcessPool:
                yield _Outcome(call[1], reason=_KILLED)


def _pool(jobs: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn"))


def _one(table_of: TableOf, known: argparse.Namespace, name: str, part: Path) -> _Outcome:
    """Do one file; its table is kept when it is whole."""
    try:
        table = table_of(known)
        with new_version(part) as partial:
            table.to_csv(partial, index=False)
    except Exception as error:
        return _Outcome(name, reason=reason_of(error, name))
    return _Outcome(name, len(table))

"""New files and folders: they appear complete or not at all, and nothing is ever overwritten."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from shapelab.errors import InputError
from shapelab.io.partial_names import hidden_path, hidden_path_with_suffix
from shapelab.io.presence import is_folder, is_there
from shapelab.stopping import check_stop

__all__ = ["free_name", "new_file", "new_files", "new_folder", "new_version", "require_folder", "require_new"]


_HIDDEN = re.compile(r"^(\.[0-9a-f]{8}\.partial\.)+")
"""What is put before the name of a file until it is whole."""


def free_name(path: Path) -> Path:
    """Return `path` with the first number, from 2 on, that makes it new."""
    return next(other for n in itertools.count(2) if not (other := path.with_name(f"{path.stem}-{n}{path.suffix}")).exists())


def require_new(path: Path) -> None:
    """Refuse a path that exists, or whose folder is missing or read-only."""
    if is_there(path):
        raise InputError(f"{str(path)!r} already exists: choose another name; nothing was overwritten.")
    require_folder(path)


def require_folder(path: Path) -> None:
    """Raise an InputError unless the folder of `path` is there and can be written."""
    if not is_folder(path.parent):
        raise InputError(f"The folder {str(path.parent)!r} does not exist: make it first.")
    if not os.access(path.parent, os.W_OK):
        raise InputError(f"The folder {str(path.parent)!r} is read-only: choose another place.")


@contextlib.contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """Yield a hidden path beside `path`, with its suffix; what is written there gets its name when all went well.

    Raises
    ------
    InputError
        If `path` exists or cannot be written; whatever ends the block early, nothing is left.
    Stopped
        If this thread is asked to stop before the file is whole.
    """
    with new_files(path) as (partial,):
        yield partial


@contextlib.contextmanager
def new_files(*paths: Path) -> Iterator[list[Path]]:
    """Do as `new_file` for files that belong together: all get their names or none, the first one last.

    A program that is killed just then may leave some of the others, each whole, and never the first one without them.
    """
    partials = [hidden_path_with_suffix(path) for path in paths]
    named: list[Path] = []
    for path in paths:
        require_new(path)
    try:
        with _told(paths[0]):
            yield partials
        check_stop()  # nobody waits any more for what is whole by now
        for path, partial in zip(reversed(paths), reversed(partials), strict=True):
            with _told(path):
                _name(partial, path)
            named.append(path)
    except BaseException:
        for path in named:
            path.unlink(missing_ok=True)
        raise
    finally:
        for partial in partials:
            partial.unlink(missing_ok=True)


def _name(partial: Path, path: Path) -> None:
    """Give a file its name, in one step that fails if another process has taken it meanwhile."""
    try:
        os.link(partial, path)
    except FileExistsError:
        raise InputError(f"{str(path)!r} was made by someone else meanwhile: choose another name.") from None
    except OSError:  # a disk without links
        if path.exists():
            raise InputError(f"{str(path)!r} was made by someone else meanwhile: choose another name.") from None
        partial.rename(path)


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    """Have an error of the disk name the file that is meant, also where it is written by way of two hidden ones."""
    try:
        yield
    except OSError as error:
        meant = path.with_name(_HIDDEN.sub("", path.name))
        raise InputError(f"{str(meant)!r} cannot be written: {error.strerror or error}.") from error


@contextlib.contextmanager
def new_version(path: Path) -> Iterator[Path]:
    """Yield a hidden path beside `path`, new each time; it replaces `path` when all went well."""
    partial = hidden_path_with_suffix(path)
    try:
        with _told(path):
            yield partial
            partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


@contextlib.contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Yield a hidden new folder beside `path`; it gets its name when all went well."""
    partial = hidden_path(path)
    require_new(path)
    try:
        with _told(path):
            partial.mkdir()
            yield partial
            if path.exists():
                raise InputError(f"{str(path)!r} was made by someone else meanwhile: choose another name.")
            partial.rename(path)
    finally:
        shutil.rmtree(partial, ignore_errors=True)

"""New files and folders: they appear complete or not at all, and nothing is ever overwritten."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

from shapelab.errors import InputError
from shapelab.io.presence import is_folder, is_there

__all__ = ["free_name", "new_file", "new_folder", "new_version", "require_folder", "require_new"]


def free_name(path: Path) -> Path:
    """Return `path` with the first number, from 2 on, that makes it new."""
    return next(other for n in itertools.count(2) if not (other := path.with_name(f"{path.stem}-{n}{path.suffix}")).exists())


def require_new(path: Path) -> None:
    """Refuse a path that exists, or whose folder is missing or read-only."""
    if is_there(path):
        raise InputError(f"{str(path)!r} exists already: choose another name; nothing was overwritten.")
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
    """
    with _complete(path, path.parent / f".{uuid.uuid4().hex[:8]}.partial.{path.name}") as partial:
        yield partial


@contextlib.contextmanager
def new_version(path: Path) -> Iterator[Path]:
    """Yield a hidden path beside `path`, of our own and made anew each time; it replaces `path` when all went well."""
    partial = path.with_name(f".{uuid.uuid4().hex[:8]}.partial.{path.name}")
    try:
        yield partial
        partial.replace(path)
    except OSError as error:
        raise InputError(f"{str(path)!r} cannot be written: {error.strerror or error}.") from error
    finally:
        partial.unlink(missing_ok=True)


@contextlib.contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Yield a hidden new folder beside `path`; it gets its name when all went well."""
    partial = path.parent / f".{path.name}.{uuid.uuid4().hex[:8]}.partial"
    with _complete(path, partial):
        partial.mkdir()
        yield partial


@contextlib.contextmanager
def _complete(path: Path, partial: Path) -> Iterator[Path]:
    require_new(path)
    try:
        yield partial
        if path.exists():
            raise InputError(f"{str(path)!r} was made by someone else meanwhile: choose another name.")
        partial.rename(path)
    except OSError as error:
        raise InputError(f"{str(path)!r} cannot be written: {error.strerror or error}.") from error
    finally:
        if partial.is_dir():
            shutil.rmtree(partial, ignore_errors=True)
        else:
            partial.unlink(missing_ok=True)

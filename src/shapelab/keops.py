"""PyKeOps, loaded quietly: what it needs, where it keeps what it compiles, and what to say where it cannot be used."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from shapelab.errors import InputError

__all__ = ["compiling", "keops_missing", "load_keops"]


def keops_missing() -> str | None:
    """Return the sentence that says why PyKeOps cannot be used here, or None where it can."""
    if sys.platform == "win32":
        return "PyKeOps does not run on Windows: use costs.Custom with a function there."
    if not _compiler():
        return "PyKeOps compiles what it computes and found no C++ compiler: install g++ (or clang on a Mac), or set CXX to yours."
    try:
        load_keops()
    except ImportError:
        return "PyKeOps is not installed: `pip install pykeops`, or use costs.Custom with a function."
    return None


def load_keops() -> None:
    """Import PyKeOps without its messages; what it compiles stays in the user's cache folder.

    Raises
    ------
    ImportError
        If it is not installed.
    """
    if "pykeops" in sys.modules and sys.modules["pykeops"] is None:
        raise ImportError("pykeops")
    _load()


@cache
def _load() -> None:
    os.environ.setdefault("KEOPS_CACHE_FOLDER", str(_cache_folder()))
    said = {name: os.environ.get(name) for name in ("KEOPS_VERBOSE", "PYKEOPS_VERBOSE")}
    os.environ.update(dict.fromkeys(said, "0"))
    try:
        with _without_this_thread():
            import pykeops

            pykeops.set_verbose(False)
    finally:
        for name, value in said.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


class _Others:
    """The output, without what one thread prints."""

    def __init__(self, stream: Any) -> None:
        self._stream, self._quiet = stream, threading.get_ident()

    def write(self, text: str) -> int:
        return len(text) if threading.get_ident() == self._quiet else int(self._stream.write(text))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _without_this_thread() -> contextlib.AbstractContextManager[Any]:
    """Drop what this thread prints; the output is that of the whole program, and others may print meanwhile."""
    return contextlib.nullcontext() if sys.stdout is None else contextlib.redirect_stdout(_Others(sys.stdout))


@contextlib.contextmanager
def compiling(what: str = "A KeOps formula") -> Iterator[None]:
    """Let one process at a time compile, since two that write the same file would both fail.

    Raises
    ------
    InputError
        If KeOps cannot be used here; `what` begins the sentence.
    """
    from filelock import FileLock

    missing = keops_missing()
    if missing is not None:
        raise InputError(f"{what} cannot be computed here: {missing}")
    with FileLock(Path(os.environ["KEOPS_CACHE_FOLDER"]) / "shapelab.lock"):
        yield


def _cache_folder() -> Path:
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = base / "shapelab" / "keops"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if os.access(folder, os.W_OK):
            return folder
    except OSError:
        pass
    return Path(tempfile.mkdtemp(prefix="shapelab-keops-"))


def _compiler() -> str | None:
    names = [os.environ.get("CXX", ""), *(("clang++",) if sys.platform == "darwin" else ()), "g++"]
    return next((found for name in names if name and (found := shutil.which(name))), None)

"""Where scenarios come from: a package's modules, entry points of other packages, and the user's own folders.

A file that cannot be loaded is one sentence, and all others work. Files are Python and are run: name only folders that you trust.
"""

from __future__ import annotations

import importlib.util
import os
import pkgutil
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib import import_module, metadata
from pathlib import Path
from types import ModuleType
from typing import Any

from shapelab.scenario import Scenario

__all__ = ["FOLDERS", "Source", "add_folder", "file_source", "missing_folders", "modules_of", "scenarios_in", "user_sources"]

ENTRY_POINTS = "shapelab.scenarios"
"""Group of entry points: each names a module, a Scenario, or several in a tuple or list."""
FOLDERS = "SHAPELAB_SCENARIOS"
"""Environment variable with folders of scenario files, separated as in PATH; processes that a sweep starts inherit it."""


@dataclass(frozen=True)
class Source:
    """One place that scenarios come from."""

    origin: str
    """What a message calls it."""
    load: Callable[[], Any]
    """Return a module, a Scenario, or several."""


def modules_of(package: ModuleType) -> Iterator[Source]:
    """Yield a source for each module of a package."""
    for info in pkgutil.iter_modules(package.__path__):
        name = f"{package.__name__}.{info.name}"
        yield Source(f"{info.name}.py", partial(import_module, name))


def user_sources() -> Iterator[Source]:
    """Yield the sources outside the package: entry points first, then the files of the folders by name."""
    for point in metadata.entry_points(group=ENTRY_POINTS):
        yield Source(f"the entry point {point.name} ({point.value})", point.load)
    for folder in filter(None, os.environ.get(FOLDERS, "").split(os.pathsep)):
        for file in sorted(Path(folder).expanduser().glob("*.py")):
            yield file_source(file)


def file_source(file: Path) -> Source:
    """Return the source that a Python file is."""
    return Source(str(file), partial(_module, file))


def missing_folders() -> list[str]:
    """Return one sentence for every folder of scenarios that is not there."""
    folders = filter(None, os.environ.get(FOLDERS, "").split(os.pathsep))
    return [f"The folder of scenarios {folder} does not exist." for folder in folders if not Path(folder).expanduser().is_dir()]


def add_folder(folder: str | Path) -> None:
    """Take the scenarios of a folder from now on, in this process and in those that it starts."""
    path = str(Path(folder).expanduser().resolve())
    known = [item for item in os.environ.get(FOLDERS, "").split(os.pathsep) if item]
    if path not in known:
        os.environ[FOLDERS] = os.pathsep.join([*known, path])


def scenarios_in(source: Source) -> tuple[list[Scenario], str]:
    """Return the scenarios of a source, and "" or the sentence that says why it cannot be loaded."""
    try:
        found = list(_scenarios(source.load()))
    except Exception as error:  # whatever a broken file raises
        return [], f"{source.origin} cannot be loaded: {_reason(error)}"
    return found, ""


def _scenarios(value: Any) -> Iterable[Scenario]:
    if isinstance(value, Scenario):
        return [value]
    items = vars(value).values() if isinstance(value, ModuleType) else value
    return [item for item in items if isinstance(item, Scenario)]


def _module(file: Path) -> ModuleType:
    """Run a file as the module ``shapelab_scenario_NAME``, once."""
    name = f"shapelab_scenario_{file.stem}"
    known = sys.modules.get(name)
    if known is not None and getattr(known, "__file__", None) == str(file):
        return known
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise ImportError("it is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # before it runs, as its classes look themselves up there
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _reason(error: Exception) -> str:
    text = str(error).strip().rstrip(".") or type(error).__name__
    if isinstance(error, SyntaxError):
        return f"line {error.lineno}: {error.msg}."
    return f"{text if isinstance(error, ValueError) else f'{type(error).__name__}: {text}'}."

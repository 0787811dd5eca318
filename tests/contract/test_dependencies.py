"""What the package declares is what it imports: nothing missing, nothing left over."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
OWN = {"shapelab", "napari_shapelab"}
INSTALLED = packages_distributions()
NOT_NAMED_LIKE_THEIR_IMPORT = {"umap": "umap-learn"}
"""Of the optional ones, which need not be installed where this runs."""

BY_HAND = {"microsim"}
"""Asks for NumPy below 2, so that no extra can name it; docs/microscopy.md says how it is installed all the same."""
OPTIONAL_FOR_USERS = ["batch", "figures", "gpu", "movies", "notebook", "umap"]


def normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def declared(requirements: list[str]) -> set[str]:
    return {normalised(re.match(r"[\w.-]+", line)[0]) for line in requirements}


def imported_names(tree: ast.AST) -> Iterator[str]:
    """Names of modules in import statements, also inside functions, and in calls such as ``import_module("pandas")``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = getattr(node.func, "id", getattr(node.func, "attr", ""))
            if called in {"import_module", "find_spec", "__import__"} and isinstance(node.args[0].value, str):
                yield node.args[0].value


def distributions_of(folder: Path, own: set[str] = OWN) -> dict[str, str]:
    """Distribution -> one file that imports it."""
    found: dict[str, str] = {}
    for path in sorted(folder.rglob("*.py")):
        for name in imported_names(ast.parse(path.read_text(encoding="utf-8"))):
            top = name.partition(".")[0]
            if top in own or top in sys.stdlib_module_names:
                continue
            for distribution in INSTALLED.get(top) or [NOT_NAMED_LIKE_THEIR_IMPORT.get(top, top)]:
                found.setdefault(normalised(distribution), str(path.relative_to(ROOT)))
    return found


def test_everything_imported_is_declared_and_everything_declared_is_imported():
    imported = distributions_of(ROOT / "src")
    base = declared(PROJECT["dependencies"])
    optional = set().union(*(declared(PROJECT["optional-dependencies"][extra]) for extra in OPTIONAL_FOR_USERS))
    missing = {name: path for name, path in imported.items() if name not in base | optional | BY_HAND}
    assert not missing, f"imported and not declared: {missing}"
    assert not (base | optional) - set(imported), "declared and imported nowhere in src"
    assert not base & optional, "declared twice"


def test_an_optional_dependency_is_imported_inside_functions_only():
    optional = set().union(*(declared(PROJECT["optional-dependencies"][extra]) for extra in OPTIONAL_FOR_USERS))
    for path in (ROOT / "src").rglob("*.py"):
        at_import = [node for node in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(node, ast.Import | ast.ImportFrom)]
        names = {name.partition(".")[0] for name in imported_names(ast.Module(at_import, []))}
        hit = {name for name in names if normalised(NOT_NAMED_LIKE_THEIR_IMPORT.get(name, name)) in optional}
        assert not hit, f"{path} needs {hit} as soon as it is imported"


@pytest.mark.parametrize("folder", ["tests", "examples", "scripts"])
def test_what_contributors_run_is_declared_too(folder):
    beside = {path.stem for place in (folder, "scripts", "benchmarks") for path in ROOT.glob(f"{place}/**/*.py")}
    extras = PROJECT["optional-dependencies"]
    known = declared(PROJECT["dependencies"]).union(*(declared(extras[extra]) for extra in ["test", "dev", *OPTIONAL_FOR_USERS]))
    missing = {name: path for name, path in distributions_of(ROOT / folder, OWN | beside).items() if name not in known}
    assert not missing, f"imported and not declared: {missing}"


def test_no_qt_binding_is_a_dependency_but_each_has_an_extra():
    bindings = {"pyqt5", "pyqt6", "pyside2", "pyside6"}
    assert not declared(PROJECT["dependencies"]) & bindings
    assert {"all", "pyqt6", "pyside6"} <= set(PROJECT["optional-dependencies"])


def test_constraints_pin_every_direct_dependency_within_its_bound():
    pinned = dict(line.split("==") for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").split())
    pinned = {normalised(name): version for name, version in pinned.items()}
    for line in PROJECT["dependencies"] + PROJECT["optional-dependencies"]["dev"] + PROJECT["optional-dependencies"]["test"]:
        name, lowest = re.match(r"([\w.-]+)(?:\[\w+\])?(?:>=([\d.]+))?", line).groups()
        if normalised(name) == "napari-shapelab":
            continue
        assert normalised(name) in pinned, f"{name} is not pinned"
        if lowest:
            assert _numbers(pinned[normalised(name)]) >= _numbers(lowest), f"{name} is pinned below {lowest}"


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.match(r"\d+(?:\.\d+)*", version)[0].split("."))

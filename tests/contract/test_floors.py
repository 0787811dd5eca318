"""Who may import whom; the engine without a window; a light import."""

from __future__ import annotations

import ast
import graphlib
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

import shapelab

SOURCE = Path(shapelab.__file__).parent
GUI = {"napari", "napari_shapelab", "qtpy", "magicgui", "superqt", "vispy", "pyqtgraph", "PyQt5", "PyQt6", "PySide2", "PySide6"}

FLOORS = [
    {"cli", "script", "scenario_check", "page"},
    {"estimate"},
    {"batch"},
    {"curvature", "cells", "crystals", "foam"},
    {"transport", "compare"},
    {"microscopy"},
    {"infer", "movies"},
    {"measure", "convert", "io", "mesh"},
    {"labels"},
    {"catalog"},
    {"simulation"},
    {"threads", "gpu"},
    {"model", "numerical_errors", "stopping"},
    {"box", "state", "frame", "callable_module"},
    {"scenario_files"},
    {"scenario"},
    {"grid_parameters"},
    {"parameters", "units"},
    {"refusal", "short_repr"},
    {"arguments"},
    {"arrays"},
    {"device"},
    {"at_exit", "axis_names", "cuda_driver", "errors", "keops", "limits", "memory", "near_names", "parameter_info"},
]
"""Top floor first: a module uses its own floor (families excepted) and those below."""
HEIGHT = {name: len(FLOORS) - i for i, floor in enumerate(FLOORS) for name in floor}
FAMILIES = FLOORS[3]


def imports(file: Path) -> set[str]:
    """Every module that a file names in an import, also inside functions."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file} uses a relative import"
            found.add(node.module or "")
            if node.module == "shapelab":
                found |= {f"shapelab.{alias.name}" for alias in node.names}
    return found


FILES = sorted(SOURCE.rglob("*.py"))


def room(file: Path) -> str:
    """Name of the module or package under ``shapelab`` that a file belongs to."""
    return file.relative_to(SOURCE).parts[0].removesuffix(".py")


def test_every_room_has_a_floor():
    assert {room(file) for file in FILES} - {"__init__", "__main__"} <= set(HEIGHT)


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(SOURCE)))
def test_floor(file):
    own = room(file)
    for name in imports(file):
        parts = name.split(".")
        assert parts[0] not in GUI, f"{file} imports {name}: the science never imports the face"
        if parts[0] != "shapelab" or len(parts) < 2 or own in ("__init__", "__main__"):
            continue
        other = parts[1]
        if other.startswith("__") or other == own:
            continue
        assert other in HEIGHT, f"{file} imports {name}"
        assert HEIGHT[other] <= HEIGHT[own], f"{file} imports {name}, from a floor above its own"
        assert not (own in FAMILIES and other in FAMILIES), f"{file} imports {name}: the families do not know each other"


def arrows(package: Path) -> dict[str, set[str]]:
    """Return, for every module of a package, the modules of it that it names in an import."""

    def dotted(file: Path) -> str:
        parts = file.relative_to(package.parent).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    files = {dotted(file): file for file in package.rglob("*.py")}
    found: dict[str, set[str]] = {}
    for name, file in files.items():
        found[name] = set()
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                named = {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                parts = {f"{node.module}.{alias.name}" for alias in node.names}
                named = {part if part in files else str(node.module) for part in parts}
            else:
                continue
            found[name] |= named & set(files)
    return found


@pytest.mark.parametrize("package", ["shapelab", "napari_shapelab"])
def test_no_circle_of_imports(package):
    """Imports inside functions and those for type checkers count too: a reader follows them all the same."""
    spec = importlib.util.find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    graphlib.TopologicalSorter(arrows(Path(spec.origin).parent)).prepare()  # CycleError names the modules


FACE = SOURCE.parent / "napari_shapelab"
FACE_FLOORS = [
    {"docks", "readers", "actions", "samples"},
    {"run"},
    {"work"},
    {"widgets"},
    {"viewer", "settings", "writers"},
]
"""Top floor first, as in the science; what the manifest names stands on the floor of what it needs."""
FACE_HEIGHT = {name: len(FACE_FLOORS) - i for i, floor in enumerate(FACE_FLOORS) for name in floor}
FACE_FILES = sorted(FACE.rglob("*.py"))


def face_room(parts: tuple[str, ...]) -> str:
    """Wing or file of the face; each dock is a room of its own."""
    return "/".join(parts[:2]) if parts[0] == "docks" and len(parts) > 1 else parts[0]


@pytest.mark.parametrize("file", FACE_FILES, ids=lambda file: str(file.relative_to(FACE)))
def test_floor_of_the_face(file):
    own = face_room(file.relative_to(FACE).with_suffix("").parts)
    if own == "__init__":
        return
    for name in imports(file):
        parts = tuple(name.split("."))
        if parts[0] != "napari_shapelab" or len(parts) < 2:
            continue
        other = face_room(parts[1:])
        if other == own:
            continue
        assert not (own.startswith("docks") and other.startswith("docks")), f"{file} imports {name}: docks do not know each other"
        assert FACE_HEIGHT[other.split("/")[0]] <= FACE_HEIGHT[own.split("/")[0]], f"{file} imports {name}, from a floor above its own"


def test_every_room_of_the_face_has_a_floor():
    assert {file.relative_to(FACE).parts[0].removesuffix(".py") for file in FACE_FILES} - {"__init__"} == set(FACE_HEIGHT)


def run(code: str) -> str:
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_import_is_light():
    heavy = {"torch", "numba", "scipy", "skimage", "zarr", "pandas", "trimesh", "dask", *GUI}
    loaded = run("import sys, shapelab, shapelab.cli; print(*{name.split('.')[0] for name in sys.modules})").split()
    assert not heavy & set(loaded)


ENGINE = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {gui!r}:
            raise ImportError("no window here: " + name)
sys.meta_path.insert(0, Refuse())
import numpy as np
import shapelab as sl
sim = sl.Curvatubes(preset="tubes", shape=(16, 16, 16), seed=1)
for frame in sim.run(steps=2, every=1):
    mask = frame["field"] > 0
assert frame.step == 2
axis = np.arange(24) - 11.5
ball = axis[:, None, None] ** 2 + axis[:, None] ** 2 + axis**2 < 64
assert abs(sl.measure(ball, spacing=0.5)["mean_H"] / 0.5 - 1) < 0.05
from shapelab import convert, io
from shapelab.io import samples
mesh = convert.mask_to_mesh(ball)
samples.load("nickel_superalloy")
assert not {gui!r} & {{name.split(".")[0] for name in sys.modules}}
print("done")
"""


def test_engine_works_where_there_is_no_window_system():
    assert run(ENGINE.format(gui=GUI)).strip() == "done"

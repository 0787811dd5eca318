"""Exports, fits and tables of folders that are killed, and what must be true of their files afterwards."""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import io
import re
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from kill_process import Tally, forked, in_a_process, kill, killed
from kill_run import die_at, listen

import shapelab as sl
from shapelab.cli.command import main
from shapelab.convert.place import Place
from shapelab.errors import InputError
from shapelab.io import load_run, save_run
from shapelab.io.damask import write_damask
from shapelab.io.export import export_meshes, export_tables, export_tiff
from shapelab.io.fem import write_tetrahedra, write_triangles
from shapelab.io.label_image import write_labels
from shapelab.mesh import conforming_tetrahedra, conforming_triangles
from shapelab.page import write_page

WAYS: dict[str, Callable[[Path, Path], Path]] = {
    "field.ply": lambda run, out: export_meshes(load_run(run), out),
    "frames.stl": lambda run, out: export_meshes(load_run(run), out, frames=(0, 4, 8)),
    "stack.tif": lambda run, out: export_tiff(load_run(run), out),
    "scalars.csv": lambda run, out: export_tables(load_run(run), out),
    "tables": lambda run, out: export_tables(load_run(run), out),
}


def _sources(root: Path) -> dict[str, Any]:
    """Make what is exported: small, but more than a moment's work."""
    rng = np.random.default_rng(0)
    y, x = np.indices((60, 60))
    seeds = rng.uniform(0, 60, (25, 2))
    labels = 1 + np.argmin([(y - a) ** 2 + (x - b) ** 2 for a, b in seeds], axis=0).astype(np.int32)
    folder = root / "images"
    folder.mkdir()
    for index in range(6):
        write_labels(folder / f"{index}.tif", np.roll(labels, 5 * index, axis=1), Place.of((1.0, 1.0), unit="um"))
    cells = sl.Cells("active_liquid", shape=(48, 48), n_cells=16, seed=1)
    for _ in cells.run(4, every=4):
        pass
    return {
        "labels": labels,
        "turns": rng.normal(size=(25, 4)),
        "triangles": conforming_triangles(labels, size=3.0),
        "tetrahedra": conforming_tetrahedra(np.kron(np.arange(1, 9).reshape(2, 2, 2), np.ones((5, 5, 5), int))),
        "run": save_run(root / "cells.zarr", cells),
        "images": folder,
    }


def _command(*words: object) -> None:
    """Do what the command line does, without its words."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        status = main([str(word) for word in words])
    if status:
        raise InputError(f"shapelab {words[0]} ended with {status}.")


MAKERS: dict[str, Callable[[dict[str, Any], Path], Any]] = {
    "triangles.inp": lambda given, out: write_triangles(out, given["triangles"]),
    "tetrahedra.vtu": lambda given, out: write_tetrahedra(out, given["tetrahedra"]),
    "grains.vti": lambda given, out: write_damask(out, given["labels"], (1.0, 1.0), "um", given["turns"]),
    "page.html": lambda given, out: write_page(out, load_run(given["run"])),
    "render.zarr": lambda given, out: _command("render", given["run"], out, "--seed", 1),
    "render.tif": lambda given, out: _command("render", given["run"], out, "--seed", 1),
    "fit": lambda given, out: _command(
        "fit-cells",
        given["run"],
        "--scenario",
        "active_liquid",
        "--parameter",
        "speed",
        0.05,
        1.0,
        "--simulations",
        20,
        "--rounds",
        2,
        "--out",
        out,
    ),
    "folder.csv": lambda given, out: _command("measure", given["images"], "--labels", "--out", out, "--jobs", 1),
    "side_by_side.csv": lambda given, out: _command("measure", given["images"], "--labels", "--out", out, "--jobs", 2),
}
"""Name of what is made -> how, from what `_sources` gives: elements, grids for DAMASK, pages, images, a fit of cells, tables of folders."""
_LIBRARIES = ("pandas", "scipy.spatial", "tifffile", "zarr", "shapelab.estimate", "shapelab.measure", "shapelab.microscopy")
RESUMED = ("fit", "folder.csv", "side_by_side.csv")
"""What the same command goes on with."""
_LEFT = re.compile(r"^\..*\.?partial|^\..*\.lock$")
"""Hidden names: of files that are being written, and of locks."""


def exports(tally: Tally, count: int, rng: np.random.Generator, root: Path) -> None:
    """Kill exports of ``whole.zarr`` when they touch what they make, and export again over what is left."""
    source = root / "whole.zarr"
    before = digest(source)
    ways = [_Way(name, lambda out, way=way: way(source, out)) for name, way in WAYS.items()]  # type: ignore[misc]
    each = dict.fromkeys(WAYS, 0)
    while tally.kills < count:
        way = ways[sum(each.values()) % len(ways)]
        way.killed(tally, rng, root / f"exported{sum(each.values())}", by_clock=False)
        each[way.name] += 1
    if digest(source) != before:
        tally.wrong.append(f"{tally.kind}: the run itself has changed")


def makers(count: int, rng: np.random.Generator, root: Path) -> Iterator[Tally]:
    """Kill each way of making or resuming a file or folder, half at a touch of it, half by the clock; yield what came of it."""
    for name in _LIBRARIES:  # else each forked process imports them anew
        importlib.import_module(name)
    sources = in_a_process(_sources, root)
    for name, work in MAKERS.items():
        tally, way = Tally(f"{name}"), _Way(name, lambda out, work=work: work(sources, out), resumed=name in RESUMED)  # type: ignore[misc]
        for index in range(20 * count):
            if tally.kills >= count:
                break
            way.killed(tally, rng, root / f"made{name}{index}", by_clock=index % 2 == 1)
        yield tally


class _Way:
    """One way of making something, what it gives undisturbed, and how often it touches it meanwhile."""

    def __init__(self, name: str, work: Callable[[Path], Any], *, resumed: bool = False) -> None:
        self.name, self._work, self._resumed = name, work, resumed
        self._good: dict[str, str] = {}
        self._touches, self._seconds = 0, 0.0

    def killed(self, tally: Tally, rng: np.random.Generator, place: Path, *, by_clock: bool) -> None:
        """Kill it at a random moment: what has its name then is whole, and the same call gives what it gives undisturbed."""
        if not self._good:
            self._good, self._touches, self._seconds = in_a_process(self._undisturbed, place)
            shutil.rmtree(place)
        place.mkdir()
        if by_clock:
            number = forked(lambda: self._work(place / self.name))
            time.sleep(float(rng.uniform(0.0, 1.0)) * self._seconds)
            died = kill(number)
        else:
            died = killed(forked(self._doomed, place, int(rng.integers(1, self._touches + 1))))
        if died:
            tally.kills += 1
            self._check(tally, place)
        shutil.rmtree(place)

    def _undisturbed(self, place: Path) -> tuple[dict[str, str], int, float]:
        seen: list[None] = []
        place.mkdir()
        listen(place, lambda: seen.append(None))
        begin = time.perf_counter()
        self._work(place / self.name)
        seconds, touches = time.perf_counter() - begin, len(seen)
        return _contents(place), touches, seconds

    def _doomed(self, place: Path, after: int) -> None:
        die_at(place, after)
        self._work(place / self.name)

    def _check(self, tally: Tally, place: Path) -> None:
        found = _contents(place)
        target = [name for name in found if name.split("/")[0] == self.name]
        tally.before += not target
        if not self._resumed:
            wrong = [name for name in found if found[name] != self._good.get(name)]
            if wrong or (target and found != self._good):
                tally.wrong.append(f"{tally.kind}: {wrong or 'a part'} of {self.name} is not whole")
                return
            for name in found:  # files that belong to one that was not yet there
                if not target:
                    (place / name).unlink()
        if self._resumed or not target:
            in_a_process(self._again, place)
        found = _contents(place)
        tally.resumed += found == self._good
        if found != self._good:
            differing = [name for name in {*found, *self._good} if found.get(name) != self._good.get(name)]
            tally.wrong.append(f"{tally.kind}: {differing[:3]} of {self.name} differ")

    def _again(self, place: Path) -> None:
        self._work(place / self.name)


def _contents(place: Path) -> dict[str, str]:
    """Return what tells the content of each file, without those that a kill has left under hidden names."""
    files = [file for file in place.rglob("*") if file.is_file()]
    kept = [file for file in files if not any(_LEFT.search(part) for part in file.relative_to(place).parts)]
    return {file.relative_to(place).as_posix(): digest(file) for file in kept}


def digest(path: Path) -> str:
    """Return what tells the content of a file or folder; the identifier that OME-TIFF draws anew is left out."""
    total = hashlib.sha256()
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if file.is_file():
            content = file.read_bytes()
            begin = content.find(b"UUID=")
            total.update(content[:begin] + content[begin + 60 :] if file.suffix == ".tif" and begin >= 0 else content)
    return total.hexdigest()
